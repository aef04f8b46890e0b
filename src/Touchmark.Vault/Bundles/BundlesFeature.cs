namespace Touchmark.Vault.Bundles;

/// <summary>Evidence bundles: made, found, handed out.</summary>
internal static class BundlesFeature
{
    public static void AddBundles(this IServiceCollection services) => _ = services;

    public static void MapBundles(this WebApplication app) => _ = app;
}
