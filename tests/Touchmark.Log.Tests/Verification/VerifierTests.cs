using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Log.Notes;
using Touchmark.Log.Proofs;
using Touchmark.Log.Tree;
using Touchmark.Log.Verification;

namespace Touchmark.Log.Tests.Verification;

public sealed class VerifierTests
{
    private const long Index = 77;
    private const int Size = 300;

    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly TreeGrowth Tree = new(TreeEdge.Empty, Forest.Leaves(Size));
    private static readonly LogProof Good = ProofOf(Tree, Index);

    [Fact]
    public void An_entry_in_a_witnessed_log_is_valid_and_every_check_says_so()
    {
        var verdict = Verify(Good.Encode(), Keys.Policy, new(MaximumAge: TimeSpan.FromDays(1)));
        Assert.True(verdict.IsValid, Words(verdict));
        Assert.Equal(["log.origin", "log.signature", "log.shadow-signature", "log.witnesses", "log.age", "log.inclusion"], verdict.Checks.Select(check => check.Id));
        Assert.All(verdict.Checks, check => Assert.Equal(LogCheckOutcome.Passed, check.Outcome));
    }

    [Fact]
    public void Another_entry_is_not_in_the_log_at_that_place() =>
        AssertFails("log.inclusion", LogVerifier.Verify(Forest.Entry(Index + 1), Good.Encode(), Keys.Policy, Now, LogExpectations.None));

    [Fact]
    public void A_receipt_from_another_log_fails()
    {
        var other = new Checkpoint("log.example/other", Size, Tree.Root);
        var signed = SignedCheckpoint.Sign(other, [new("log.example/other", Keys.Ed25519), new("log.example/other", Keys.MlDsa65)]);
        AssertFails("log.origin", Verify((Good with { Checkpoint = signed }).Encode(), Keys.Unwitnessed));
    }

    [Theory]
    [InlineData(0, "log.signature")]
    [InlineData(1, "log.shadow-signature")]
    public void One_of_the_two_signatures_is_not_enough(int missing, string check)
    {
        var note = Good.Checkpoint.Note;
        var proof = Good with { Checkpoint = Good.Checkpoint with { Note = note with { Signatures = [.. note.Signatures.Where((_, i) => i != missing)] } } };
        AssertFails(check, Verify(proof.Encode(), Keys.Policy));
    }

    [Fact]
    public void A_policy_without_a_key_of_both_kinds_believes_nothing()
    {
        AssertFails("log.shadow-signature", Verify(Good.Encode(), LogPolicy.Of([Keys.LogKeys[0]])));
        AssertFails("log.signature", Verify(Good.Encode(), LogPolicy.Of([Keys.LogKeys[1]])));
    }

    [Fact]
    public void Too_few_witnesses_fail_and_nobody_elses_signature_counts()
    {
        var one = ProofOf(Tree, Index, witnesses: [Keys.Witnesses[0]]);
        AssertFails("log.witnesses", Verify(one.Encode(), Keys.Policy));
        var stranger = new Cosigner("witness.example/2", new Touchmark.Cryptography.Ed25519Signer(Keys.Seed("stranger")));
        AssertFails("log.witnesses", Verify(ProofOf(Tree, Index, witnesses: [Keys.Witnesses[0], stranger]).Encode(), Keys.Policy));
    }

    [Fact]
    public void A_wrong_signature_of_a_known_witness_fails_even_if_others_suffice()
    {
        var note = Good.Checkpoint.Note;
        var forged = Keys.Witnesses[2].Sign("another text\n", Now);
        AssertFails("log.witness", Verify((Good with { Checkpoint = Good.Checkpoint with { Note = note.With(forged) } }).Encode(), Keys.Policy));
    }

    [Fact]
    public void A_stale_checkpoint_fails_when_a_limit_is_set_and_only_then()
    {
        var old = ProofOf(Tree, Index, Now.AddHours(-25));
        AssertFails("log.age", Verify(old.Encode(), Keys.Policy, new(MaximumAge: TimeSpan.FromHours(24))));
        Assert.True(Verify(old.Encode(), Keys.Policy, new(MaximumAge: TimeSpan.FromHours(26))).IsValid);
        Assert.True(Verify(old.Encode(), Keys.Policy).IsValid);
    }

    [Fact]
    public void One_fresh_witness_does_not_make_a_stale_quorum_fresh()
    {
        var text = new Checkpoint(Keys.Origin, Size, Tree.Root);
        var signed = SignedCheckpoint.Sign(text, Keys.Log)
            .With(Keys.Witnesses[0].Sign(text.Text, Now.AddHours(-25))).With(Keys.Witnesses[1].Sign(text.Text, Now));
        AssertFails("log.age", Verify((Good with { Checkpoint = signed }).Encode(), Keys.Policy, new(MaximumAge: TimeSpan.FromHours(24))));
    }

    [Fact]
    public void A_limit_of_age_without_any_witness_fails_as_nothing_tells_the_time() =>
        AssertFails("log.age", Verify(ProofOf(Tree, Index, witnesses: []).Encode(), Keys.Unwitnessed, new(MaximumAge: TimeSpan.FromHours(24))));

    [Fact]
    public void A_witness_from_the_future_does_not_count()
    {
        AssertFails("log.witnesses", Verify(ProofOf(Tree, Index, Now.AddMinutes(6)).Encode(), Keys.Policy));
        Assert.True(Verify(ProofOf(Tree, Index, Now.AddMinutes(4)).Encode(), Keys.Policy).IsValid);
    }

