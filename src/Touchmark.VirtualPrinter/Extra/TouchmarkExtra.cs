using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// Plays a Klipper that has Touchmark's <c>[touchmark]</c> extra (printer/klipper/touchmark), written apart from it: encrypted files print through the printer's own <c>virtual_sdcard</c>, live
/// sessions as its jobs, and all text of both comes from the gateway's socket.
/// </summary>
internal sealed class TouchmarkExtra
{
    public const string Section = "touchmark";
    public const string OtherVersion = "The gateway's answer is not what it should be. Bring gateway and extra to the same version.";

    private const double ConnectWithin = 5;
    private const double OpenWithin = 120;

    /// <summary>Printer seconds after a job for which Klipper still remembers its motion.</summary>
    private const double Linger = 60;

    private readonly Klippy klippy;
    private readonly string folder;
    private readonly DeadMan deadMan;
    private Facts facts = Facts.Nobody;
    private string phase = "idle";
    private long? layer;
    private double guardedUntil;
    private bool offered;
    private bool pausing;

    public TouchmarkExtra(Klippy klippy, Machine machine, string folder)
    {
        this.klippy = klippy;
        this.folder = folder;
        var hello = new JsonMap { ["role"] = "klipper", ["version"] = 1, ["software"] = "virtual printer", ["gcodes"] = folder };
        Link = new GatewayLink(machine.Reactor, Scope, machine.Config.Text(Section, "socket", ""), hello, TakeEvent, Connected);
        deadMan = new DeadMan(this, machine.Reactor, machine.Config.Number(Section, "pause_after", 8), machine.Config.Number(Section, "rest_after", 120));
    }

    public GatewayLink Link { get; }

    public ReactorScope Scope => klippy.Scope;

    /// <summary>Whether nobody may dump the motion: while a protected job is loaded, and as long after it as it is remembered.</summary>
    public bool IsGuarding => Card.Protected is not null || Scope.Now < guardedUntil;

    /// <summary>Of a live session: segments that telemetry has confirmed, share.</summary>
    public double SessionProgress => facts.Segments == 0 ? 0 : Math.Min((double)facts.Verified / facts.Segments, 1);

    private SdCard Card => klippy.Card;

    public static bool LooksEncrypted(ReadOnlySpan<byte> content) => content.StartsWith("tm-gcode"u8) || content.StartsWith("gAAAA"u8);

    public JsonMap Status() => new()
    {
        ["kind"] = facts.Kind,
        ["name"] = facts.Name,
        ["job"] = facts.Job,
        ["licence"] = facts.Licence,
        ["layers"] = facts.Layers,
        ["segments"] = facts.Segments,
        ["verified"] = facts.Verified,
        ["exposure"] = facts.Exposure,
        ["gateway_phase"] = facts.GatewayPhase,
        ["phase"] = phase == "printing" && !Card.IsActive ? "paused" : phase,
        ["gateway"] = Link.State,
    };

    /// <summary>The host shuts down: the gateway closes what is open.</summary>
    public void ShutDown(string reason)
    {
        deadMan.Leave();
        if (Card.Protected is not { IsClosed: false } job)
            return;
        job.Interrupt();
        if (!job.IsStale)
            Link.Ask("close", ("handle", job.Handle), ("reason", "shutdown"), ("text", GatewayFrame.Line(reason)));
    }

    /// <summary>The host ends.</summary>
    public void Stop()
    {
        deadMan.Leave();
        Link.Dispose();
    }

    /// <summary>The protected job of a file that looks encrypted; null when the gateway says that it is plain.</summary>
    /// <exception cref="CommandError">It cannot be printed.</exception>
    public async ValueTask<ProtectedJob?> OpenAsync(string name)
    {
        var path = Path.Combine(folder, name);
        phase = "opening";
        try
        {
            if (GatewayFrame.Text(await AskAsync(path, "probe"), "kind") == "plain")
                return null;
            return EncryptedFile.Create(this, name, path, await AskAsync(path, "open")) ?? throw Refused(OtherVersion);
        }
        finally
        {
            phase = "idle";
        }
    }

    public void Begin(ProtectedJob job)
    {
        facts = new Facts(job.Kind, Path.GetFileName(job.Name), job.Job, job.Licence, job.Layers, (job as LiveSession)?.Segments ?? 0);
        (phase, layer) = ("printing", null);
        deadMan.Watch(job);
    }

    /// <summary>Refuses what cannot go on, before it is read.</summary>
    public static async ValueTask PrepareAsync(ProtectedJob job, long position)
    {
        if (job.IsStale && await job.ReopenAsync(reading: false) is { } trouble)
            throw Refused(trouble);
        if (!job.Reaches(position))
            throw Refused($"this job cannot go to position {position}.");
    }

    /// <summary>A job has ended.</summary>
    public void Closed()
    {
        deadMan.Leave();
        (facts, phase, guardedUntil) = (Facts.Nobody, "idle", Scope.Now + Linger);
    }

    /// <summary>Has a file paused; a live session, which could not go on, ends.</summary>
    public void Hold(ProtectedJob job, string text)
    {
        if (job.IsLive)
        {
            Fail(job, text);
            return;
        }

        Say("!! Touchmark: " + text);
        Scope.Schedule(Scope.Now, () => _ = PauseAsync());
    }

