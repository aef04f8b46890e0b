namespace Touchmark.Cryptography;

/// <summary>A Fernet key: 16 bytes to sign and 16 to encrypt, in locked memory. Its text is base64url, 44 characters.</summary>
public sealed class FernetKey : IDisposable
{
    /// <summary>Bytes of both halves.</summary>
    public const int Size = 32;

    /// <summary>Characters of the text.</summary>
    public const int TextSize = 44;

    private readonly LockedBuffer _key;

    private FernetKey(LockedBuffer key) => _key = key;

    internal ReadOnlySpan<byte> Signing => _key.Span[..16];

    internal ReadOnlySpan<byte> Encryption => _key.Span[16..];

    public static FernetKey Generate() => new(LockedBuffer.Random(Size));

    /// <summary>A key from its 32 bytes.</summary>
    public static FernetKey FromBytes(ReadOnlySpan<byte> key) =>
        key.Length == Size ? new(LockedBuffer.CopyOf(key)) : throw new ArgumentException($"Must be {Size} bytes, is {key.Length}.", nameof(key));

    /// <summary>A key from its text, a line feed after it allowed as editors leave it in key files; null for anything else.</summary>
    public static FernetKey? TryParse(ReadOnlySpan<byte> text)
    {
        var key = new LockedBuffer(Size);
        text = text.EndsWith("\n"u8) ? text[..^1] : text;
        if (text.Length == TextSize && StrictBase64Url.TryDecode(text, last: true, key.Span, out int written) && written == Size)
            return new(key);
        key.Dispose();
        return null;
    }

    /// <summary>The text, for a <see cref="KeyFile"/>.</summary>
    public LockedBuffer ToText()
    {
        var text = new LockedBuffer(TextSize);
        StrictBase64Url.Encode(_key.Span, text.Span);
        return text;
    }

    public void Dispose() => _key.Dispose();
}
