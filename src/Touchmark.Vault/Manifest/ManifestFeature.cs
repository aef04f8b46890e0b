namespace Touchmark.Vault.Manifest;

/// <summary>The customer's append-only log, and what is known of it.</summary>
internal static class ManifestFeature
{
    public static void AddManifest(this IServiceCollection services) => _ = services;

}
