using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming.Tests;

public class ConnectionTests
{
    private static readonly Guid Printer = new("0198a5f3-c0de-7000-8000-0000000000aa");
    private static readonly Es256Signer Transport = new(SessionRig.TransportKey);

    [Fact]
    public void Both_sides_prove_their_keys()
    {
        var engine = new EngineConnection("gateway");
        var gateway = new GatewayConnection(Printer, SessionRig.DeviceKey, Transport.PublicKey, "touchmark-gateway 0.1.0");

        Assert.True(gateway.TryAnswer(engine.ChallengeFrame.Span, "gateway", out var hello));
        Assert.True(engine.TryReadHello(hello.Span, out var printer));
        Assert.Equal(Printer, printer);
        Assert.Equal("touchmark-gateway 0.1.0", engine.Software);
        Assert.True(engine.TryWelcome(SessionRig.DeviceKey.PublicKey.Span, Transport, SessionRig.Start, out var welcome));
        Assert.False(gateway.IsEstablished);
        Assert.True(gateway.TryFinish(welcome.Span));
        Assert.True(gateway.IsEstablished);
    }

    [Fact]
    public void A_gateway_without_the_enrolled_key_is_turned_away()
    {
        var engine = new EngineConnection("gateway");
        using var stranger = P256.GenerateKey();
        var gateway = new GatewayConnection(Printer, stranger, Transport.PublicKey, "x");

        Assert.True(gateway.TryAnswer(engine.ChallengeFrame.Span, "gateway", out var hello));
        Assert.True(engine.TryReadHello(hello.Span, out _));
        Assert.False(engine.TryWelcome(SessionRig.DeviceKey.PublicKey.Span, Transport, SessionRig.Start, out _));
    }

    [Fact]
    public void An_engine_without_the_pinned_key_is_not_believed()
    {
        using var impostor = P256.GenerateKey();
        var engine = new EngineConnection("gateway");
        var gateway = new GatewayConnection(Printer, SessionRig.DeviceKey, Transport.PublicKey, "x");

        Assert.True(gateway.TryAnswer(engine.ChallengeFrame.Span, "gateway", out var hello));
        Assert.True(engine.TryReadHello(hello.Span, out _));
        // The gateway signed for the engine it pinned, so the impostor cannot even check it; it answers all the same.
        Assert.False(engine.TryWelcome(SessionRig.DeviceKey.PublicKey.Span, new Es256Signer(impostor), SessionRig.Start, out _));
        var forged = new Welcome(SessionRig.Start, new byte[64]).Encode();
        Assert.False(gateway.TryFinish(forged.Span));
        Assert.False(gateway.IsEstablished);
    }

    [Fact]
    public void A_recorded_hello_does_not_answer_another_challenge()
    {
        var first = new EngineConnection("gateway");
        var gateway = new GatewayConnection(Printer, SessionRig.DeviceKey, Transport.PublicKey, "x");
        Assert.True(gateway.TryAnswer(first.ChallengeFrame.Span, "gateway", out var hello));

        var second = new EngineConnection("gateway");
        Assert.True(second.TryReadHello(hello.Span, out _));
        Assert.False(second.TryWelcome(SessionRig.DeviceKey.PublicKey.Span, Transport, SessionRig.Start, out _));
    }

    [Fact]
    public void A_connection_for_something_else_is_not_answered()
    {
        var engine = new EngineConnection("vault");
        var gateway = new GatewayConnection(Printer, SessionRig.DeviceKey, Transport.PublicKey, "x");
        Assert.False(gateway.TryAnswer(engine.ChallengeFrame.Span, "gateway", out _));
    }

    [Fact]
    public void Every_altered_byte_of_the_welcome_is_noticed()
    {
        var engine = new EngineConnection("gateway");
        var gateway = new GatewayConnection(Printer, SessionRig.DeviceKey, Transport.PublicKey, "x");
        Assert.True(gateway.TryAnswer(engine.ChallengeFrame.Span, "gateway", out var hello));
        Assert.True(engine.TryReadHello(hello.Span, out _));
        Assert.True(engine.TryWelcome(SessionRig.DeviceKey.PublicKey.Span, Transport, SessionRig.Start, out var welcome));
        for (int position = 0; position < welcome.Length; position++)
        {
            Assert.False(gateway.TryFinish(TamperTests.Altered(welcome, position)));
        }
        Assert.True(gateway.TryFinish(welcome.Span));
    }
}
