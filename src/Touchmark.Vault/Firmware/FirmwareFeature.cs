namespace Touchmark.Vault.Firmware;

/// <summary>What the printer runs, and who has approved it.</summary>
internal static class FirmwareFeature
{
    public static void AddFirmware(this IServiceCollection services)
    {
        services.AddSingleton(provider => FirmwareOptions.Read(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<FirmwareSource>();
        services.AddSingleton<FirmwareMonitor>();
        services.AddHostedService(provider => provider.GetRequiredService<FirmwareMonitor>());
        services.AddSingleton<Approvals>();
    }

    public static void MapFirmware(this WebApplication app) => app.MapApprovals();
}
