using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Unicode;

namespace Touchmark.Moonraker;

/// <summary>
/// Builds the one message that carries toolpath, <c>printer.gcode.script</c>, wholly inside memory that the caller locked. The framework's
/// websocket would copy the payload into a pooled managed buffer that nobody wipes; this frame goes from locked memory to the socket.
/// </summary>
public static class SecretFrame
{
    // RFC 6455 5.2: 2 bytes, at most 8 of extended length, 4 of masking key.
    private const int LongestHeader = 14;
    private const byte FinalText = 0x81;
    private const byte Masked = 0x80;

    private static ReadOnlySpan<byte> Before => "{\"jsonrpc\":\"2.0\",\"method\":\"printer.gcode.script\",\"params\":{\"script\":\""u8;

    private static ReadOnlySpan<byte> Between => "\"},\"id\":"u8;

    /// <summary>Bytes of scratch memory that a script of <paramref name="scriptLength"/> bytes can need: each byte may become six (<c>\u001f</c>).</summary>
    public static int RequiredScratch(int scriptLength) => checked(LongestHeader + Before.Length + (6 * scriptLength) + Between.Length + 20 + 2);

    /// <summary>Writes a masked websocket text frame (RFC 6455) and returns where it lies in <paramref name="scratch"/>.</summary>
    /// <exception cref="ArgumentException">The script is not UTF-8, or the scratch memory is too small. The message shows neither.</exception>
    internal static Range WriteWebSocket(ReadOnlySpan<byte> script, long id, Span<byte> scratch)
    {
        var payload = scratch[LongestHeader..];
        var length = WriteJson(script, id, payload);
        payload = payload[..length];

        Span<byte> mask = stackalloc byte[4];
        RandomNumberGenerator.Fill(mask);
        for (var i = 0; i < payload.Length; i++)
        {
            payload[i] ^= mask[i & 3];
        }

        var lengthBytes = length < 126 ? 0 : length <= ushort.MaxValue ? 2 : 8;
        var start = LongestHeader - (2 + lengthBytes + 4);
        var header = scratch[start..LongestHeader];
        header[0] = FinalText;
        header[1] = (byte)(Masked | (lengthBytes switch { 0 => length, 2 => 126, _ => 127 }));
        switch (lengthBytes)
        {
            case 2:
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)length);
                break;
            case 8:
                BinaryPrimitives.WriteUInt64BigEndian(header[2..], (ulong)length);
                break;
        }

        mask.CopyTo(header[^4..]);
        return start..(LongestHeader + length);
    }

    /// <summary>Writes the message as Moonraker's Unix socket wants it: JSON and one ETX byte.</summary>
    internal static Range WriteEtx(ReadOnlySpan<byte> script, long id, Span<byte> scratch)
    {
        var length = WriteJson(script, id, scratch);
        scratch[length] = EtxLink.EndOfMessage;
        return ..(length + 1);
    }

    private static int WriteJson(ReadOnlySpan<byte> script, long id, Span<byte> target)
    {
        if (target.Length + LongestHeader < RequiredScratch(script.Length))
        {
            throw new ArgumentException("The scratch memory is smaller than SecretFrame.RequiredScratch asks for.", nameof(target));
        }

        if (!Utf8.IsValid(script))
        {
            throw new ArgumentException("The script is not UTF-8.", nameof(script));
        }

        Before.CopyTo(target);
        var at = Before.Length;
        foreach (var b in script)
        {
            at += Escape(b, target[at..]);
        }

        Between.CopyTo(target[at..]);
        at += Between.Length;
        Utf8Formatter.TryFormat(id, target[at..], out var digits);
        at += digits;
        target[at++] = (byte)'}';
        return at;
    }

    // RFC 8259 7: quotation mark, reverse solidus and control characters must be escaped; everything else may stand as it is.
    private static int Escape(byte b, Span<byte> target)
    {
        switch (b)
        {
            case (byte)'\n':
                "\\n"u8.CopyTo(target);
                return 2;
            case (byte)'"':
                "\\\""u8.CopyTo(target);
                return 2;
            case (byte)'\\':
                @"\\"u8.CopyTo(target);
                return 2;
            case < 0x20:
                "\\u00"u8.CopyTo(target);
                target[4] = (byte)('0' + (b >> 4));
                target[5] = (byte)((b & 0xF) < 10 ? '0' + (b & 0xF) : 'a' + (b & 0xF) - 10);
                return 6;
            default:
                target[0] = b;
                return 1;
        }
    }
}
