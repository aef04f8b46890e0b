using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Cli.Parts;

/// <summary><c>touchmark custodian</c>: who you are under a part, and becoming one of its custodians.</summary>
internal static class CustodianCommands
{
    private static readonly string[] Roles = [.. Enum.GetValues<CustodianRole>().Select(CustodianAdmission.NameOf)];

    public static Command Create() => new("custodian", "Your own keys for parts: each part sees another pseudonym of yours.") { Show(), Enrol() };

    /// <summary>A role, as an option that has to be there.</summary>
    public static Option<string> Role()
    {
        var role = new Option<string>("--role") { Description = $"One of {string.Join(", ", Roles)}.", Required = true };
        role.AcceptOnlyFromAmong(Roles);
        return role;
    }

    private static Command Show()
    {
        var part = PartArguments.Part();
        var command = new Command("show", "Show the pseudonym that you have under a part, to tell whoever is to offer it to you. Makes your key on first use; asks nobody.") { part };
        command.SetAction(parsed =>
        {
            var id = PartArguments.Id(parsed, part);
            using var keys = CustodianRoot.KeysFor(id, mayCreate: true);
            Screen.Line($"Under part {id} you are {keys.Pseudonym}.");
        });
        return command;
    }

    private static Command Enrol()
    {
        var role = Role();
        var region = new Option<string>("--region") { Description = "Your country by ISO 3166-1, such as DE, or EU.", Required = true };
        var invitation = new Option<string?>("--invitation") { Description = "The code that you were given; not needed when the part is offered to you." };
        var identity = new Option<FileInfo?>("--identity-file") { Description = "A text file that says who you are; it is sealed here to the regulators that the engine lists, and to nobody else." };
        return PartArguments.Asking("enrol", "Become a custodian of a part: it has been offered to you, you were invited, or you are signed in as whoever printed it.", async (engine, part, parsed, cancel) =>
        {
            PinnedTrust.Pin(PinnedTrust.Parse(await engine.GetBytesAsync("/api/trust", "application/json", cancel), "the engine's answer"), acceptNew: false);
            var asked = new CustodianRequest(part, Enum.Parse<CustodianRole>(parsed.GetValue(role)!, ignoreCase: true), parsed.GetValue(region)!.ToUpperInvariant(), await SealAsync(engine, part, parsed.GetValue(identity), cancel));
            var code = parsed.GetValue(invitation);
            if (code is null && asked.Role == CustodianRole.Manufacturer)
            {
                code = Screen.Text(await engine.PostAsync($"/api/parts/{part.Value}/invitations", new { Role = CustodianAdmission.NameOf(asked.Role) }, cancel), "code");
            }

            return await engine.PostAsync($"/api/parts/{part.Value}/custodians", new { Request = Sign(asked), Invitation = code }, cancel);
        }, Shown, role, region, invitation, identity);
    }

    private static void Shown(JsonElement admitted) =>
        Screen.Line($"You are {Screen.Text(admitted, "pseudonym")}, {Screen.Text(admitted, "role")} in {Screen.Text(admitted, "region")}. The engine knows no more of you than this.");

    private static async Task<IReadOnlyList<SealedIdentity>> SealAsync(EngineClient engine, PartId part, FileInfo? file, CancellationToken cancel)
    {
        if (file is null)
        {
            return [];
        }

        if (!file.Exists || file.Length > IdentitySeal.MaxIdentity)
        {
            throw new CliFailure($"{file} is not there, or has more than {IdentitySeal.MaxIdentity} bytes.", "write name and address into a text file", exitCode: 2);
        }

        using var keys = CustodianRoot.KeysFor(part, mayCreate: true);
        return RegulatorCommands.Seal(await File.ReadAllTextAsync(file.FullName, cancel), await engine.GetAsync("/api/regulators", cancel), part, keys.Pseudonym);
    }

    private static byte[] Sign(CustodianRequest asked)
    {
        using var keys = CustodianRoot.KeysFor(asked.Part, mayCreate: true);
        var now = TimeProvider.System.GetUtcNow();
        return keys.Signer.Sign(new CustodianAdmission
        {
            PartId = asked.Part, Pseudonym = keys.Pseudonym, Role = asked.Role, Region = asked.Region, Ed25519Key = keys.Ed25519Key, MlDsa65Key = keys.MlDsa65Key, AdmittedAt = now,
            SealedIdentity = asked.Identity,
        }, now).Envelope.ToArray();
    }

    private sealed record CustodianRequest(PartId Part, CustodianRole Role, string Region, IReadOnlyList<SealedIdentity> Identity);
}
