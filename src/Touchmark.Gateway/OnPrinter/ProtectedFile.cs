using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Streaming;
using Touchmark.Streaming.Files;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>What a file is, told by its first bytes.</summary>
internal enum FileKind
{
    Plain,
    Sealed,
    Fernet,
}

/// <summary>A protected file that is open for one print: text at any place, one chunk in clear at a time, in locked memory that is wiped with it.</summary>
internal sealed class ProtectedFile(Stream content, FileKind kind, string name, Guid job, string? licence, int layers) : IDisposable
{
    private const int Beginning = 64;

    private readonly Stream _content = content;

    public long Size => _content.Length;

    public FileKind Kind => kind;

    /// <summary>The print that the file was opened for.</summary>
    public Guid Job => job;

    /// <summary>Named so in the answers of the socket.</summary>
    public static string NameOf(FileKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());

    /// <summary>What a file is. Never throws for what it holds.</summary>
    public static FileKind Probe(Stream file)
    {
        Span<byte> beginning = stackalloc byte[Beginning];
        file.Position = 0;
        beginning = beginning[..file.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false)];
        return SealedGCode.IsSealed(beginning) ? FileKind.Sealed : Fernet.IsToken(beginning) ? FileKind.Fernet : FileKind.Plain;
    }

    /// <summary>Opens a file for a print, once all that can be checked beforehand is checked. The result owns the stream; where it is null the stream stays open.</summary>
    public static async Task<(ProtectedFile? File, Refusal? Refusal)> OpenAsync(FileStream file, string name, PrinterSide side, CancellationToken cancellationToken) => Probe(file) switch
    {
        FileKind.Sealed => await OpenSealedAsync(file, side, cancellationToken),
        FileKind.Fernet => await OpenFernetAsync(file, name, side, cancellationToken),
        _ => (null, FileRefusal.Plain),
    };

    /// <summary>What a front end shows of a file. A sealed file holds it apart from the toolpath; of a Fernet file it is in the comments.</summary>
    public static async Task<(GCodeCard? Card, Refusal? Refusal)> CardAsync(FileStream file, string name, PrinterSide side, CancellationToken cancellationToken)
    {
        switch (Probe(file))
        {
            case FileKind.Sealed:
                return await SealedCardAsync(file, side, cancellationToken);
            case FileKind.Plain:
                return (null, FileRefusal.Plain);
        }

        var (opened, refusal) = await OpenFernetAsync(file, name, side, cancellationToken);
        using (opened)
        {
            return (opened is null ? null : await CardReader.ReadAsync(opened._content, cancellationToken), refusal);
        }
    }

    public void Describe(Utf8JsonWriter json)
    {
        json.WriteNumber("size", Size);
        json.WriteString("kind", NameOf(kind));
        json.WriteString("name", name);
        json.WriteString("job", $"{job:D}");
        json.WriteString("licence", licence);
        json.WriteNumber("layers", layers);
    }

    /// <summary>Fills the buffer from <paramref name="offset"/> on, and stops at the end of the file only.</summary>
    /// <exception cref="InvalidDataException">The file was altered after it was opened.</exception>
    public int Read(long offset, Span<byte> buffer)
    {
        _content.Position = offset;
        return _content.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
    }

    public void Dispose() => _content.Dispose();

    private static async Task<(GCodeCard? Card, Refusal? Refusal)> SealedCardAsync(FileStream file, PrinterSide side, CancellationToken cancellationToken)
    {
        if (SealedGCode.TryRead(file, out var refusal) is not { } head)
        {
            return (null, refusal);
        }

        (var psek, refusal) = await KeyAsync(head.Header, side, cancellationToken);
        using (psek)
        {
            return (psek is null ? null : head.OpenCard(file, psek, out refusal), refusal);
        }
    }

    /// <summary>The printer's key, from the engine where it is not here.</summary>
    private static async Task<(Psek? Key, Refusal? Refusal)> KeyAsync(SealedGCodeHeader header, PrinterSide side, CancellationToken cancellationToken)
    {
        var psek = side.Keys.Open(header, out var refusal);
        if (refusal?.Code == PrinterKeys.Missing && side.Desk is { } engine)
        {
            await engine.FetchKeysAsync(cancellationToken);
            psek = side.Keys.Open(header, out refusal);
        }

        return (psek, refusal);
    }

    private static async Task<(ProtectedFile?, Refusal?)> OpenSealedAsync(FileStream file, PrinterSide side, CancellationToken cancellationToken)
    {
        var now = side.Time.GetUtcNow();
        if (SealedGCode.TryRead(file, out var refusal) is not { } head)
        {
            return (null, refusal);
        }

        (var psek, refusal) = await KeyAsync(head.Header, side, cancellationToken);
        using (psek)
        {
            if ((refusal ?? head.Header.CheckTime(now)) is { } reason)
            {
                return (null, reason);
            }

            // The card first: it is bound to the same header, and what does not show does not print.
            if (head.OpenCard(file, psek!, out refusal) is not { } card)
            {
                return (null, refusal);
            }

            // Last, because a key that was released is a print.
            var (job, released) = head.Header.ContentKey is null && side.Desk is { } engine ? await engine.ReleaseAsync(head.Header, cancellationToken) : (Guid.CreateVersion7(now), null);
            using var key = head.UnwrapContentKey(psek!, released, out refusal);
            return key is null || head.OpenToolpath(file, key.Span, out refusal) is not { } toolpath
                ? (null, refusal)
                : (new ProtectedFile(toolpath, FileKind.Sealed, head.Header.Name, job, Licence(head.Header), card.LayerCount ?? 0), null);
        }
    }

    private static string? Licence(SealedGCodeHeader header) => header.LicenceId is { } licence ? $"{licence:D}" : header.External?.Uri;

    private static async Task<(ProtectedFile?, Refusal?)> OpenFernetAsync(FileStream file, string name, PrinterSide side, CancellationToken cancellationToken)
    {
        var now = side.Time.GetUtcNow();
        var known = side.Keys.FernetKeys().ToList();
        if (known.Count == 0)
        {
            return (null, FileRefusal.NoFernetKey);
        }

        try
        {
            // One pass tries them all: it reads the whole file.
            var opening = await FernetFile.OpenAsync(file, known, now, timeToLive: null, cancellationToken);
            return opening.Content is { } content
                ? (new ProtectedFile(content, FileKind.Fernet, name, Guid.CreateVersion7(now), licence: null, layers: 0), null)
                : (null, FernetRefusals.Of(opening.Problem));
        }
        finally
        {
            known.ForEach(static key => key.Dispose());
        }
    }
}
