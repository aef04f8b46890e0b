using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.Moonraker.Tests;

/// <summary>Frames are decoded by the framework's own websocket server and JSON reader, never by code of ours.</summary>
public sealed class SecretFrameTests
{
    [Fact]
    public void Every_script_arrives_as_it_was_written() =>
        Check.QuickThrowOnFailure(Prop.ForAll<NonNull<string>>(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            // Lone surrogates are no text and become U+FFFD here, as in any UTF-8 encoder.
            var script = Encoding.UTF8.GetBytes(text.Get);
            return DecodeWebSocket(script, 7)["params"]!["script"]!.GetValue<string>() == Encoding.UTF8.GetString(script);
        }));

    [Fact]
    public void Every_control_character_is_escaped()
    {
        var script = Enumerable.Range(0, 128).Select(i => (byte)i).ToArray();
        Assert.Equal(Encoding.ASCII.GetString(script), (string)DecodeWebSocket(script, 1)["params"]!["script"]!);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(36)]
    [InlineData(37)]
    [InlineData(38)]
    [InlineData(39)]
    [InlineData(40)]
    [InlineData(4096)]
    [InlineData(65_440)]
    [InlineData(65_450)]
    [InlineData(65_460)]
    [InlineData(70_000)]
    public void Frame_lengths_are_encoded_on_both_sides_of_each_boundary(int length)
    {
        var script = Encoding.ASCII.GetBytes(new string('G', length));
        var message = DecodeWebSocket(script, long.MaxValue);
        Assert.Equal(length, ((string)message["params"]!["script"]!).Length);
        Assert.Equal(long.MaxValue, (long)message["id"]!);
        Assert.Equal("printer.gcode.script", (string)message["method"]!);
    }

    [Fact]
    public void A_frame_of_nothing_but_escapes_fits_the_scratch_memory_that_is_asked_for()
    {
        var script = new byte[4096];
        Assert.Equal(4096, ((string)DecodeWebSocket(script, long.MaxValue)["params"]!["script"]!).Length);
    }

    [Fact]
    public void The_plain_script_is_not_in_the_masked_frame()
    {
        var script = "G1 X10.5 Y20.25 E0.5 F6000\nG1 X11 Y21\n"u8.ToArray();
        var scratch = new byte[SecretFrame.RequiredScratch(script.Length)];
        SecretFrame.WriteWebSocket(script, 1, scratch);
        Assert.Equal(-1, scratch.AsSpan().IndexOf("G1 X"u8));
    }

    [Fact]
    public void A_script_that_is_not_utf8_is_refused_without_showing_it()
    {
        var scratch = new byte[1000];
        var refusal = Assert.Throws<ArgumentException>(() => SecretFrame.WriteWebSocket("M117 \xff"u8.ToArray().Append((byte)0xFF).ToArray(), 1, scratch));
        Assert.DoesNotContain("M117", refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Too_little_scratch_memory_is_refused() =>
        Assert.Throws<ArgumentException>(() => SecretFrame.WriteWebSocket(new byte[100], 1, new byte[SecretFrame.RequiredScratch(100) - 1]));

    private static JsonNode DecodeWebSocket(byte[] script, long id)
    {
        var scratch = new byte[SecretFrame.RequiredScratch(script.Length)];
        var frame = scratch[SecretFrame.WriteWebSocket(script, id, scratch)];
        using var server = WebSocket.CreateFromStream(new MemoryStream(frame), new WebSocketCreationOptions { IsServer = true });
        var received = new byte[frame.Length];
        var result = server.ReceiveAsync(received.AsMemory(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        Assert.True(result.EndOfMessage);
        Assert.Equal(WebSocketMessageType.Text, result.MessageType);
        return JsonNode.Parse(received.AsSpan(0, result.Count))!;
    }
}
