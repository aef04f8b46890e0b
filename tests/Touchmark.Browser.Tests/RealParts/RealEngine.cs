using System.Runtime.Versioning;
using System.Text.Json;
using Touchmark.Acceptance;
using Touchmark.Engine.Tests.Designs;

namespace Touchmark.Browser.Tests.RealParts;

/// <summary>Nothing else runs beside these tests: the printer's clock is faster than life, and a gateway that is held up would seem to be gone.</summary>
[CollectionDefinition(nameof(RealEngine), DisableParallelization = true)]
[SupportedOSPlatform("linux")]
public sealed class RealEngineGroup : ICollectionFixture<RealEngine>;

/// <summary>The product as its users run it, started once: an engine, a virtual printer and its gateway as processes, an owner, a shop, an auditor and another shop, and a printer that is enrolled.</summary>
[SupportedOSPlatform("linux")]
public sealed class RealEngine : IAsyncLifetime
{
    private string? printed;

    /// <summary>So many times faster than life.</summary>
    public const string Speed = "20";

    public static TheoryData<string> Devices => PartPageTests.Devices;

    /// <summary>The id of the printer.</summary>
    public string Printer { get; private set; } = "";

    internal World World { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await World.StartEngineAsync();
        await World.StartPrinterAsync(more: ["--speed", Speed]);
        await World.SignInAsync();
        await World.JoinAsync("auditor", "auditor", "Auditors");
        await World.JoinAsync("rival", "manufacturer", "Rival Hall");
        Printer = await World.EnrolAsync();
        await World.StartGatewayAsync();
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    /// <summary>Somebody with an account, signed in.</summary>
    internal async Task<Reader> EnterAsync(Chromium chromium, string who, string device)
    {
        var reader = await OpenAsync(chromium, device);
        await reader.GoAsync("/sign-in");
        await Portal.SignInAsync(reader, $"{who}@example.com", await File.ReadAllTextAsync(World.Password(who)));
        return reader;
    }

    /// <summary>Somebody without an account.</summary>
    internal Task<Reader> OpenAsync(Chromium chromium, string device) => Reader.OpenAsync(chromium.Browser, new Uri(World.Engine), null, PartPageTests.DeviceOf(device));

    /// <summary>A licence for prints of a box, mm.</summary>
    public async Task<string> LicenseAsync(int prints, double x, double y, double z)
    {
        var file = Path.Combine(World.Folder, $"box-{x}x{y}x{z}.stl");
        await File.WriteAllBytesAsync(file, Models.BinaryStl(x, y, z));
        return await World.LicenseAsync(prints, file);
    }

    /// <summary>A licence for one print that takes its time.</summary>
    public Task<string> LicenseLongPrintAsync() => World.LicenseAsync(1);

    /// <summary>A print, started on the command line, that has begun to move.</summary>
    public async Task<string> PrintingAsync(string licence)
    {
        var job = await World.StartJobAsync(licence, Printer);
        await World.UntilAsync(job, state => World.Text(state, "state") == "streaming" && state.GetProperty("progress").GetDouble() > 0.01);
        return job;
    }

    public Task ClearBedAsync() => World.AsAsync("maker", "printer", "bed-clear", Printer);

    /// <summary>The id of a part that was printed; the same each time.</summary>
    public async Task<string> PartAsync()
    {
        if (printed is null)
        {
            var job = await World.FinishAsync(await World.StartJobAsync(await LicenseAsync(1, 10, 10, 1), Printer));
            printed = World.Text(await World.AskAsync("maker", "certificate", "show", World.Text(job, "certificate_id")), "part_id");
        }

        return printed;
    }

    /// <summary>The only licence of a list with this id, as the owner sees it.</summary>
    public async Task<JsonElement> LicenceAsync(string id) => (await World.AskAsync("oem", "licence", "list")).EnumerateArray().Single(licence => World.Text(licence, "id") == id);
}
