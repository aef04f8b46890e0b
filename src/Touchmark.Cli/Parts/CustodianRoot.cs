using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Evidence.Parts;

namespace Touchmark.Cli.Parts;

/// <summary>The root from which a custodian's keys for every part follow: 32 random bytes in <c>custodian.key</c> of <see cref="Home.Folder"/>, mode 0600. It never leaves this computer.</summary>
internal static class CustodianRoot
{
    public const string FileName = "custodian.key";

    private static string File => Path.Combine(Home.Folder, FileName);

    /// <summary>The keys for one part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="mayCreate">Whether to make the root where there is none yet.</param>
    /// <exception cref="CliFailure">There is none, or it cannot be used.</exception>
    public static CustodianKeys KeysFor(PartId part, bool mayCreate = false)
    {
        try
        {
            if (mayCreate && !System.IO.File.Exists(File))
            {
                Home.Create();
                using var fresh = LockedBuffer.Random(CustodianKeys.RootSize);
                KeyFile.WriteNew(File, fresh.Span);
                Screen.Line($"Made {File}. Back it up where nobody else can read it: who has it signs for your parts, and without it nobody does.");
            }

            using var root = KeyFile.Read(File);
            return root.Length == CustodianKeys.RootSize ? CustodianKeys.Derive(root.Span, part)
                : throw new CliFailure($"{File} is no custodian's key: it has {root.Length} bytes, and {CustodianKeys.RootSize} are right.", "put it back from its backup", exitCode: 2);
        }
        catch (FileNotFoundException)
        {
            throw new CliFailure("there is no custodian's key on this computer.", "touchmark custodian show PART makes one, and tells the pseudonym that a part is offered to", exitCode: 2);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CliFailure($"{File} cannot be used: {error.Message}", "see that it is yours alone (chmod 600), or put it back from its backup", exitCode: 2);
        }
    }
}
