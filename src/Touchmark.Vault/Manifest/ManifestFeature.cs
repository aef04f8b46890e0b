namespace Touchmark.Vault.Manifest;

/// <summary>The customer's append-only log, and what is known of it.</summary>
internal static class ManifestFeature
{
    public static void AddManifest(this IServiceCollection services)
    {
        services.AddSingleton<DataLock>();
        services.AddSingleton<ManifestStorage>();
        services.AddManifestIndex<ManifestIndex>();
        services.AddSingleton<ManifestIndexer>();
        services.AddSingleton<CounterAside>();
        services.AddSingleton<ManifestBook>();
        services.AddSingleton<ManifestKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<ManifestKeeper>());
    }

    /// <summary>Adds tables that are made from the manifest.</summary>
    public static void AddManifestIndex<T>(this IServiceCollection services)
        where T : class, IManifestIndex
    {
        services.AddSingleton<T>();
        services.AddSingleton<IManifestIndex>(provider => provider.GetRequiredService<T>());
    }
}
