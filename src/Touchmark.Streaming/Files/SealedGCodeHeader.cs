using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Streaming.Files;

/// <summary>What anybody can read of a sealed G-code file (spec/sealed-gcode.md): nothing of it can be changed without the blobs failing to open.</summary>
public sealed record SealedGCodeHeader
{
    /// <summary>Longest encoding, bytes.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>Longest name, characters.</summary>
    public const int MaxName = 255;

    /// <summary>So far may the clocks of who sealed and who reads differ.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    internal const int WrappedKeySize = SealedBlob.KeySize + KeyWrap.Overhead;

    private const int CurrentVersion = 1;
    private const long MaxToolpath = 1L << 40;

    public required Guid FileId { get; init; }

    /// <summary>The printer that the file was sealed for.</summary>
    public required Guid PrinterId { get; init; }

    /// <summary>Version of that printer's <see cref="Psek"/>.</summary>
    public required int KeyVersion { get; init; }

    /// <summary>The card's key, wrapped by the PSEK.</summary>
    public required ReadOnlyMemory<byte> CardKey { get; init; }

    /// <summary>The content key, wrapped by the PSEK; null where the engine releases it for each print.</summary>
    public ReadOnlyMemory<byte>? ContentKey { get; init; }

    public Guid? LicenceId { get; init; }

    /// <summary>SHA-256 of the toolpath's canonical form.</summary>
    public required ReadOnlyMemory<byte> GCodeSha256 { get; init; }

    /// <summary>Bytes of the toolpath in clear.</summary>
    public required long ToolpathBytes { get; init; }

    /// <summary>Bytes of the sealed card.</summary>
    public required int CardBytes { get; init; }

    public required DateTimeOffset SealedAt { get; init; }

    public DateTimeOffset? ValidFrom { get; init; }

    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>A name for people, without any folder.</summary>
    public required string Name { get; init; }

    /// <summary>Where the design comes from, when a marketplace sold it.</summary>
    public ExternalLicence? External { get; init; }

    /// <summary>Whether the file may be printed at <paramref name="now"/>, give or take <see cref="ClockTolerance"/>; null when it may.</summary>
    public Refusal? CheckTime(DateTimeOffset now) => this switch
    {
        _ when SealedAt > now + ClockTolerance => FileRefusals.FromTheFuture(SealedAt, now),
        { ValidFrom: { } from } when from > now + ClockTolerance => FileRefusals.NotYetValid(from, now),
        { ValidUntil: { } until } when until < now - ClockTolerance => FileRefusals.Expired(until, now),
        _ => null,
    };

    /// <summary>Whether the file was sealed for <paramref name="printer"/>; null when it was.</summary>
    public Refusal? CheckPrinter(Guid printer) => PrinterId == printer ? null : FileRefusals.OtherPrinter(PrinterId, printer);

    internal byte[] Encode() => DeterministicCbor.Encode(CborMap.Of(
        ("version", CurrentVersion),
        ("file_id", FileId.ToByteArray(bigEndian: true)),
        ("printer_id", PrinterId.ToByteArray(bigEndian: true)),
        ("key_id", Psek.IdOf(PrinterId, KeyVersion)),
        ("card_key", CardKey),
        ("content_key", ContentKey is { } key ? (CborValue)key : null),
        ("licence_id", LicenceId is { } licence ? (CborValue)licence.ToByteArray(bigEndian: true) : null),
        ("gcode_sha256", GCodeSha256),
        ("toolpath_bytes", ToolpathBytes),
        ("card_bytes", CardBytes),
        ("sealed_at", SealedAt.ToMicroseconds()),
        ("valid_from", ValidFrom is { } from ? (CborValue)from.ToMicroseconds() : null),
        ("valid_until", ValidUntil is { } until ? (CborValue)until.ToMicroseconds() : null),
        ("name", Name),
        ("external", External?.ToCbor())));

    /// <summary>Null, and what is wrong in words, for anything but one deterministically encoded header. Never throws.</summary>
    internal static SealedGCodeHeader? TryDecode(ReadOnlyMemory<byte> encoding, out string? problem) =>
        DeterministicCbor.TryDecode(encoding, out var value, out problem, new CborLimits(MaxBytes, MaxDepth: 3, MaxItems: 64))
            ? CborFields.Decode(value, "header", Read, out problem)
            : null;

    private static SealedGCodeHeader Read(CborFields fields)
    {
        fields.Integer("version", CurrentVersion, CurrentVersion);
        var printer = fields.Id("printer_id");
        return new()
        {
            FileId = fields.Id("file_id"),
            PrinterId = printer,
            KeyVersion = ReadKeyVersion(fields, printer),
            CardKey = fields.Bytes("card_key", WrappedKeySize),
            ContentKey = fields.OptionalBytes("content_key", WrappedKeySize, WrappedKeySize),
            LicenceId = fields.OptionalId("licence_id"),
            GCodeSha256 = fields.Bytes("gcode_sha256", 32),
            ToolpathBytes = fields.Integer("toolpath_bytes", 1, MaxToolpath),
            CardBytes = (int)fields.Integer("card_bytes", SealedBlob.SizeOf(1), SealedBlob.SizeOf(GCodeCard.MaxBytes)),
            SealedAt = fields.Time("sealed_at"),
            ValidFrom = fields.OptionalTime("valid_from"),
            ValidUntil = fields.OptionalTime("valid_until"),
            Name = ReadName(fields),
            External = fields.OptionalMap("external", ExternalLicence.Read),
        };
    }

    private static int ReadKeyVersion(CborFields fields, Guid printer)
    {
        var id = fields.Text("key_id", 64);
        if (int.TryParse(id.AsSpan(id.IndexOf('/') + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var version)
            && version > 0 && id == Psek.IdOf(printer, version))
        {
            return version;
        }
        fields.Refuse("key_id", "not a version of this printer's key");
        return 1;
    }

    private static string ReadName(CborFields fields)
    {
        var name = fields.Text("name", MaxName);
        if (!IsName(name))
        {
            fields.Refuse("name", "not the name of a file alone");
        }
        return name;
    }

    /// <summary>Whether a file may have this name: one without a folder, and nothing in it that a terminal or a file system would take for something else.</summary>
    public static bool IsName(string name) => name is { Length: > 0 and <= MaxName } and not "." and not ".." && !name.Any(static c => char.IsControl(c) || c is '/' or '\\');
}

/// <summary>What a marketplace knows a bought design by; kept as it was given, and shown.</summary>
public sealed record ExternalLicence(string? Uri, string? WalletAddress, string? TokenId, string? ContractAddress)
{
    private const int MaxText = 1024;

    internal CborMap ToCbor() => CborMap.Of(("uri", Text(Uri)), ("wallet_address", Text(WalletAddress)), ("token_id", Text(TokenId)), ("contract_address", Text(ContractAddress)));

    internal static ExternalLicence Read(CborFields fields) => new(
        fields.OptionalText("uri", MaxText), fields.OptionalText("wallet_address", MaxText), fields.OptionalText("token_id", MaxText), fields.OptionalText("contract_address", MaxText));

    private static CborText? Text(string? text) => text is null ? null : new CborText(text);
}
