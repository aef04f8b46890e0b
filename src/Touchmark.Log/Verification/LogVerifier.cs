using System.Globalization;
using Touchmark.Cryptography;
using Touchmark.Log.Notes;
using Touchmark.Log.Proofs;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Verification;

/// <summary>The head of the log that a verifier saw before, and what leads from there to the one at hand.</summary>
/// <param name="Checkpoint">It was verified when it was kept.</param>
/// <param name="Consistency">The proof between the two (from the smaller to the larger); null when there is none at hand.</param>
public sealed record EarlierHead(Checkpoint Checkpoint, IReadOnlyList<TreeHash>? Consistency = null);

/// <summary>What a verifier asks for beside the policy.</summary>
/// <param name="MaximumAge">How long ago the quorum of witnesses may have seen the checkpoint; null when its age does not matter.</param>
/// <param name="Earlier">The head seen before; null when there is none. Forks and shrinking show against it.</param>
public sealed record LogExpectations(TimeSpan? MaximumAge = null, EarlierHead? Earlier = null)
{
    public static LogExpectations None { get; } = new();
}

/// <summary>Verifies that an entry is in a log, or that a checkpoint is the head of one. It does no I/O and never throws: bytes, policy and time go in, a list of checks comes out.</summary>
public static class LogVerifier
{
    /// <summary>How far a witness's clock may be ahead of the verifier's.</summary>
    public static TimeSpan ClockTolerance { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Verifies a <c>.tlog-proof</c> file for an entry.</summary>
    /// <param name="entry">The entry's bytes: what was logged.</param>
    /// <param name="proofFile">Untrusted.</param>
    /// <param name="policy">The logs and witnesses that are believed. A log needs an Ed25519 key and an ML-DSA-65 key in it, and every key of its own has to have signed.</param>
    /// <param name="now">The verifier's time.</param>
    /// <param name="expectations">What else is asked for.</param>
    public static LogVerdict Verify(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> proofFile, LogPolicy policy, DateTimeOffset now, LogExpectations expectations)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var checks = new LogChecks();
        if (!LogProof.TryParse(proofFile, out var proof, out var problem))
        {
            checks.Fail("log.proof", $"The proof cannot be read: {problem}.");
            return checks.Verdict;
        }
        return Verify(entry, proof, policy, now, expectations);
    }

    /// <summary>The same for a proof that was read already.</summary>
    public static LogVerdict Verify(ReadOnlySpan<byte> entry, LogProof proof, LogPolicy policy, DateTimeOffset now, LogExpectations expectations)
    {
        ArgumentNullException.ThrowIfNull(proof);
        var run = new Run(proof.Checkpoint, policy, now, expectations);
        run.CheckHead();
        run.CheckInclusion(TreeHash.OfLeaf(entry), proof);
        return run.Verdict;
    }

    /// <summary>Verifies a checkpoint alone, such as the one that a log serves now.</summary>
    public static LogVerdict Verify(SignedCheckpoint checkpoint, LogPolicy policy, DateTimeOffset now, LogExpectations expectations)
    {
        var run = new Run(checkpoint, policy, now, expectations);
        run.CheckHead();
        return run.Verdict;
    }

    private sealed class Run(SignedCheckpoint signed, LogPolicy policy, DateTimeOffset now, LogExpectations expectations)
    {
        private readonly LogChecks _checks = new();

        private Checkpoint Head => signed.Checkpoint;

        public LogVerdict Verdict => _checks.Verdict;

        public void CheckHead()
        {
            CheckLog();
            CheckWitnesses();
            CheckEarlier();
        }

        public void CheckInclusion(TreeHash leaf, LogProof proof) =>
            _checks.Require(TreeProof.VerifyInclusion(leaf, proof.Index, Head.Size, proof.Hashes, Head.Root), "log.inclusion",
                $"The entry is number {proof.Index} of the {Head.Size} in the log.",
                "The entry is not in the log at the place that the proof names: the entry or the proof was altered, or they do not belong together.",
                ("index", Figure(proof.Index)), ("size", Figure(Head.Size)), ("leaf", leaf.ToString()), ("root", Head.Root.ToString()));

        private void CheckLog()
        {
            if (policy.Find(Head.Origin) is not { } log)
            {
                _checks.Fail("log.origin", "The proof is from another log than those that are believed.",
                    ("origin", Head.Origin), ("believed", string.Join(", ", policy.Logs.Select(known => known.Origin))));
                return;
            }
            _checks.Pass("log.origin", $"The log is {Head.Origin}.", ("origin", Head.Origin));
            CheckSignatures(log, NoteKeyType.Ed25519, "log.signature", "Ed25519");
            CheckSignatures(log, NoteKeyType.MlDsa65, "log.shadow-signature", "ML-DSA-65");
        }

