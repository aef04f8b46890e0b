using System.Net.WebSockets;
using Touchmark.Cryptography;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Printers;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;
using Refusal = Touchmark.Engine.Web.Refusal;

namespace Touchmark.Engine.Sessions;

/// <summary>The address that gateways connect to, and the sessions that run over their connections.</summary>
internal static class SessionsFeature
{
    /// <summary>What both sides sign that the connection is for.</summary>
    private const string Channel = "gateway";

    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    public static void AddSessions(this IServiceCollection services)
    {
        services.AddSingleton<SessionMetrics>();
        services.AddSingleton<GatewayHub>();
        services.AddHostedService(provider => provider.GetRequiredService<GatewayHub>());
        services.AddSingleton<GatewayDoor>();
    }

    public static void MapSessions(this WebApplication app)
    {
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(5), KeepAliveTimeout = TimeSpan.FromSeconds(15) });
        app.Map("/api/gateway", (HttpContext context, GatewayDoor door) => door.OpenAsync(context)).ExcludeFromDescription();
    }

    /// <summary>Lets gateways in that prove to hold the device key of an enrolled printer.</summary>
    private sealed class GatewayDoor(GatewayHub hub, PrinterFleet fleet, EngineKeys keys, TimeProvider time, IHostApplicationLifetime host, ILogger<GatewayHub> log)
    {
        public async Task OpenAsync(HttpContext context)
        {
            if (!context.WebSockets.IsWebSocketRequest)
            {
                await new Refusal(StatusCodes.Status426UpgradeRequired, "WEBSOCKET_ONLY", "Gateways connect here by WebSocket.", "Run touchmark-gateway on the printer's host.").ExecuteAsync(context);
                return;
            }

            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            try
            {
                if (await AdmitAsync(socket, context.RequestAborted) is { } printerId)
                {
                    await ServeAsync(new GatewayLink(socket, printerId, context.Request.IsHttps ? "wss" : "ws"), context.RequestAborted);
                }
            }
            catch (Exception failure) when (failure is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The connection is gone; whoever had a session on it was told.
            }
        }

        private async Task ServeAsync(GatewayLink link, CancellationToken cancel)
        {
            hub.Arrive(link);
            log.LogInformation("Gateway of printer {PrinterId} connected", link.PrinterId);
            try
            {
                if (host.ApplicationStopping.IsCancellationRequested)
                {
                    link.Finish();
                }

                await link.ExchangeAsync(cancel);
            }
            finally
            {
                hub.Leave(link);
                log.LogInformation("Gateway of printer {PrinterId} disconnected", link.PrinterId);
            }
        }

        private async Task<Guid?> AdmitAsync(WebSocket socket, CancellationToken cancel)
        {
            using var limit = new CancellationTokenSource(HandshakeLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
            var connection = new EngineConnection(Channel);
            await socket.SendAsync(connection.ChallengeFrame, WebSocketMessageType.Binary, endOfMessage: true, either.Token);
            var hello = await GatewayLink.ReceiveAsync(socket, new byte[WireFrame.MaxBytes], either.Token);
            if (hello is not { } frame || !connection.TryReadHello(frame.Span, out var printerId))
            {
                await RefuseAsync(socket, "HANDSHAKE_FAILED", either.Token);
                return null;
            }

            // One answer for a printer that is unknown, revoked or not proved: nobody can ask which printers there are.
            var printer = await fleet.FindAsync(printerId, either.Token);
            if (printer is not { RevokedAt: null } || !connection.TryWelcome(printer.DevicePublicKey, new Es256Signer(keys.Transport), time.GetUtcNow(), out var welcome))
            {
                log.LogWarning("A gateway that says it is of printer {PrinterId} was refused", printerId);
                await RefuseAsync(socket, "DEVICE_UNKNOWN", either.Token);
                return null;
            }

            await socket.SendAsync(welcome, WebSocketMessageType.Binary, endOfMessage: true, either.Token);
            return printerId;
        }

        private static Task RefuseAsync(WebSocket socket, string code, CancellationToken cancel) => socket.CloseAsync(WebSocketCloseStatus.PolicyViolation, code, cancel);
    }
}
