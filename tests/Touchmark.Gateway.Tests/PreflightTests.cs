using Touchmark.Gateway.Machine;
using Touchmark.Moonraker;
using Touchmark.Moonraker.Tests;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>Each refusal by the figures of the recorded printer: 220 x 220 x 250 mm, nozzle to 300 °C, bed to 130 °C.</summary>
public sealed class PreflightTests
{
    private static readonly JobFacts Job = new()
    {
        JobId = Guid.CreateVersion7(), LicenceId = Guid.CreateVersion7(), Title = "Bracket", Segments = 1, MotionSeconds = 1, NozzleC = 210, BedC = 60, Min = (10, 10, 0), Max = (100, 100, 50),
    };

    [Fact]
    public async Task The_profile_holds_what_the_recorded_printer_reports()
    {
        var profile = (await ReadAsync()).Profile;
        Assert.Equal(("cartesian", "linux", "v0.13.0-730-g84104bbbd-dirty"), (profile.Kinematics, profile.Board, profile.Firmware));
        Assert.Equal("/home/pi/printer_data/comms/mcu", profile.McuId);
        var limits = profile.Limits;
        Assert.Equal((0, 220, 0, 220, 0, 250), (limits.MinX, limits.MaxX, limits.MinY, limits.MaxY, limits.MinZ, limits.MaxZ));
        Assert.Equal((300, 130, 0), (limits.MaxNozzleC, limits.MaxBedC, limits.MaxChamberC));
        Assert.Equal((300, 5000, 25, 200), (limits.MaxVelocity, limits.MaxAcceleration, limits.MaxZVelocity!.Value, limits.MaxZAcceleration!.Value));
        Assert.Equal((5, 0.5, 150, 1), (limits.SquareCornerVelocity, limits.MinimumCruiseRatio, limits.MaxExtrudeOnlyDistance, limits.Extruders));
        Assert.Equal(["END_PRINT", "START_PRINT"], limits.AllowedMacros.Order(StringComparer.Ordinal));
        Assert.Equal(profile.Encode(), MachineProfile.TryDecode(profile.Encode(), out _)!.Encode());
    }

    [Fact]
    public async Task A_job_that_fits_is_accepted()
    {
        var machine = await ReadAsync();
        Assert.Null(Preflight.Check(machine, Job, machine.Profile));
    }

    [Theory]
    [InlineData("NOZZLE_RANGE", "demanded", "310 °C")]
    [InlineData("BED_RANGE", "cap", "130 °C")]
    [InlineData("BUILD_VOLUME", "printer", "X 0 to 220, Y 0 to 220, Z 0 to 250 mm")]
    [InlineData("MISSING_HEATER", "heater", "chamber")]
    [InlineData("NOT_HOMED_CAPABLE", "kinematics", "cartesian")]
    [InlineData("FIRMWARE_TOO_OLD", "oldest", "v0.12")]
    [InlineData("NOT_KLIPPER", "version", "?")]
    [InlineData("IDENTITY_CHANGED", "mcu_id", "enrolled '/home/pi/printer_data/comms/mcu', found 'another'")]
    [InlineData("BUSY", "print_stats", "paused")]
    [InlineData("IDLE_TIMEOUT", "timeout", "29.5 s")]
    public async Task Every_refusal_has_its_code_its_figures_and_a_fix(string code, string figure, string value)
    {
        var machine = await ReadAsync();
        var (found, job) = code switch
        {
            "NOZZLE_RANGE" => (machine, Job with { NozzleC = 310 }),
            "BED_RANGE" => (machine, Job with { BedC = 140 }),
            "BUILD_VOLUME" => (machine, Job with { Max = (100, 220.01, 50) }),
            "MISSING_HEATER" => (machine, Job with { ChamberC = 40 }),
            "NOT_HOMED_CAPABLE" => (machine with { CanHome = false }, Job),
            "FIRMWARE_TOO_OLD" => (machine with { Klipper = machine.Klipper with { Version = "v0.11.0-41-g0c5d1d54" } }, Job),
            "NOT_KLIPPER" => (machine with { Klipper = machine.Klipper with { Version = "?" } }, Job),
            "IDENTITY_CHANGED" => (machine with { Profile = machine.Profile with { McuId = "another" } }, Job),
            "IDLE_TIMEOUT" => (machine with { IdleTimeout = 29.5 }, Job),
            _ => (machine with { PrintState = "paused" }, Job),
        };
        var refusal = Preflight.Check(found, job, machine.Profile);
        Assert.Equal(code, refusal!.Code);
        Assert.Equal(value, refusal.Figures[figure]);
        Assert.NotEmpty(refusal.Text);
        Assert.NotEmpty(refusal.Fix);
    }

    [Fact]
    public async Task A_script_store_is_refused_with_its_size()
    {
        var machine = await ReadAsync();
        Assert.Equal("1000", Preflight.ScriptStore(machine)!.Figures["gcode_store_size"]);
        Assert.Null(Preflight.ScriptStore(machine with { ScriptStoreSize = 0 }));
        Assert.Equal("GCODE_STORE", Preflight.ScriptStore(machine with { ScriptStoreSize = null })!.Code);
    }

    [Theory]
    [InlineData("v0.13.0-730-g84104bbbd-dirty", "0.13")]
    [InlineData("v0.12.0", "0.12")]
    [InlineData("84104bbbd-dirty", null)]
    [InlineData("", null)]
    [InlineData("v99999999999.1", null)]
    public void Klippers_version_text_is_read(string text, string? expected) => Assert.Equal(expected, KlipperVersion.Parse(text)?.ToString());

    private static async Task<MachineReading> ReadAsync()
    {
        await using var server = await StandInMoonraker.StartAsync();
        Recording.Load("a_handshake").AnswerFrom(server);
        await using var client = await server.ConnectAsync();
        var (klipper, reading) = await MachineReading.ReadAsync(client, "recorded", TestContext.Current.CancellationToken);
        Assert.Equal(KlippyState.Ready, klipper.State);
        return reading!;
    }
}
