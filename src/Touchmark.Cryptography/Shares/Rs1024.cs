namespace Touchmark.Cryptography.Shares;

/// <summary>The checksum of SLIP-0039: a Reed-Solomon code over GF(1024) of three words, which finds every error in up to three words.</summary>
internal static class Rs1024
{
    internal const int ChecksumWords = 3;

    private const int WordBits = 10;
    private const uint WordMask = (1 << WordBits) - 1;

    private static ReadOnlySpan<uint> Generator =>
        [0xE0E040, 0x1C1C080, 0x3838100, 0x7070200, 0xE0E0009, 0x1C0C2412, 0x38086C24, 0x3090FC48, 0x21B1F890, 0x3F3F120];

    internal static bool Verify(bool extendable, ReadOnlySpan<ushort> words) => Remainder(extendable, words) == 1;

    /// <summary>Sets the last three words so that the checksum is right.</summary>
    internal static void Complete(bool extendable, Span<ushort> words)
    {
        words[^ChecksumWords..].Clear();
        uint remainder = Remainder(extendable, words) ^ 1;
        for (int at = 1; at <= ChecksumWords; at++, remainder >>= WordBits)
            words[^at] = (ushort)(remainder & WordMask);
    }

    private static uint Remainder(bool extendable, ReadOnlySpan<ushort> words)
    {
        uint remainder = 1;
        foreach (byte letter in extendable ? "shamir_extendable"u8 : "shamir"u8)
            remainder = Step(remainder, letter);
        foreach (ushort word in words)
            remainder = Step(remainder, word);
        return remainder;
    }

    private static uint Step(uint remainder, uint word)
    {
        uint high = remainder >> 20;
        remainder = (remainder & 0xFFFFF) << WordBits ^ word;
        for (int bit = 0; bit < Generator.Length; bit++)
            remainder ^= Generator[bit] & 0 - (high >> bit & 1);
        return remainder;
    }
}
