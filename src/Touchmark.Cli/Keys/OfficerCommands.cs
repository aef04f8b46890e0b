using System.CommandLine;
using System.Security.Cryptography;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Keys;

/// <summary>An officer's public keys, as the person hands them to the root's holders: a trust store of one name.</summary>
internal sealed record PublicOfficer(Guid OfficerId, ReadOnlyMemory<byte> Ed25519Key, ReadOnlyMemory<byte> MlDsa65Key, IReadOnlyList<string> KeyIds)
{
    /// <exception cref="CliFailure">The file is no officer's.</exception>
    public static PublicOfficer Read(FileInfo file)
    {
        var keys = PinnedTrust.Read(file.FullName).Keys;
        return keys is [{ Algorithm: SignatureAlgorithm.Ed25519 } primary, { Algorithm: SignatureAlgorithm.MlDsa65 } shadow] && primary.Name == shadow.Name
            && Guid.TryParseExact(primary.Name.Split('/')[^1], "D", out var id) && primary.Name == Issuers.OfOfficer(id)
                ? new(id, primary.PublicKey, shadow.PublicKey, [primary.KeyIdText, shadow.KeyIdText])
                : throw new CliFailure($"{file} does not hold the two public keys of an officer.", "touchmark keys officer new writes such a file", exitCode: 2);
    }
}

/// <summary><c>touchmark keys officer</c>: a person's own keys, and what is signed with them.</summary>
internal static class OfficerCommands
{
    public static Command Create() => new("officer", "Your keys as an officer of a customer: custodian, witness, reviewer, firmware or slicer officer.") { New(), ApproveFirmware() };

    private static Command New()
    {
        var key = new Option<FileInfo>("--key") { Description = "Where to write the secret key (mode 0600): a stick that you alone have, for instance.", Required = true };
        var output = new Option<FileInfo>("--out") { Description = "Where to write the public keys, for the holders of the root.", Required = true };
        var command = new Command("new", "Make your keys. They count when the customer's root has appointed you.") { key, output };
        command.SetAction(parsed =>
        {
            RootCommands.MustBeNew(parsed.GetValue(output)!);
            var now = TimeProvider.System.GetUtcNow();
            using var officer = OfficerKeys.Create(now, out var secret);
            using (secret)
            {
                OwnedKeyFile.Write(parsed.GetValue(key)!, secret.Span, "officer's key");
            }

            File.WriteAllBytes(parsed.GetValue(output)!.FullName, new TrustStore(officer.TrustedFrom(now)).ToJson());
            Screen.Line($"You are officer {officer.OfficerId}. Hand {parsed.GetValue(output)} to the holders of the root, and read these ids to them:");
            foreach (var id in officer.TrustedFrom(now).Select(PinnedTrust.Describe))
            {
                Screen.Line(id);
            }
        });
        return command;
    }

    private static Command ApproveFirmware()
    {
        var image = new Argument<FileInfo?>("image") { Description = "The firmware image; or name its hash with --sha256.", Arity = ArgumentArity.ZeroOrOne };
        var sha256 = new Option<string?>("--sha256") { Description = "The hash that the vault's posture tells, when there is no image file." };
        var key = new Option<FileInfo>("--key") { Description = "Your secret key.", Required = true };
        var appointment = new Option<FileInfo>("--appointment") { Description = "Your appointment by the customer's root.", Required = true };
        var name = new Option<string>("--name") { Description = "The firmware's name, such as Klipper.", Required = true };
        var version = new Option<string>("--firmware-version") { Description = "Its version.", Required = true };
        var board = new Option<string?>("--board") { Description = "The board that it is for." };
        var printers = new Option<Guid[]>("--printer") { Description = "A printer that may run it; several times for several, none for all." };
        var output = StatementFile.Output();
        var command = new Command("approve-firmware", "Approve a firmware image. It counts when two different officers have approved it.")
            { image, sha256, key, appointment, name, version, board, printers, output };
        command.SetAction(parsed =>
        {
            var now = TimeProvider.System.GetUtcNow();
            using var officer = Open(parsed.GetValue(key)!, parsed.GetValue(appointment)!, OfficerRole.Firmware, out var appointed);
            StatementFile.Write(parsed.GetValue(output)!, officer.Signer.Sign(new FirmwareApproval
            {
                ApprovalId = Guid.CreateVersion7(now), CustomerId = appointed.CustomerId, ImageSha256 = HashOf(parsed.GetValue(image), parsed.GetValue(sha256)),
                Name = parsed.GetValue(name)!, Version = parsed.GetValue(version)!, Board = parsed.GetValue(board), PrinterIds = parsed.GetValue(printers) ?? [], ApprovedAt = now,
            }, now));
        });
        return command;
    }

    /// <summary>The keys of an officer who holds a role.</summary>
    /// <exception cref="CliFailure">The key is another's, or the role is not among those of the appointment.</exception>
    public static OfficerKeys Open(FileInfo key, FileInfo appointment, OfficerRole role, out OfficerAppointment appointed)
    {
        (_, appointed) = StatementFile.Read<OfficerAppointment>(appointment);
        if (!appointed.Roles.Contains(role))
        {
            throw new CliFailure($"{appointed.Name} was not appointed as a {OfficerAppointment.NameOf(role)} officer.", $"the holders of the root appoint: touchmark keys root appoint --role {OfficerAppointment.NameOf(role)}");
        }

        using var secret = OwnedKeyFile.Read(key, "officer's key");
        var officer = OfficerKeys.Open(secret.Span) ?? throw new CliFailure($"{key} is no officer's key.", "touchmark keys officer new makes one", exitCode: 2);
        if (officer.OfficerId == appointed.OfficerId && officer.Ed25519Key.Span.SequenceEqual(appointed.Ed25519Key.Span))
        {
            return officer;
        }

        officer.Dispose();
        throw new CliFailure($"the appointment is that of {appointed.Name}, and the key is another officer's.", "name the appointment that belongs to your key");
    }

    private static byte[] HashOf(FileInfo? image, string? written)
    {
        if ((image is null) == (written is null))
        {
            throw new CliFailure("name either the image or its hash.", "touchmark keys officer approve-firmware klipper.bin …", exitCode: 2);
        }

        try
        {
            if (image is null)
            {
                return written!.Length == 2 * SHA256.HashSizeInBytes ? Convert.FromHexString(written) : throw new FormatException();
            }

            using var file = image.OpenRead();
            return SHA256.HashData(file);
        }
        catch (FormatException)
        {
            throw new CliFailure($"{written} is no SHA-256.", "64 hexadecimal digits, as GET /v3/posture tells", exitCode: 2);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"the image {image} cannot be read.", "check its path and permissions", exitCode: 2);
        }
    }
}
