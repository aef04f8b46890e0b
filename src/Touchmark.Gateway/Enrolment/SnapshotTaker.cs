using System.Globalization;
using System.Text.Json;
using Touchmark.Gateway.Machine;
using Touchmark.Gateway.Running;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Enrolment;

/// <summary>
/// Measures how a printer behaves, several times over, so that its own scatter is known: homing from different places, the bed's mesh where there is a probe, and
/// the nozzle's way from 60 to 120 °C. Heats last, so that a cold nozzle touches the bed. No line blocks while a heater is on, so that it can be switched off at once.
/// </summary>
internal sealed class SnapshotTaker(MoonrakerClient printer, MachineReading machine, int repeats, TextWriter output, TimeProvider time)
{
    public const int UsualRepeats = 3;

    public const int MostRepeats = 20;

    /// <summary>Enough to pass 120 °C under full power, and no more than that needs, °C.</summary>
    private const double Target = HeatingMeter.LeastTargetC;

    /// <summary>A nozzle is left to cool to this before it is heated again, °C.</summary>
    private const double Cool = HeatingMeter.ColdC - 4;

    /// <summary>A machine whose homings are further apart than this cannot be told by them, s.</summary>
    private const double UnsteadyHoming = 2;

    /// <summary>The same for heating, share of its mean.</summary>
    private const double UnsteadyHeating = 0.15;

    /// <summary>Longest time for one step: a large bed is probed, or a nozzle cools in a warm room.</summary>
    private static readonly TimeSpan StepLimit = TimeSpan.FromMinutes(30);

    /// <summary>Longest time for one line that makes the printer safe again.</summary>
    private static readonly TimeSpan RestLimit = TimeSpan.FromSeconds(15);

    private bool HasMesh => machine.HasMesh && machine.CanHome;

    private bool HasHoming => machine is { CanHome: true, HomesByMacro: false };

    private bool HasHeating => machine.Profile.Limits.MaxNozzleC > Target;

    /// <summary>Measures what this printer has. Whatever happens, the heaters are off afterwards.</summary>
    /// <exception cref="GatewayError">The printer stopped or refused a line.</exception>
    public async Task<BehaviouralSnapshot> TakeAsync(CancellationToken cancellationToken)
    {
        Announce();
        try
        {
            await printer.SubscribeAsync(cancellationToken);
            await RunAsync("TURN_OFF_HEATERS", cancellationToken);
            await RunAsync("M107", cancellationToken);
            return new BehaviouralSnapshot
            {
                Homing = HasHoming ? await HomeAsync(cancellationToken) : Without<HomingBehaviour>("homing", machine.CanHome ? "a macro homes this printer, and may take as long as it likes" : "it cannot home"),
                MeshDeviation = HasMesh ? await ProbeAsync(cancellationToken) : null,
                ThermalRise = HasHeating ? await HeatAsync(cancellationToken) : null,
            };
        }
        catch (MoonrakerException failure)
        {
            throw new GatewayError("SNAPSHOT_FAILED", $"The printer could not be measured: {failure.Message}", "Correct the cause and enrol again, or leave the measurement out with --no-snapshot.");
        }
        finally
        {
            await RestAsync();
        }
    }

    private void Announce()
    {
        var minutes = (HasHoming ? repeats : 0) + (HasMesh ? 3 * repeats : 0) + (HasHeating ? 4 * repeats : 0);
        output.WriteLine($"measuring how this printer behaves, {repeats} times over: about {minutes} minutes on a usual machine. It moves, and heats its nozzle to {Target:0} °C.");
        output.WriteLine("Keep the bed clear. Ctrl-C stops it and switches the heaters off; --no-snapshot leaves it out.");
    }

