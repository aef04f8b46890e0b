namespace Touchmark.Cryptography.MlDsa;

/// <summary>
/// What follows from public bytes, kept for those that were used last: the same few keys sign most of what one reads. <see cref="Slots"/> values at the most, whoever sends how many keys.
/// </summary>
/// <param name="make">Works it out.</param>
internal sealed class LastUsed<T>(LastUsed<T>.Maker make)
    where T : class
{
    private const int Slots = 64;
    private readonly Kept?[] _kept = new Kept?[Slots];

    internal delegate T Maker(ReadOnlySpan<byte> from);

    /// <param name="from">At least one byte.</param>
    internal T Of(ReadOnlySpan<byte> from)
    {
        ref Kept? slot = ref _kept[from[0] % Slots];
        if (Volatile.Read(ref slot) is { } kept && from.SequenceEqual(kept.From))
            return kept.Value;
        var made = new Kept(from.ToArray(), make(from));
        Volatile.Write(ref slot, made);
        return made.Value;
    }

    private sealed record Kept(byte[] From, T Value);
}
