namespace Touchmark.Vault.Posture;

/// <summary>How the vault is.</summary>
internal static class PostureFeature
{
    public static void AddPosture(this IServiceCollection services) => _ = services;

    public static void MapPosture(this WebApplication app) => _ = app;
}
