using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Firmware;
using Touchmark.Vault.Tests.Officers;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Firmware;

public sealed class FirmwareTests : IDisposable
{
    // As the real Klipper's Linux process answered over Moonraker.
    private const string Status = """
        {"mcu_version":"v0.13.0-730-g84104bbbd","mcu_build_versions":"gcc: (Debian 12.2.0-14+deb12u1) 12.2.0 binutils: (GNU Binutils for Debian) 2.40","mcu_constants":{"ADC_MAX":4095,"CLOCK_FREQ":50000000,"MCU":"linux"},"last_stats":{"mcu_awake":0.003}}
        """;

    private const string Dictionary = """
        {"app":"Klipper","build_versions":"gcc: (Debian 12.2.0-14+deb12u1) 12.2.0 binutils: (GNU Binutils for Debian) 2.40","commands":{},"config":{"ADC_MAX":4095,"CLOCK_FREQ":50000000,"MCU":"linux"},"version":"v0.13.0-730-g84104bbbd"}
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("touchmark-firmware-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void An_image_and_the_controller_that_runs_it_have_one_identity()
    {
        var told = FirmwareIdentity.FromStatus(JsonElement.Parse(Status));
        var found = FirmwareIdentity.FromImage(Image(Dictionary));

        Assert.Equal(told!.Sha256, found!.Sha256);
        Assert.NotEqual(told.Sha256, FirmwareIdentity.FromStatus(JsonElement.Parse(Status.Replace("50000000", "48000000", StringComparison.Ordinal)))!.Sha256);
        Assert.NotEqual(told.Sha256, FirmwareIdentity.FromStatus(JsonElement.Parse(Status.Replace("g84104bbbd", "g84104bbbd-dirty", StringComparison.Ordinal)))!.Sha256);
    }

    [Fact]
    public void What_is_no_firmware_has_no_identity_and_any_bytes_can_be_looked_at()
    {
        Assert.Null(FirmwareIdentity.FromStatus(JsonElement.Parse("""{"mcu_version":7}""")));
        Assert.Null(FirmwareIdentity.FromImage(Image("{}")));
        Assert.Null(FirmwareIdentity.FromImage(Image("[" + new string('[', 5000))));
        Prop.ForAll<byte[]>(bytes => FirmwareIdentity.FromImage([0x78, 0x9C, .. bytes]) is null).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task A_bomb_of_zlib_ends_at_its_limit()
    {
        using var packed = new MemoryStream();
        await using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await zlib.WriteAsync(new byte[32 << 20]);
        }

        Assert.Null(FirmwareIdentity.FromImage(packed.ToArray()));
    }

    [Fact]
    public async Task Unapproved_firmware_degrades_posture_and_bundles_until_two_officers_approve_it()
    {
        var image = Path.Combine(folder, "klipper.bin");
        await File.WriteAllBytesAsync(image, Image(Dictionary));
        var hash = SHA256.HashData(await File.ReadAllBytesAsync(image));
        await using var server = await VaultServer.StartAsync(more: ["--firmware-image", image]);
        using var caller = server.Local();
        var monitor = server.Services.GetRequiredService<FirmwareMonitor>();
        using var alice = new Person(server.Time, "Alice");
        using var bob = new Person(server.Time, "Bob");
        foreach (var officer in new[] { alice, bob })
        {
            (await caller.EnterAsync("/v3/officers", officer.AppointedBy(server.Customer, OfficerRole.Firmware))).IsGood();
        }

        await monitor.RefreshAsync(default);
        Assert.Equal((FirmwareState.Unapproved, Convert.ToHexString(hash)), (monitor.Current.Standing.State, Convert.ToHexString(monitor.Current.Sha256!.Value.Span)));
        var posture = (await caller.GetAsync("/v3/posture")).IsGood();
        Assert.Equal(("degraded", "unapproved"), (posture["mode"].GetString(), posture["firmware_state"].GetString()));
        var degraded = (await caller.SignAsync(new { job_id = "job 1" })).IsGood();
        Assert.Equal("degraded", degraded["mode"].GetString());
        Assert.Contains("No officer has approved the printer's firmware.", degraded["reasons"].EnumerateArray().Select(reason => reason.GetString()));

        (await caller.EnterAsync("/v3/firmware/approvals", alice.Approves(hash))).IsGood();
        (await caller.EnterAsync("/v3/firmware/approvals", bob.Approves(hash))).IsGood();
        await monitor.RefreshAsync(default);

        Assert.Equal(FirmwareState.Approved, monitor.Current.Standing.State);
        Assert.Equal("normal", (await caller.SignAsync(new { job_id = "job 2" })).IsGood()["mode"].GetString());

        await File.AppendAllTextAsync(image, "!");
        await monitor.RefreshAsync(default);
        Assert.Equal(FirmwareState.Unapproved, monitor.Current.Standing.State);
    }

    [Fact]
    public async Task A_printer_that_does_not_answer_has_unknown_firmware_and_says_so()
    {
        var (hash, _, problem) = await new FirmwareSource(new FirmwareOptions("http://127.0.0.1:1", null, null), TimeProvider.System).ReadAsync(default);

        Assert.Null(hash);
        Assert.StartsWith("The printer's firmware could not be read: ", problem, StringComparison.Ordinal);
    }

    /// <summary>Something like an image: a program around a compressed dictionary.</summary>
    private static byte[] Image(string dictionary)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zlib.Write(Encoding.UTF8.GetBytes(dictionary));
        }

        return [.. Enumerable.Range(0, 3000).Select(i => (byte)(i * 7)), .. packed.ToArray(), .. Enumerable.Range(0, 999).Select(i => (byte)i)];
    }
}
