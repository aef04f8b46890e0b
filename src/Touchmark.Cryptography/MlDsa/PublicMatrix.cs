namespace Touchmark.Cryptography.MlDsa;

/// <summary>
/// The matrix A of a key (FIPS 204, algorithm 32), which follows from 32 public bytes and is half of the work of a verification. The same few keys sign most of what one reads,
/// so the matrices of those that were used last are kept: <see cref="Slots"/> of 30 KiB at the most, whoever sends how many keys.
/// </summary>
internal static class PublicMatrix
{
    private const int Slots = 64;
    private static readonly Kept?[] All = new Kept?[Slots];

    /// <param name="rho">32 bytes: the seed of the matrix.</param>
    internal static ReadOnlySpan<int> Of(ReadOnlySpan<byte> rho)
    {
        ref Kept? slot = ref All[rho[0] % Slots];
        if (Volatile.Read(ref slot) is { } kept && rho.SequenceEqual(kept.Rho))
            return kept.Matrix;
        var made = new Kept(rho.ToArray(), new int[ManagedMlDsa65.K * ManagedMlDsa65.L * Polynomial.N]);
        Sampling.ExpandMatrix(rho, made.Matrix, ManagedMlDsa65.K, ManagedMlDsa65.L);
        Volatile.Write(ref slot, made);
        return made.Matrix;
    }

    private sealed record Kept(byte[] Rho, int[] Matrix);
}
