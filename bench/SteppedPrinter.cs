using System.Text;
using System.Text.Json;
using Touchmark.Streaming;
using Touchmark.VirtualPrinter;

namespace Touchmark.Bench;

/// <summary>What came from the printer: an answer to a script, or a sample.</summary>
internal readonly record struct PrinterNews(ulong Answered, string? Error, PrinterSample? Sample);

/// <summary>The whole virtual printer with its Moonraker in this process, on a clock that the bench moves; scripts go in and news come out as they do over the websocket.</summary>
internal sealed class SteppedPrinter : IDisposable
{
    private const double StartTime = 1000;
    private const long Subscription = -1;

    private static readonly JsonMap Wanted = new()
    {
        ["webhooks"] = Fields("state"),
        ["toolhead"] = Fields("homed_axes", "estimated_print_time"),
        ["motion_report"] = Fields("live_position", "live_velocity"),
        ["gcode_move"] = Fields("speed_factor", "extrude_factor"),
        ["extruder"] = Fields("temperature", "target"),
        ["heater_bed"] = Fields("temperature", "target"),
        ["fan"] = Fields("speed"),
    };

    private readonly Reactor reactor;
    private readonly MoonrakerServer server;
    private readonly Client client;
    private readonly Queue<PrinterNews> news = new();
    private PrinterSample sample = new() { EventTime = 0, X = 0, Y = 0, Z = 0, E = 0 };

    public SteppedPrinter(PrinterOptions options, TimeProvider time)
    {
        reactor = new Reactor(time, options.Speed, StartTime);
        server = new MoonrakerServer(options, reactor);
        Client? connected = null;
        reactor.Run(() =>
        {
            server.Start();
            connected = server.Connect(Take, static () => { });
        });
        client = connected!;
        Call(Subscription, "printer.objects.subscribe", new JsonMap { ["objects"] = Wanted });
    }

    /// <summary>Since when it lies, s of its clock; null while it does not.</summary>
    public double? LyingSince => server.Machine.Behaviour.LyingSince;

    /// <summary>Lets everything happen that is due.</summary>
    public void Step() => reactor.Run(static () => { });

    public void Send(ulong segment, ReadOnlySpan<byte> script) => Call((long)segment, "printer.gcode.script", new JsonMap { ["script"] = Encoding.ASCII.GetString(script) });

    public bool TryTake(out PrinterNews next) => news.TryDequeue(out next);

    public void Dispose()
    {
        reactor.Dispose();
        server.Dispose();
    }

    private static string[] Fields(params string[] names) => names;

    private void Call(long id, string method, JsonMap parameters)
    {
        var message = Json.Encode(new JsonMap { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = parameters, ["id"] = id });
        reactor.Run(() => _ = server.ReceiveAsync(client, message));
    }

    private void Take(byte[] message)
    {
        using var document = JsonDocument.Parse(message);
        var root = document.RootElement;
        if (root.TryGetProperty("id", out var id))
        {
            if (id.GetInt64() != Subscription)
            {
                news.Enqueue(new PrinterNews((ulong)id.GetInt64(), root.TryGetProperty("error", out var error) ? error.GetProperty("message").GetString() : null, null));
            }
            else if (root.TryGetProperty("result", out var result))
            {
                Merge(result.GetProperty("status"), result.GetProperty("eventtime").GetDouble());
            }
        }
        else if (root.GetProperty("method").ValueEquals("notify_status_update"))
        {
            var parameters = root.GetProperty("params");
            Merge(parameters[0], parameters[1].GetDouble());
        }
    }

    private void Merge(JsonElement status, double eventTime)
    {
        sample = sample with { EventTime = eventTime };
        foreach (var member in status.EnumerateObject())
        {
            foreach (var field in member.Value.EnumerateObject())
            {
                sample = (member.Name, field.Name) switch
                {
                    ("motion_report", "live_position") => sample with { X = field.Value[0].GetDouble(), Y = field.Value[1].GetDouble(), Z = field.Value[2].GetDouble(), E = field.Value[3].GetDouble() },
                    ("motion_report", "live_velocity") => sample with { Velocity = field.Value.GetDouble() },
                    ("gcode_move", "speed_factor") => sample with { SpeedFactor = field.Value.GetDouble() },
                    ("gcode_move", "extrude_factor") => sample with { ExtrudeFactor = field.Value.GetDouble() },
                    ("extruder", "temperature") => sample with { NozzleC = field.Value.GetDouble() },
                    ("extruder", "target") => sample with { NozzleTargetC = field.Value.GetDouble() },
                    ("heater_bed", "temperature") => sample with { BedC = field.Value.GetDouble() },
                    ("heater_bed", "target") => sample with { BedTargetC = field.Value.GetDouble() },
                    ("fan", "speed") => sample with { FanSpeed = field.Value.GetDouble() },
                    ("toolhead", "homed_axes") => sample with { Homed = field.Value.GetString() == "xyz" ? HomedAxes.All : HomedAxes.None },
                    ("webhooks", "state") => sample with { State = field.Value.ValueEquals("ready") ? PrinterState.Ready : PrinterState.Shutdown },
                    _ => sample,
                };
            }
        }

        news.Enqueue(new PrinterNews(0, null, sample));
    }
}
