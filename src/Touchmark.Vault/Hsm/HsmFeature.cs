namespace Touchmark.Vault.Hsm;

internal static class HsmFeature
{
    public static void AddHsm(this IServiceCollection services) => _ = services;
}