        private void CheckSignatures(PolicyLog log, NoteKeyType type, string id, string name)
        {
            var keys = log.Keys.Where(key => key.Type == type).ToList();
            if (keys.Count == 0)
            {
                _checks.Fail(id, $"The policy has no {name} key of the log, and both kinds are asked for.", ("origin", log.Origin));
                return;
            }
            foreach (var key in keys)
            {
                var keyId = key.Id.ToString("x8", CultureInfo.InvariantCulture);
                if (type == NoteKeyType.Ed25519 && Ed25519.WhyNotSupported is { } reason)
                {
                    _checks.Fail(id, $"The log's Ed25519 signature cannot be checked on this computer: {reason}", ("key_id", keyId));
                    continue;
                }
                var state = signed.Note.Check(key).State;
                _checks.Require(state == NoteSignatureState.Valid, id, $"The {name} signature under the checkpoint is the log's.",
                    state == NoteSignatureState.Missing
                        ? $"The log did not sign the checkpoint with its {name} key {keyId}."
                        : $"The {name} signature under the checkpoint is wrong: it was altered, or key {keyId} did not sign it.",
                    ("key_id", keyId));
            }
        }

        /// <summary>The quorum of those whose signature is valid; and, for the age, of those who saw the checkpoint recently enough.</summary>
        private void CheckWitnesses()
        {
            var seen = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
            foreach (var witness in policy.Witnesses)
            {
                switch (signed.Note.Check(witness.Key))
                {
                    case { State: NoteSignatureState.Valid, Time: { } time } when time > now + ClockTolerance:
                        _checks.Skip("log.witness", $"{witness.Name} claims to have seen the checkpoint in the future; it does not count.",
                            ("witness", witness.Name), ("seen_at", Text(time)), ("now", Text(now)));
                        break;
                    case { State: NoteSignatureState.Valid, Time: { } time }:
                        seen[witness.Name] = time;
                        break;
                    case { State: NoteSignatureState.Wrong }:
                        _checks.Fail("log.witness", $"The signature of {witness.Name} under the checkpoint is wrong.", ("witness", witness.Name));
                        break;
                }
            }
            var names = string.Join(", ", seen.Keys);
            if (policy.Quorum is null)
            {
                _checks.Skip("log.witnesses", "The policy asks for no witnesses: that the log shows everybody the same is the log's word only.");
            }
            else
            {
                _checks.Require(policy.IsMet(seen.Keys.ToHashSet(StringComparer.Ordinal)), "log.witnesses", $"Enough witnesses saw the checkpoint: {names}.",
                    $"Too few witnesses saw the checkpoint for the quorum {policy.Quorum}: the log may show others something else.",
                    ("quorum", policy.Quorum), ("witnesses", names));
            }
            CheckAge(seen);
        }

        private void CheckAge(Dictionary<string, DateTimeOffset> seen)
        {
            var newest = seen.Count == 0 ? "never" : Text(seen.Values.Max());
            if (expectations.MaximumAge is not { } limit)
            {
                _checks.Skip("log.age", "No limit was set for the age of the checkpoint.", ("seen_at", newest));
                return;
            }
            var figures = new[] { ("seen_at", newest), ("now", Text(now)), ("limit", limit.ToString("c", CultureInfo.InvariantCulture)) };
            var fresh = seen.Where(entry => now - entry.Value <= limit).Select(entry => entry.Key).ToHashSet(StringComparer.Ordinal);
            if (policy.Quorum is null && seen.Count == 0)
            {
                _checks.Fail("log.age", "How old the checkpoint is cannot be told, as no witness saw it, and a limit was set.", figures);
                return;
            }
            _checks.Require(fresh.Count > 0 && policy.IsMet(fresh), "log.age", "The checkpoint is recent enough.",
                "The checkpoint is stale: too few witnesses saw it within the limit. Ask for a newer proof; if there is none, the log stopped or keeps something back.", figures);
        }

        private void CheckEarlier()
        {
            if (expectations.Earlier is not { Checkpoint: var earlier, Consistency: var proof })
            {
                return;
            }
            const string Id = "log.consistency";
            (string, string)[] figures =
            [
                ("earlier_size", Figure(earlier.Size)), ("earlier_root", earlier.Root.ToString()), ("size", Figure(Head.Size)), ("root", Head.Root.ToString()),
            ];
            if (earlier.Origin != Head.Origin)
            {
                _checks.Skip(Id, $"The head seen before is of another log, {earlier.Origin}.", figures);
            }
            else if (earlier.Size == Head.Size)
            {
                _checks.Require(earlier.Root == Head.Root, Id, "It is the head that was seen before.",
                    "The log forked: it has signed two different trees of the same size. Keep both checkpoints, they are the evidence.", figures);
            }
            else if (proof is null && Head.Size < earlier.Size)
            {
                _checks.Fail(Id, "The log shrank: a larger head was seen before. Ask for a newer proof, or for a proof that this head leads to the larger one.", figures);
            }
            else if (proof is null)
            {
                _checks.Skip(Id, "There is no proof at hand that the log only grew since it was last seen.", figures);
            }
            else
            {
                var (old, young) = earlier.Size < Head.Size ? (earlier, Head) : (Head, earlier);
                _checks.Require(TreeProof.VerifyConsistency(old.Size, old.Root, young.Size, young.Root, proof), Id, "Between the head seen before and this one the log only grew.",
                    "The log forked, or the proof of consistency is wrong: the smaller tree is not shown to be the beginning of the larger one.", figures);
            }
        }

        private static string Figure(long value) => value.ToString(CultureInfo.InvariantCulture);

        private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
    }
}
