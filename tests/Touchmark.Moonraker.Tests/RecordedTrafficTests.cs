using System.Text.Json.Nodes;

namespace Touchmark.Moonraker.Tests;

/// <summary>The client against what the real Moonraker said, word for word.</summary>
public sealed class RecordedTrafficTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Host_firmware_and_script_store_are_read_from_recorded_answers()
    {
        await using var server = await StandInMoonraker.StartAsync();
        Recording.Load("a_handshake").AnswerFrom(server);
        await using var client = await server.ConnectAsync();

        var info = await client.GetKlipperInfoAsync(Cancel);
        Assert.Equal((KlippyState.Ready, "v0.13.0-730-g84104bbbd-dirty"), (info.State, info.Version));
        Assert.Equal("", (await client.GetHostInfoAsync(Cancel)).CpuSerial);
        Assert.Equal(1000, await client.GetScriptStoreSizeAsync(Cancel));
        Assert.Contains("heater_bed", await client.GetObjectsAsync(Cancel));
        Assert.Contains(await client.ListFilesAsync("gcodes", Cancel), f => f is { Path: "cube10.gcode", Size: 35806 });
    }

    [Fact]
    public async Task Settings_hold_the_printers_limits()
    {
        await using var server = await StandInMoonraker.StartAsync();
        Recording.Load("a_handshake").AnswerFrom(server);
        await using var client = await server.ConnectAsync();

        var settings = await client.GetSettingsAsync(Cancel);
        Assert.Equal(220, settings.Number("stepper_x", "position_max"));
        Assert.Equal(300, settings.Number("extruder", "max_temp"));
        Assert.Equal("cartesian", settings.Text("printer", "kinematics"));
        Assert.Null(settings.Number("stepper_x", "no_such_option"));
        Assert.False(settings.Has("delta_calibrate"));
        Assert.Contains("gcode_macro start_print", settings.Sections);
    }

    [Fact]
    public async Task Merged_state_equals_what_a_full_answer_would_say()
    {
        var recording = Recording.Load("b_subscribe_stream");
        await using var server = await StandInMoonraker.StartAsync();
        recording.AnswerFrom(server);
        var first = recording.Results("printer.objects.subscribe").First();
        server.Answer("printer.objects.list", new JsonObject { ["objects"] = new JsonArray([.. first["status"]!.AsObject().Select(o => (JsonNode)o.Key)]) }.ToJsonString());
        await using var client = await server.ConnectAsync();
        await client.SubscribeAsync(Cancel);

        var expected = first["status"]!.DeepClone().AsObject();
        var updates = recording.Notifications("notify_status_update").ToList();
        Assert.NotEmpty(updates);
        foreach (var update in updates)
        {
            foreach (var (name, fields) in update[0]!.AsObject())
            {
                foreach (var (field, value) in fields!.AsObject())
                {
                    expected[name]![field] = value?.DeepClone();
                }
            }

            await server.NotifyAsync("notify_status_update", update.ToJsonString());
        }

        var last = (double)updates[^1][1]!;
        var state = client.Status;
        while (state.EventTime < last)
        {
            state = await client.Updates.ReadAsync(Cancel);
        }

        Assert.Equal((string)expected["toolhead"]!["homed_axes"]!, state.Toolhead.HomedAxes);
        Assert.Equal((double)expected["toolhead"]!["estimated_print_time"]!, state.Toolhead.EstimatedPrintTime);
        Assert.Equal(ToAxes(expected["motion_report"]!["live_position"]!), state.Motion.LivePosition);
        Assert.Equal((double)expected["motion_report"]!["live_velocity"]!, state.Motion.LiveVelocity);
        Assert.Equal((double)expected["extruder"]!["temperature"]!, state.Heaters["extruder"].Temperature);
        Assert.Equal((double)expected["heater_bed"]!["target"]!, state.Heaters["heater_bed"].Target);
        Assert.Equal((double)expected["fan"]!["speed"]!, state.FanSpeed);
        Assert.Equal((double)expected["gcode_move"]!["speed_factor"]!, state.GCodeMove.SpeedFactor);
    }

    private static Axes ToAxes(JsonNode node) => new((double)node[0]!, (double)node[1]!, (double)node[2]!, (double)node[3]!);
}
