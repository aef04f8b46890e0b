namespace Touchmark.Cryptography.MlDsa;

/// <summary>
/// What follows from a public key alone, beside its matrix (<see cref="PublicMatrix"/>); kept for the keys that were used last: <see cref="Slots"/> of 10 KiB at the most, whoever
/// sends how many keys.
/// </summary>
internal sealed class ExpandedKey
{
    private const int Slots = 64;
    private static readonly ExpandedKey?[] Kept = new ExpandedKey?[Slots];

    private readonly byte[] _publicKey;

    private ExpandedKey(ReadOnlySpan<byte> publicKey)
    {
        _publicKey = publicKey.ToArray();
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
    internal static ExpandedKey Of(ReadOnlySpan<byte> publicKey)
    {
        ref ExpandedKey? slot = ref Kept[publicKey[0] % Slots];
        if (Volatile.Read(ref slot) is { } kept && publicKey.SequenceEqual(kept._publicKey))
            return kept;
        var made = new ExpandedKey(publicKey);
        Volatile.Write(ref slot, made);
        return made;
    }
}
