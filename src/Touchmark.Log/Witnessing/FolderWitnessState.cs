using System.Security.Cryptography;
using System.Text;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;

namespace Touchmark.Log.Witnessing;

/// <summary>One file a log, named by the SHA-256 of its origin, which holds the cosigned checkpoint.</summary>
/// <param name="folder">Made at the first write; of this witness alone.</param>
/// <param name="key">The witness's own, to find the time in its cosignatures.</param>
public sealed class FolderWitnessState(string folder, NoteKey key) : IWitnessState
{
    private readonly string _folder = Path.GetFullPath(folder);

    /// <summary>As <c>GET &lt;monitoring prefix&gt;/&lt;origin hash&gt;/checkpoint</c> names a log: SHA-256 of the origin, in hexadecimal.</summary>
    public static string NameOf(string origin) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)));

    /// <exception cref="LogDamagedException">The file is not a checkpoint that this witness cosigned. It must not be deleted lightly: the witness would forget what it has signed.</exception>
    public ValueTask<Witnessed?> ReadAsync(string origin, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read(FileOf(origin)));
    }

    public ValueTask<bool> ReplaceAsync(string origin, Witnessed? expected, Witnessed next, CancellationToken cancel) => new(Task.Run(
        () =>
        {
            DurableFile.MakeFolder(_folder);
            // Another request for this log at the same time is refused here, with an IOException: the client asks again.
            using var alone = new FileStream(FileOf(origin) + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (Read(FileOf(origin))?.Checkpoint.Checkpoint.Size != expected?.Checkpoint.Checkpoint.Size)
            {
                return false;
            }
            DurableFile.Write(FileOf(origin), next.Checkpoint.Encode());
            return true;
        }, cancel));

    private string FileOf(string origin) => Path.Combine(_folder, NameOf(origin));

    private Witnessed? Read(string file)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        return SignedCheckpoint.TryParse(bytes, out var checkpoint, out _) && checkpoint.Note.Check(key) is { State: NoteSignatureState.Valid, Time: { } seen }
            ? new(checkpoint, seen)
            : throw new LogDamagedException($"{file} does not hold a checkpoint that this witness cosigned.");
    }
}
