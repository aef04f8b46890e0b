using System.Globalization;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification.Archives;

/// <summary>Whether the bundles of a vault, in the order of its manifest, are one chain with a counter that rises.</summary>
internal sealed class BundleChain
{
    /// <summary>Gaps of the counter that are told; the others are counted.</summary>
    private const int MaxTold = 20;

    private readonly List<string> _gaps = [];
    private long _missing;
    private ReadOnlyMemory<byte>? _last;
    private long _counter;
    private string? _break;
    private string? _fall;

    public long Length { get; private set; }

    public void Take(EvidenceBundle bundle, Statement statement, long index)
    {
        var follows = bundle.Previous is { } previous ? _last is { } last && previous.Span.SequenceEqual(last.Span) : _last is null;
        if (!follows)
        {
            _break ??= string.Create(CultureInfo.InvariantCulture, $"The bundle at entry {index} does not follow the one before it: bundles were cut out or put in.");
        }
        if (bundle.MachineCounter <= _counter)
        {
            _fall ??= string.Create(CultureInfo.InvariantCulture, $"The counter value {bundle.MachineCounter} of the bundle at entry {index} is not above {_counter}, which was used before it.");
        }
        else if (bundle.MachineCounter > _counter + 1)
        {
            _missing += bundle.MachineCounter - _counter - 1;
            if (_gaps.Count < MaxTold)
            {
                _gaps.Add(string.Create(CultureInfo.InvariantCulture, $"{_counter + 1} to {bundle.MachineCounter - 1}"));
            }
        }
        Length++;
        (_last, _counter) = (statement.Sha256, Math.Max(_counter, bundle.MachineCounter));
    }

    public void Conclude(Checks checks)
    {
        checks.Require(_break is null, "archive.chain", string.Create(CultureInfo.InvariantCulture, $"The chain of {Length} bundles is whole, from the vault's first to counter value {_counter}."), _break ?? "");
        const string Counter = "archive.counter";
        if (_fall is not null)
        {
            checks.Fail(Counter, _fall);
        }
        else if (_missing > 0)
        {
            checks.Skip(Counter, string.Create(CultureInfo.InvariantCulture,
                $"{_missing} counter values were taken and no bundle has them: {string.Join(", ", _gaps)}. A vault that is killed while it signs makes such a gap, and so does a bundle that is kept back."));
        }
        else
        {
            checks.Pass(Counter, "The counter has no gap.");
        }
    }
}
