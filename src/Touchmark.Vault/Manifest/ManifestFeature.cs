namespace Touchmark.Vault.Manifest;

/// <summary>The customer's append-only log, and what is known of it.</summary>
internal static class ManifestFeature
{
    public static void AddManifest(this IServiceCollection services)
    {
        services.AddSingleton<DataLock>();
        services.AddSingleton<ManifestStorage>();
        services.AddSingleton<ManifestIndex>();
        services.AddSingleton<IManifestIndex>(provider => provider.GetRequiredService<ManifestIndex>());
        services.AddSingleton<ManifestBook>();
        services.AddSingleton<ManifestKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<ManifestKeeper>());
    }
}
