using System.Globalization;
using System.Text;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification.Vault;
using Touchmark.Log.Writing;

namespace Touchmark.Evidence.Verification.Archives;

/// <summary>Goes through a manifest from its first entry to its last and verifies each statement, the chain of bundles, their counter and their twins.</summary>
internal sealed class ArchiveReplay(Checks checks, ArchiveContainer container, VaultPapers papers)
{
    /// <summary>Failed checks of single entries that are told; the others are counted.</summary>
    private const int MaxTold = 100;

    private readonly HashSet<string> _documents = [.. container.DocumentHashes];
    private readonly BundleChain _chain = new();
    private readonly OpenTwins _twins = new();
    private LogAnchor? _anchor;
    private long _failed;
    private int _told;

    public VaultPapers Papers => papers;

    public long Statements { get; private set; }

    public long Bundles => _chain.Length;

    /// <summary>Takes what the root has signed; false when there are fewer entries than there should be.</summary>
    public async Task<bool> TakePapersAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> entries, long size)
    {
        long index = 0;
        await foreach (var entry in entries)
        {
            if (index > 0 && Statement.TryParse(entry, out var statement, out _) && VaultPapers.IsOfRoot(statement.ContentType))
            {
                var made = new Checks();
                papers.TakeOfRoot(made, "statement", PartOf(entry, statement, index), statement);
                Tell(made, index);
            }
            index++;
        }
        papers.Settle();
        return index == size;
    }

    public async Task RunAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> entries)
    {
        long index = 0;
        await foreach (var entry in entries)
        {
            var made = new Checks();
            if (index == 0)
            {
                made.Require(entry.Span.StartsWith(Encoding.UTF8.GetBytes($"{LogWriter.GenesisHeader}\n")), "genesis", "The manifest begins with its genesis.", "The manifest does not begin with its genesis.");
            }
            else if (Statement.TryParse(entry, out var statement, out var problem))
            {
                Check(made, PartOf(entry, statement, index), statement, index);
                Statements++;
            }
            else
            {
                made.Fail("envelope", $"The entry is no statement: {problem}.");
            }
            Tell(made, index++);
        }
    }

    /// <summary>The sum of what was found.</summary>
    public void Conclude(TimeSpan? maximumAge)
    {
        checks.Require(_failed == 0, "archive.statements", $"All {Statements} statements are in order.", $"{_failed} checks of single statements failed.", ("failed", Figure(_failed)));
        _chain.Conclude(checks);
        checks.Require(_documents.Count == 0, "archive.documents", "Every document is that of a statement.", "The archive holds documents of which no statement knows.", ("sha256", string.Join(' ', _documents.Take(8))));
        ManifestRules.CheckAge(checks, _anchor, papers.Now, maximumAge);
    }

    private void Check(Checks made, StatementPart part, Statement statement, long index)
    {
        const string Subject = "statement";
        var type = statement.ContentType;
        if (VaultPapers.IsOfRoot(type))
        {
            return;
        }
        if (VaultPapers.IsOfOfficers(type))
        {
            papers.TakeOfOfficers(made, Subject, part, statement);
        }
        else if (type == EvidenceBundle.ContentType)
        {
            CheckBundle(made, part, statement, index);
        }
        else if (type == TwinCertificate.ContentType)
        {
            if (papers.OfVault<TwinCertificate>(made, Subject, part, statement) is { } twin)
            {
                _twins.Take(made, twin, statement);
            }
        }
        else if (type == LogAnchor.ContentType)
        {
            TakeAnchor(made, part, statement);
        }
        else if (type == CeremonyRecord.ContentType)
        {
            CheckCeremony(made, part, statement);
        }
        else if (type == VaultKeyRequest.ContentType)
        {
            CheckRequest(made, part, statement);
        }
        else
        {
            VaultPapers.CheckIssuer(made, Subject, statement, Issuers.OfVault(papers.VaultId));
            StatementVerifier.CheckSignatures(made, Subject, statement, papers.Trust, papers.Now);
            StatementVerifier.CheckDocument(made, Subject, statement, part.Document);
        }
    }

    private void CheckBundle(Checks made, StatementPart part, Statement statement, long index)
    {
        if (papers.OfVault<EvidenceBundle>(made, "bundle", part, statement) is { } bundle)
        {
            BundleRules.Check(made, bundle, statement, index, papers);
            _chain.Take(bundle, statement, index);
            _twins.Take(made, bundle, statement);
        }
    }

    private void TakeAnchor(Checks made, StatementPart part, Statement statement)
    {
        if (papers.OfVault<LogAnchor>(made, "anchor", part, statement) is { } anchor
            && made.Require(anchor.Origin == Issuers.ManifestOrigin(papers.CustomerId, papers.VaultId), "anchor.origin", "It is an anchor of this manifest.", "It is an anchor of another log.", ("origin", anchor.Origin))
            && !(anchor.At < _anchor?.At))
        {
            _anchor = anchor;
        }
    }

    /// <summary>Custodian and witness each sign a statement of their own.</summary>
    private void CheckCeremony(Checks made, StatementPart part, Statement statement)
    {
        StatementVerifier.CheckSignatures(made, "ceremony", statement, papers.Trust, papers.Now);
        if (StatementVerifier.CheckDocument<CeremonyRecord>(made, "ceremony", statement, part.Document) is { } record)
        {
            made.Require(
                (statement.Issuer == Issuers.OfOfficer(record.Custodian) && papers.IsOfficer(statement.Issuer, OfficerRole.Custodian))
                || (statement.Issuer == Issuers.OfOfficer(record.Witness) && papers.IsOfficer(statement.Issuer, OfficerRole.Witness)),
                "ceremony.issuer", "It is signed by its custodian or its witness.", "It is signed by neither its custodian nor its witness.", ("issuer", statement.Issuer));
        }
    }

    /// <summary>Signed by the keys that it holds, which proves that the vault had them.</summary>
    private void CheckRequest(Checks made, StatementPart part, Statement statement)
    {
        if (StatementVerifier.CheckDocument<VaultKeyRequest>(made, "request", statement, part.Document) is { } request)
        {
            var issuer = Issuers.OfVault(papers.VaultId);
            VaultPapers.CheckIssuer(made, "request", statement, issuer);
            StatementVerifier.CheckSignatures(made, "request", statement, new([Key(request.Keys.Primary), Key(request.Keys.Shadow)]), papers.Now);

            TrustedKey Key(VaultKey key) => new(issuer, key.Algorithm, key.PublicKey, DateTimeOffset.UnixEpoch, null);
        }
    }

    private StatementPart PartOf(ReadOnlyMemory<byte> entry, Statement statement, long index)
    {
        byte[]? document = null;
        if (statement.IsHashEnvelope)
        {
            var sha256 = StatementVerifier.Hex(statement.Payload);
            document = container.ReadDocument(sha256);
            _documents.Remove(sha256);
        }
        return new(entry, document, new(index, []));
    }

    private void Tell(Checks made, long index)
    {
        foreach (var check in made.Verdict.Checks)
        {
            if (check.Outcome == CheckOutcome.Failed)
            {
                _failed++;
                if (_told++ < MaxTold)
                {
                    checks.Fail(string.Create(CultureInfo.InvariantCulture, $"entry-{index}.{check.Id}"), check.Words, [.. check.Figures.Select(figure => (figure.Key, figure.Value))]);
                }
            }
        }
    }

    private static string Figure(long value) => value.ToString(CultureInfo.InvariantCulture);
}
