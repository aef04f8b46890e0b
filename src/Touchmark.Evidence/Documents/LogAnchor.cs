using System.Globalization;
using System.Text;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents;

/// <summary>
/// What a log had published at a time, said in the log itself, and by an authority of its own if there is one: decades later it shows that everything before it is at least as old
/// (spec/log.md, Anchors).
/// </summary>
public sealed record LogAnchor : IDocument<LogAnchor>
{
    /// <summary>Longest time stamp, bytes: a token with the authority's certificates has some 6,000.</summary>
    public const int MaxTimeStamp = 10_000;

    private const int MaxOrigin = 255;

    public static string ContentType => "application/vnd.touchmark.log-anchor+cbor";

    public required Guid AnchorId { get; init; }

    /// <summary>The log's name.</summary>
    public required string Origin { get; init; }

    /// <summary>Entries that it had.</summary>
    public required long Size { get; init; }

    /// <summary>The root of their tree, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Root { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>A TimeStampToken of RFC 3161 (DER) over <see cref="Anchored"/>; null where no authority was asked.</summary>
    public ReadOnlyMemory<byte>? TimeStamp { get; init; }

    public string Subject => $"log-anchor/{AnchorId:D}";

    /// <summary>The text of the checkpoint, which is what a time stamp is about.</summary>
    public byte[] Anchored => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Convert.ToBase64String(Root.Span)}\n"));

    public CborMap ToCbor() => CborMap.Of(
        ("anchor_id", Document.Id(AnchorId)),
        ("origin", Origin),
        ("size", Size),
        ("root", Root),
        ("at", Document.Time(At)),
        ("time_stamp", TimeStamp is { } stamp ? new CborBytes(stamp) : null));

    public static LogAnchor Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        return new LogAnchor
        {
            AnchorId = fields.Id("anchor_id"),
            Origin = fields.Text("origin", MaxOrigin),
            Size = fields.Integer("size", 1),
            Root = fields.Bytes("root", 32),
            At = fields.Time("at"),
            TimeStamp = fields.OptionalBytes("time_stamp", 1, MaxTimeStamp),
        };
    }
}
