using System.Security.Cryptography;

namespace Touchmark.GCode;

/// <summary>Reads lines from a stream with one buffer of fixed size and no allocation per line.</summary>
/// <example><code>
/// while (await reader.FillAsync(ct))
///     while (reader.TryRead(out ReadOnlySpan&lt;byte&gt; line)) { ... }
/// </code></example>
public sealed class GCodeStreamReader(Stream stream) : IDisposable
{
    internal const int BufferBytes = 8 * GCodeText.MaxRawLineBytes;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private bool _ended;
    private bool _skipping;

    /// <summary>Number of the line that was read last, from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>Reads more once <see cref="TryRead"/> has nothing left. False at the end of the stream.</summary>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken = default)
    {
        if (_ended)
        {
            return false;
        }

        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        _ended = read == 0;
        return _end > _start;
    }

    /// <summary>The next line without its line feed. Of a line longer than <see cref="GCodeText.MaxRawLineBytes"/> one byte more than that is
    /// returned and the rest skipped. Valid until the next call.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, _end - _start);
            int feed = rest.IndexOf((byte)'\n');
            if (_skipping)
            {
                _skipping = feed < 0;
                _start = feed < 0 ? _end : _start + feed + 1;
                if (feed < 0)
                {
                    line = default;
                    return false;
                }

                continue;
            }

            if (feed < 0 && rest.Length <= GCodeText.MaxRawLineBytes && !(_ended && rest.Length > 0))
            {
                line = default;
                return false;
            }

            int length = feed < 0 ? rest.Length : feed;
            _start += feed < 0 ? length : length + 1;
            if (length > GCodeText.MaxRawLineBytes)
            {
                length = GCodeText.MaxRawLineBytes + 1;
                _skipping = feed < 0;
            }

            LineNumber++;
            line = rest[..length];
            return true;
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_buffer);
}
