using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Vaults;

/// <summary>What the vault beside a printer said of a print.</summary>
/// <param name="Bundle">The statement of its bundle; null when it signed none.</param>
/// <param name="Reference">What the certificate refers to it by.</param>
/// <param name="Alert">What the certificate has to say of a vault that there is, and that did not sign.</param>
internal sealed record VaultWord(byte[]? Bundle, VaultReference? Reference, Alert? Alert)
{
    /// <summary>There is no vault.</summary>
    public static VaultWord None { get; } = new(null, null, null);
}
