using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Problems;

namespace Touchmark.Vault.Twins;

/// <summary>The request for a draft.</summary>
/// <param name="TwinId">The caller's; a new one where it is absent. The same id with the same content is the same draft.</param>
/// <param name="ModelSha256">Of the model file, hexadecimal.</param>
/// <param name="ProfileSha256">Of the print profile, hexadecimal.</param>
/// <param name="Name">Of the part.</param>
/// <param name="Revision">Of the design.</param>
/// <param name="GcodeSha256">Of the canonical G-code, hexadecimal, where it is sliced already; then <paramref name="Slicer"/> too.</param>
/// <param name="Slicer">Name and version.</param>
internal sealed record TwinForm(
    Guid? TwinId = null, string? ModelSha256 = null, string? ProfileSha256 = null, string? Name = null, string? Revision = null, string? GcodeSha256 = null, string? Slicer = null)
{
    private const int MaxText = 256;

    /// <summary>The draft without its customer.</summary>
    public Outcome<TwinCertificate> ToDraft(string customerId, DateTimeOffset now)
    {
        if (HexHash.TryRead(ModelSha256) is not { } model || (ProfileSha256 is not null && HexHash.TryRead(ProfileSha256) is null) || (GcodeSha256 is not null && HexHash.TryRead(GcodeSha256) is null))
        {
            return Refusal.Invalid("HASH_REFUSED", "A SHA-256 is 64 hexadecimal digits, and a twin needs that of its model.", "Look at model_sha256, profile_sha256 and gcode_sha256.");
        }

        if (GcodeSha256 is null != Slicer is null)
        {
            return Refusal.Invalid("SLICE_REFUSED", "What is sliced has a G-code and a slicer.", "Send gcode_sha256 and slicer, or neither.");
        }

        foreach (var (field, text) in new[] { ("name", Name), ("revision", Revision), ("slicer", Slicer) })
        {
            if (text is not null && !(PlainText.TryAccept(text, MaxText, out var clean) && clean == text))
            {
                return PlainText.Refuse(field, MaxText);
            }
        }

        return new TwinCertificate
        {
            TwinId = TwinId ?? Guid.CreateVersion7(now),
            CustomerId = customerId,
            MadeAt = now,
            AsDesigned = new(model) { ProfileSha256 = HexHash.TryRead(ProfileSha256) is { } profile ? profile : (ReadOnlyMemory<byte>?)null, Name = Name, Revision = Revision },
            AsSliced = HexHash.TryRead(GcodeSha256) is { } gcode ? new(gcode, Slicer!) : null,
        };
    }
}
