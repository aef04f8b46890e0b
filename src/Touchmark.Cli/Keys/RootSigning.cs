using System.CommandLine;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Keys;

/// <summary>What a customer's root signs: certificates of vaults, appointments of officers, and taking them back.</summary>
internal static class RootSigning
{
    public static Command SignVault()
    {
        var request = new Argument<FileInfo>("request") { Description = "The vault's key request, from touchmark-vault ceremony." };
        var until = Until("The certificate ends then; without it, when another follows or it is revoked.");
        return Signing<VaultCertificate>("sign-vault", "Certify the keys of a vault.", (root, parsed, now) =>
        {
            var (statement, asked) = StatementFile.Read<VaultKeyRequest>(parsed.GetValue(request)!);
            var keys = new TrustStore([
                new(Issuers.OfVault(asked.VaultId), asked.Keys.Primary.Algorithm, asked.Keys.Primary.PublicKey, asked.RequestedAt, ValidUntil: null),
                new(Issuers.OfVault(asked.VaultId), asked.Keys.Shadow.Algorithm, asked.Keys.Shadow.PublicKey, asked.RequestedAt, ValidUntil: null)]);
            StatementFile.Verify<VaultKeyRequest>(parsed.GetValue(request)!, keys);
            if (asked.CustomerId != root.CustomerId)
            {
                throw new CliFailure($"the request is of a vault of {asked.CustomerId}, and this is the root of {root.CustomerId}.", "ask whose vault it is");
            }

            return new(new VaultCertificate
            {
                VaultId = asked.VaultId, CustomerId = asked.CustomerId, PrinterId = asked.PrinterId, RequestSha256 = statement.Sha256, Keys = asked.Keys, Token = asked.Token,
                ValidFrom = now, ValidUntil = parsed.GetValue(until), Replaces = asked.Replaces,
            },
            [
                ("Vault", asked.VaultId.ToString()), ("Printer", asked.PrinterId.ToString()), ("Requested at", $"{asked.RequestedAt:u}"),
                ("Signs with", $"{asked.Keys.Primary.Algorithm}, held by {VaultKey.NameOf(asked.Keys.Primary.Custody)}; {asked.Keys.Shadow.Algorithm}, held by {VaultKey.NameOf(asked.Keys.Shadow.Custody)}"),
                ("Token", $"{asked.Token.Manufacturer} {asked.Token.Model}, serial {asked.Token.Serial}"),
                ("Replaces", asked.Replaces is { } before ? Convert.ToHexStringLower(before.Span) : "none: a new vault"),
                ("Fingerprint", Fingerprint(statement.Sha256)),
            ]);
        }, request, until);
    }

    public static Command Appoint()
    {
        var keys = new Argument<FileInfo>("officer") { Description = "The officer's public keys, as touchmark keys officer new wrote them." };
        var name = new Option<string>("--name") { Description = "The person's name.", Required = true };
        var roles = new Option<string[]>("--role") { Description = "custodian, witness, reviewer, firmware, slicer or operator_admin; several times for several.", Required = true };
        var until = Until("The appointment ends then.");
        return Signing<OfficerAppointment>("appoint", "Appoint an officer, whose keys you got from the person.", (root, parsed, now) =>
        {
            var officer = PublicOfficer.Read(parsed.GetValue(keys)!);
            var held = parsed.GetValue(roles)!.Distinct(StringComparer.Ordinal).Select(role => OfficerAppointment.RoleOf(role)
                ?? throw new CliFailure($"{role} is no role of an officer.", "custodian, witness, reviewer, firmware, slicer and operator_admin are", exitCode: 2)).ToArray();
            return new(new OfficerAppointment
            {
                OfficerId = officer.OfficerId, CustomerId = root.CustomerId, Name = parsed.GetValue(name)!, Roles = held,
                Ed25519Key = officer.Ed25519Key, MlDsa65Key = officer.MlDsa65Key, ValidFrom = now, ValidUntil = parsed.GetValue(until),
            },
            [
                ("Officer", $"{parsed.GetValue(name)} ({officer.OfficerId})"), ("Roles", string.Join(", ", held.Select(OfficerAppointment.NameOf))),
                ("Key ids", string.Join(", ", officer.KeyIds)),
            ]);
        }, keys, name, roles, until);
    }

