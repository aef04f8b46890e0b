using Touchmark.Evidence.Documents.Vault;
using Touchmark.GCode;

namespace Touchmark.Vault.Slicers;

/// <summary>What whoever handed the job in says about the slicer.</summary>
/// <param name="Name">Such as PrusaSlicer.</param>
/// <param name="Version">Its version.</param>
/// <param name="BuildSha256">SHA-256 of the program file that sliced, 32 bytes: the caller's word.</param>
internal sealed record SlicerClaim(string? Name, string? Version, ReadOnlyMemory<byte>? BuildSha256)
{
    /// <summary>Where the program file lies on this host.</summary>
    public string? Path { get; init; }

    /// <summary>The process that sliced: the caller's own, or one that it was started by.</summary>
    public int? Process { get; init; }

    /// <summary>The caller's process, as the kernel tells; null where it calls over TCP.</summary>
    public int? Caller { get; init; }
}

/// <summary>
/// Says which slicer made a toolpath, and how sure that is. Attested is what names, in its own comments, the slicer and version of a build in a signed manifest that the vault itself has measured on this host:
/// every file of it, and the program by the path or the running process that the caller showed. What that proves and what not is in docs/threat-model.md.
/// </summary>
internal sealed class SlicerAttestor(KnownBuilds known, MeasuredFiles files)
{
    /// <param name="toolpath">What the toolpath says about itself; null where the vault was given its hash alone.</param>
    /// <param name="claim">What the caller says; null for nothing.</param>
    /// <param name="cancel">Stops looking.</param>
    public async ValueTask<SlicerAttest> AttestAsync(ToolpathMetadata? toolpath, SlicerClaim? claim, CancellationToken cancel)
    {
        if (toolpath?.Slicer is not { } name)
        {
            return claim?.Name is not { } said ? new SlicerAttest(SlicerLevel.Unknown, "Neither the toolpath nor the caller names a slicer.")
                : new SlicerAttest(SlicerLevel.SelfIdentified, "The caller names the slicer, and the toolpath does not.") { Name = said, Version = claim.Version, BuildSha256 = claim.BuildSha256 };
        }

        var (build, reason) = await MeasureAsync(name, toolpath.SlicerVersion, claim, cancel);
        return build is null
            ? new SlicerAttest(SlicerLevel.SelfIdentified, reason) { Name = name, Version = toolpath.SlicerVersion, BuildSha256 = claim?.BuildSha256 }
            : new SlicerAttest(SlicerLevel.Attested, reason) { Name = build.Build.Slicer, Version = build.Build.Version, BuildSha256 = build.Program.Sha256, ManifestSha256 = build.Build.ManifestSha256 };
    }

    /// <summary>The build that was measured, and in words how; null, and why not.</summary>
    private async Task<(Measured? Build, string Reason)> MeasureAsync(string name, string? version, SlicerClaim? claim, CancellationToken cancel)
    {
        if (claim is not { Path: not null } and not { Process: not null })
        {
            return (null, claim?.BuildSha256 is null
                ? "The toolpath names its slicer; the caller showed no program of it that could be measured."
                : "The toolpath names its slicer; the hash of its program is the caller's word, and nothing was measured.");
        }

        if (claim.Caller is not { } caller)
        {
            return (null, "The toolpath names its slicer; its program cannot be measured for a caller that is not at the vault's socket on this host.");
        }

        if (claim.Process is { } process && !Processes.Descends(caller, process))
        {
            return (null, "The toolpath names its slicer; the process that the caller showed is neither its own nor one that it was started by.");
        }

        var path = claim.Process is { } running ? Processes.ProgramOf(running) : claim.Path!;
        var lengths = await known.LengthsAsync(cancel);
        if (!Path.IsPathRooted(path) || await files.MeasureAsync(path, lengths.Contains, cancel) is not { } program || await known.FindAsync(program.Sha256, cancel) is not { Count: > 0 } builds)
        {
            return (null, "The toolpath names its slicer; the program that the caller showed is not in the signed manifest of any build.");
        }

        if (claim.Process is { } still && !Processes.Descends(caller, still))
        {
            return (null, "The toolpath names its slicer; the process that the caller showed ended while it was measured.");
        }

        if (builds.FirstOrDefault(build => build.Slicer == name && IsSame(build.Version, version)) is not { } found)
        {
            return (null, $"The program that the caller showed is {builds[0].Slicer} {builds[0].Version}, and the toolpath names another slicer or version.");
        }

        return await FindAlteredAsync(found, program, cancel) is { } altered
            ? (null, Cut($"The program is that of {found.Slicer} {found.Version}, but {altered} is not as in the signed manifest."))
            : (new Measured(found, program), claim.Process is null
                ? "The vault measured the program that the caller named, and all files of its build: they are those of the signed manifest, and the toolpath names this slicer. That it made this file is the caller's word."
                : "The vault measured the running program that started the caller, and all files of its build: they are those of the signed manifest, and the toolpath names this slicer.");
    }

    /// <summary>The first file of the build that is missing or another one; null where all are in order.</summary>
    private async Task<string?> FindAlteredAsync(KnownBuild build, MeasuredFile program, CancellationToken cancel)
    {
        var parts = await known.FilesAsync(build, cancel);
        // The root that the manifest's paths are below is what is left of the program's own.
        var root = parts.Where(part => part.Sha256.AsSpan().SequenceEqual(program.Sha256) && program.Path.EndsWith("/" + part.Path, StringComparison.Ordinal))
            .Select(part => program.Path[..^part.Path.Length]).FirstOrDefault();
        if (root is null)
        {
            return parts.Count == 1 ? null : "the folder in which it lies";
        }

        foreach (var part in parts)
        {
            if (await files.MeasureAsync(root + part.Path, bytes => bytes == part.Bytes, cancel) is not { } measured || !measured.Sha256.AsSpan().SequenceEqual(part.Sha256))
            {
                return part.Path;
            }
        }

        return null;
    }

    /// <summary>Whether two versions are one: PrusaSlicer tells of itself 2.5.0+UNKNOWN, and writes 2.5.0 into toolpaths. What is behind the plus is the build's, not the version's.</summary>
    private static bool IsSame(string built, string? named) => named is not null && built.Split('+')[0] == named.Split('+')[0];

    private static string Cut(string text) => text.Length <= 512 ? text : text[..511] + "…";

    private sealed record Measured(KnownBuild Build, MeasuredFile Program);
}
