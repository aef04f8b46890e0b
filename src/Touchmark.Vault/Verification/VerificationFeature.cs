namespace Touchmark.Vault.Verification;

/// <summary>Verifies evidence for whoever asks.</summary>
internal static class VerificationFeature
{
    public static void AddVerification(this IServiceCollection services) => _ = services;

    public static void MapVerification(this WebApplication app) => _ = app;
}
