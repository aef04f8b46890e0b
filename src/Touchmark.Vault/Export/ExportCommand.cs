namespace Touchmark.Vault.Export;

/// <summary><c>touchmark-vault export</c>.</summary>
internal static class ExportCommand
{
    public static Task<int> RunAsync(string[] args) => Task.FromResult(args.Length);
}
