using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Touchmark.Moonraker.Tests;

public sealed class MoonrakerClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_secret_script_reaches_the_server_whole_and_its_scratch_memory_is_wiped()
    {
        await using var server = await StandInMoonraker.StartAsync();
        server.Answer("printer.gcode.script", "\"ok\"");
        await using var client = await server.ConnectAsync();
        _ = ReadAsync(client);
        var script = "G1 X10 Y20 E0.4\nM117 \"quoted\" \\ é\n"u8.ToArray();
        var scratch = new byte[SecretFrame.RequiredScratch(script.Length)];

        Assert.Equal(ScriptFault.None, await client.RunSecretScriptAsync(script, scratch, null, Cancel));

        Assert.Equal(Encoding.UTF8.GetString(script), (string)JsonNode.Parse(server.Received.Single())!["params"]!["script"]!);
        Assert.DoesNotContain(scratch, b => b != 0);
    }

    [Fact]
    public async Task Secret_frames_and_ordinary_calls_share_the_connection_without_tearing_each_other()
    {
        await using var server = await StandInMoonraker.StartAsync();
        server.Answer("printer.gcode.script", "\"ok\"");
        server.Answer("echo", p => p!["text"]!.ToJsonString());
        await using var client = await server.ConnectAsync();
        _ = ReadAsync(client);
        var script = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("G1 X1 Y2\n", 400)));

        var calls = Enumerable.Range(0, 200).Select(async i =>
        {
            if (i % 2 == 0)
            {
                Assert.Equal(ScriptFault.None, await client.RunSecretScriptAsync(script, new byte[SecretFrame.RequiredScratch(script.Length)], null, Cancel));
            }
            else
            {
                var text = new string('x', i * 100);
                Assert.Equal(text, (await client.CallAsync("echo", w => w.WriteString("text", text), null, Cancel)).GetString());
            }
        });
        await Task.WhenAll(calls);
        Assert.Equal(200, server.Received.Count);
    }

    [Theory]
    [InlineData(400, "Move out of range: 999.000 0.000 0.000 [10.000]", ScriptFault.MoveOutOfRange)]
    [InlineData(400, "Must home axis first: 10.000 10.000 5.000 [10.000]", ScriptFault.NotHomed)]
    [InlineData(400, "Extrude below minimum temp\nSee the 'min_extrude_temp' config option for details", ScriptFault.ExtruderTooCold)]
    [InlineData(400, "Shutdown due to webhooks request\nOnce the underlying issue", ScriptFault.NotReady)]
    [InlineData(503, "Klippy Host not connected", ScriptFault.NotReady)]
    [InlineData(400, "Unable to parse move 'G1 X'", ScriptFault.Other)]
    public async Task A_refused_secret_script_tells_the_kind_of_fault_only(int code, string message, ScriptFault expected)
    {
        await using var server = await StandInMoonraker.StartAsync();
        server.Refuse("printer.gcode.script", code, message);
        await using var client = await server.ConnectAsync();
        _ = ReadAsync(client);
        var script = "G1 X999\n"u8.ToArray();
        Assert.Equal(expected, await client.RunSecretScriptAsync(script, new byte[SecretFrame.RequiredScratch(script.Length)], null, Cancel));
    }

    [Fact]
    public async Task A_refusal_carries_the_printers_words_and_code()
    {
        await using var server = await StandInMoonraker.StartAsync();
        server.Refuse("printer.gcode.script", 400, "Requested temperature (350.0) out of range (0.0:300.0)");
        await using var client = await server.ConnectAsync();
        var refusal = await Assert.ThrowsAsync<MoonrakerException>(() => client.RunScriptAsync("M104 S350", null, Cancel));
        Assert.Equal((MoonrakerFailure.Refused, 400), (refusal.Failure, refusal.Code));
        Assert.Contains("350.0", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_without_an_answer_times_out()
    {
        var time = new FakeTime();
        await using var server = await StandInMoonraker.StartAsync();
        var asked = new TaskCompletionSource();
        server.Answer("printer.info", _ =>
        {
            asked.SetResult();
            return null;
        });
        await using var client = await server.ConnectAsync(time);
        var call = client.GetKlipperInfoAsync(Cancel);
        await asked.Task;
        time.Advance(MoonrakerClient.UsualTimeout);
        Assert.Equal(MoonrakerFailure.TimedOut, (await Assert.ThrowsAsync<MoonrakerException>(() => call)).Failure);
    }

    [Fact]
    public async Task When_the_printer_vanishes_open_calls_fail_and_the_updates_end()
    {
        await using var server = await StandInMoonraker.StartAsync();
        server.Answer("printer.info", _ => null);
        await using var client = await server.ConnectAsync();
        var call = client.CallAsync("printer.info", null, null, Cancel);
        await server.VanishAsync();
        Assert.Equal(MoonrakerFailure.ConnectionLost, (await Assert.ThrowsAsync<MoonrakerException>(() => call)).Failure);
        await Assert.ThrowsAsync<MoonrakerException>(() => client.Updates.Completion);
        Assert.Equal(KlippyState.Disconnected, client.Status.Klippy);
        Assert.Equal(MoonrakerFailure.ConnectionLost, (await Assert.ThrowsAsync<MoonrakerException>(() => client.GetKlipperInfoAsync(Cancel))).Failure);
    }

    [Fact]
    public async Task Nothing_is_compressed_and_nothing_extra_is_offered()
    {
        await using var server = await StandInMoonraker.StartAsync();
        await using var client = await server.ConnectAsync();
        Assert.False(server.Handshake.ContainsKey("Sec-WebSocket-Extensions"));
    }

    [Fact]
    public async Task A_login_request_is_told_apart_from_an_unreachable_printer()
    {
        await using var server = await StandInMoonraker.StartAsync();
        server.RefuseWith = 401;
        var refusal = await Assert.ThrowsAsync<MoonrakerException>(() => server.ConnectAsync());
        Assert.Equal(MoonrakerFailure.Unauthorised, refusal.Failure);
        Assert.Contains("trusted_clients", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_where_nothing_listens_is_unreachable()
    {
        Assert.True(MoonrakerAddress.TryParse("http://127.0.0.1:1", out var address));
        var failure = await Assert.ThrowsAsync<MoonrakerException>(() => MoonrakerClient.ConnectAsync(address, TimeProvider.System, Cancel));
        Assert.Equal(MoonrakerFailure.Unreachable, failure.Failure);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"id\":\"x\"}")]
    [InlineData("{\"id\":1e400,\"result\":1}")]
    [InlineData("{\"method\":\"notify_status_update\"}")]
    [InlineData("{\"method\":\"notify_status_update\",\"params\":[[],1]}")]
    [InlineData("{\"method\":\"notify_status_update\",\"params\":[{\"toolhead\":{\"position\":[1,2]}},1e999]}")]
    [InlineData("{\"method\":\"notify_status_update\",\"params\":[{\"\\ud800\":{\"x\":1}},3]}")]
    [InlineData("{\"method\":\"notify_status_update\",\"params\":[{\"toolhead\":{\"homed_axes\":\"\\ud800\",\"position\":\"no\",\"print_time\":[]}},3]}")]
    [InlineData("{\"method\":\"notify_gcode_response\",\"params\":[{}]}")]
    [InlineData("{\"id\":99999,\"result\":\"nobody asked\"}")]
    public async Task Hostile_messages_neither_end_the_connection_nor_change_the_state(string message)
    {
        await using var server = await StandInMoonraker.StartAsync();
        server.Answer("printer.objects.list", """{"objects":["toolhead","webhooks"]}""");
        server.Answer("printer.objects.subscribe", """{"eventtime":5.0,"status":{"toolhead":{"homed_axes":"xy","print_time":3.5}}}""");
        server.Answer("printer.info", """{"state":"ready","software_version":"v0.13.0"}""");
        await using var client = await server.ConnectAsync();
        var before = await client.SubscribeAsync(Cancel);
        await server.SendAsync(message);
        Assert.Equal("v0.13.0", (await client.GetKlipperInfoAsync(Cancel)).Version);
        Assert.Equal(before.Toolhead, client.Status.Toolhead);
    }

    [Fact]
    public async Task A_message_beyond_the_limit_ends_the_connection_with_a_cause()
    {
        await using var server = await StandInMoonraker.StartAsync();
        await using var client = await server.ConnectAsync();
        await server.SendAsync(new string(' ', MessageLink.LongestMessage + 1));
        var cause = await Assert.ThrowsAsync<MoonrakerException>(() => client.Updates.Completion);
        Assert.Contains("16777216", cause.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Notifications_that_follow_a_subscription_at_once_are_merged_into_its_answer()
    {
        await using var server = await StandInMoonraker.StartAsync();
        server.Answer("printer.objects.list", """{"objects":["toolhead","webhooks"]}""");
        server.Answer("printer.objects.subscribe", """{"eventtime":5.0,"status":{"webhooks":{"state":"ready"},"toolhead":{"homed_axes":"xy","print_time":3.5}}}""");
        server.Answer("printer.info", """{"state":"ready","software_version":"v0.13.0"}""");
        await using var client = await server.ConnectAsync();

        var subscribing = client.SubscribeAsync(Cancel);
        for (var update = 0; update < 200; update++)
        {
            await server.NotifyAsync("notify_status_update", $$"""[{"toolhead":{"print_time":{{100 + update}} } },{{6 + update}}]""");
        }

        await subscribing;
        await client.GetKlipperInfoAsync(Cancel);
        Assert.Equal(KlippyState.Ready, client.Status.Klippy);
        Assert.Equal("xy", client.Status.Toolhead.HomedAxes);
    }

    [Fact]
    public async Task An_answer_to_a_script_comes_after_every_sample_that_was_sent_before_it()
    {
        await using var server = await StandInMoonraker.StartAsync();
        MakeSubscribable(server);
        server.Answer("printer.gcode.script", "\"ok\"");
        await using var client = await server.ConnectAsync();
        await client.SubscribeAsync(Cancel);
        for (var sample = 1; sample <= 20; sample++)
        {
            await server.NotifyAsync("notify_status_update", $$"""[{"toolhead":{"print_time":{{sample}} } },{{sample}}]""");
        }

        var answer = client.RunSecretScriptAsync("G28\n"u8.ToArray(), new byte[SecretFrame.RequiredScratch(4)], null, Cancel);
        // Its answer is no secret, so it comes at once: what was sent before it has arrived as well.
        await client.CallAsync("printer.info", null, null, Cancel);
        double seen = 0;
        while (seen < 20)
        {
            Assert.False(answer.IsCompleted, $"The answer came after sample {seen} of 20.");
            seen = (await client.Updates.ReadAsync(Cancel)).Toolhead.PrintTime;
        }

        Assert.False(client.Updates.TryRead(out _));
        Assert.Equal(ScriptFault.None, await answer);
    }

    [Fact]
    public async Task No_answer_is_lost_when_nobody_reads_the_states_for_long()
    {
        await using var server = await StandInMoonraker.StartAsync();
        MakeSubscribable(server);
        server.Answer("printer.gcode.script", "\"ok\"");
        await using var client = await server.ConnectAsync();
        await client.SubscribeAsync(Cancel);
        var answers = Enumerable.Range(0, 100).Select(_ => client.RunSecretScriptAsync("G28\n"u8.ToArray(), new byte[SecretFrame.RequiredScratch(4)], null, Cancel)).ToList();
        await client.CallAsync("printer.info", null, null, Cancel);
        for (var sample = 1; sample <= 200; sample++)
        {
            await server.NotifyAsync("notify_status_update", $$"""[{"toolhead":{"print_time":{{sample}} } },{{sample}}]""");
        }

        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(ScriptFault.None, answer));
    }

    [Fact]
    public async Task An_emergency_stop_first_pushes_scripts_out_of_the_requests_that_klipper_logs()
    {
        await using var server = await StandInMoonraker.StartAsync();
        server.Answer("printer.info", """{"state":"ready"}""");
        server.Answer("printer.emergency_stop", "\"ok\"");
        await using var client = await server.ConnectAsync();
        await client.EmergencyStopAsync(Cancel);
        var methods = server.Received.Select(text => (string)JsonNode.Parse(text)!["method"]!).ToList();
        Assert.Equal([.. Enumerable.Repeat("printer.info", 20), "printer.emergency_stop"], methods);
    }

    [Fact]
    public async Task A_klipper_that_answers_nothing_is_stopped_all_the_same()
    {
        var time = new FakeTime();
        await using var server = await StandInMoonraker.StartAsync();
        var asked = new TaskCompletionSource();
        server.Answer("printer.info", _ =>
        {
            asked.TrySetResult();
            return null;
        });
        server.Answer("printer.emergency_stop", "\"ok\"");
        await using var client = await server.ConnectAsync(time);
        var stopping = client.EmergencyStopAsync(Cancel);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(0.1));
        await stopping;
        Assert.Contains(server.Received, text => text.Contains("printer.emergency_stop", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Klipper_states_arrive_as_they_are_announced()
    {
        await using var server = await StandInMoonraker.StartAsync();
        await using var client = await server.ConnectAsync();
        await server.NotifyAsync("notify_klippy_shutdown", "[]");
        Assert.Equal(KlippyState.Shutdown, (await client.Updates.ReadAsync(Cancel)).Klippy);
        await server.NotifyAsync("notify_klippy_disconnected", "[]");
        Assert.Equal(KlippyState.Disconnected, (await client.Updates.ReadAsync(Cancel)).Klippy);
        await server.NotifyAsync("notify_klippy_ready", "[]");
        Assert.Equal(KlippyState.Ready, (await client.Updates.ReadAsync(Cancel)).Klippy);
    }

    [Fact]
    public async Task Over_the_unix_socket_messages_end_with_etx()
    {
        var path = Path.Combine(Path.GetTempPath(), $"tm-{Guid.CreateVersion7():N}.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Assert.True(MoonrakerAddress.TryParse("unix:" + path, out var address));
        await using var client = await MoonrakerClient.ConnectAsync(address, TimeProvider.System, Cancel);
        using var server = new NetworkStream(await listener.AcceptAsync(Cancel), ownsSocket: true);
        var script = "G1 X1\u0003\n"u8.ToArray();

        var call = client.RunSecretScriptAsync(script, new byte[SecretFrame.RequiredScratch(script.Length)], null, Cancel);
        var request = JsonNode.Parse(await ReadMessageAsync(server))!;
        await server.WriteAsync("{\"jsonrpc\":\"2.0\",\"result\":\"ok\",\"id\":1}\u0003{\"jsonrpc\":\"2.0\",\"met"u8.ToArray(), Cancel);

        var next = client.Updates.ReadAsync(Cancel);
        Assert.Equal(ScriptFault.None, await call);
        Assert.Equal("G1 X1\u0003\n", (string)request["params"]!["script"]!);
        await server.WriteAsync("hod\":\"notify_klippy_ready\"}\u0003"u8.ToArray(), Cancel);
        Assert.Equal(KlippyState.Ready, (await next).Klippy);
        File.Delete(path);
    }

    private static async Task ReadAsync(MoonrakerClient client)
    {
        while (await client.Updates.WaitToReadAsync(Cancel))
        {
            client.Updates.TryRead(out _);
        }
    }

    private static void MakeSubscribable(StandInMoonraker server)
    {
        server.Answer("printer.objects.list", """{"objects":["toolhead","webhooks"]}""");
        server.Answer("printer.objects.subscribe", """{"eventtime":5.0,"status":{"webhooks":{"state":"ready"},"toolhead":{"print_time":0} } }""");
        server.Answer("printer.info", """{"state":"ready","software_version":"v0.13.0"}""");
    }

    private static async Task<byte[]> ReadMessageAsync(Stream stream)
    {
        var bytes = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one, Cancel) == 1 && one[0] != 3)
        {
            bytes.Add(one[0]);
        }

        return [.. bytes];
    }
}
