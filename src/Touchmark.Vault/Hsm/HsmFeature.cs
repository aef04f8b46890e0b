namespace Touchmark.Vault.Hsm;

/// <summary>The vault's HSM.</summary>
internal static class HsmFeature
{
    public static void AddHsm(this IServiceCollection services) => services.AddSingleton<IVaultHsm>(provider =>
    {
        var options = provider.GetRequiredService<VaultOptions>().Hsm;
        return options.Module is null ? new NoHsm() : VaultHsm.Open(options);
    });
}
