using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Touchmark.Cryptography;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Keys;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Regulators;

/// <summary>
/// Hands a custodian's sealed identity to the regulator that it is sealed to, who proves to be it by its certificate and opens it itself. Each time is an audited act, with the reason, whether it was
/// handed out or refused.
/// </summary>
internal sealed class RevealDesk(Database database, RegulatorBook book, EngineKeys keys, AuditTrail trail, TimeProvider time)
{
    private const int MaxReason = 1024;
    private const int RandomLength = 16;
    private const int ChallengeLength = sizeof(long) + RandomLength + 64;

    private static readonly TimeSpan ChallengeLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Something to sign that nobody has signed before. Nothing is kept of it until a regulator has: its own signature tells that it is ours.</summary>
    public RevealChallenge Challenge()
    {
        var expires = time.GetUtcNow() + ChallengeLifetime;
        var challenge = new byte[ChallengeLength];
        BinaryPrimitives.WriteInt64BigEndian(challenge, expires.ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(challenge.AsSpan(sizeof(long), RandomLength));
        keys.Ed25519.Sign(Signed(challenge), challenge.AsSpan(sizeof(long) + RandomLength));
        return new RevealChallenge(Base64Url.EncodeToString(challenge), expires);
    }

    /// <summary>Hands the sealed identity out, when whoever asks is the regulator that it is sealed to.</summary>
    public async Task<Outcome<RevealedIdentity>> RevealAsync(PartId part, string pseudonym, RevealRequest request, CancellationToken cancel)
    {
        if (request.Reason.Length is 0 or > MaxReason)
        {
            return Refusal.Invalid("REASON_INVALID", $"A reveal has a reason of 1 to {MaxReason} characters: it is written down.", "Say why.").With("length", request.Reason.Length).With("maximum", MaxReason);
        }

        if (!RegulatorBook.Read(request.Certificate).Has(out var certificate, out var refusal))
        {
            return refusal;
        }

        using (certificate)
        {
            if (!(await book.CheckAsync(certificate, cancel)).Has(out _, out refusal))
            {
                return refusal;
            }

            if (!await book.IsListedAsync(RegulatorBook.IdOf(certificate), cancel))
            {
                return new Refusal(StatusCodes.Status403Forbidden, "REGULATOR_UNKNOWN", "This certificate is none of a regulator here.", "Have an admin add it; GET /api/regulators lists those that are.");
            }

            await using var work = await database.BeginAsync(cancel);
            if (!await IsProvenAsync(work, certificate, part, pseudonym, request, cancel))
            {
                return new Refusal(StatusCodes.Status403Forbidden, "REGULATOR_UNPROVEN", "The request is not signed by the certificate's key over a challenge of this engine that was not used yet.",
                    "Get a challenge (POST /api/regulators/challenges) and sign it within five minutes, as spec/custody.md has it.");
            }

            // From here on it is a regulator who asks: whatever comes of it is written down.
            var act = AuditedAct.By($"regulator/{RegulatorBook.IdOf(certificate)}", Acts.IdentityRevealed, $"custodian/{part.Value}/{pseudonym}", new AuditDetail("reason", request.Reason));
            var name = IdentitySeal.NameOf(certificate);
            var box = (await CustodyChains.FindCustodianAsync(work, part, pseudonym, cancel))?.SealedIdentity.FirstOrDefault(identity => identity.Regulator.Span.SequenceEqual(name));
            await trail.RecordAsync(work, act with { RefusalCode = box is null ? Unknown.Code : null }, cancel);
            await work.CommitAsync(cancel);
            return box is null ? Unknown.With("custodian", pseudonym) : new RevealedIdentity(part.Value, pseudonym, box.Sealed.ToArray());
        }
    }

    private static Refusal Unknown { get; } = new(
        StatusCodes.Status404NotFound, "IDENTITY_UNKNOWN", "There is no identity of this custodian that is sealed to this regulator.", "Look at the custodians of the part: sealed_to says whom each has sealed it to.");

    // No statement begins like this, so a challenge can never pass for one.
    private static byte[] Signed(ReadOnlySpan<byte> challenge) => [.. "touchmark regulator challenge v1\n"u8, .. challenge[..(sizeof(long) + RandomLength)]];

    /// <summary>Whether the certificate's key signed this request over a challenge of ours, in time and for the first time.</summary>
    private async Task<bool> IsProvenAsync(Transaction work, X509Certificate2 certificate, PartId part, string pseudonym, RevealRequest request, CancellationToken cancel)
    {
        var challenge = new byte[ChallengeLength];
        var now = time.GetUtcNow();
        if (!Base64Url.IsValid(request.Challenge, out var length) || length != ChallengeLength || !Base64Url.TryDecodeFromChars(request.Challenge, challenge, out _)
            || !SignatureVerifier.Verify(SignatureAlgorithm.Ed25519, keys.Ed25519.PublicKey.Span, Signed(challenge), challenge.AsSpan(sizeof(long) + RandomLength))
            || BinaryPrimitives.ReadInt64BigEndian(challenge) < now.ToUnixTimeSeconds()
            || !SignatureVerifier.Verify(SignatureAlgorithm.Es256, IdentitySeal.KeyOf(certificate), IdentitySeal.RequestOf(request.Challenge, part, pseudonym, request.Reason), request.Signature))
        {
            return false;
        }

        await work.ExecuteAsync("delete from regulator_challenges where expires_at <= @Now", new { Now = now - ChallengeLifetime }, cancel);
        return await work.ExecuteAsync(
            "insert into regulator_challenges (hash, expires_at) values (@Hash, @ExpiresAt) on conflict (hash) do nothing", new { Hash = SHA256.HashData(challenge), ExpiresAt = now + ChallengeLifetime }, cancel) == 1;
    }
}

/// <param name="Challenge">In base64url; to be used once.</param>
/// <param name="ExpiresAt">Five minutes after it was made.</param>
internal sealed record RevealChallenge(string Challenge, DateTimeOffset ExpiresAt);

/// <param name="Certificate">The regulator's, in PEM.</param>
/// <param name="Challenge">One of this engine's.</param>
/// <param name="Reason">Why it has to know; it is written down.</param>
/// <param name="Signature">ES256, 64 bytes, over <see cref="IdentitySeal.RequestOf"/>.</param>
internal sealed record RevealRequest(string Certificate, string Challenge, string Reason, byte[] Signature);

/// <param name="PartId">Which part.</param>
/// <param name="Pseudonym">Which custodian.</param>
/// <param name="Sealed">For the regulator to open.</param>
internal sealed record RevealedIdentity(string PartId, string Pseudonym, byte[] Sealed);
