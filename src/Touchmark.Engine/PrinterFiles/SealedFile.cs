using Touchmark.Engine.Slicing;
using Touchmark.Evidence.Documents;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.PrinterFiles;

/// <summary>How a print of a file ended, as its gateway says. The numbers are in databases: never change or reuse one.</summary>
internal enum PrintOutcome : long
{
    Complete = 1,
    Cancelled = 2,
    Error = 3,

    /// <summary>Klipper or the printer went off.</summary>
    Shutdown = 4,
}

/// <summary>What a sealed file is to say beside its toolpath.</summary>
/// <param name="Name">For people; <c>.gcode</c> is added where it is missing.</param>
internal sealed record SealedFileTerms(string Name)
{
    /// <summary>Under which its prints are counted; null for a design of the printer's own organisation.</summary>
    public Guid? LicenceId { get; init; }

    /// <summary>Where a marketplace sold it, as it was given.</summary>
    public ExternalLicence? External { get; init; }

    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>For front ends.</summary>
    public IReadOnlyList<CardThumbnail> Thumbnails { get; init; } = [];
}

/// <summary>A sealed file that was written down and can be written out.</summary>
internal sealed record SealedFile(SealedFileRow Row, Slice Slice, GCodeCard Card, ExternalLicence? External);

/// <summary>A sealed file as it lies in the database, with what its key, slice and licence say now.</summary>
internal sealed record SealedFileRow
{
    public Guid Id { get; init; }

    public Guid PrinterId { get; init; }

    public int KeyVersion { get; init; }

    public Guid SliceId { get; init; }

    public Guid? LicenceId { get; init; }

    public string Name { get; init; } = "";

    /// <summary>An <see cref="ExternalLicence"/> as JSON.</summary>
    public string? External { get; init; }

    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>The content key, under the master key.</summary>
    public byte[] WrappedKey { get; init; } = [];

    public DateTimeOffset MadeAt { get; init; }

    public DateTimeOffset? KeyRevokedAt { get; init; }

    public DateTimeOffset? LicenceRevokedAt { get; init; }

    public RevocationPolicy? RevocationPolicy { get; init; }

    public Guid DesignId { get; init; }

    public string Material { get; init; } = "";

    public string Quality { get; init; } = "";

    /// <summary>Estimated, s.</summary>
    public double MotionS { get; init; }
}
