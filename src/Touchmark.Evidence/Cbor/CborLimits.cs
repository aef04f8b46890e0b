namespace Touchmark.Evidence.Cbor;

/// <summary>What a decoder accepts before it has trusted a byte, so that hostile input costs a bounded amount of time and memory.</summary>
/// <param name="MaxBytes">Length of the whole encoding.</param>
/// <param name="MaxDepth">Arrays, maps and tags inside each other.</param>
/// <param name="MaxItems">Data items in all, keys included.</param>
public sealed record CborLimits(int MaxBytes = 16 << 20, int MaxDepth = 16, int MaxItems = 200_000)
{
    public static CborLimits Default { get; } = new();
}
