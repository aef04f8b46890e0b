using System.Text;
using Touchmark.Cryptography;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Log.Notes;
using Touchmark.Log.Tree;

namespace Touchmark.Evidence.Tests;

/// <summary>A log that some statements are entered in, between entries of others, and a witness that saw its checkpoint a minute before <see cref="Workshop.Now"/>.</summary>
internal sealed class LogBook : IDisposable
{
    private readonly Ed25519Signer _primary;
    private readonly MlDsa65Signer _shadow;
    private readonly Ed25519Signer _witness = new(Workshop.Bytes("key of the witness"));

    /// <param name="keys">Other keys than those of the log that is believed.</param>
    /// <param name="origin">Another name than that log's.</param>
    public LogBook(string keys = "log", string origin = "engine.example/log")
    {
        (_primary, _shadow) = (new(Workshop.Bytes($"primary key of the {keys}")), new(Workshop.Bytes($"shadow key of the {keys}")));
        (Primary, Shadow, Witness) = (new(origin, _primary), new(origin, _shadow), new("witness.example", _witness));
        Origin = origin;
    }

    public string Origin { get; }

    public NoteSigner Primary { get; }

    public NoteSigner Shadow { get; }

    public Cosigner Witness { get; }

    public string Policy => $"log {Primary.Key}\nlog {Shadow.Key}\nwitness w {Witness.Key}\nquorum w\n";

    /// <summary>The trust with this log in it.</summary>
    public TrustStore Trust(TrustStore trust) => TrustedLog.TryParse(Policy, out var log, out var problem) ? trust with { Log = log } : throw new InvalidDataException(problem);

    /// <summary>The file with every statement entered, and the checkpoint that all proofs lead to.</summary>
    public EvidenceFile Enter(EvidenceFile file)
    {
        IReadOnlyList<StatementPart> parts = [file.Subject, .. file.Related];
        // The genesis, then each statement with somebody else's entry behind it.
        var leaves = new List<TreeHash> { Leaf("genesis") };
        foreach (var part in parts)
        {
            leaves.AddRange([TreeHash.OfLeaf(part.Envelope.Span), Leaf($"entry {leaves.Count}")]);
        }
        var entered = parts.Select((part, at) => part with { Proof = new(1 + (2 * at), [.. Path(1 + (2 * at), leaves)]) }).ToList();
        return new(entered[0], entered[1..], Sign(new(Origin, leaves.Count, Root(leaves))));
    }

    /// <summary>A checkpoint with every signature, or without some.</summary>
    public SignedCheckpoint Sign(Checkpoint head, bool primary = true, bool shadow = true, bool witness = true)
    {
        var signed = SignedCheckpoint.Sign(head, [.. primary ? [Primary] : Array.Empty<NoteSigner>(), .. shadow ? [Shadow] : Array.Empty<NoteSigner>()]);
        return witness ? signed.With(Witness.Sign(head.Text, Workshop.Now.AddMinutes(-1))) : signed;
    }

    public void Dispose()
    {
        _primary.Dispose();
        _shadow.Dispose();
        _witness.Dispose();
    }

    private static TreeHash Leaf(string entry) => TreeHash.OfLeaf(Encoding.UTF8.GetBytes(entry));

    // RFC 6962, section 2.1, as it is written there.

    private static int Split(int count) => 1 << int.Log2(count - 1);

    public static TreeHash Root(IReadOnlyList<TreeHash> leaves) => leaves.Count == 1 ? leaves[0]
        : TreeHash.OfNode(Root([.. leaves.Take(Split(leaves.Count))]), Root([.. leaves.Skip(Split(leaves.Count))]));

    private static IEnumerable<TreeHash> Path(int index, IReadOnlyList<TreeHash> leaves)
    {
        if (leaves.Count == 1)
        {
            return [];
        }
        var split = Split(leaves.Count);
        IReadOnlyList<TreeHash> left = [.. leaves.Take(split)], right = [.. leaves.Skip(split)];
        return index < split ? Path(index, left).Append(Root(right)) : Path(index - split, right).Append(Root(left));
    }
}
