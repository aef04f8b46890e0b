using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;

namespace Touchmark.Cli.Keys;

/// <summary>Files of secret keys that a person names on the command line.</summary>
internal static class OwnedKeyFile
{
    /// <summary>To be disposed by the caller.</summary>
    /// <exception cref="CliFailure">It cannot be read, or others can read it too.</exception>
    public static LockedBuffer Read(FileInfo file, string what)
    {
        try
        {
            return KeyFile.Read(file.FullName);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CliFailure($"the {what} cannot be read: {error.Message}", "check the path, and that the file is its owner's alone", exitCode: 2);
        }
    }

    /// <exception cref="CliFailure">The file exists already, or cannot be written.</exception>
    public static void Write(FileInfo file, ReadOnlySpan<byte> secret, string what)
    {
        try
        {
            KeyFile.WriteNew(file.FullName, secret);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"the {what} cannot be written: {error.Message}", "name a file that does not exist yet: keys are never overwritten", exitCode: 2);
        }
    }
}
