namespace Touchmark.Vault.Ceremony;

/// <summary><c>touchmark-vault ceremony</c>.</summary>
internal static class CeremonyCommand
{
    public static Task<int> RunAsync(string[] args) => Task.FromResult(args.Length);
}
