using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;

namespace Touchmark.Cli.Slicers;

/// <summary><c>touchmark slicer</c>: says which builds of slicers a customer knows, so that its vaults can tell them.</summary>
internal static class SlicerCommands
{
    public static Command Create() => new("slicer", "The builds of slicers that a customer's vaults know.") { Manifest() };

    private static Command Manifest()
    {
        var program = new Argument<FileInfo>("program") { Description = "The slicer's program as it is installed: /usr/bin/prusa-slicer, CuraEngine, an AppImage of OrcaSlicer or Bambu Studio." };
        var files = new Option<FileInfo[]>("--file") { Description = "Another file of the build; several times for several. Of a Debian package, its programs and libraries are taken by themselves." };
        var root = new Option<DirectoryInfo?>("--installed-below") { Description = "The folder that the manifest's paths are below; without it, the root of the file system, so that the build is known where it was installed." };
        var name = new Option<string?>("--name") { Description = "As the slicer names itself in toolpaths, where it cannot be asked: PrusaSlicer, OrcaSlicer, BambuStudio or Cura." };
        var version = new Option<string?>("--slicer-version") { Description = "Its version, where it cannot be asked." };
        var publisher = new Option<string?>("--publisher") { Description = "Who made the build, and where it was got from. Of a Debian package it is known." };
        var key = new Option<FileInfo?>("--key") { Description = "Your secret key as an officer with the role slicer; without it, the customer's root signs." };
        var appointment = new Option<FileInfo?>("--appointment") { Description = "Your appointment." };
        var publicRoot = new Option<FileInfo?>("--root") { Description = "The file with the root's public keys, when the root signs." };
        var secret = CustomerRoot.SecretFile();
        var output = StatementFile.Output();
        var command = new Command("manifest", "Measure an installed slicer, and sign what was found. A vault that is given the manifest attests what this build made.")
            { program, files, root, name, version, publisher, key, appointment, publicRoot, secret, output };
        command.SetAction(async (parsed, cancel) =>
        {
            RootCommands.MustBeNew(parsed.GetValue(output)!);
            var now = TimeProvider.System.GetUtcNow();
            var manifest = await MeasureAsync(
                parsed.GetValue(program)!, parsed.GetValue(files) ?? [], parsed.GetValue(root)?.FullName ?? "/", parsed.GetValue(name), parsed.GetValue(version), parsed.GetValue(publisher), now, cancel);
            Screen.Line($"{manifest.Slicer} {manifest.Version} for {manifest.Platform}: {manifest.Publisher}");
            foreach (var file in manifest.Files)
            {
                Screen.Line($"{Convert.ToHexStringLower(file.Sha256.Span)}  {file.Bytes,12}  {file.Path}");
            }

            var signed = (parsed.GetValue(key), parsed.GetValue(appointment), parsed.GetValue(publicRoot)) switch
            {
                ({ } officersKey, { } officers, null) => OfOfficer(manifest, officersKey, officers, now),
                (null, null, { } customer) => OfRoot(manifest, customer, parsed.GetValue(secret), now),
                _ => throw new CliFailure("it is not said who signs.", "name --key and --appointment of a slicer officer, or --root of the customer", exitCode: 2),
            };
            StatementFile.Write(parsed.GetValue(output)!, signed);
            return 0;
        });
        return command;
    }

    private static async Task<SlicerManifest> MeasureAsync(
        FileInfo program, FileInfo[] more, string root, string? name, string? version, string? publisher, DateTimeOffset now, CancellationToken cancel)
    {
        var path = program.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? program.FullName;
        if (!File.Exists(path))
        {
            throw new CliFailure($"there is no program {program}.", "name the program itself, not the folder that it is in", exitCode: 2);
        }

        var package = await SlicerProgram.FindPackageAsync(path, cancel);
        var identity = name is null || version is null ? await SlicerProgram.AskAsync(path, cancel) : null;
        if ((name ?? identity?.Name) is not { } slicer || (version ?? identity?.Version ?? package?.Version) is not { } number)
        {
            throw new CliFailure($"{program} does not say which slicer it is.", "say it with --name and --slicer-version; asking needs bubblewrap (/usr/bin/bwrap)");
        }

        var measured = new List<SlicerFile>();
        foreach (var file in more.Select(file => file.FullName).Concat(package?.Files.Where(IsExecutable) ?? []).Append(path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            measured.Add(await MeasureAsync(file, root, cancel));
        }

        return new SlicerManifest
        {
            ManifestId = Guid.CreateVersion7(now), CustomerId = "", Slicer = slicer, Version = number, Platform = RuntimeInformation.RuntimeIdentifier,
            Publisher = publisher ?? package?.Description ?? throw new CliFailure("it is not known who made this build.", "say it with --publisher"), Files = measured, MadeAt = now,
        };
    }

    private static async Task<SlicerFile> MeasureAsync(string path, string root, CancellationToken cancel)
    {
        var below = Path.GetRelativePath(root, path);
        if (below.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(below))
        {
            throw new CliFailure($"{path} is not below {root}.", "name the folder that all files of the build are in");
        }

        try
        {
            await using var content = File.OpenRead(path);
            return new SlicerFile(below, content.Length, await SHA256.HashDataAsync(content, cancel));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"{path} cannot be read.", "check its path and permissions", exitCode: 2);
        }
    }

    /// <summary>Whether it is a program or a library (ELF): what decides what comes out, and not how it looks on the way.</summary>
    private static bool IsExecutable(string path)
    {
        if (new FileInfo(path) is not { Exists: true, LinkTarget: null, Length: > 4 })
        {
            return false;
        }

        using var file = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        return file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("\u007fELF"u8);
    }

    private static SignedStatement OfOfficer(SlicerManifest manifest, FileInfo key, FileInfo appointment, DateTimeOffset now)
    {
        using var officer = OfficerCommands.Open(key, appointment, OfficerRole.Slicer, out var appointed);
        return officer.Signer.Sign(manifest with { CustomerId = appointed.CustomerId }, now);
    }

    private static SignedStatement OfRoot(SlicerManifest manifest, FileInfo publicFile, FileInfo? secret, DateTimeOffset now)
    {
        using var root = CustomerRoot.Open(CustomerRoot.Read(publicFile), secret);
        return root.Signer.Sign(manifest with { CustomerId = root.Public.CustomerId }, now);
    }
}
