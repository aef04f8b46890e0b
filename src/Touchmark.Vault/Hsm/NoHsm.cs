using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Vault.Hsm;

/// <summary>The HSM of a vault that was told of none: it starts, verifies and hands out, and signs nothing.</summary>
internal sealed class NoHsm : IVaultHsm
{
    public HsmState State => HsmState.Absent;

    public string Reason => "no PKCS#11 module was said; --module names it.";

    public TokenInfo? Token => null;

    public VaultKeys? Keys => null;

    public VaultKeys CreateKeys(string generation) => throw new HsmException(Reason);

    public VaultKeys? KeysOf(string generation) => null;

    public void UseKeys(string generation) => throw new HsmException(Reason);

    public void DestroyKeys(string generation) => throw new HsmException(Reason);

    public CounterReading ReadCounter() => throw new HsmException(Reason);

    public int Aside => 0;

    public long Increment(ManifestMark mark) => throw new HsmException(Reason);

    public void SetAside(ManifestMark mark) => throw new HsmException(Reason);

    public void Confirm(ManifestMark mark) => throw new HsmException(Reason);

    public void Reconnect()
    {
    }
}
