using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Touchmark.Vault.Slicers;

/// <summary>A file as it was measured.</summary>
/// <param name="Path">Its real path, links followed.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Of its content, 32 bytes.</param>
internal sealed record MeasuredFile(string Path, long Bytes, byte[] Sha256);

/// <summary>
/// Hashes files of this host, once as long as they are the same: device, inode, length, time of change and of status change as statx(2) tells. The last of these is the kernel's and cannot be set back
/// by whoever writes the file.
/// </summary>
internal sealed partial class MeasuredFiles
{
    private const int Most = 512;
    private const int ReadOnlyNonBlockingCloseOnExec = 0x80800;
    private const int AtEmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;

    private readonly Lock gate = new();
    private readonly Dictionary<string, (FileState State, MeasuredFile File)> known = new(StringComparer.Ordinal);

    /// <summary>Measures a regular file; null where there is none that can be read, or its length is none that is asked for.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="isWanted">Whether a file of this length could be one that is looked for: others are not read.</param>
    /// <param name="cancel">Stops reading.</param>
    public async ValueTask<MeasuredFile?> MeasureAsync(string path, Func<long, bool> isWanted, CancellationToken cancel)
    {
        using var handle = Open(path, ReadOnlyNonBlockingCloseOnExec);
        if (handle.IsInvalid || FileState.Of(handle) is not { IsRegular: true } before || !isWanted(before.Bytes))
        {
            return null;
        }

        var real = new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").ResolveLinkTarget(returnFinalTarget: false)?.FullName ?? path;
        lock (gate)
        {
            if (known.TryGetValue(real, out var found) && found.State == before)
            {
                return found.File;
            }
        }

        try
        {
            await using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            var file = new MeasuredFile(real, before.Bytes, await SHA256.HashDataAsync(stream, cancel));
            // Written to while it was read: then it is nothing that stays.
            if (FileState.Of(handle) != before)
            {
                return null;
            }

            lock (gate)
            {
                if (known.Count == Most)
                {
                    known.Clear();
                }

                known[real] = (before, file);
            }

            return file;
        }
        catch (IOException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> result);

    /// <summary>What tells one state of a file from another.</summary>
    private readonly record struct FileState(ulong Device, ulong Inode, long Bytes, Int128 Changed, Int128 StatusChanged, ushort Mode)
    {
        public bool IsRegular => (Mode & 0xF000) == 0x8000;

        /// <summary>By struct statx of &lt;linux/stat.h&gt;, which is the same on all architectures.</summary>
        public static FileState? Of(SafeFileHandle handle)
        {
            var stat = new byte[256];
            return StatX((int)handle.DangerousGetHandle(), "", AtEmptyPath, BasicStats, stat) != 0 ? null : new FileState(
                BitConverter.ToUInt64(stat, 136), BitConverter.ToUInt64(stat, 32), BitConverter.ToInt64(stat, 40), Time(112), Time(96), BitConverter.ToUInt16(stat, 28));

            Int128 Time(int at) => ((Int128)BitConverter.ToInt64(stat, at) * 1_000_000_000) + BitConverter.ToUInt32(stat, at + 8);
        }
    }
}
