namespace Touchmark.Vault.Firmware;

/// <summary>What the printer runs, and who has approved it.</summary>
internal static class FirmwareFeature
{
    public static void AddFirmware(this IServiceCollection services) => _ = services;

    public static void MapFirmware(this WebApplication app) => _ = app;
}
