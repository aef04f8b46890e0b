using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Leaks;

namespace Touchmark.Acceptance;

/// <summary>Somebody between engine and gateway puts halts of his own between the engine's messages.</summary>
public sealed class FalseHaltTests
{
    private const byte OfferType = 16;
    private const byte HaltType = 23;
    private const int PerTick = 10;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    [Fact]
    public async Task A_thousand_false_halts_a_second_change_nothing_and_a_genuine_one_does()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.StartPrinterAsync();
        var halts = new List<byte[]>();
        byte[]? session = null;
        await using var between = new FrameRelay(new Uri(world.Engine), (toEngine, message) =>
        {
            // [ type, session id, … ] in CBOR (spec/wire.md).
            if (!toEngine && message is [_, OfferType, 0x50, ..])
            {
                Volatile.Write(ref session, message[3..19]);
            }
            else if (!toEngine && message is [_, HaltType, 0x50, ..])
            {
                halts.Add(message);
            }
        });
        await world.SignInAsync();
        var licence = await world.LicenseAsync(prints: 2);
        var printer = await world.EnrolAsync(engine: between.Address.ToString());
        await world.StartGatewayAsync();

        // A genuine one, to be replayed.
        var job = await world.StartJobAsync(licence, printer);
        await world.UntilAsync(job, Printing);
        await world.AskAsync("oem", "job", "halt", job);
        var halted = await world.FinishAsync(job);
        Assert.Equal("HALTED", World.Text(halted.GetProperty("failure"), "code"));
        var genuine = Assert.Single(halts);

        job = await world.StartJobAsync(licence, printer);
        using var over = new CancellationTokenSource();
        var flooding = FloodAsync(between, genuine, () => Volatile.Read(ref session)!, over.Token);
        var status = "";
        await world.UntilAsync(job, now => Printing(now) && (status = world.GatewayAsync("status").GetAwaiter().GetResult().Output).Contains("forged", StringComparison.Ordinal));
        var ended = await world.FinishAsync(job);
        await over.CancelAsync();
        var sent = await flooding;

        Assert.True(World.Text(ended, "state") == "done", ended.ToString());
        Assert.True(sent > 1000, $"Only {sent} were sent.");
        var certificate = await world.AskAsync("oem", "certificate", "show", World.Text(ended, "certificate_id"));
        Assert.Contains("FORGED_FRAMES_AT_GATEWAY", certificate.ToString(), StringComparison.Ordinal);
        var file = Path.Combine(world.Folder, "flooded.touchmark");
        await world.AsAsync("maker", "certificate", "get", World.Text(ended, "certificate_id"), "--output", file);
        Assert.Equal("valid", World.Text(await world.AskAsync("maker", "verify", file), "verdict"));
        Assert.Matches("halts: [1-9][0-9]* forged", status);
        await world.AssertSafeAsync();
    }

    private static bool Printing(JsonElement job) => World.Text(job, "state") == "streaming" && job.GetProperty("progress").GetDouble() > 0.02;

    /// <summary>In turn: the old halt as it was, under the name of this session, and made without the key.</summary>
    private static async Task<int> FloodAsync(FrameRelay between, byte[] genuine, Func<byte[]> session, CancellationToken over)
    {
        var sent = 0;
        using var timer = new PeriodicTimer(Tick);
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                for (var number = 0; number < PerTick; number++)
                {
                    byte[] relabelled = [.. genuine.AsSpan(0, 3), .. session(), .. genuine.AsSpan(19)];
                    var forged = (sent % 3) switch { 0 => genuine, 1 => relabelled, _ => Forged(relabelled) };
                    sent += await between.InjectAsync(forged) ? 1 : 0;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }

        return sent;
    }

    /// <summary>The right time and a fresh nonce, but no key: the mac, the last 32 bytes, is random.</summary>
    private static byte[] Forged(byte[] halt)
    {
        byte[] forged = [.. halt];
        BinaryPrimitives.WriteInt64BigEndian(forged.AsSpan(20), TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1000);
        RandomNumberGenerator.Fill(forged.AsSpan(forged.Length - 32));
        RandomNumberGenerator.Fill(forged.AsSpan(30, 16));
        return forged;
    }
}
