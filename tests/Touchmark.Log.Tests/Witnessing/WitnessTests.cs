using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Log.Notes;
using Touchmark.Log.Tiles;
using Touchmark.Log.Tree;
using Touchmark.Log.Verification;
using Touchmark.Log.Witnessing;
using Touchmark.Log.Writing;

namespace Touchmark.Log.Tests.Witnessing;

public sealed class WitnessTests
{
    private static readonly PolicyLog Log = Keys.Unwitnessed.Logs[0];

    private readonly MemoryWitnessState _state = new();
    private readonly FakeTime _time = new();

    [Fact]
    public async Task A_witness_cosigns_a_log_that_only_grows_and_remembers_it()
    {
        var witness = Witness();
        foreach (var (old, size) in new[] { (0, 10), (10, 10), (10, 300), (300, 1000) })
        {
            var answer = await AskAsync(witness, await RequestAsync(old, size));
            Assert.Equal(200, answer.Status);
            Assert.Equal(size, _state.Sizes[Keys.Origin]);
            var note = Head(size).Note;
            Assert.True(SignedNote.TryParse(Encoding.UTF8.GetBytes($"{note.Text}\n{answer.Body}"), out var cosigned, out var problem), problem);
            Assert.Equal(new(NoteSignatureState.Valid, _time.GetUtcNow()), cosigned.Check(witness.Key));
        }
    }

    [Fact]
    public async Task Each_refusal_has_the_status_of_the_specification()
    {
        var witness = Witness();
        Assert.Equal(200, (await AskAsync(witness, await RequestAsync(0, 300))).Status);
        var good = await RequestAsync(300, 600);
        var note = good.Checkpoint.Note;
        var other = TreeHash.OfLeaf("other"u8);
        (string Why, int Status, AddCheckpoint Request)[] refused =
        [
            ("another log", 404, good with { Checkpoint = SignedCheckpoint.Sign(new("log.example/other", 600, other), [new("log.example/other", Keys.Ed25519)]) }),
            ("no signature", 403, good with { Checkpoint = good.Checkpoint with { Note = note with { Signatures = [new("a", 1, new byte[1])] } } }),
            ("one of two signatures", 403, good with { Checkpoint = good.Checkpoint with { Note = note with { Signatures = [note.Signatures[0]] } } }),
            ("a wrong signature", 403, good with { Checkpoint = good.Checkpoint with { Note = note with { Text = note.Text.Replace("\n600\n", "\n601\n", StringComparison.Ordinal) } } }),
            ("larger old size", 400, good with { OldSize = 601 }),
            ("smaller old size", 409, await RequestAsync(200, 600)),
            ("never seen", 409, await RequestAsync(0, 600)),
            ("a shrunk log", 409, await RequestAsync(100, 200)),
            ("another proof", 422, good with { Proof = [.. good.Proof.Skip(1)] }),
            ("no proof", 422, good with { Proof = [] }),
            ("a rewritten past", 422, good with { Checkpoint = SignedCheckpoint.Sign(new(Keys.Origin, 600, other), Keys.Log) }),
            ("another root at the same size", 422, new(300, [], SignedCheckpoint.Sign(new(Keys.Origin, 300, other), Keys.Log))),
            ("an unneeded proof", 422, (await RequestAsync(300, 300)) with { Proof = [other] }),
        ];
        foreach (var (why, status, request) in refused)
        {
            var answer = await AskAsync(witness, request);
            Assert.True(status == answer.Status, $"{why}: {answer.Status} {answer.Body}");
            if (status == 409)
            {
                Assert.Equal((WitnessAnswer.Size, "300\n"), (answer.ContentType, answer.Body));
            }
        }
        Assert.Equal(300, _state.Sizes[Keys.Origin]);
    }

    [Fact]
    public async Task An_empty_tree_has_to_have_its_root()
    {
        AddCheckpoint Request(TreeHash root) => new(0, [], SignedCheckpoint.Sign(new(Keys.Origin, 0, root), Keys.Log));
        Assert.Equal(422, (await AskAsync(Witness(), Request(TreeHash.OfLeaf("other"u8)))).Status);
        Assert.Equal(200, (await AskAsync(Witness(), Request(TreeHash.EmptyRoot))).Status);
    }

