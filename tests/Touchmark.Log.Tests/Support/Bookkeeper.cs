using Touchmark.Log.Checking;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Tree;
using Touchmark.Log.Verification;
using Touchmark.Log.Writing;

namespace Touchmark.Log.Tests;

/// <summary>Appends to a log, remembers what it was promised, and holds the log to it.</summary>
/// <param name="first">The number of its first entry: two bookkeepers append different ones.</param>
internal sealed class Bookkeeper(int first = 0)
{
    private readonly List<(byte[] Entry, LogReceipt Receipt)> _receipts = [];
    private readonly List<byte[]> _refused = [];
    private int _next = first;

    public int Receipts => _receipts.Count;

    public List<LogAppendException> Failures { get; } = [];

    public static LogWriterOptions Options(IObjectStore objects, IHeadState head, int batch, TimeProvider? time = null) => new(Keys.Origin, Keys.Ed25519, Keys.MlDsa65, objects, head)
    {
        BatchEntries = batch, Time = time ?? new FakeTime(),
    };

    /// <summary>Appends as many entries at once, as one batch if the writer was told that size, and waits for what becomes of them.</summary>
    public async Task AppendAsync(LogWriter writer, int count)
    {
        var entries = Enumerable.Range(0, count).Select(_ => Forest.Entry(_next++)).ToList();
        var appends = entries.Select(entry => writer.AppendAsync(entry, default).AsTask()).ToList();
        foreach (var (entry, append) in entries.Zip(appends))
        {
            try
            {
                _receipts.Add((entry, await append));
            }
            catch (LogAppendException e)
            {
                Failures.Add(e);
                if (!e.MayBeLogged)
                {
                    _refused.Add(entry);
                }
            }
        }
    }

    /// <summary>Clean by fsck; each receipt holds, and its tree is the beginning of the one that is there now; what was refused is not in it; every checkpoint ever published is its beginning.</summary>
    public async Task AssertKeptAsync(IObjectStore objects, IEnumerable<byte[]> published)
    {
        var report = await Fsck.RunAsync(objects, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default);
        Assert.True(report.IsClean, string.Join('\n', report.Problems.Select(problem => $"{problem.Path}: {problem.Words}")));
        Assert.Equal(report.Head!.Size, report.Entries);
        var tree = new TileTree(objects, report.Head.Size, report.Head.Root);
        var all = await EntriesAsync(objects, tree.Size);
        foreach (var (entry, receipt) in _receipts)
        {
            Assert.Equal(entry, all[(int)receipt.Index]);
            Assert.True(TreeProof.VerifyInclusion(TreeHash.OfLeaf(entry), receipt.Index, receipt.Checkpoint.Checkpoint.Size, receipt.Proof, receipt.Checkpoint.Checkpoint.Root));
        }
        if (_receipts.Count > 0)
        {
            var (entry, receipt) = _receipts[^1];
            Assert.True(LogVerifier.Verify(entry, receipt.ToProof().Encode(), Keys.Unwitnessed, DateTimeOffset.UnixEpoch, LogExpectations.None).IsValid);
        }
        foreach (var checkpoint in _receipts.Select(kept => kept.Receipt.Checkpoint.Checkpoint).Concat(published.Select(Parse)).DistinctBy(checkpoint => (checkpoint.Size, checkpoint.Root)))
        {
            var (root, _) = await tree.ConsistencyAsync(checkpoint.Size, default);
            Assert.Equal(checkpoint.Root, root);
        }
        var texts = all.Select(Convert.ToHexString).ToHashSet(StringComparer.Ordinal);
        Assert.DoesNotContain(_refused, entry => texts.Contains(Convert.ToHexString(entry)));
    }

    private static async Task<List<byte[]>> EntriesAsync(IObjectStore objects, long size)
    {
        var all = new List<byte[]>();
        while (all.Count < size)
        {
            var id = TileId.Holding(TileId.EntriesLevel, all.Count, size);
            Assert.True(EntryBundle.TryDecode((await objects.ReadAsync(id.Path, default))!.Value, id.Width, out var entries));
            all.AddRange(entries.Select(entry => entry.ToArray()));
        }
        return all;
    }

    private static Checkpoint Parse(byte[] bytes)
    {
        Assert.True(SignedCheckpoint.TryParse(bytes, out var signed, out var problem), problem);
        return signed.Checkpoint;
    }
}
