using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Touchmark.GCode;

/// <summary>Canonicalises runs of ordinary <c>G</c> lines 64 bytes at a time. It takes only lines whose canonical form it can tell from each byte and
/// its neighbours, and leaves every other line to <see cref="LineWriter"/>, which defines the form; a test holds the two together.</summary>
/// <remarks>One bit per byte says which class the byte is in; the grammar is then a handful of 64-bit operations on those bits, with the bit before the
/// block carried over. What it can change itself is what slicers write most: a zero before
/// the point (<c>E0.5</c>), zeros at the end of a fraction within one block, and the carriage return.</remarks>
internal static class FastScanner
{
    private const int Block = 64;

    /// <summary>Room that must lie behind what is read and what is written.</summary>
    public const int Slack = 2 * Block;

    /// <param name="source">Begins at the start of a line; only what lies <see cref="Slack"/> before its end is read as text.</param>
    /// <param name="destination">At least as long as <paramref name="source"/> plus <see cref="Slack"/>.</param>
    /// <param name="written">Bytes of canonical text, whole lines.</param>
    /// <returns>Bytes of source that were taken, whole lines. The line behind them is for the slow path.</returns>
    public static unsafe int Scan(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
    {
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            return Scan(from, source.Length - Slack, to, out written);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe int Scan(byte* source, int length, byte* destination, out int written)
    {
        int taken = 0, kept = 0;
        byte* output = destination;
        ulong feedC = 1, startC = 0, returnC = 0, spaceC = 0, dotC = 0, minusC = 0, digitC = 0, letterC = 0, zeroC = 0, leadingC = 0, minusZeroC = 0, fractionC = 0;
        for (int at = 0; at < length; at += Block)
        {
            Vector256<byte> low = Vector256.Load(source + at);
            Vector256<byte> high = Vector256.Load(source + at + 32);
            ulong feed = Equal(low, high, (byte)'\n');
            ulong @return = Equal(low, high, (byte)'\r');
            ulong space = Equal(low, high, (byte)' ');
            ulong dot = Equal(low, high, (byte)'.');
            ulong minus = Equal(low, high, (byte)'-');
            ulong zero = Equal(low, high, (byte)'0');
            ulong command = Equal(low, high, (byte)'G');
            ulong digit = InRange(low, high, (byte)'0', 9);
            ulong letter = InRange(low, high, (byte)'A', 25);

            ulong start = (feed << 1) | feedC;
            ulong afterStart = (start << 1) | startC;
            ulong afterReturn = (@return << 1) | returnC;
            ulong afterSpace = (space << 1) | spaceC;
            ulong afterDot = (dot << 1) | dotC;
            ulong afterMinus = (minus << 1) | minusC;
            ulong afterDigit = (digit << 1) | digitC;
            ulong afterLetter = (letter << 1) | letterC;
            ulong afterZero = (zero << 1) | zeroC;
            ulong leading = zero & (afterLetter | afterMinus);
            ulong afterLeading = (leading << 1) | leadingC;
            ulong minusZero = zero & afterMinus;
            ulong afterMinusZero = (minusZero << 1) | minusZeroC;
            ulong afterWord = afterLetter | afterDigit;

            // Adding the first digit of a fraction to its run of digits carries to the byte behind the run.
            ulong firstDigits = (afterDot & digit) | fractionC;
            ulong sum = digit + firstDigits;
            ulong fractionEnd = sum & ~digit;

            // Zeros at the end of a fraction, and the point before them where nothing else is left of it.
            ulong trailing = 0, emptied = 0;
            for (ulong last = (fractionEnd >> 1) & zero; last != 0;)
            {
                trailing |= last;
                emptied |= (last >> 1) & dot;
                last = (last >> 1) & zero;
            }

            ulong wrong = ~(feed | @return | space | dot | minus | digit | letter)
                | (start & ~command)
                | (afterStart & ~digit)
                | (letter & ~(start | afterSpace))
                | (afterSpace & ~letter)
                | (minus & ~afterLetter)
                | (afterMinus & ~(digit | dot))
                | (dot & ~(afterLetter | afterMinus | afterDigit))
                | (afterDot & ~digit)
                | ((space | @return) & ~afterWord)
                | (feed & ~(afterWord | afterReturn))
                | (afterReturn & ~feed)
                | (fractionEnd & (dot | (afterZero & 1)))
                | (trailing & 1)
                | (emptied & (~afterDigit | afterMinusZero | 1))
                | (afterLeading & digit)
                | (afterMinusZero & ~dot);

            ulong drop = @return | trailing | emptied | ((afterLeading & dot & ~emptied) >> 1);
            drop |= leading & ((ulong)(source[at + Block] == '.' ? 1 : 0) << 63);

            if (wrong != 0)
            {
                if (!Stop(source, length, at, output, feed, drop, BitOperations.TrailingZeroCount(wrong), ref taken, ref kept, destination))
                {
                    break;
                }

                output = destination + kept;
                at = taken - Block;
                feedC = 1;
                startC = returnC = spaceC = dotC = minusC = digitC = letterC = zeroC = leadingC = minusZeroC = fractionC = 0;
                continue;
            }

            if (feed != 0)
            {
                ulong lines = ulong.MaxValue >> BitOperations.LeadingZeroCount(feed);
                taken = at + Block - BitOperations.LeadingZeroCount(feed);
                kept = (int)(output - destination) + BitOperations.PopCount(~drop & lines);
            }
            else if (at + Block - taken > GCodeText.MaxLineBytes - Block)
            {
                break;
            }

            output = Copy(source + at, output, drop, Block);
            feedC = feed >> 63;
            startC = start >> 63;
            returnC = @return >> 63;
            spaceC = space >> 63;
            dotC = dot >> 63;
            minusC = minus >> 63;
            digitC = digit >> 63;
            letterC = letter >> 63;
            zeroC = zero >> 63;
            leadingC = leading >> 63;
            minusZeroC = minusZero >> 63;
            fractionC = sum < digit ? 1UL : 0;
        }

        written = kept;
        return taken;
    }

    /// <summary>Keeps the whole lines before the first wrong byte, and the line it is in if it is only the comment behind a good line.</summary>
    /// <returns>Whether the scan can go on at <paramref name="taken"/>.</returns>
    private static unsafe bool Stop(byte* source, int length, int at, byte* output, ulong feed, ulong drop, int wrong, ref int taken, ref int kept, byte* destination)
    {
        if (wrong > 0 && source[at + wrong] == ';' && source[at + wrong - 1] == ' ')
        {
            int comment = at + wrong;
            int end = new ReadOnlySpan<byte>(source + comment, Math.Max(0, length - comment)).IndexOf((byte)'\n');
            if (end >= 0)
            {
                output = Copy(source + at, output, drop & ((1UL << wrong) - 1), wrong);
                output[-1] = (byte)'\n';
                kept = (int)(output - destination);
                taken = comment + end + 1;
                return source[taken] == 'G';
            }
        }

        ulong lines = feed & ((1UL << wrong) - 1);
        if (lines != 0)
        {
            int end = Block - BitOperations.LeadingZeroCount(lines);
            output = Copy(source + at, output, drop & (ulong.MaxValue >> (Block - end)), end);
            kept = (int)(output - destination);
            taken = at + end;
        }

        return false;
    }

    /// <summary>Copies the first <paramref name="count"/> bytes but those to drop; up to <see cref="Slack"/> bytes behind the result are overwritten.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe byte* Copy(byte* from, byte* to, ulong drop, int count)
    {
        int done = 0;
        while (drop != 0)
        {
            int next = BitOperations.TrailingZeroCount(drop);
            Vector256.Load(from + done).Store(to);
            Vector256.Load(from + done + 32).Store(to + 32);
            to += next - done;
            done = next + BitOperations.TrailingZeroCount(~(drop >> next));
            drop = done < Block ? drop & (ulong.MaxValue << done) : 0;
        }

        Vector256.Load(from + done).Store(to);
        Vector256.Load(from + done + 32).Store(to + 32);
        return to + (count - done);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Equal(Vector256<byte> low, Vector256<byte> high, byte value)
    {
        Vector256<byte> wanted = Vector256.Create(value);
        return Bits(Vector256.Equals(low, wanted), Vector256.Equals(high, wanted));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong InRange(Vector256<byte> low, Vector256<byte> high, byte first, byte span)
    {
        Vector256<byte> offset = Vector256.Create(first);
        Vector256<byte> most = Vector256.Create(span);
        Vector256<byte> a = low - offset;
        Vector256<byte> b = high - offset;
        return Bits(Vector256.Equals(Vector256.Min(a, most), a), Vector256.Equals(Vector256.Min(b, most), b));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Bits(Vector256<byte> low, Vector256<byte> high) =>
        low.ExtractMostSignificantBits() | ((ulong)high.ExtractMostSignificantBits() << 32);
}
