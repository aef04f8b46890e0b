using System.Text.Json;
using Touchmark.Streaming;
using Touchmark.VirtualPrinter;

namespace Touchmark.Bench.Identity;

/// <summary>A virtual printer on a clock of the bench, as enrolment and a print's beginning see it: scripts in, samples out.</summary>
internal sealed class MeasuredPrinter : IDisposable
{
    private const double Tick = 0.02;

    /// <summary>Nothing here takes longer, s of the printer's clock.</summary>
    private const double Patience = 300;

    private const int Subscription = 0;

    private readonly Clock clock = new();
    private readonly Reactor reactor;
    private readonly MoonrakerServer server;
    private readonly Client client;
    private readonly Queue<PrinterSample> samples = new();
    private PrinterSample sample = new() { EventTime = 0, X = 0, Y = 0, Z = 0, E = 0 };
    private int calls;
    private int answered;

    public MeasuredPrinter(PrinterOptions options)
    {
        reactor = new Reactor(clock, options.Speed, startTime: 1000);
        server = new MoonrakerServer(options, reactor);
        Client? connected = null;
        reactor.Run(() =>
        {
            server.Start();
            connected = server.Connect(Take, static () => { });
        });
        client = connected!;
        Call(Subscription, "printer.objects.subscribe", new JsonMap { ["objects"] = new JsonMap { ["toolhead"] = null, ["motion_report"] = null, ["extruder"] = null, ["fan"] = null } });
    }

    /// <summary>Runs a script, handing on each sample until it is answered and <paramref name="isDone"/> says that it is done.</summary>
    public void Run(string script, Action<PrinterSample>? take = null, Func<PrinterSample, bool>? isDone = null)
    {
        var number = ++calls;
        Call(number, "printer.gcode.script", new JsonMap { ["script"] = script });
        var done = false;
        for (var waited = 0.0; !done && waited < Patience; waited += Tick)
        {
            clock.Advance(Tick);
            reactor.Run(static () => { });
            while (samples.TryDequeue(out var next))
            {
                take?.Invoke(next);
                done = answered == number && isDone?.Invoke(next) != false;
            }
        }
    }

    public void Rest(double seconds)
    {
        var until = clock.Elapsed + seconds;
        Run("M105", isDone: _ => clock.Elapsed >= until);
    }

    /// <summary>Moves a homed head somewhere and lets go of the motors.</summary>
    public void Place(double x, double y, double z) => Run(FormattableString.Invariant($"G90\nG1 Z{z:F2} F900\nG1 X{x:F2} Y{y:F2} F6000\nM400\nM84"));

    public HomingMeter Home()
    {
        var meter = new HomingMeter();
        Run("M105", sample => meter.Observe(sample));
        var resting = 0;
        Run("G28", sample => meter.Observe(sample), sample => (resting = sample.Velocity <= 0 ? resting + 1 : 0) > 2);
        return meter;
    }

    /// <summary>Heats to 150 °C as a print does, then cools again.</summary>
    public HeatingMeter Heat(string before = "M107")
    {
        var meter = new HeatingMeter();
        Run(before, sample => meter.Observe(sample));
        var until = clock.Elapsed + (Patience / 2);
        Run("M104 S150", sample => meter.Observe(sample), sample => sample.NozzleC > HeatingMeter.ToC || clock.Elapsed > until);
        Run("M104 S0\nM106 S255", isDone: sample => sample.NozzleC < HeatingMeter.ColdC - 4);
        Run("M107", isDone: sample => sample.FanSpeed <= 0);
        return meter;
    }

    public void Dispose()
    {
        reactor.Dispose();
        server.Dispose();
    }

    private void Call(int id, string method, JsonMap parameters)
    {
        var message = Json.Encode(new JsonMap { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = parameters, ["id"] = id });
        reactor.Run(() => _ = server.ReceiveAsync(client, message));
    }

    private void Take(byte[] message)
    {
        using var document = JsonDocument.Parse(message);
        var root = document.RootElement;
        if (root.TryGetProperty("method", out var method))
        {
            if (method.ValueEquals("notify_status_update"))
            {
                Merge(root.GetProperty("params")[0], root.GetProperty("params")[1].GetDouble());
            }
        }
        else if (root.GetProperty("id").GetInt32() is var id && id != Subscription)
        {
            answered = id;
        }
        else
        {
            Merge(root.GetProperty("result").GetProperty("status"), root.GetProperty("result").GetProperty("eventtime").GetDouble());
        }
    }

    private void Merge(JsonElement status, double eventTime)
    {
        sample = sample with { EventTime = eventTime };
        foreach (var (field, value) in status.EnumerateObject().SelectMany(member => member.Value.EnumerateObject().Select(field => ($"{member.Name}.{field.Name}", field.Value))))
        {
            sample = field switch
            {
                "motion_report.live_position" => sample with { X = value[0].GetDouble(), Y = value[1].GetDouble(), Z = value[2].GetDouble() },
                "motion_report.live_velocity" => sample with { Velocity = value.GetDouble() },
                "extruder.temperature" => sample with { NozzleC = value.GetDouble() },
                "extruder.target" => sample with { NozzleTargetC = value.GetDouble() },
                "fan.speed" => sample with { FanSpeed = value.GetDouble() },
                _ => sample,
            };
        }

        samples.Enqueue(sample);
    }

    /// <summary>Time that passes when it is told to; whoever moves it looks at the printer afterwards.</summary>
    private sealed class Clock : TimeProvider
    {
        private long ticks;

        public double Elapsed => (double)ticks / TimeSpan.TicksPerSecond;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new NoTimer();

        public void Advance(double seconds) => ticks += (long)(seconds * TimeSpan.TicksPerSecond);
    }

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
