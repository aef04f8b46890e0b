using System.Net.WebSockets;
using Touchmark.Cryptography;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>A gateway without a printer: it connects, takes an offer or refuses it, and opens what it is sent.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
internal sealed class TestGateway(P256PrivateKey device, byte[] engineKey, TimeProvider time) : IDisposable
{
    private readonly ClientWebSocket socket = new();
    private readonly GatewaySession session = new(device, engineKey);

    public WebSocketCloseStatus? CloseStatus => socket.CloseStatus;

    public string? CloseWords => socket.CloseStatusDescription;

    /// <summary>False when the engine lets it not in.</summary>
    public async Task<bool> ConnectAsync(PrintShop shop, Guid? printerId = null)
    {
        await socket.ConnectAsync(new UriBuilder(new Uri(shop.Server.Address, "/api/gateway")) { Scheme = "ws" }.Uri, default);
        var connection = new GatewayConnection(printerId ?? shop.PrinterId, device, engineKey, "test");
        Assert.True(connection.TryAnswer((await ReceiveAsync())!.Value.Span, "gateway", out var hello));
        await SendAsync(hello);
        return await ReceiveAsync() is { } welcome && connection.TryFinish(welcome.Span);
    }

    /// <summary>Answers the offer with a refusal.</summary>
    public async Task RefuseAsync(Refusal refusal)
    {
        await UntilActionAsync<GatewayAction.RunPreflight>();
        session.PreflightRefused(refusal, Now);
        await FlushAsync();
    }

    /// <summary>Accepts, and goes on until a script has arrived that would be sent to the printer.</summary>
    public async Task AcceptUntilFirstScriptAsync()
    {
        await UntilActionAsync<GatewayAction.RunPreflight>();
        session.PreflightPassed(Gateways.Profile(), Now);
        await FlushAsync();
        await UntilActionAsync<GatewayAction.SendScript>();
    }

    /// <summary>Goes on until it is told to make the printer safe, and says that it is.</summary>
    public async Task MakeSafeAsync()
    {
        await UntilActionAsync<GatewayAction.MakeSafe>();
        session.SafeRestDone(null, Now);
        await FlushAsync();
    }

    public void Vanish() => socket.Abort();

    public Task SendAsync(ReadOnlyMemory<byte> frame) => socket.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, default).AsTask();

    /// <summary>Null when the engine has closed.</summary>
    public async Task<ReadOnlyMemory<byte>?> ReceiveAsync()
    {
        var buffer = new byte[Streaming.Wire.WireFrame.MaxBytes];
        var part = await socket.ReceiveAsync(buffer.AsMemory(), default);
        return part.MessageType == WebSocketMessageType.Close ? null : buffer.AsMemory(0, part.Count);
    }

    public void Dispose()
    {
        socket.Dispose();
        session.Dispose();
    }

    private Moment Now => Moment.Of(time);

    private async Task UntilActionAsync<T>()
        where T : GatewayAction
    {
        while (true)
        {
            while (session.TryTakeAction(out var action))
            {
                if (action is T)
                {
                    return;
                }
            }

            session.Receive((await ReceiveAsync())!.Value.Span, Now);
            await FlushAsync();
        }
    }

    private async Task FlushAsync()
    {
        while (session.TryTakeFrame(out var frame))
        {
            await SendAsync(frame);
        }
    }
}
