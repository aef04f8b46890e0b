namespace Touchmark.Engine.Vaults;

/// <summary>The vaults beside printers: bundles of prints, and endorsements of their certificates.</summary>
internal static class VaultsFeature
{
    public static void AddVaults(this IServiceCollection services)
    {
        services.AddSingleton<VaultDesk>();
        services.AddHostedService(provider => provider.GetRequiredService<VaultDesk>());
    }
}
