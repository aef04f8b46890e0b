using Touchmark.Cryptography;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Log.Tree;

namespace Touchmark.Vault.Hsm;

/// <summary>How the HSM is.</summary>
internal enum HsmState
{
    /// <summary>It signs.</summary>
    Ready,

    /// <summary>It refuses the PIN.</summary>
    Locked,

    /// <summary>There is none, or its token is not in it.</summary>
    Absent,

    /// <summary>It is there, and does not do what it is asked.</summary>
    Failing,

    /// <summary>It works, and no ceremony has made keys in it.</summary>
    Unprovisioned,
}

/// <summary>A key at work.</summary>
/// <param name="Signer">It stays its HSM's to dispose.</param>
/// <param name="InToken">It was made in the token and never leaves it; otherwise it is a seed that a key of the token wraps, and every statement says so.</param>
internal sealed record HeldKey(ISigner Signer, bool InToken);

/// <summary>The keys of a vault.</summary>
internal sealed record VaultKeys(HeldKey Primary, HeldKey Shadow, HeldKey ManifestEd25519, HeldKey ManifestMlDsa65);

/// <summary>How far the manifest was when the counter was last taken: what tells a restored disk from the real one.</summary>
/// <param name="Size">Entries.</param>
/// <param name="Root">Of their tree.</param>
internal sealed record ManifestMark(long Size, TreeHash Root);

/// <summary>What the token holds.</summary>
/// <param name="Value">The last value that was taken; 0 for none.</param>
/// <param name="Mark">The manifest then; null before the first.</param>
internal sealed record CounterReading(long Value, ManifestMark? Mark);

/// <summary>The vault's HSM: keys, and a counter that never goes back. Whatever fails in it becomes its state and an <see cref="HsmException"/>. Several threads may use it.</summary>
internal interface IVaultHsm
{
    HsmState State { get; }

    /// <summary>In words; empty while it is ready.</summary>
    string Reason { get; }

    /// <summary>What the token says of itself; null until it was reached for the first time.</summary>
    TokenInfo? Token { get; }

    /// <summary>The keys in use; null before the ceremony, and until they were reached for the first time. The signers stay the same when the token goes and comes back.</summary>
    VaultKeys? Keys { get; }

    /// <summary>Makes new keys in the token. Old ones stay, and stay in use; the first ones are in use at once.</summary>
    /// <param name="generation">Their name: 1 to 32 of a-z, 0-9 and '-'.</param>
    VaultKeys CreateKeys(string generation);

    /// <summary>Keys by their generation, used or not; null when there are none.</summary>
    VaultKeys? KeysOf(string generation);

    /// <summary>Puts a generation of keys to use, durably: the last step of re-keying.</summary>
    void UseKeys(string generation);

    /// <summary>Destroys a generation of keys for good: superseded ones, or the used ones in a decommissioning.</summary>
    void DestroyKeys(string generation);

    CounterReading ReadCounter();

    /// <summary>Values that are set aside and that <see cref="Confirm"/> would give back: in the token already, and given to nobody yet.</summary>
    int Aside { get; }

    /// <summary>Takes the next value, which is in the token before it returns and never given twice.</summary>
    long Increment(ManifestMark mark);

    /// <summary>Sets the next values aside where few are left, so that taking them asks nothing of the token. If the process is killed, nobody gets them.</summary>
    void SetAside(ManifestMark mark);

    /// <summary>
    /// Lets the token say the last value that was taken, and the mark. Called when the manifest has grown by what was signed, it leaves nothing for a restored disk to hide, and nothing for a kill
    /// to leave unused; without it the newest entries alone could be lost so, and show as a gap.
    /// </summary>
    void Confirm(ManifestMark mark);

    /// <summary>Looks whether it is there again. Tried every few seconds while it is not ready.</summary>
    void Reconnect();
}
