namespace Touchmark.Vault.Ceremony;

/// <summary>A ceremony cannot go on, and what would help.</summary>
internal sealed class CeremonyRefused(string text, string hint) : Exception(text)
{
    public string Hint { get; } = hint;
}