    /// <summary>Ends the job as an error and brings the printer to rest.</summary>
    public void Fail(ProtectedJob job, string text)
    {
        if (job.IsClosed || phase == "resting")
            return;
        phase = "resting";
        Say("!! Touchmark: " + text);
        Rest();
        Scope.Schedule(Scope.Now, () => Card.Fail(job, text));
    }

    public void StopReading() => Card.StopReading();

    public void Say(string text) => klippy.GCode.Respond(GatewayFrame.Line(text));

    /// <summary>Heaters off at once, then <c>TOUCHMARK_SAFE_REST</c> where the printer has it, else motors off but those that hold Z.</summary>
    public void Rest()
    {
        // Not by a command: a line that waits for a temperature holds the mutex.
        klippy.Heat.TurnOff();
        Scope.Schedule(Scope.Now, () => _ = RestAsync());
    }

    private static CommandError Refused(string text) => new("Touchmark: " + text);

    private async Task RestAsync()
    {
        await RunAsync("TURN_OFF_HEATERS");
        if (klippy.Status("gcode_macro TOUCHMARK_SAFE_REST") is not null)
        {
            await RunAsync("TOUCHMARK_SAFE_REST");
            return;
        }

        foreach (var stepper in Motors.Names.Where(name => name != "stepper_z"))
            await RunAsync($"SET_STEPPER_ENABLE STEPPER={stepper} ENABLE=0");
    }

    private async Task RunAsync(string line)
    {
        try
        {
            await klippy.GCode.RunScriptAsync(line);
        }
        catch (CommandError)
        {
            // Told on the console already.
        }
    }

    private async Task PauseAsync()
    {
        if (pausing || !Card.IsActive || klippy.State != KlippyState.Ready)
            return;
        pausing = true;
        await RunAsync("PAUSE");
        Card.StopReading();
        pausing = false;
    }

    private async ValueTask<JsonElement> AskAsync(string path, string op)
    {
        var reply = await Link.UntilConnected().Within(ConnectWithin) is null ? Reply.Lost : await Link.Ask(op, ("path", path)).Within(OpenWithin);
        if (reply is { IsLost: true })
            throw Refused("This file is encrypted and the gateway is not reachable. Start it (systemctl start touchmark-gateway), then print again. (GATEWAY_ABSENT)");
        if (reply is null)
            throw Refused("The gateway did not answer. See its log (journalctl -u touchmark-gateway), then print again. (GATEWAY_SILENT)");
        return reply.IsOk ? reply.Message : throw Refused(GatewayFrame.Refusal(reply.Message));
    }

    /// <summary>A file is opened again as soon as the gateway is back, which says that it is alive only while one is open.</summary>
    private void Connected()
    {
        if (Card.Protected is { IsLive: false, IsClosed: false } job)
            _ = ReopenAsync(job);
    }

    private async Task ReopenAsync(ProtectedJob job)
    {
        if (await job.ReopenAsync(reading: false) is { } trouble)
            Say("!! Touchmark: " + trouble);
        else if (!Card.IsActive)
            Say("// Touchmark: the gateway is back; RESUME goes on.");
    }

    private void TakeEvent(JsonElement message)
    {
        switch (GatewayFrame.Text(message, "event"))
        {
            case "session" when !offered:
                offered = true;
                _ = OfferedAsync(message);
                break;
            case "status" when Card.Protected is not null:
                TakeStatus(message);
                break;
            case "stop" when Card.Protected is { IsStale: false } job && GatewayFrame.Whole(message, "handle") == job.Handle:
                Fail(job, GatewayFrame.Text(message, "text") ?? "The gateway stopped this job.");
                break;
            default:
                // `alive`, and what later gateways say.
                break;
        }
    }

    private void TakeStatus(JsonElement message)
    {
        facts = facts with
        {
            Job = GatewayFrame.Text(message, "job") ?? facts.Job,
            Licence = GatewayFrame.Text(message, "licence") ?? facts.Licence,
            Segments = GatewayFrame.Whole(message, "segments") ?? facts.Segments,
            Verified = GatewayFrame.Whole(message, "verified") ?? facts.Verified,
            Exposure = GatewayFrame.Number(message, "exposure_s") ?? facts.Exposure,
            GatewayPhase = GatewayFrame.Text(message, "phase") ?? facts.GatewayPhase,
        };
        if (facts.Layers > 0 && GatewayFrame.Whole(message, "layer") is { } now && now != layer)
        {
            layer = now;
            klippy.Stats.SetLayers(facts.Layers, now);
        }
    }

    private async Task OfferedAsync(JsonElement offer)
    {
        if (LiveSession.Create(this, offer) is not { } session)
            Say("!! Touchmark: " + OtherVersion);
        else if (klippy.State != KlippyState.Ready || !await Card.StartSessionAsync(session))
            Link.Ask("close", ("handle", session.Handle), ("reason", "error"), ("text", "The printer prints something else."));
        offered = false;
    }

    private sealed record Facts(string? Kind, string? Name, string? Job, string? Licence, long Layers, long Segments, long Verified = 0, double Exposure = 0, string? GatewayPhase = null)
    {
        public static Facts Nobody { get; } = new(null, null, null, null, 0, 0);
    }
}
