using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Slicing;

namespace Touchmark.Engine.Tests.Jobs;

/// <summary>An engine with an OEM, a manufacturer, an enrolled printer, the sample bracket and a licence for it.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
internal sealed class PrintShop : IAsyncDisposable
{
    /// <summary>A slicer that gives a short toolpath.</summary>
    public const string Square =
        "printf 'G21\\nG90\\nM83\\nG28\\nM104 S200\\nM109 S200\\nG1 X10 Y10 Z0.3 F6000\\nG1 X20 E0.5 F1200\\nG1 Y20 E0.5\\nG1 X10 E0.5\\nG1 Y10 E0.5\\n' > part.gcode";

    private PrintShop(FakeSlicer? slicer, ServerFactory server) => (Slicer, Server) = (slicer, server);

    public FakeSlicer? Slicer { get; }

    public ServerFactory Server { get; }

    public P256PrivateKey Device { get; } = P256PrivateKey.Generate();

    public Person Oem { get; private set; } = null!;

    public Person Maker { get; private set; } = null!;

    public Guid PrinterId { get; private set; }

    public Guid LicenceId { get; private set; }

    public byte[] EngineKey { get; private set; } = [];

    /// <summary>What the engine answered to the gateway's enrolment.</summary>
    public Answer Enrolled { get; private set; } = null!;

    public static byte[] Bracket => File.ReadAllBytes(Path.Combine(Root(), "samples", "bracket.stl"));

    /// <summary>With PrusaSlicer where <paramref name="script"/> is null.</summary>
    public static async Task<PrintShop> OpenAsync(string? script = Square, long prints = 3, StorageKind storage = StorageKind.Sqlite, string[]? arguments = null)
    {
        var slicer = script is null ? null : new FakeSlicer(script);
        var server = await ServerFactory.StartAsync(storage, services =>
        {
            if (slicer is not null)
            {
                services.AddSingleton(new SlicerOptions { Path = slicer.Path });
            }
        }, arguments);
        var shop = new PrintShop(slicer, server);
        shop.Oem = await server.JoinAsync(Role.Oem, "Maker of designs");
        shop.Maker = await server.JoinAsync(Role.Manufacturer, "Printing shop");
        using (var gateway = server.Stranger())
        {
            var enrolled = (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(shop.Device, await shop.Maker.PairingCodeAsync()))).IsGood();
            shop.Enrolled = enrolled;
            shop.PrinterId = enrolled["printer_id"].GetGuid();
            shop.EngineKey = enrolled["engine_public_key"].GetBytesFromBase64();
        }

        var design = (await shop.Oem.UploadAsync(Bracket)).IsGood().Id;
        shop.LicenceId = (await shop.Oem.GrantAsync(design, shop.Maker, prints)).IsGood().Id;
        return shop;
    }

    public Task<Answer> OrderAsync(string material = "PLA", string quality = "draft") =>
        Maker.PostAsync("/api/jobs", new { licence_id = LicenceId, printer_id = PrinterId, material, quality });

    public async Task<long> TakenAsync() => (await Oem.GetAsync($"/api/licences/{LicenceId:D}")).IsGood()["taken"].GetInt64();

    /// <summary>Follows a job's events until it is in one of these states.</summary>
    public async Task<JsonElement> UntilAsync(Guid job, params string[] states)
    {
        await using var stream = await Maker.Http.GetStreamAsync(new Uri($"/api/jobs/{job:D}/events", UriKind.Relative));
        await foreach (var item in SseParser.Create(stream).EnumerateAsync())
        {
            var seen = JsonElement.Parse(item.Data);
            var state = seen.GetProperty("state").GetString()!;
            if (states.Contains(state))
            {
                return seen;
            }

            Assert.False(state is "done" or "failed" or "cancelled", $"The job ended: {item.Data}");
        }

        throw new InvalidOperationException("The events ended before the job did.");
    }

    public async ValueTask DisposeAsync()
    {
        Oem?.Dispose();
        Maker?.Dispose();
        await Server.DisposeAsync();
        Slicer?.Dispose();
        Device.Dispose();
    }

    internal static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Touchmark.slnx")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
