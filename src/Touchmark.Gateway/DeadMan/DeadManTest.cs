using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.DeadMan;

/// <summary>
/// Proves on the idle printer that the timer fires and that it turns heat off: a heater's target is set low, the timer is armed shortly, and the printer must
/// bring itself to rest without another word. The head moves only on a printer that has homed.
/// </summary>
internal static class DeadManTest
{
    /// <summary>High enough to be a target, low enough to do nothing in the seconds that it stands, °C.</summary>
    private const double Target = 40;

    private const double ArmSeconds = 1;

    /// <summary>For parking across a large bed, of the printer's clock and of this computer's.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a printer may go on moving before it counts as busy.</summary>
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan LineLimit = TimeSpan.FromSeconds(15);

    /// <exception cref="GatewayError">The timer is not there or outdated, the printer is busy, or the timer did not do what it must.</exception>
    public static async Task RunAsync(MoonrakerClient printer, TimeProvider time, TextWriter output, CancellationToken cancellationToken)
    {
        await RefuseBusyAsync(printer, time, cancellationToken);
        var objects = await printer.GetObjectsAsync(cancellationToken);
        if (DeadManFile.Judge(await DeadManFile.InstalledVersionAsync(printer, objects, cancellationToken)) is { } missing)
        {
            throw GatewayError.From(missing);
        }

        var heater = objects.Contains("extruder") ? "extruder" : objects.Contains("heater_bed") ? "heater_bed" : null;
        var heat = heater is null ? "" : string.Create(CultureInfo.InvariantCulture, $"\nSET_HEATER_TEMPERATURE HEATER={heater} TARGET={Target}");
        output.WriteLine($"dead-man timer: testing it{(heater is null ? "" : $" ({heater} to {Target} °C)")}, then leaving the printer to itself for {ArmSeconds + DeadManFile.RestSeconds} s");
        var fan = await NumberAsync(printer, objects, "fan", "speed", cancellationToken);
        await printer.RunScriptAsync($"{DeadManFile.Forget}{heat}\n{DeadManFile.Arm(ArmSeconds)}", LineLimit, cancellationToken);
        var began = time.GetTimestamp();
        while (!await DeadManFile.HasFiredAsync(printer, cancellationToken))
        {
            if (time.GetElapsedTime(began) > Limit)
            {
                throw Failed($"it did not fire within {Limit.TotalSeconds} s");
            }

            await Task.Delay(PollPeriod, time, cancellationToken);
        }

        if (heater is not null && await NumberAsync(printer, objects, heater, "target", cancellationToken) is not 0)
        {
            throw Failed($"it fired, but {heater} still has a target");
        }

        // Behind what it does: an answer means that it is through.
        await printer.RunScriptAsync($"M400\n{DeadManFile.Forget}{(fan is 0 ? "\nM106 S0" : "")}", Limit, cancellationToken);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"dead-man timer: it fired after {time.GetElapsedTime(began).TotalSeconds:F1} s and turned the heat off"));
    }

    /// <exception cref="GatewayError">Code BUSY: a restart or a test would end what the printer does.</exception>
    public static async Task RefuseBusyAsync(MoonrakerClient printer, TimeProvider time, CancellationToken cancellationToken)
    {
        if ((await printer.GetKlipperInfoAsync(cancellationToken)) is { State: not KlippyState.Ready } klipper)
        {
            throw new GatewayError("NOT_READY", $"Klipper is not ready: {klipper.Message.Split('\n')[0]}", "Correct the cause and restart the firmware.");
        }

        var objects = await printer.GetObjectsAsync(cancellationToken);
        var print = await TextAsync("print_stats");
        var idle = await TextAsync("idle_timeout");
        var began = time.GetTimestamp();
        while (idle == "Printing" && print is not ("printing" or "paused") && time.GetElapsedTime(began) < SettleLimit)
        {
            await Task.Delay(PollPeriod, time, cancellationToken);
            idle = await TextAsync("idle_timeout");
        }

        if (print is "printing" or "paused" || idle == "Printing")
        {
            throw new GatewayError("BUSY", $"The printer is occupied (print_stats: {print}, idle_timeout: {idle}).", "Wait until it is done, or cancel that print.");
        }

        async Task<string> TextAsync(string name) =>
            objects.Contains(name) && Field(await printer.QueryAsync(name, "state", cancellationToken), name, "state") is { ValueKind: JsonValueKind.String } text ? text.GetString() ?? "" : "";
    }

    private static async Task<double?> NumberAsync(MoonrakerClient printer, ImmutableSortedSet<string> objects, string name, string field, CancellationToken cancellationToken) =>
        objects.Contains(name) && Field(await printer.QueryAsync(name, field, cancellationToken), name, field) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    private static JsonElement Field(JsonElement status, string name, string field) =>
        status.ValueKind == JsonValueKind.Object && status.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Object && found.TryGetProperty(field, out var value) ? value : default;

    private static GatewayError Failed(string how) => new(
        "DEAD_MAN_TEST", $"The dead-man timer did not pass its test: {how}.", $"Switch the heaters off by hand, look for errors in the printer's console, and run touchmark-gateway deadman install again.");
}
