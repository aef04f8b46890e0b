using Touchmark.Log.Notes;

namespace Touchmark.Log.Storage;

/// <summary>The head as one file, which is its checkpoint. It belongs to the log's operator and is not served.</summary>
/// <param name="folder">Made at the first write; of this log alone.</param>
public sealed class FolderHeadState(string folder) : IHeadState
{
    private readonly string _head = Path.Combine(Path.GetFullPath(folder), "head");

    /// <exception cref="LogDamagedException">The file is not a checkpoint.</exception>
    public ValueTask<LogHead?> ReadAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read());
    }

    public ValueTask<bool> ReplaceAsync(LogHead? expected, LogHead next, CancellationToken cancel) => new(Task.Run(() => Replace(expected, next), cancel));

    private bool Replace(LogHead? expected, LogHead next)
    {
        ArgumentNullException.ThrowIfNull(next);
        DurableFile.MakeFolder(Path.GetDirectoryName(_head)!);
        // Another process that compares and swaps at the same time is refused here, with an IOException.
        using var alone = new FileStream(_head + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        var now = Read();
        if (now is null ? expected is not null : !now.IsSameTree(expected))
        {
            return false;
        }
        DurableFile.Write(_head, next.Checkpoint.Span);
        return true;
    }

    private LogHead? Read()
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(_head);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        return SignedCheckpoint.TryParse(bytes, out var signed, out var problem)
            ? new(signed.Checkpoint.Size, signed.Checkpoint.Root, bytes)
            : throw new LogDamagedException($"The head in {_head} cannot be read: {problem}.");
    }
}
