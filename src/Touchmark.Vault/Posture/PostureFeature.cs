using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Access;
using Touchmark.Vault.Bundles;
using Touchmark.Vault.Firmware;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Posture;

/// <summary>How the vault is: whether what it would sign now were normal, and if not, why.</summary>
internal static class PostureFeature
{
    public static void AddPosture(this IServiceCollection services) => services.AddSingleton<PostureDesk>();

    public static void MapPosture(this WebApplication app) =>
        app.MapGet("/v3/posture", (PostureDesk desk) => desk.Now).For(Role.Any).WithTags("posture").WithSummary("How the vault is.").Produces<PostureAnswer>();
}

/// <summary>Puts the posture together from what is in memory: asking costs nothing.</summary>
internal sealed class PostureDesk(ManifestBook manifest, ManifestKeeper keeper, IVaultHsm hsm, FirmwareMonitor firmware, ClockWatch clock)
{
    public PostureAnswer Now
    {
        get
        {
            var reading = firmware.Current;
            var certificate = manifest.Identity?.Certificate;
            var last = manifest.LastBundle;
            var reasons = Reasons(reading).ToList();
            return new PostureAnswer(
                reasons.Count == 0 ? "normal" : "degraded", reasons, hsm.State == HsmState.Ready && manifest.Problem is null, manifest.Problem?.Code,
                hsm.State, hsm.Reason, reading.Sha256 is { } hash ? Convert.ToHexStringLower(hash.Span) : null, FirmwareStanding.NameOf(reading.Standing.State),
                manifest.Published?.Checkpoint.Size ?? 0, keeper.AnchoredAt, last is null ? null : new LastSign(last.MachineCounter, last.SignedAt, Convert.ToHexStringLower(last.Sha256)),
                certificate?.VaultId, certificate?.CustomerId, certificate?.PrinterId);
        }
    }

    private IEnumerable<string> Reasons(FirmwareReading reading)
    {
        if (manifest.Problem is { } problem)
        {
            yield return problem.Text;
        }
        else if (hsm.State != HsmState.Ready)
        {
            yield return hsm.Reason;
        }

        if (reading.Standing.State != FirmwareState.Approved)
        {
            yield return reading.Standing.Reason ?? "The printer's firmware is not approved.";
        }

        if (clock.Jump is { } jump)
        {
            yield return jump;
        }
    }
}

/// <summary>How the vault is.</summary>
/// <param name="Mode">normal, or degraded: bundles that are signed now say so, too.</param>
/// <param name="Reasons">Why it is degraded, in words.</param>
/// <param name="Signs">Whether it signs at all.</param>
/// <param name="Problem">The code of what keeps it from signing.</param>
/// <param name="HsmState">The HSM's state.</param>
/// <param name="HsmReason">In words where it is not ready.</param>
/// <param name="FirmwareSha256">What the printer runs.</param>
/// <param name="FirmwareState">approved, unapproved or unknown.</param>
/// <param name="ManifestRev">Entries of the manifest.</param>
/// <param name="AnchoredAt">When the manifest last entered its own checkpoint.</param>
/// <param name="LastSign">The newest bundle.</param>
/// <param name="VaultId">Absent before the ceremony.</param>
/// <param name="CustomerId">Absent before the ceremony.</param>
/// <param name="PrinterId">Absent before the ceremony.</param>
internal sealed record PostureAnswer(
    string Mode, IReadOnlyList<string> Reasons, bool Signs, string? Problem, HsmState HsmState, string HsmReason, string? FirmwareSha256, string FirmwareState, long ManifestRev, DateTimeOffset? AnchoredAt,
    LastSign? LastSign, Guid? VaultId, string? CustomerId, Guid? PrinterId);

/// <summary>The newest bundle.</summary>
/// <param name="MachineCounter">The token's counter in it.</param>
/// <param name="At">When, in whole seconds.</param>
/// <param name="Sha256">Of its statement.</param>
internal sealed record LastSign(long MachineCounter, DateTimeOffset? At, string Sha256);
