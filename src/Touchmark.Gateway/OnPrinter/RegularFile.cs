using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>Opens a file that somebody else named.</summary>
internal static partial class RegularFile
{
    // <asm-generic/fcntl.h>
    private const int ReadOnly = 0;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    /// <summary>The file, to be read at any place; null when it is none. The framework's own open waits for ever at a pipe that nobody writes to.</summary>
    public static FileStream? TryOpen(string path)
    {
        var handle = new SafeFileHandle(Open(path, ReadOnly | NonBlocking | CloseOnExec), ownsHandle: true);
        if (handle.IsInvalid)
        {
            handle.Dispose();
            return null;
        }

        var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        if (file.CanSeek && file.Length > 0)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
