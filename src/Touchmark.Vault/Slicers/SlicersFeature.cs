namespace Touchmark.Vault.Slicers;

/// <summary>Which slicer made a toolpath, and how well that is known.</summary>
internal static class SlicersFeature
{
    public static void AddSlicers(this IServiceCollection services) => services.AddSingleton<SlicerAttestor>();

    public static void MapSlicers(this WebApplication app) => _ = app;
}
