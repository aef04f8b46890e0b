using Touchmark.Evidence.Documents;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Manifest;

/// <summary>
/// Opens the manifest at the start, enters its own checkpoint in it then and every so often (<see cref="VaultOptions.AnchorMinutes"/>), which tells readers how old what they hold is, and looks for an
/// HSM that is not ready.
/// </summary>
internal sealed class ManifestKeeper(VaultOptions options, ManifestBook manifest, ManifestStorage storage, IVaultHsm hsm, TimeProvider time, ILogger<ManifestKeeper> log) : Keeper(TimeSpan.FromSeconds(2), time)
{
    private ManifestMark? lastSeen;
    private ManifestMark? confirmed;

    /// <summary>When the manifest was last anchored by this process.</summary>
    public DateTimeOffset? AnchoredAt { get; private set; }

    protected override async Task LookAsync(CancellationToken cancel)
    {
        try
        {
            if (hsm.State != HsmState.Ready)
            {
                hsm.Reconnect();
            }

            // A clock that was put back does not keep the manifest from being anchored.
            if (AnchoredAt is not { } last || (Time.GetUtcNow() - last).Duration() >= TimeSpan.FromMinutes(options.AnchorMinutes))
            {
                await AnchorAsync(cancel);
            }

            await ConfirmAsync(cancel);
            await storage.PublishAsync(cancel);
        }
        catch (HsmException failure)
        {
            log.LogWarning("The HSM is not back: {Problem}", failure.Message);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.LogWarning(failure, "The manifest's folder is behind the manifest");
        }
    }

    /// <summary>
    /// Lets the token know how far the manifest is once nothing was entered for a while: with the mark of the last value alone, a restored disk could hide the entry that followed it.
    /// </summary>
    private async Task ConfirmAsync(CancellationToken cancel)
    {
        if (hsm.State != HsmState.Ready || !(await manifest.EnterAsync(cancel)).Has(out var turn, out _))
        {
            return;
        }

        await using (turn)
        {
            if (turn.Mark == lastSeen && (turn.Mark != confirmed || hsm.Aside > 0))
            {
                hsm.Confirm(turn.Mark);
                confirmed = turn.Mark;
            }

            lastSeen = turn.Mark;
        }
    }

    private async Task AnchorAsync(CancellationToken cancel)
    {
        if (!(await manifest.EnterAsync(cancel)).Has(out var turn, out _))
        {
            return;
        }

        await using (turn)
        {
            var now = Time.GetUtcNow();
            var anchor = new LogAnchor { AnchorId = Guid.CreateVersion7(now), Origin = turn.Identity.Certificate.ManifestOrigin, Size = turn.Mark.Size, Root = turn.Mark.Root.ToArray(), At = now };
            if ((await turn.StateAsync(anchor, now)).Has(out _, out _))
            {
                AnchoredAt = now;
            }
        }
    }
}
