using System.Data.Common;
using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Keys;
using Touchmark.Engine.PrinterKeys;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Printers;

/// <summary>Takes a printer in: the pairing code or the account says for whom, the proof that the gateway holds the device key, the profile which machine it is.</summary>
internal sealed class Enrolment(
    Database database, PairingCodes codes, EngineKeys keys, PrinterKeyring keyring, PrinterTokenDesk tokens, EngineStatements statements, AuditTrail trail, TimeProvider time, ILogger<Enrolment> log)
{
    /// <summary>An organisation has one printer more.</summary>
    public event Action<Guid>? Enrolled;

    /// <summary>What the device key signs (ES256): deterministic CBOR [ "touchmark enrolment v1", code or e-mail address, device public key, profile ].</summary>
    public static byte[] ProofMessage(string credential, ReadOnlyMemory<byte> devicePublicKey, ReadOnlyMemory<byte> profile) =>
        DeterministicCbor.Encode(CborArray.Of("touchmark enrolment v1", credential, devicePublicKey, profile));

    /// <param name="request">What the gateway sent.</param>
    /// <param name="account">Who signed in with it; null when it came with a pairing code.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Outcome<EnrolmentAnswer>> EnrolAsync(EnrolmentRequest request, AccountView? account, CancellationToken cancel)
    {
        if (!Check(request).Has(out var profile, out var refusal))
        {
            return refusal;
        }

        await using var work = await database.BeginAsync(cancel);
        if (!(account is null ? await codes.RedeemAsync(work, request.Code!, cancel) : SponsorOf(account)).Has(out var sponsor, out refusal))
        {
            return refusal;
        }

        var manufacturer = await work.FirstOrDefaultAsync<string>("select name from organisations where id = @Id", new { Id = sponsor.OrganisationId }, cancel);
        var now = time.GetUtcNow();
        var document = new PrinterEnrolment
        {
            PrinterId = Guid.CreateVersion7(now),
            PrinterName = request.Name.Trim(),
            PrinterModel = profile.Model,
            Manufacturer = manufacturer!,
            MachineId = profile.MachineId(),
            ProfileSha256 = SHA256.HashData(request.Profile),
            DevicePublicKey = request.DevicePublicKey,
            EnrolledAt = now,
            Measured = profile.Behaviour?.Names ?? [],
        };
        var statement = await statements.SignAsync(work, document, cancel);
        try
        {
            await work.ExecuteAsync(
                """
                insert into printers (id, organisation_id, name, model, machine_id, device_public_key, profile, statement, enrolled_at, pairing_id)
                values (@PrinterId, @Organisation, @PrinterName, @PrinterModel, @MachineId, @DevicePublicKey, @Profile, @Statement, @EnrolledAt, @PairingId)
                """,
                new
                {
                    document.PrinterId,
                    Organisation = sponsor.OrganisationId,
                    document.PrinterName,
                    document.PrinterModel,
                    MachineId = document.MachineId.ToArray(),
                    request.DevicePublicKey,
                    request.Profile,
                    Statement = statement,
                    document.EnrolledAt,
                    sponsor.PairingId,
                }, cancel);
            await work.ExecuteAsync(
                """
                insert into printer_enrolments (id, printer_id, state, profile, differences, presented_at, decided_at, statement)
                values (@PrinterId, @PrinterId, @Accepted, @Profile, '', @EnrolledAt, @EnrolledAt, @Statement)
                """,
                new { document.PrinterId, EnrolmentState.Accepted, request.Profile, document.EnrolledAt, Statement = statement }, cancel);
        }
        catch (DbException error) when (database.IsDuplicate(error))
        {
            return Refusal.Conflict("DEVICE_KEY_KNOWN", "A printer is enrolled with this device key already.", "Let the gateway make a new device key, and enrol again with the same code.");
        }

        var key = await keyring.CurrentAsync(work, document.PrinterId, cancel);
        // Whoever made the code answers for the printer: the gateway that brought it has no account.
        var act = AuditedAct.By(
            $"account/{sponsor.AccountId:D}", Acts.PrinterEnrolled, $"printer/{document.PrinterId:D}", new("machine_id", Convert.ToHexStringLower(document.MachineId.Span)), new("by", account is null ? "pairing code" : "password"));
        await trail.RecordAsync(work, act with { AccountId = sponsor.AccountId }, cancel);
        await work.CommitAsync(cancel);
        log.LogInformation("Printer {PrinterId} enrolled for organisation {OrganisationId}", document.PrinterId, sponsor.OrganisationId);
        Enrolled?.Invoke(sponsor.OrganisationId);
        var token = tokens.Issue(document.PrinterId);
        return new EnrolmentAnswer(
            document.PrinterId, keys.Transport.PublicKey.ToArray(), statements.TrustJson, token.Token, token.ExpiresAt, [keyring.HandOut(key, request.DevicePublicKey)]);
    }

    private static Outcome<Sponsor> SponsorOf(AccountView account) => account.Role is Role.Manufacturer or Role.Admin
        ? new Sponsor { OrganisationId = account.OrganisationId, AccountId = account.Id }
        : Refusal.Forbidden("This account may not enrol printers.", "Use an account of role manufacturer or admin, or a pairing code.");

    private static Outcome<MachineProfile> Check(EnrolmentRequest request)
    {
        if (!PlainText.TryAccept(request.Name, 100, out _))
        {
            return PlainText.Refuse("name", 100);
        }

        if (!P256.IsPublicKey(request.DevicePublicKey))
        {
            return Refusal.Invalid("DEVICE_KEY_INVALID", "The device key is not an uncompressed point on P-256.", "Enrol with touchmark-gateway, which makes the key.").With("bytes", request.DevicePublicKey.Length);
        }

        if (!Es256.Verify(request.DevicePublicKey, ProofMessage(request.Code ?? request.Email ?? "", request.DevicePublicKey, request.Profile), request.Proof))
        {
            return Refusal.Invalid("PROOF_INVALID", "The proof is not a signature by the device key over this code or e-mail address, key and profile.", "Enrol with touchmark-gateway, which signs them.");
        }

        if (MachineProfile.TryDecode(request.Profile, out var problem) is not { } profile)
        {
            return Refusal.Invalid("PROFILE_INVALID", $"The machine profile is not one: {problem}.", "Update the gateway, and enrol again.").With("problem", problem);
        }

        return PlainText.TryAccept(profile.Model, 200, out _) ? profile : PlainText.Refuse("profile.model", 200);
    }
}

/// <summary>A printer to enrol, by a pairing code or by an account.</summary>
internal sealed record EnrolmentRequest(string Name, byte[] DevicePublicKey, byte[] Profile, byte[] Proof, string? Code = null, string? Email = null, string? Password = null);

/// <summary>What the gateway pins: the engine's transport key (P-256, 65 bytes) and the keys that sign statements; and what it has to keep to itself.</summary>
internal sealed record EnrolmentAnswer(
    Guid PrinterId, byte[] EnginePublicKey, JsonElement Trust, string PrinterToken, DateTimeOffset PrinterTokenExpiresAt, IReadOnlyList<HandedKey> PrinterKeys);
