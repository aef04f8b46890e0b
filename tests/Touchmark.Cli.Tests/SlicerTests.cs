using System.Security.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Tests;

/// <summary>Manifests of the slicers that are installed here.</summary>
public sealed class SlicerTests : IDisposable
{
    private readonly CommandLine line = new();
    private readonly OfficerKeys officer;
    private readonly string key;

    public SlicerTests()
    {
        officer = OfficerKeys.Create(TimeProvider.System.GetUtcNow(), out var secret);
        key = line.Write("officer.key", secret.Span.ToArray());
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        secret.Dispose();
    }

    public void Dispose()
    {
        officer.Dispose();
        line.Dispose();
    }

    [Theory]
    [InlineData("/usr/bin/prusa-slicer", "PrusaSlicer")]
    [InlineData("/usr/bin/CuraEngine", "Cura")]
    public async Task A_manifest_of_an_installed_slicer_has_the_version_it_says_and_the_files_that_are_there(string program, string name)
    {
        var output = Path.Combine(line.Home, "manifest.cose");

        var outcome = await line.RunAsync("slicer", "manifest", program, "--key", key, "--appointment", Appointment(OfficerRole.Slicer), "--out", output);

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        var verdict = StatementVerifier.Verify<SlicerManifest>(new StatementPart(File.ReadAllBytes(output), null), new TrustStore(officer.TrustedFrom(DateTimeOffset.UnixEpoch)), TimeProvider.System.GetUtcNow(), out var manifest);
        Assert.True(verdict.IsValid);
        Assert.Equal((name, "acme"), (manifest!.Slicer, manifest.CustomerId));
        Assert.Matches(@"^[0-9]+\.[0-9]+\.[0-9]+", manifest.Version);
        Assert.StartsWith("Debian package ", manifest.Publisher, StringComparison.Ordinal);
        var file = Assert.Single(manifest.Files, file => file.Path == program[1..]);
        Assert.Equal(new FileInfo(program).Length, file.Bytes);
        Assert.Equal(SHA256.HashData(File.ReadAllBytes(program)), file.Sha256.ToArray());
        Assert.All(manifest.Files, each => Assert.True(File.Exists("/" + each.Path)));
        Assert.Contains($"{name} {manifest.Version} for linux", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_says_nothing_is_named_by_hand_or_refused()
    {
        var program = line.Write("slicer", "#!/bin/sh\necho hello\n"u8.ToArray());
        var output = Path.Combine(line.Home, "manifest.cose");
        string[] command = ["slicer", "manifest", program, "--key", key, "--appointment", Appointment(OfficerRole.Slicer), "--installed-below", line.Home, "--out", output];

        Assert.Contains("does not say which slicer it is", (await line.RunAsync(command)).Errors, StringComparison.Ordinal);
        Assert.Contains("who made this build", (await line.RunAsync([.. command, "--name", "BambuStudio", "--slicer-version", "01.09.00.70"])).Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await line.RunAsync([.. command, "--name", "BambuStudio", "--slicer-version", "01.09.00.70", "--publisher", "Bambu Lab, by download"])).ExitCode);

        Assert.True(Statement.TryParse(File.ReadAllBytes(output), out var statement, out _));
        Assert.True(Document.TryDecode<SlicerManifest>(statement.Payload, out var manifest, out _));
        Assert.Equal(("BambuStudio", "01.09.00.70", "slicer"), (manifest.Slicer, manifest.Version, Assert.Single(manifest.Files).Path));
    }

    [Fact]
    public async Task A_build_of_many_files_is_signed_beside_its_statement()
    {
        var output = Path.Combine(line.Home, "manifest.touchmark");
        var files = Enumerable.Range(0, 400).SelectMany(n => new[] { "--file", line.Write($"profile-{n}.ini", BitConverter.GetBytes(n)) });

        var outcome = await line.RunAsync(
        [
            "slicer", "manifest", line.Write("slicer", "a program"u8.ToArray()), "--key", key, "--appointment", Appointment(OfficerRole.Slicer), "--installed-below", line.Home, "--out", output,
            "--name", "OrcaSlicer", "--slicer-version", "2.1.1", "--publisher", "by download", .. files,
        ]);

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        Assert.True(EvidenceFile.TryDecode(File.ReadAllBytes(output), out var file, out var problem), problem);
        var verdict = StatementVerifier.Verify<SlicerManifest>(file.Subject, new TrustStore(officer.TrustedFrom(DateTimeOffset.UnixEpoch)), TimeProvider.System.GetUtcNow(), out var manifest);
        Assert.True(verdict.IsValid);
        Assert.Equal(401, manifest!.Files.Count);
    }

    [Fact]
    public async Task Only_a_slicer_officer_signs_and_somebody_has_to()
    {
        var output = Path.Combine(line.Home, "manifest.cose");

        Assert.Contains("was not appointed as a slicer officer", (await line.RunAsync("slicer", "manifest", "/usr/bin/CuraEngine", "--key", key, "--appointment", Appointment(OfficerRole.Firmware), "--out", output)).Errors, StringComparison.Ordinal);
        Assert.Contains("it is not said who signs", (await line.RunAsync("slicer", "manifest", "/usr/bin/CuraEngine", "--out", output)).Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    private string Appointment(OfficerRole role)
    {
        var now = TimeProvider.System.GetUtcNow();
        // Whose root appointed the officer is the vault's business; here any signature does.
        var signed = officer.Signer.Sign(new OfficerAppointment { OfficerId = officer.OfficerId, CustomerId = "acme", Name = "Sara", Roles = [role], Ed25519Key = officer.Ed25519Key, MlDsa65Key = officer.MlDsa65Key, ValidFrom = now }, now);
        return line.Write($"{role}.cose", signed.Envelope.ToArray());
    }
}
