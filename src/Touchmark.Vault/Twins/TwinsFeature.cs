namespace Touchmark.Vault.Twins;

/// <summary>The as-designed, as-sliced and as-built records of one part.</summary>
internal static class TwinsFeature
{
    public static void AddTwins(this IServiceCollection services) => services.AddSingleton<TwinDesk>();

    public static void MapTwins(this WebApplication app) => _ = app;
}