    public static Command Revoke()
    {
        var file = new Argument<FileInfo>("statement") { Description = "The certificate of a vault, or the appointment of an officer." };
        var reason = new Option<string>("--reason") { Description = "compromised, superseded, decommissioned or lost.", Required = true };
        var note = new Option<string?>("--note") { Description = "For people who read it later." };
        return Signing<KeyRevocation>("revoke", "Take back a certificate or an appointment. What was signed and logged before stands.", (root, parsed, now) =>
        {
            var why = Enum.GetValues<KeyRevocationReason>().Where(known => KeyRevocation.NameOf(known) == parsed.GetValue(reason)).Cast<KeyRevocationReason?>().FirstOrDefault()
                ?? throw new CliFailure($"{parsed.GetValue(reason)} is no reason.", "compromised, superseded, decommissioned or lost", exitCode: 2);
            var (sha256, holder, what) = Issued(parsed.GetValue(file)!, root.Trust);
            return new(new KeyRevocation
            {
                RevocationId = Guid.CreateVersion7(now), CustomerId = root.CustomerId, RevokedStatement = sha256, Holder = holder, RevokedAt = now, Reason = why, Note = parsed.GetValue(note),
            }, [("Takes back", what), ("From now on", $"{now:u}"), ("Reason", KeyRevocation.NameOf(why))]);
        }, file, reason, note);
    }

    /// <summary>Groups of four hexadecimal digits: what the vault shows and the root's holders compare.</summary>
    private static string Fingerprint(ReadOnlyMemory<byte> sha256) => string.Join(' ', Convert.ToHexStringLower(sha256.Span[..16]).Chunk(4).Select(group => new string(group)));

    private static Option<DateTimeOffset?> Until(string description) => new("--valid-until") { Description = description };

    /// <summary>A statement of this root that can be taken back.</summary>
    private static (ReadOnlyMemory<byte> Sha256, Guid Holder, string What) Issued(FileInfo file, TrustStore root)
    {
        if (StatementFile.TypeOf(file) == VaultCertificate.ContentType)
        {
            var (statement, certificate) = StatementFile.Verify<VaultCertificate>(file, root);
            return (statement.Sha256, certificate.VaultId, $"the certificate of vault {certificate.VaultId}");
        }

        var (appointed, appointment) = StatementFile.Verify<OfficerAppointment>(file, root);
        return (appointed.Sha256, appointment.OfficerId, $"the appointment of {appointment.Name} ({appointment.OfficerId})");
    }

    /// <summary>A command that shows what it is about to sign, asks, puts the root together and signs.</summary>
    private static Command Signing<T>(string name, string description, Func<PublicRoot, ParseResult, DateTimeOffset, Draft<T>> draft, params Symbol[] symbols)
        where T : class, IDocument<T>
    {
        var publicFile = CustomerRoot.PublicFile();
        var secretFile = CustomerRoot.SecretFile();
        var output = StatementFile.Output();
        var yes = new Option<bool>("--yes") { Description = "Do not ask whether to sign." };
        var command = new Command(name, description) { publicFile, secretFile, output, yes };
        foreach (var symbol in symbols)
        {
            if (symbol is Option option)
            {
                command.Options.Add(option);
            }
            else
            {
                command.Arguments.Add((Argument)symbol);
            }
        }

        command.SetAction(parsed =>
        {
            RootCommands.MustBeNew(parsed.GetValue(output)!);
            var now = TimeProvider.System.GetUtcNow();
            var publicRoot = CustomerRoot.Read(parsed.GetValue(publicFile)!);
            var (document, facts) = draft(publicRoot, parsed, now);
            var width = facts.Max(fact => fact.Name.Length);
            facts.ForEach(fact => Screen.Line($"{fact.Name.PadRight(width)}  {fact.Value}"));
            Agree(parsed.GetValue(yes));
            using var root = CustomerRoot.Open(publicRoot, parsed.GetValue(secretFile));
            StatementFile.Write(parsed.GetValue(output)!, root.Signer.Sign(document, now));
        });
        return command;
    }

    private static void Agree(bool asked)
    {
        if (asked)
        {
            return;
        }

        Screen.Line("Is all of that right? The root signs it for good. Type yes:");
        using var terminal = new SecretTerminal();
        using var answer = terminal.ReadLine(16);
        if (answer is null || !answer.Span.SequenceEqual("yes"u8))
        {
            throw new CliFailure("nothing was signed.", "type yes when everything shown is right");
        }
    }

    private sealed record Draft<T>(T Document, List<(string Name, string Value)> Facts);
}
