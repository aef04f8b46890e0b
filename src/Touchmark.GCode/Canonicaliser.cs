using System.Buffers;
using System.Security.Cryptography;

namespace Touchmark.GCode;

/// <summary>Canonicalises text of any length block by block: the quick scanner for what it takes, the line writer for the rest.</summary>
internal sealed class Canonicaliser : IDisposable
{
    /// <summary>Most bytes of raw text in one block.</summary>
    public const int BlockBytes = 64 * 1024;

    // A canonical line is at most twice as long as its raw line, line feed included.
    private readonly byte[] _output = ArrayPool<byte>.Shared.Rent((2 * BlockBytes) + GCodeText.MaxLineBytes + 1 + FastScanner.Slack);
    private bool _inLongLine;

    /// <summary>Canonicalises the whole lines of a block.</summary>
    /// <param name="raw">Begins at the start of a line, or goes on with a line of which the first part was too long; at most <see cref="BlockBytes"/>.</param>
    /// <param name="last">Whether the text ends with this block, so that its last line need not end with a line feed.</param>
    /// <param name="canonical">Valid until the next call.</param>
    /// <returns>Bytes of raw text that were taken.</returns>
    public int Next(ReadOnlySpan<byte> raw, bool last, out ReadOnlySpan<byte> canonical)
    {
        int at = 0;
        int length = 0;
        while (at < raw.Length)
        {
            if (raw[at] == 'G' && !_inLongLine)
            {
                at += FastScanner.Scan(raw[at..], _output.AsSpan(length), out int written);
                length += written;
                if (at == raw.Length)
                {
                    break;
                }
            }

            ReadOnlySpan<byte> rest = raw[at..];
            int feed = rest.IndexOf((byte)'\n');
            if (feed < 0 && !last && rest.Length <= GCodeText.MaxRawLineBytes)
            {
                break;
            }

            if (!_inLongLine && rest[0] != ';')
            {
                int line = GCodeText.Canonicalise(feed < 0 ? rest : rest[..feed], _output.AsSpan(length));
                if (line > 0)
                {
                    _output[length + line] = (byte)'\n';
                    length += line + 1;
                }
            }

            _inLongLine = feed < 0;
            at += feed < 0 ? rest.Length : feed + 1;
        }

        canonical = _output.AsSpan(0, length);
        return at;
    }

    /// <summary>Once, and never used after.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_output);
        ArrayPool<byte>.Shared.Return(_output);
    }
}
