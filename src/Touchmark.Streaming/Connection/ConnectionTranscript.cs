using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>What both sides sign when a gateway connects (spec/wire.md, "Connection").</summary>
internal static class ConnectionTranscript
{
    public const ulong Version = 1;

    /// <param name="role">Who signs: <c>gateway</c> or <c>engine</c>, so that neither signature can stand for the other.</param>
    /// <param name="challenge">The engine's opening.</param>
    /// <param name="printerId">Who the gateway says it is.</param>
    /// <param name="gatewayNonce">32 fresh bytes of the gateway.</param>
    /// <param name="deviceKey">65 bytes.</param>
    /// <param name="engineKey">65 bytes: a gateway that was enrolled elsewhere signs for another engine.</param>
    /// <param name="time">The engine's clock in its answer; the epoch in the gateway's signature.</param>
    public static byte[] Encode(string role, Challenge challenge, Guid printerId, ReadOnlySpan<byte> gatewayNonce, ReadOnlySpan<byte> deviceKey,
        ReadOnlySpan<byte> engineKey, DateTimeOffset time)
    {
        var writer = new WireWriter(384);
        writer.Array(10);
        writer.Text("touchmark connection v1");
        writer.Text(role);
        writer.Unsigned(challenge.Version);
        writer.Text(challenge.Channel);
        writer.Bytes(challenge.EngineNonce.Span);
        writer.Bytes(gatewayNonce);
        writer.Id(printerId);
        writer.Bytes(deviceKey);
        writer.Bytes(engineKey);
        writer.Time(time);
        return writer.Written.ToArray();
    }
}
