using Microsoft.Win32.SafeHandles;
using Touchmark.Cryptography;

namespace Touchmark.Cli.Keys;

/// <summary>
/// The terminal for what must not lie about in memory: bytes between the person and locked buffers, past the console's own readers and writers, which would keep them in strings.
/// </summary>
internal sealed class SecretTerminal : IDisposable
{
    private readonly Stream _input = OperatingSystem.IsWindows() ? Console.OpenStandardInput() : new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
    private readonly Stream _output = Console.OpenStandardOutput();

    /// <summary>A line without its end; of a longer one the first <paramref name="most"/> bytes and one more. Null at the end of the input. To be disposed by the caller.</summary>
    public LockedBuffer? ReadLine(int most)
    {
        using var line = new LockedBuffer(most + 1);
        using var letter = new LockedBuffer(1);
        var length = 0;
        var seen = false;
        while (_input.Read(letter.Span) == 1)
        {
            seen = true;
            if (letter.Span[0] == '\n')
            {
                break;
            }

            if (letter.Span[0] != '\r' && length <= most)
            {
                line.Span[length++] = letter.Span[0];
            }
        }

        // A buffer has at least one byte; a blank says no more than an empty line does.
        return !seen ? null : length == 0 ? LockedBuffer.CopyOf(" "u8) : LockedBuffer.CopyOf(line.Span[..length]);
    }

    public void Write(ReadOnlySpan<byte> text)
    {
        _output.Write(text);
        _output.Flush();
    }

    /// <summary>Takes what stands there from the screen and from what can be scrolled back to.</summary>
    public void Clear()
    {
        if (!Console.IsOutputRedirected)
        {
            Write("\e[H\e[2J\e[3J"u8);
        }
    }

    public void Dispose()
    {
        _input.Dispose();
        _output.Dispose();
    }
}