    [Fact]
    public void A_fork_shows_against_the_head_seen_before()
    {
        var fork = new Checkpoint(Keys.Origin, Size, TreeHash.OfLeaf("fork"u8));
        AssertFails("log.consistency", Verify(Good.Encode(), Keys.Policy, new(Earlier: new(fork))), "forked");
        Assert.True(Verify(Good.Encode(), Keys.Policy, new(Earlier: new(Good.Checkpoint.Checkpoint))).IsValid);
    }

    [Fact]
    public async Task Growth_is_believed_by_proof_and_a_rewritten_past_is_not()
    {
        var (store, _) = Forest.Grow(Size);
        var (root, proof) = await new Tiles.TileTree(store, Size, Tree.Root).ConsistencyAsync(200, default);
        Assert.True(Verify(Good.Encode(), Keys.Policy, new(Earlier: new(new(Keys.Origin, 200, root), proof))).IsValid);
        AssertFails("log.consistency", Verify(Good.Encode(), Keys.Policy, new(Earlier: new(new(Keys.Origin, 200, TreeHash.OfLeaf("other"u8)), proof))), "forked");
        var unproved = Verify(Good.Encode(), Keys.Policy, new(Earlier: new(new(Keys.Origin, 200, root))));
        Assert.Equal(LogCheckOutcome.NotChecked, unproved.Checks.Single(check => check.Id == "log.consistency").Outcome);
    }

    [Fact]
    public async Task A_shrunk_log_fails_unless_the_larger_head_is_shown_to_follow()
    {
        var (store, larger) = Forest.Grow(Size, 100);
        var seen = new Checkpoint(Keys.Origin, larger.Size, larger.Root);
        AssertFails("log.consistency", Verify(Good.Encode(), Keys.Policy, new(Earlier: new(seen))), "shrank");
        var (_, proof) = await new Tiles.TileTree(store, larger.Size, larger.Root).ConsistencyAsync(Size, default);
        Assert.True(Verify(Good.Encode(), Keys.Policy, new(Earlier: new(seen, proof))).IsValid);
    }

    [Fact]
    public void An_unreadable_proof_fails_in_words()
    {
        foreach (var bytes in new byte[][] { [], [0xff], "c2sp.org/tlog-proof@v1\n"u8.ToArray(), new byte[LogProof.MaxSize + 1] })
        {
            AssertFails("log.proof", Verify(bytes, Keys.Policy));
        }
    }

    [Fact]
    public void A_proof_is_read_as_it_was_written_with_and_without_extra_data()
    {
        foreach (var proof in new[] { Good, Good with { Extra = "extra"u8.ToArray() }, Good with { Extra = ReadOnlyMemory<byte>.Empty } })
        {
            Assert.True(LogProof.TryParse(proof.Encode(), out var read, out var problem), problem);
            Assert.Equal(proof.Encode(), read.Encode());
            Assert.Equal(proof.Extra?.ToArray(), read.Extra?.ToArray());
        }
    }

    [Fact]
    public void No_byte_of_a_proof_can_be_altered_unnoticed()
    {
        var bytes = Good.Encode();
        var mutations = Gen.Choose(0, bytes.Length - 1).SelectMany(at => Gen.Choose(1, 255).Select(change => (at, change)));
        Check.QuickThrowOnFailure(Prop.ForAll(mutations.ToArbitrary(), mutation =>
        {
            var altered = bytes.ToArray();
            altered[mutation.at] ^= (byte)mutation.change;
            // All three witnesses signed where two suffice; one whose line was made a stranger's is as if it had not.
            var verdict = Verify(altered, Keys.Policy);
            Assert.True(!verdict.IsValid || verdict.Checks.Single(check => check.Id == "log.witnesses").Figures["witnesses"].Split(',').Length == 2, Encoding.UTF8.GetString(altered));
        }));
    }

    private static LogProof ProofOf(TreeGrowth tree, long index, DateTimeOffset? seen = null, Cosigner[]? witnesses = null)
    {
        var signed = SignedCheckpoint.Sign(new(Keys.Origin, tree.Size, tree.Root), Keys.Log);
        foreach (var witness in witnesses ?? Keys.Witnesses)
        {
            signed = signed.With(witness.Sign(signed.Note.Text, seen ?? Now.AddMinutes(-1)));
        }
        return new(index, tree.Inclusion(index), signed);
    }

    private static LogVerdict Verify(byte[] proof, LogPolicy policy, LogExpectations? expectations = null) =>
        LogVerifier.Verify(Forest.Entry(Index), proof, policy, Now, expectations ?? LogExpectations.None);

    private static void AssertFails(string check, LogVerdict verdict, string words = "")
    {
        Assert.False(verdict.IsValid);
        var failed = verdict.Checks.Where(made => made.Outcome == LogCheckOutcome.Failed).ToList();
        Assert.True(failed.TrueForAll(made => made.Id == check), Words(verdict));
        Assert.Contains(words, failed[0].Words, StringComparison.Ordinal);
    }

    private static string Words(LogVerdict verdict) => string.Join('\n', verdict.Checks.Select(check => $"{check.Id} {check.Outcome}: {check.Words}"));
}
