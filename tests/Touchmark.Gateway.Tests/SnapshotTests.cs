using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Gateway.Enrolment;
using Touchmark.Gateway.Machine;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Tests;

/// <summary>What enrolment measures, how it leaves the printer, and what it keeps.</summary>
public sealed class SnapshotTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tmgw-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_printer_is_measured_and_left_with_heaters_and_fan_off()
    {
        await using var printer = await VirtualPrinter.StartAsync("--seed", "4");
        var (snapshot, output) = await MeasureAsync(printer, repeats: 2);

        // Seed 4 homes at its configured 50 and 15 mm/s.
        Assert.InRange(snapshot.Homing!.SpeedX!.Value, 49.5, 50.5);
        Assert.InRange(snapshot.Homing.SpeedZ!.Value, 14.8, 15.2);
        Assert.InRange(snapshot.Homing.Rest.Mean, 3.0, 5.0);
        Assert.InRange(snapshot.ThermalRise!.Value.Mean, 1.9, 3.2);
        Assert.Null(snapshot.MeshDeviation);
        Assert.Contains("homing, 2 of 2", output, StringComparison.Ordinal);
        Assert.Contains("minutes", output, StringComparison.Ordinal);
        var state = await printer.StateAsync();
        Assert.Equal((0, 0), ((double)state["nozzle"]!["target"]!, (double)state["fan_speed"]!));
    }

    [Fact]
    public async Task A_bed_that_can_be_probed_is_told_by_its_shape()
    {
        var config = Path.Combine(_root, "probe.cfg");
        await File.WriteAllTextAsync(config, "[probe]\nz_offset: 1\n[bed_mesh]\nprobe_count: 4, 4\nmesh_min: 30, 30\nmesh_max: 180, 180\n");
        await using var printer = await VirtualPrinter.StartAsync("--config", config);
        await using var other = await VirtualPrinter.StartAsync("--config", config, "--seed", "9");

        var mesh = (await MeasureAsync(printer, repeats: 2)).Snapshot.MeshDeviation!.Value;
        var another = (await MeasureAsync(other, repeats: 1)).Snapshot.MeshDeviation!.Value;

        Assert.InRange(mesh.Scatter, 0, 0.003);
        Assert.False(SnapshotComparison.Mesh(mesh, (await MeasureAsync(printer, repeats: 1)).Snapshot.MeshDeviation!.Value.Mean).Differs);
        Assert.True(SnapshotComparison.Mesh(mesh, another.Mean).Differs, $"{mesh} and {another}");
    }

    [Fact]
    public async Task A_machine_that_is_measured_again_is_itself_and_another_one_is_not()
    {
        await using var first = await VirtualPrinter.StartAsync();
        await using var second = await VirtualPrinter.StartAsync("--heater-power", "0.5", "--homing-speed", "0.7");
        var (enrolled, _) = await MeasureAsync(first, repeats: 3);
        var (same, _) = await MeasureAsync(first, repeats: 2);
        var (other, _) = await MeasureAsync(second, repeats: 2);

        Assert.DoesNotContain(SnapshotComparison.Compare(enrolled, same), figure => figure.Differs);
        Assert.Equal(["heating the nozzle from 60 to 120 °C", "homing"], SnapshotComparison.Compare(enrolled, other).Where(figure => figure.Differs).Select(figure => figure.What).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Further_micro_controllers_are_listed_and_the_one_on_the_host_is_not()
    {
        var config = Path.Combine(_root, "mcus.cfg");
        await File.WriteAllTextAsync(config, "[mcu toolhead]\ncanbus_uuid: 1f2e3d4c5b6a\n[mcu host]\nserial: /tmp/klipper_host_mcu\n");
        await using var printer = await VirtualPrinter.StartAsync("--config", config);
        await using var plain = await VirtualPrinter.StartAsync();

        var profile = await GatewayRig.ReadProfileAsync(printer);

        Assert.Equal("toolhead 1f2e3d4c5b6a", Assert.Single(profile.FurtherMcus));
        Assert.Equal((await GatewayRig.ReadProfileAsync(plain)).MachineId().ToArray(), profile.MachineId().ToArray());
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_measurement_that_is_stopped_leaves_the_heaters_off(string signal)
    {
        // Slow enough that the nozzle is still on its way when the signal comes.
        await using var printer = await VirtualPrinter.StartAsync("--speed", "10", "--heater-power", "0.3");
        await using var enrol = ChildProcess.Start("Gateway", "enrol", "--home", _root, "--engine", "http://127.0.0.1:9", "--printer", printer.Url, "--no-dead-man", "--repeats", "1");
        await enrol.LineAsync("homing, 1 of 1");
        while ((double)(await printer.StateAsync())["nozzle"]!["target"]! == 0)
        {
            Assert.False(TestContext.Current.CancellationToken.IsCancellationRequested);
        }

        await enrol.SignalAsync(signal);

        Assert.Equal(1, await enrol.ExitAsync());
        Assert.Contains("STOPPED", enrol.Output, StringComparison.Ordinal);
        Assert.Equal(0, (double)(await printer.StateAsync())["nozzle"]!["target"]!);
    }

    [Fact]
    public async Task What_was_measured_is_kept_for_the_next_pairing_code()
    {
        await using var printer = await VirtualPrinter.StartAsync();
        await using var engine = await StandInEngine.StartAsync();
        await using var refused = Enrol("WRONG");
        Assert.Equal(1, await refused.ExitAsync());

        await using var enrolled = Enrol(StandInEngine.Code);

        Assert.True(await enrolled.ExitAsync() == 0, enrolled.Output);
        Assert.Contains("was measured less than 30 minutes ago", enrolled.Output, StringComparison.Ordinal);
        Assert.NotNull(engine.Enrolled!.Behaviour);
        Assert.False(File.Exists(Path.Combine(_root, "gateway", "measured.cbor")));

        ChildProcess Enrol(string code) => ChildProcess.Start("Gateway", "enrol", "--home", _root, "--engine", engine.Url, "--code", code, "--printer", printer.Url, "--no-dead-man", "--repeats", "1");
    }

    [Fact]
    public void The_shape_of_a_bed_does_not_depend_on_its_tilt() => Check.QuickThrowOnFailure(Prop.ForAll(
        Arb.From(from rows in Gen.Choose(3, 9) from columns in Gen.Choose(3, 9) from x in Gen.Choose(-100, 100) from y in Gen.Choose(-100, 100) select (rows, columns, x / 1000.0, y / 1000.0)),
        bed =>
        {
            var flat = Shape((_, _) => 0);
            var bowl = Shape((row, column) => 0.002 * row * column);
            return Math.Abs(flat) < 1e-9 && bowl > 1e-4 && Math.Abs(bowl - MeshShape.Deviation(Matrix((row, column) => 0.002 * row * column, 0, 0))!.Value) < 1e-9;

            double Shape(Func<int, int, double> height) => MeshShape.Deviation(Matrix(height, bed.Item3, bed.Item4))!.Value;

            JsonElement Matrix(Func<int, int, double> height, double x, double y) => JsonSerializer.SerializeToElement(
                Enumerable.Range(0, bed.rows).Select(row => Enumerable.Range(0, bed.columns).Select(column => 0.1 + (x * row) + (y * column) + height(row, column)).ToArray()).ToArray());
        }));

    [Theory]
    [InlineData("null")]
    [InlineData("[[1,2,3],[1,2,3]]")]
    [InlineData("[[1,2,3],[1,2],[1,2,3]]")]
    [InlineData("[[1,2,3],[1,\"2\",3],[1,2,3]]")]
    [InlineData("[[1,2,3],[1,1e300,3],[1,2,3]]")]
    [InlineData("[[],[],[]]")]
    public void What_is_no_mesh_has_no_shape(string json) => Assert.Null(MeshShape.Deviation(JsonElement.Parse(json)));

    private static async Task<(BehaviouralSnapshot Snapshot, string Output)> MeasureAsync(VirtualPrinter printer, int repeats)
    {
        await using (var client = await printer.ConnectAsync())
        await using (var output = new StringWriter())
        {
            var (_, reading) = await MachineReading.ReadAsync(client, "test printer", TestContext.Current.CancellationToken);
            var snapshot = await new SnapshotTaker(client, reading!, repeats, output, TimeProvider.System).TakeAsync(TestContext.Current.CancellationToken);
            return (snapshot, output.ToString());
        }
    }
}
