using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>
/// Key files: written whole or not at all, readable by their owner alone (mode 0600), and refused when others may read or write them.
/// Windows has no modes: there the file inherits its folder's access list, which in a user's profile admits that user, administrators and the system.
/// </summary>
public static class KeyFile
{
    /// <summary>Largest key file in bytes.</summary>
    public const int MaxSize = 16 * 1024;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Writes a new key file.</summary>
    /// <exception cref="IOException">The file exists already (a key is never overwritten), or it could not be written.</exception>
    public static void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        string full = Path.GetFullPath(path);
        string temporary = $"{full}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: false);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Reads a key file into locked memory.</summary>
    /// <exception cref="UnauthorizedAccessException">Others than the owner have rights on the file.</exception>
    /// <exception cref="InvalidDataException">Empty or larger than <see cref="MaxSize"/>.</exception>
    /// <exception cref="IOException">It does not exist or cannot be read.</exception>
    public static LockedBuffer Read(string path)
    {
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, BufferSize = 0 });
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & Others) is not UnixFileMode.None and var wide)
        {
            throw new UnauthorizedAccessException(
                $"The key file {path} is open to others ({wide}): if the key did not leak, run `chmod 600 {path}`; if it may have, make a new one.");
        }
        if (file.Length is < 1 or > MaxSize)
            throw new InvalidDataException($"The key file {path} has {file.Length} bytes; 1 to {MaxSize} were expected.");
        var content = new LockedBuffer((int)file.Length);
        try
        {
            file.ReadExactly(content.Span);
            return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }
}
