namespace Touchmark.Cryptography.MlDsa;

/// <summary>What follows from a public key beside its matrix (<see cref="PublicMatrix"/>); 6 KiB for each that is kept.</summary>
internal sealed class ExpandedKey
{
    private static readonly LastUsed<ExpandedKey> Kept = new(static publicKey => new ExpandedKey(publicKey));

    private ExpandedKey(ReadOnlySpan<byte> publicKey)
    {
        Shake.Hash256(publicKey, [], [], Tr);
        Packing.Unpack(publicKey[32..], T1, ManagedMlDsa65.T1Bits);
        foreach (ref int t in T1.AsSpan())
            t <<= Rounding.DroppedBits;
        Polynomial.Transform(T1);
    }

    /// <summary>The key's hash, which every message is signed together with.</summary>
    internal byte[] Tr { get; } = new byte[ManagedMlDsa65.TrSize];

    /// <summary>t1 · 2^d, in the transformed domain.</summary>
    internal int[] T1 { get; } = new int[ManagedMlDsa65.K * Polynomial.N];

    /// <param name="publicKey"><see cref="ManagedMlDsa65.PublicKeySize"/> bytes.</param>
    internal static ExpandedKey Of(ReadOnlySpan<byte> publicKey) => Kept.Of(publicKey);
}
