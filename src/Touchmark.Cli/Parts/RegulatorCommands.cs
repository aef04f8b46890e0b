using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Evidence.Parts;

namespace Touchmark.Cli.Parts;

/// <summary><c>touchmark regulator</c>: whom identities are sealed to, and opening them as one of those.</summary>
internal static class RegulatorCommands
{
    public static Command Create() => new("regulator", "Legal identities of custodians, which only regulators can open.")
    {
        List("list", "List the regulators that identities may be sealed to.", "/api/regulators"),
        List("authorities", "List the authorities whose regulators are believed.", "/api/regulators/roots"),
        Add("add-authority", "Believe the regulators that an authority names (admins).", "/api/regulators/roots"),
        Add("add", "Let custodians seal their identity to a regulator, whose certificate one of the authorities has issued (admins).", "/api/regulators"),
        Remove("remove-authority", "Believe an authority no more, nor the regulators that it has named (admins).", "/api/regulators/roots"),
        Remove("remove", "Hand nothing out to a regulator any more (admins).", "/api/regulators"),
        Reveal(),
    };

    private static Command List(string name, string description, string path)
    {
        var engine = PartArguments.Engine();
        return Arguments.Asking(name, description, parsed => PartArguments.Open(parsed, engine), (client, _, cancel) => client.GetAsync(path, cancel),
            rows => Screen.Table(rows, "There are none.", new("Name", "subject"), new("Authority", "issuer"), new("Until", "valid_until"), new("Id", "id")), engine);
    }

    private static Command Add(string name, string description, string path)
    {
        var file = new Argument<FileInfo>("certificate") { Description = "An X.509 certificate in PEM." };
        return Arguments.Asking(name, description, (engine, parsed, cancel) => engine.PostAsync(path, new { Certificate = ReadPem(parsed.GetValue(file)!) }, cancel),
            added => Screen.Line($"{Screen.Text(added, "subject")}, issued by {Screen.Text(added, "issuer")}: {Screen.Text(added, "id")}"), file);
    }

    private static Command Remove(string name, string description, string path)
    {
        var id = new Argument<string>("id") { Description = "The certificate's id, from the list." };
        var command = new Command(name, description) { id };
        command.SetAction(async (parsed, cancel) =>
        {
            using var engine = EngineClient.SignedIn();
            await engine.DeleteAsync($"{path}/{Uri.EscapeDataString(parsed.GetValue(id)!)}", cancel);
            Screen.Line("Removed.");
            return 0;
        });
        return command;
    }

    private static Command Reveal()
    {
        var pseudonym = new Argument<string>("pseudonym") { Description = "The custodian's, as the part's history shows it." };
        var certificate = new Option<FileInfo>("--certificate") { Description = "The regulator's certificate, PEM.", Required = true };
        var key = new Option<FileInfo>("--key") { Description = "Its private key, PKCS #8 in PEM; it stays on this computer.", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why you have to know; the engine writes it down, signed.", Required = true };
        return PartArguments.Asking("reveal", "As a regulator: get a custodian's legal identity and open it here. The engine cannot.", async (engine, part, parsed, cancel) =>
        {
            var who = parsed.GetValue(pseudonym)!.ToUpperInvariant();
            using var own = ReadKey(parsed.GetValue(key)!);
            var challenge = Screen.Text(await engine.PostAsync("/api/regulators/challenges", null, cancel), "challenge");
            var answer = await engine.PostAsync($"/api/parts/{part.Value}/custodians/{Uri.EscapeDataString(who)}/identity", new
            {
                Certificate = ReadPem(parsed.GetValue(certificate)!),
                Challenge = challenge,
                Reason = parsed.GetValue(reason),
                Signature = Sign(own, IdentitySeal.RequestOf(challenge, part, who, parsed.GetValue(reason)!)),
            }, cancel);
            var identity = IdentitySeal.Open(answer.GetProperty("sealed").GetBytesFromBase64(), own, part, who)
                ?? throw new CliFailure("what the engine handed out does not open with this key.", "it may have been sealed for somebody else, or altered: ask the custodian");
            return JsonSerializer.SerializeToElement(new { PartId = part.ToString(), Pseudonym = who, Identity = identity }, EngineClient.Json);
        }, Screen.Facts, pseudonym, certificate, key, reason);
    }

    /// <summary>Seals an identity to every regulator that the engine lists.</summary>
    public static IReadOnlyList<Evidence.Documents.SealedIdentity> Seal(string identity, JsonElement regulators, PartId part, string pseudonym) =>
        [.. regulators.EnumerateArray().Select(regulator =>
        {
            using var certificate = X509Certificate2.CreateFromPem(Screen.Text(regulator, "certificate"));
            return IdentitySeal.Seal(identity, certificate, part, pseudonym) ?? throw new CliFailure($"the certificate of {certificate.Subject} has no P-256 key.", "tell the engine's operator");
        })];

    private static byte[] Sign(P256PrivateKey key, byte[] message)
    {
        var signer = new Es256Signer(key);
        var signature = new byte[SignatureAlgorithm.Es256.SignatureSize()];
        signer.Sign(message, signature);
        return signature;
    }

    private static string ReadPem(FileInfo file)
    {
        try
        {
            return File.ReadAllText(file.FullName);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"{file} cannot be read.", "check its path and permissions", exitCode: 2);
        }
    }

    private static P256PrivateKey ReadKey(FileInfo file)
    {
        var text = Array.Empty<char>();
        try
        {
            using var content = KeyFile.Read(file.FullName);
            text = new char[content.Length];
            Encoding.Latin1.GetChars(content.Span, text);
            using var der = new LockedBuffer(content.Length);
            return PemEncoding.TryFind(text, out var fields) && text.AsSpan()[fields.Label] is "PRIVATE KEY" && Convert.TryFromBase64Chars(text.AsSpan()[fields.Base64Data], der.Span, out var length)
                ? P256PrivateKey.FromPkcs8(der.Span[..length]) : throw new CryptographicException();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CliFailure($"{file} cannot be used: {error.Message}", "check its path, and that it is yours alone", exitCode: 2);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new CliFailure($"{file} is no P-256 private key (PKCS #8, PEM, not encrypted).", "openssl pkcs8 -topk8 -nocrypt makes one", exitCode: 2);
        }
        finally
        {
            Array.Clear(text);
        }
    }
}
