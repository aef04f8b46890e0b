using System.Data.Common;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Twins;

/// <summary>Completes twins whose bundle was signed when the vault ended before it could complete them.</summary>
internal sealed class TwinKeeper(TwinDesk twins, TimeProvider time, ILogger<TwinKeeper> log) : Keeper(TimeSpan.FromMinutes(1), time)
{
    protected override async Task LookAsync(CancellationToken cancel)
    {
        try
        {
            await twins.CatchUpAsync(cancel);
        }
        catch (Exception failure) when (failure is DbException or IOException)
        {
            log.LogWarning(failure, "Twins that are built were not completed; it is tried again");
        }
    }
}
