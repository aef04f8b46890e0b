using Touchmark.Evidence.Documents.Vault;
using Touchmark.GCode;

namespace Touchmark.Vault.Slicers;

/// <summary>What whoever handed the job in says about the slicer.</summary>
/// <param name="Name">Such as PrusaSlicer.</param>
/// <param name="Version">Its version.</param>
/// <param name="BuildSha256">SHA-256 of the program file that sliced, 32 bytes.</param>
internal sealed record SlicerClaim(string? Name, string? Version, ReadOnlyMemory<byte>? BuildSha256);

#pragma warning disable CA1822 // It is a service: what it looks things up in comes with its owner.
/// <summary>Says which slicer made a toolpath, and how sure that is.</summary>
internal sealed class SlicerAttestor
{
    /// <param name="toolpath">What the toolpath says about itself; null where the vault was given its hash alone.</param>
    /// <param name="claim">What the caller says; null for nothing.</param>
    /// <param name="cancel">Stops looking.</param>
    public ValueTask<SlicerAttest> AttestAsync(ToolpathMetadata? toolpath, SlicerClaim? claim, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(
            toolpath?.Slicer is { } name ? new SlicerAttest(SlicerLevel.SelfIdentified, "The toolpath names its slicer, and no signed manifest of a build vouches for it.") { Name = name, Version = toolpath.SlicerVersion }
            : claim?.Name is { } said ? new SlicerAttest(SlicerLevel.SelfIdentified, "The caller names the slicer, and the toolpath does not.") { Name = said, Version = claim.Version, BuildSha256 = claim.BuildSha256 }
            : new SlicerAttest(SlicerLevel.Unknown, "Neither the toolpath nor the caller names a slicer."));
    }
}
