using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Officers;

namespace Touchmark.Vault.Firmware;

/// <summary>Which firmware images two different officers have approved, by what the manifest holds.</summary>
internal sealed class Approvals(OfficerBook book, TimeProvider time)
{
    /// <summary>How many officers it takes.</summary>
    public const int Needed = 2;

    /// <summary>The longest list that a bundle names.</summary>
    private const int Named = 16;

    /// <summary>Whether this image may run on this printer, and by whose statements.</summary>
    /// <param name="imageSha256">32 bytes.</param>
    /// <param name="printerId">The vault's printer.</param>
    /// <param name="cancel">Ends the wait for the manifest's index.</param>
    public async ValueTask<FirmwareStanding> StandingAsync(ReadOnlyMemory<byte> imageSha256, Guid printerId, CancellationToken cancel)
    {
        var found = (await book.RollAsync(cancel)).VerifiedApprovals(time.GetUtcNow()).Where(approved => approved.Approval.Covers(imageSha256.Span, printerId))
            .DistinctBy(approved => approved.Officer.Appointment.OfficerId).ToList();
        return found.Count >= Needed
            ? new(FirmwareState.Approved, [.. found.Take(Named).Select(approved => (ReadOnlyMemory<byte>)approved.Entry.Sha256)], null)
            : new(FirmwareState.Unapproved, [.. found.Select(approved => (ReadOnlyMemory<byte>)approved.Entry.Sha256)], found.Count == 0
                ? "No officer has approved the printer's firmware."
                : $"The printer's firmware was approved by {found[0].Officer.Appointment.Name} alone; a second officer has to approve it.");
    }
}
