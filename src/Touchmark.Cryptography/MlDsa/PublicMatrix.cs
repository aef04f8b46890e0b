namespace Touchmark.Cryptography.MlDsa;

/// <summary>The matrix A of a key (FIPS 204, algorithm 32), which follows from 32 public bytes and is half of the work of a verification; 30 KiB for each that is kept.</summary>
internal static class PublicMatrix
{
    private static readonly LastUsed<int[]> Kept = new(Expand);

    /// <param name="rho">32 bytes: the seed of the matrix.</param>
    internal static ReadOnlySpan<int> Of(ReadOnlySpan<byte> rho) => Kept.Of(rho);

    private static int[] Expand(ReadOnlySpan<byte> rho)
    {
        int[] matrix = new int[ManagedMlDsa65.K * ManagedMlDsa65.L * Polynomial.N];
        Sampling.ExpandMatrix(rho, matrix, ManagedMlDsa65.K, ManagedMlDsa65.L);
        return matrix;
    }
}
