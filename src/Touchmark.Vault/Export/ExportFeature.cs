namespace Touchmark.Vault.Export;

/// <summary>The archive that outlives the vault.</summary>
internal static class ExportFeature
{
    public static void AddExport(this IServiceCollection services) => services.AddSingleton<ArchiveExport>();

}