    [Fact]
    public async Task Of_two_requests_at_once_one_is_cosigned_and_the_other_is_told_the_size()
    {
        var witness = Witness();
        _state.Readers = new Barrier(2);
        var requests = new[] { await RequestAsync(0, 10), await RequestAsync(0, 20) };
        var answers = await Task.WhenAll(requests.Select(request => Task.Run(() => AskAsync(witness, request))));
        _state.Readers = null;
        Assert.Equal([200, 409], answers.Select(answer => answer.Status).Order());
        Assert.Equal($"{_state.Sizes[Keys.Origin]}\n", answers.Single(answer => answer.Status == 409).Body);
    }

    [Fact]
    public async Task What_cannot_be_kept_is_not_cosigned()
    {
        _state.Broken = true;
        var answer = await AskAsync(Witness(), await RequestAsync(0, 10));
        Assert.Equal(503, answer.Status);
        Assert.DoesNotContain("—", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_does_not_take_a_witness_back()
    {
        var witness = Witness();
        _ = await AskAsync(witness, await RequestAsync(0, 10));
        var first = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromHours(-1));
        _ = await AskAsync(witness, await RequestAsync(10, 20));
        Assert.Equal(first, _state.Last(Keys.Origin).Seen);
    }

    [Fact]
    public async Task A_witness_in_a_folder_remembers_after_a_restart_and_serves_what_it_signed()
    {
        using var folder = new TemporaryFolder();
        Witness Restart() => new(Keys.Witnesses[0], [Log], new FolderWitnessState(folder.Path, Keys.Witnesses[0].Key), _time);
        Assert.Equal(200, (await AskAsync(Restart(), await RequestAsync(0, 10))).Status);
        Assert.Equal(409, (await AskAsync(Restart(), await RequestAsync(0, 20))).Status);
        Assert.Equal(200, (await AskAsync(Restart(), await RequestAsync(10, 20))).Status);
        var file = Path.Combine(folder.Path, FolderWitnessState.NameOf(Keys.Origin));
        Assert.True(SignedCheckpoint.TryParse(await File.ReadAllBytesAsync(file), out var served, out _));
        Assert.Equal(20, served.Checkpoint.Size);
        Assert.All([.. Keys.LogKeys, Keys.Witnesses[0].Key], key => Assert.Equal(NoteSignatureState.Valid, served.Note.Check(key).State));
        await File.WriteAllTextAsync(file, "damaged");
        Assert.Equal(503, (await AskAsync(Restart(), await RequestAsync(20, 30))).Status);
    }

    [Fact]
    public async Task A_request_of_any_bytes_is_answered_and_never_throws()
    {
        var good = (await RequestAsync(300, 600)).Encode();
        Assert.True(AddCheckpoint.TryParse(good, out var parsed, out _));
        Assert.Equal(good, parsed.Encode());
        var witness = Witness();
        var mutations = Gen.Choose(0, good.Length - 1).SelectMany(at => Gen.Choose(0, 255).Select(value => (at, value)));
        Check.QuickThrowOnFailure(Prop.ForAll(mutations.ToArbitrary(), mutation =>
        {
            var altered = good.ToArray();
            altered[mutation.at] = (byte)mutation.value;
            var status = witness.AddCheckpointAsync(altered, default).AsTask().GetAwaiter().GetResult().Status;
            Assert.Contains(status, new[] { 400, 403, 404, 409 });
        }));
        Assert.Equal(400, (await witness.AddCheckpointAsync(new byte[AddCheckpoint.MaxSize + 1], default)).Status);
        Assert.Equal(400, (await witness.AddCheckpointAsync(Encoding.UTF8.GetBytes("old 1\n" + string.Concat(Enumerable.Repeat($"{TreeHash.EmptyRoot}\n", 64)) + "\n"), default)).Status);
    }

    [Fact]
    public async Task Receipts_carry_the_quorum_of_witnesses_that_asked_for_different_sizes()
    {
        var storage = new FaultyStorage();
        var witnesses = Keys.Witnesses.Select(cosigner => new Witness(cosigner, [Log], new MemoryWitnessState(), _time)).ToArray();
        var options = Bookkeeper.Options(storage, storage, 5, _time) with { BatchTime = TimeSpan.Zero, Cosign = (checkpoint, tree, cancel) => RoundAsync(witnesses, checkpoint, tree) };
        await LogWriter.CreateAsync(options with { Cosign = null }, default);
        await using var writer = await LogWriter.LoadAsync(options, default);
        var receipts = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => writer.AppendAsync(Forest.Entry(i), default).AsTask()));
        var verdict = LogVerifier.Verify(Forest.Entry(3), receipts[3].ToProof().Encode(), Keys.Policy, _time.GetUtcNow(), new(MaximumAge: TimeSpan.FromMinutes(1)));
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Checks.Select(check => check.Words)));
        _time.Advance(TimeSpan.FromHours(2));
        var fresh = LogVerifier.Verify(await writer.RefreshAsync(default), Keys.Policy, _time.GetUtcNow(), new(MaximumAge: TimeSpan.FromMinutes(1), new(receipts[0].Checkpoint.Checkpoint)));
        Assert.True(fresh.IsValid, string.Join('\n', fresh.Checks.Select(check => check.Words)));
    }

    [Fact]
    public async Task Answers_that_are_not_a_cosignature_are_refused_in_words()
    {
        var client = new WitnessClient(Keys.Witnesses[0].Key);
        var request = await RequestAsync(0, 20);
        var stranger = Keys.Witnesses[1].Sign(request.Checkpoint.Note.Text, _time.GetUtcNow());
        var forged = Keys.Witnesses[0].Sign("another text\n", _time.GetUtcNow());
        (int, string?, string)[] answers =
        [
            (200, null, ""), (200, null, "— x"), (200, null, stranger.Line), (200, null, forged.Line), (200, null, "text\n\n" + forged.Line), (200, null, new string('a', 600_000)),
            (409, WitnessAnswer.Size, "21\n"), (409, WitnessAnswer.Size, "0\n"), (409, WitnessAnswer.Size, "1"), (409, WitnessAnswer.Size, "-1\n"), (409, WitnessAnswer.Size, ""),
            (409, "text/html", "5\n"), (403, null, "no\n"), (500, null, "\u001b[31m"),
        ];
        foreach (var (status, type, body) in answers)
        {
            var refused = Assert.IsType<WitnessReply.Refused>(client.Take(request, status, type, Encoding.UTF8.GetBytes(body)));
            Assert.DoesNotContain('\u001b', refused.Words);
        }
    }

    /// <summary>As the engine will do it over HTTP.</summary>
    internal static async ValueTask<SignedCheckpoint> RoundAsync(IEnumerable<Witness> witnesses, SignedCheckpoint checkpoint, TileTree tree)
    {
        foreach (var witness in witnesses)
        {
            var client = new WitnessClient(witness.Key);
            WitnessReply reply;
            do
            {
                var request = await client.RequestAsync(checkpoint, tree, default);
                var answer = await witness.AddCheckpointAsync(request.Encode(), default);
                reply = client.Take(request, answer.Status, answer.ContentType, Encoding.UTF8.GetBytes(answer.Body));
            }
            while (reply is WitnessReply.AskAgain);
            checkpoint = Assert.IsType<WitnessReply.Cosigned>(reply).Checkpoint;
        }
        return checkpoint;
    }

    private Witness Witness() => new(Keys.Witnesses[0], [Log], _state, _time);

    private static async Task<WitnessAnswer> AskAsync(Witness witness, AddCheckpoint request) => await witness.AddCheckpointAsync(request.Encode(), default);

    private static SignedCheckpoint Head(int size) => SignedCheckpoint.Sign(new(Keys.Origin, size, Forest.Root(Forest.Leaves(size))), Keys.Log);

    private static async Task<AddCheckpoint> RequestAsync(int old, int size)
    {
        var (store, growth) = Forest.Grow(size);
        var (_, proof) = await new TileTree(store, size, growth.Root).ConsistencyAsync(old, default);
        return new(old, proof, Head(size));
    }
}
