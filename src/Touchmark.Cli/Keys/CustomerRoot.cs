using System.CommandLine;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Keys;

/// <summary>A customer's root while it is together: keys that certify all others. It lives for one command.</summary>
internal sealed class CustomerRoot : IDisposable
{
    private const string Purpose = "customer root";

    private readonly PairedKeys _keys;

    private CustomerRoot(PublicRoot root, PairedKeys keys) => (Public, _keys) = (root, keys);

    public PublicRoot Public { get; }

    public StatementSigner Signer => _keys.SignerFor(Issuers.OfCustomer(Public.CustomerId));

    /// <exception cref="CliFailure">The file is none of a customer's root.</exception>
    public static PublicRoot Read(FileInfo file) => PublicRoot.Of(PinnedTrust.Read(file.FullName))
        ?? throw new CliFailure($"{file} does not hold the two public keys of a customer's root.", "touchmark keys root new writes such a file", exitCode: 2);

    /// <summary>The file with the public keys, which commands that sign are told.</summary>
    public static Option<FileInfo> PublicFile() => new("--root") { Description = "The file with the root's public keys, as touchmark keys root new wrote it.", Required = true };

    /// <summary>Where the root was kept, for those who did.</summary>
    public static Option<FileInfo?> SecretFile() => new("--secret") { Description = "The file in which the root was kept (--keep). Without it, the shares are asked for." };

    /// <param name="secret">32 bytes.</param>
    /// <param name="customerId">Whose root it is.</param>
    /// <param name="validFrom">From when on it is to be believed.</param>
    public static CustomerRoot Derive(ReadOnlySpan<byte> secret, string customerId, DateTimeOffset validFrom)
    {
        var keys = PairedKeys.Derive(secret, Purpose, customerId);
        return new(new(customerId, new TrustStore(keys.TrustedAs(Issuers.OfCustomer(customerId), validFrom)), RootPin.Of(keys.Ed25519Key.Span, keys.MlDsa65Key.Span)), keys);
    }

    /// <summary>Puts the root together from the file in which it was kept, or from shares.</summary>
    /// <exception cref="CliFailure">They are of another root, or cannot be read.</exception>
    public static CustomerRoot Open(PublicRoot root, FileInfo? secretFile)
    {
        using var secret = Secret(secretFile);
        var opened = Derive(secret.Span, root.CustomerId, root.Trust.Keys[0].ValidFrom);
        opened.Require(root);
        return opened;
    }

    /// <exception cref="CliFailure">It is another root.</exception>
    public void Require(PublicRoot expected)
    {
        if (Public.Pin != expected.Pin)
        {
            Dispose();
            throw new CliFailure($"this is the root {Public.Pin}, and not {expected.Pin}.", $"take the shares of the root of {expected.CustomerId}, or the file that belongs to them");
        }
    }

    /// <summary>The 32 bytes behind the keys. To be disposed by the caller.</summary>
    public static LockedBuffer Secret(FileInfo? secretFile)
    {
        var secret = secretFile is null ? Collect() : OwnedKeyFile.Read(secretFile, "root");
        if (secret.Length == PairedKeys.SeedSize)
        {
            return secret;
        }

        secret.Dispose();
        throw new CliFailure($"this is no root: it has {secret.Length} bytes, and {PairedKeys.SeedSize} are right.", "take the shares or the file of a customer's root", exitCode: 2);
    }

    public void Dispose() => _keys.Dispose();

    private static LockedBuffer Collect()
    {
        using var terminal = new SecretTerminal();
        return new ShareDialog(terminal).Collect();
    }
}
