using Touchmark.Cryptography;
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

/// <summary>The HSM could not do what it was asked; its state says why.</summary>
internal class HsmException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The vault's HSM: keys, and a counter that never goes back. Whatever fails in it becomes its state and an <see cref="HsmException"/>.</summary>
internal interface IVaultHsm
{
    HsmState State { get; }

    /// <summary>In words; empty while it is ready.</summary>
    string Reason { get; }

    /// <summary>Null before the ceremony, and while they cannot be reached.</summary>
    VaultKeys? Keys { get; }

    /// <summary>Makes new keys in the token. Old ones stay.</summary>
    VaultKeys CreateKeys(string generation);

    CounterReading ReadCounter();

    /// <summary>Takes the next value, which is durable before it returns and never given twice.</summary>
    CounterReading Increment(ManifestMark mark);

    /// <summary>Looks whether it is there again. Tried every few seconds while it is not ready.</summary>
    void Reconnect();
}
