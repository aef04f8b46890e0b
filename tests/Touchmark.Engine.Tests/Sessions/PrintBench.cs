using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.Versioning;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Slicing;
using Touchmark.Evidence.Parts;
using Touchmark.GCode;
using Touchmark.Streaming;
using Touchmark.Streaming.Tests;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>An engine with a design, a licence for it and an enrolled printer. Its slicer answers with one fixed toolpath.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PrintBench : IAsyncDisposable
{
    private readonly FakeSlicer slicer;
    private IReadOnlyList<SegmentPlan> plans = [];

    private PrintBench(ServerFactory server, FakeSlicer fakeSlicer) => (Server, slicer) = (server, fakeSlicer);

    public ServerFactory Server { get; }

    public P256PrivateKey Device { get; } = P256.GenerateKey();

    public Person Oem { get; private set; } = null!;

    public Person Manufacturer { get; private set; } = null!;

    public Guid PrinterId { get; private set; }

    public byte[] EngineKey { get; private set; } = [];

    public Guid LicenceId { get; private set; }

    public static async Task<PrintBench> OpenAsync(StorageKind storage = StorageKind.Sqlite, double? exposureLimit = null, object? terms = null, Action<IServiceCollection>? replace = null, int layers = 1, string[]? arguments = null)
    {
        var toolpath = Toolpaths.Bracket(layers);
        var fakeSlicer = new FakeSlicer($"[ \"$1\" = --help ] && exit\ncat > part.gcode <<'END'\n{toolpath}END");
        var bench = new PrintBench(await ServerFactory.StartAsync(storage, replace, ["--slicer", fakeSlicer.Path, .. arguments ?? []]), fakeSlicer);
        try
        {
            var segments = await Toolpaths.CutAsync(toolpath);
            bench.plans = [.. segments.Select(segment => segment.Plan)];
            segments.ForEach(segment => segment.Dispose());
            await bench.FurnishAsync(exposureLimit, terms);
            return bench;
        }
        catch
        {
            await bench.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a job on the printer, whose bed is clear.</summary>
    public async Task<Guid> StartJobAsync(string? materialLot = null)
    {
        // While a print goes on this is refused, and the job waits for it anyway.
        await Manufacturer.PostAsync($"/api/printers/{PrinterId:D}/bed-clear");
        return await OrderAsync(materialLot);
    }

    /// <summary>Starts a job on the printer, and nobody looks at its bed.</summary>
    public async Task<Guid> OrderAsync(string? materialLot = null) =>
        (await Manufacturer.PostAsync("/api/jobs", new { licence_id = LicenceId, printer_id = PrinterId, material = "PLA", quality = "standard", material_lot = materialLot })).IsGood().Id;

    /// <summary>Starts a job and has some of it printed.</summary>
    public async Task<Guid> StartPrintAsync(PrintingGateway gateway)
    {
        var job = await StartJobAsync();
        await gateway.PrintAsync(until: PrintTests.HasPrintedALittle);
        return job;
    }

    /// <summary>Prints a part from beginning to end.</summary>
    public async Task<PrintedPart> PrintPartAsync(string? materialLot = null)
    {
        await using var gateway = await ConnectAsync();
        var job = await StartJobAsync(materialLot);
        await gateway.PrintAsync();
        var ended = await FollowAsync(job);
        Assert.True(ended.GetProperty("state").GetString() == "done", ended.ToString());
        var certificate = ended.GetProperty("certificate_id").GetGuid();
        var text = (await Manufacturer.GetAsync($"/api/certificates/{certificate}")).IsGood()["part_id"].GetString();
        Assert.True(PartId.TryParse(text, out var id, out _));
        return new(id, job, certificate);
    }

    /// <summary>A gateway of the printer, connected.</summary>
    public async Task<PrintingGateway> ConnectAsync(Refusal? refusal = null, MachineProfile? profile = null, bool isOld = false)
    {
        var gateway = NewGateway(refusal: refusal, profile: profile, isOld: isOld);
        Assert.True(await gateway.ConnectAsync(PrinterId));
        return gateway;
    }

    public PrintingGateway NewGateway(P256PrivateKey? device = null, byte[]? engineKey = null, Refusal? refusal = null, MachineProfile? profile = null, bool isOld = false) =>
        new(Server, device ?? Device, engineKey ?? EngineKey, new TestPrinter(plans)) { Refusal = refusal, Profile = profile ?? Toolpaths.Profile, IsOld = isOld };

    /// <summary>The job once its own event stream says that it has come to an end, or to <paramref name="state"/>.</summary>
    public Task<JsonElement> FollowAsync(Guid job, string? state = null) => FollowUntilAsync(job, now => now.GetProperty("state").GetString() == state);

    /// <summary>The job once its own event stream says that it has come to an end, or what is asked for.</summary>
    public async Task<JsonElement> FollowUntilAsync(Guid job, Func<JsonElement, bool> reached)
    {
        using var answer = await Manufacturer.Http.GetAsync(new Uri($"/api/jobs/{job:D}/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var last = default(JsonElement);
        await foreach (var item in SseParser.Create(await answer.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            last = JsonElement.Parse(item.Data);
            if (last.GetProperty("state").GetString() is "done" or "failed" or "cancelled" || reached(last))
            {
                return last;
            }
        }

        return last;
    }

    /// <summary>Waits until the engine has noticed that the gateway of a print is gone.</summary>
    public Task UntilAwayAsync(Guid job) => UntilAsync(job, session => session.IsGatewayAway);

    /// <summary>Waits until the engine says so of a print's session.</summary>
    public async Task UntilAsync(Guid job, Func<SessionProgress, bool> reached)
    {
        await foreach (var pulse in Server.Services.GetRequiredService<JobFeed>().WatchAsync(job, CancellationToken.None))
        {
            if (pulse.Session is { } session && reached(session))
            {
                return;
            }
        }
    }

    /// <summary>As <see cref="FollowAsync"/>, while time goes on: what waits for it is carried out. People sign in again, because it may be hours.</summary>
    public async Task<JsonElement> FollowThroughAsync(Guid job)
    {
        var ended = FollowAsync(job);
        while (!ended.IsCompleted)
        {
            Server.Time.Advance(TimeSpan.FromSeconds(1));
            // A step of the engine's own size, so that time does not run away from it.
            await Server.Database.FirstOrDefaultAsync<long>("select count(*) from jobs", null, default);
        }

        await SignInAgainAsync();
        return await ended;
    }

    /// <summary>The job as it is now, for people who sign in again: the engine was restarted.</summary>
    public async Task<JsonElement> FollowAgainAsync(Guid job)
    {
        await SignInAgainAsync();
        return await FollowAsync(job);
    }

    /// <summary>The people of a bench whose engine was restarted.</summary>
    public async Task SignInAgainAsync()
    {
        Oem = await Server.SignInAsync(Oem.Email);
        Manufacturer = await Server.SignInAsync(Manufacturer.Email);
    }

    /// <summary>How many prints of the licence are taken.</summary>
    public async Task<long> TakenAsync() => (await Oem.GetAsync($"/api/licences/{LicenceId}")).IsGood()["taken"].GetInt64();

    public async ValueTask DisposeAsync()
    {
        Oem?.Dispose();
        Manufacturer?.Dispose();
        await Server.DisposeAsync();
        slicer.Dispose();
        Device.Dispose();
    }

    private async Task FurnishAsync(double? exposureLimit, object? terms)
    {
        Oem = await Server.JoinAsync(Role.Oem, "Owner");
        Manufacturer = await Server.JoinAsync(Role.Manufacturer, "Maker");
        var design = await Oem.NewDesignAsync();
        using var stranger = Server.Stranger();
        var enrolment = (await stranger.PostAsync("/api/enrolments", Gateways.Enrolment(Device, await Manufacturer.PairingCodeAsync(), Toolpaths.Profile.Encode()))).IsGood();
        PrinterId = enrolment["printer_id"].GetGuid();
        EngineKey = enrolment["engine_public_key"].GetBytesFromBase64();
        var licence = new Dictionary<string, object?> { ["design_id"] = design, ["manufacturers"] = new[] { Manufacturer.OrganisationId }, ["prints"] = 3, ["exposure_limit_s"] = exposureLimit };
        foreach (var term in terms?.GetType().GetProperties() ?? [])
        {
            licence[term.Name] = term.GetValue(terms);
        }

        LicenceId = (await Oem.PostAsync("/api/licences", licence)).IsGood().Id;
    }
}

/// <summary>A part that was printed.</summary>
internal sealed record PrintedPart(PartId PartId, Guid JobId, Guid CertificateId);