    private async Task<HomingBehaviour?> HomeAsync(CancellationToken cancellationToken)
    {
        // Once to know where the head is; it then homes from places that are known and differ.
        await RunAsync("G28", cancellationToken);
        var homings = new List<HomingMeter>();
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            await PlaceAsync(repeat, cancellationToken);
            var meter = new HomingMeter();
            await NextSampleAsync(meter.Observe, cancellationToken);
            var resting = 0;
            var homing = printer.RunScriptAsync("G28", StepLimit, cancellationToken);
            await FollowAsync(sample =>
            {
                meter.Observe(sample);
                resting = homing.IsCompleted && sample.Velocity <= 0 ? resting + 1 : 0;
                return resting > 2;
            }, cancellationToken);
            await homing;
            Say(repeat, "homing", meter.Run is { } run ? $"{run.Seconds:0.0} s for {run.X:0} + {run.Y:0} + {run.Z:0} mm" : meter.Missing);
            homings.Add(meter);
        }

        return HomingBehaviour.Of(homings) switch
        {
            null => Without<HomingBehaviour>("homing", "no homing was seen from its beginning to its end"),
            { Rest.Scatter: > UnsteadyHoming } unsteady => Without<HomingBehaviour>("homing", Invariant($"its homings are {unsteady.Rest.Scatter:0.0} s apart")),
            var behaviour => behaviour,
        };
    }

    /// <summary>Moves the head to the place of this repeat, and lets go of the motors: a print usually begins with axes that are not homed.</summary>
    private async Task PlaceAsync(int repeat, CancellationToken cancellationToken)
    {
        var limits = machine.Profile.Limits;
        // Inside the circle of a delta, and far enough from every endstop that each axis is seen to run at its homing speed.
        var share = 0.35 + (0.3 * repeat / Math.Max(1, repeats - 1));
        var height = Math.Min(limits.MaxZ - limits.MinZ, 20 + (40.0 * repeat / Math.Max(1, repeats - 1)));
        string[] lines =
        [
            "G90",
            Invariant($"G1 Z{limits.MinZ + height:0.###} F600"),
            Invariant($"G1 X{Between(limits.MinX, limits.MaxX):0.###} Y{Between(limits.MinY, limits.MaxY):0.###} F3000"),
            "M400",
            "M84",
        ];
        foreach (var line in machine.Profile.Kinematics.Contains("delta", StringComparison.Ordinal) ? lines.Where(l => !l.StartsWith("G1 Z", StringComparison.Ordinal)) : lines)
        {
            await RunAsync(line, cancellationToken);
        }

        double Between(double least, double most) => least + (share * (most - least));
    }

    private async Task<Measured?> HeatAsync(CancellationToken cancellationToken)
    {
        var rises = new List<double>();
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            await RunAsync("M106 S255", cancellationToken);
            await FollowAsync(sample => sample.NozzleC <= Cool, cancellationToken);
            await RunAsync("M107", cancellationToken);
            await FollowAsync(sample => sample.FanSpeed <= 0, cancellationToken);
            var meter = new HeatingMeter();
            await NextSampleAsync(meter.Observe, cancellationToken);
            await RunAsync(Invariant($"M104 S{Target:0}"), cancellationToken);
            await FollowAsync(sample =>
            {
                meter.Observe(sample);
                return sample.NozzleC > HeatingMeter.ToC;
            }, cancellationToken);
            await RunAsync("M104 S0", cancellationToken);
            Say(repeat, "heating from 60 to 120 °C", meter.Seconds is { } seconds ? $"{seconds:0.0} s" : meter.Missing);
            if (meter.Seconds is { } rise)
            {
                rises.Add(rise);
            }
        }

        return Measured.Of(rises) switch
        {
            null => Leave("heating", "no rise was seen from its beginning to its end"),
            { } rise when rise.Scatter > UnsteadyHeating * rise.Mean => Leave("heating", Invariant($"its rises are {rise.Scatter:0.0} s apart")),
            var rise => rise,
        };
    }

    private async Task<Measured?> ProbeAsync(CancellationToken cancellationToken)
    {
        var before = await MeshAsync(cancellationToken);
        var deviations = new List<double>();
        await RunAsync("G28", cancellationToken);
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            await RunAsync("BED_MESH_CALIBRATE", cancellationToken);
            if (MeshShape.Deviation((await MeshAsync(cancellationToken)).Heights) is { } deviation)
            {
                Say(repeat, "bed mesh", Invariant($"{deviation:0.000} mm from its plane"));
                deviations.Add(deviation);
            }
        }

        // The owner's mesh comes back; one that was never saved under a name cannot.
        await RunAsync(before.Profile.Length > 0 ? $"BED_MESH_PROFILE LOAD=\"{before.Profile}\"" : "BED_MESH_CLEAR", cancellationToken);
        return Measured.Of(deviations) ?? Leave("the bed mesh", "the printer did not show one");
    }

    private async Task<(string Profile, JsonElement Heights)> MeshAsync(CancellationToken cancellationToken)
    {
        var status = await printer.QueryAsync("bed_mesh", null, cancellationToken);
        var mesh = status.ValueKind == JsonValueKind.Object && status.TryGetProperty("bed_mesh", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var name = mesh.ValueKind == JsonValueKind.Object && mesh.TryGetProperty("profile_name", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() ?? "" : "";
        var heights = mesh.ValueKind == JsonValueKind.Object && mesh.TryGetProperty("probed_matrix", out var matrix) ? matrix : default;
        return (name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or ' ') ? name : "", heights);
    }

    private Task RunAsync(string line, CancellationToken cancellationToken) => printer.RunScriptAsync(line, StepLimit, cancellationToken);

    private Task NextSampleAsync(SampleTaker take, CancellationToken cancellationToken)
    {
        while (printer.Updates.TryRead(out _))
        {
            // Older than what is to be measured.
        }

        return FollowAsync(sample =>
        {
            take(sample);
            return true;
        }, cancellationToken);
    }

    /// <summary>Takes each report of the printer until <paramref name="isDone"/>.</summary>
    private async Task FollowAsync(Func<PrinterSample, bool> isDone, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(StepLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            while (true)
            {
                var status = await printer.Updates.ReadAsync(either.Token);
                if (status.Klippy != KlippyState.Ready)
                {
                    throw new GatewayError("SNAPSHOT_FAILED", $"The printer stopped while it was measured: Klipper's state is {status.Klippy.ToString().ToLowerInvariant()}.", "Look at Klipper's message, correct the cause and enrol again.");
                }

                if (isDone(status.ToSample()))
                {
                    return;
                }
            }
        }
        catch (System.Threading.Channels.ChannelClosedException)
        {
            throw new GatewayError("SNAPSHOT_FAILED", "The connection to the printer was lost while it was measured.", "Check the network and enrol again.");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new GatewayError("SNAPSHOT_FAILED", $"The printer did not get there within {StepLimit.TotalMinutes:0} minutes.", "Look at the printer; leave the measurement out with --no-snapshot.");
        }
    }

    /// <summary>Heaters and fan off, motors free; each line for itself and on its own time, since this also runs after a Ctrl-C and after a failure.</summary>
    private async Task RestAsync()
    {
        foreach (var line in new[] { "TURN_OFF_HEATERS", "M107", "M84" })
        {
            try
            {
                await printer.RunScriptAsync(line, RestLimit, CancellationToken.None);
            }
            catch (MoonrakerException failure)
            {
                output.WriteLine($"{line}: {failure.Message}");
            }
        }
    }

    private void Say(int repeat, string what, string result) => output.WriteLine($"  {what}, {repeat + 1} of {repeats}: {result}");

    private T? Without<T>(string what, string why)
        where T : class
    {
        output.WriteLine($"  {what} is left out of the snapshot: {why}");
        return null;
    }

    private Measured? Leave(string what, string why)
    {
        output.WriteLine($"  {what} is left out of the snapshot: {why}");
        return null;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private delegate void SampleTaker(in PrinterSample sample);
}
