using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Manifest;

/// <summary>
/// Has values of the token's counter set aside beside what else is done: the token's own time and that of a request pass together, and one write of the token is enough for several bundles.
/// What keeps it from being done is the HSM's state, of which whoever counts next will hear.
/// </summary>
internal sealed class CounterAside(IVaultHsm hsm, ILogger<CounterAside> log)
{
    private int underWay;

    /// <summary>Begins it, unless it is under way, and returns.</summary>
    public void Begin(ManifestMark mark)
    {
        if (hsm.State == HsmState.Ready && Interlocked.Exchange(ref underWay, 1) == 0)
        {
            _ = Task.Run(() =>
            {
                Try(() => hsm.SetAside(mark));
                Volatile.Write(ref underWay, 0);
            });
        }
    }

    /// <summary>Gives back what is set aside when the vault ends, so that only a kill leaves a gap.</summary>
    public void Return(ManifestMark mark)
    {
        if (hsm is { State: HsmState.Ready, Aside: > 0 })
        {
            Try(() => hsm.Confirm(mark));
        }
    }

    private void Try(Action work)
    {
        try
        {
            work();
        }
        catch (HsmException failure)
        {
            log.LogWarning("The token's counter: {Problem}", failure.Message);
        }
    }
}
