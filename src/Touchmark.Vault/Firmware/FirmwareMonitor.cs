using Touchmark.Evidence.Documents.Vault;

namespace Touchmark.Vault.Firmware;

/// <summary>The printer's firmware as it was last read.</summary>
/// <param name="Sha256">32 bytes; null where it could not be read.</param>
/// <param name="Standing">Whether it is approved, by which statements, and why not.</param>
internal sealed record FirmwareReading(ReadOnlyMemory<byte>? Sha256, FirmwareStanding Standing);

/// <summary>Knows what the printer runs.</summary>
internal sealed class FirmwareMonitor
{
    public FirmwareReading Current { get; } = new(null, new FirmwareStanding(FirmwareState.Unknown, [], "The printer's firmware was not read."));
}
