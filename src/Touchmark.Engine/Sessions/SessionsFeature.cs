using System.Net.WebSockets;
using Touchmark.Cryptography;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Web;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Sessions;

/// <summary>The address that gateways connect to, and the sessions that run over their connections.</summary>
internal static class SessionsFeature
{
    /// <summary>What both sides sign that the connection is for.</summary>
    private const string Channel = "gateway";

    /// <summary>Connections from one place that have not proved yet who they are.</summary>
    private const int HandshakesPerPlace = 64;

    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    public static void AddSessions(this IServiceCollection services)
    {
        services.AddSingleton<SessionMetrics>();
        services.AddSingleton<GatewayHub>();
        services.AddHostedService(provider => provider.GetRequiredService<GatewayHub>());
        services.AddSingleton<SessionKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<SessionKeeper>());
        services.AddSingleton<GatewayDoor>();
    }

    public static void MapSessions(this WebApplication app)
    {
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(5), KeepAliveTimeout = TimeSpan.FromSeconds(15) });
        app.Map("/api/gateway", (HttpContext context, GatewayDoor door) => door.OpenAsync(context)).DisableRequestTimeout().ExcludeFromDescription();
    }

    /// <summary>Lets gateways in that prove to hold the device key of an enrolled printer.</summary>
    internal sealed class GatewayDoor(EngineOptions options, GatewayHub hub, PrinterFleet fleet, EngineKeys keys, SessionMetrics metrics, TimeProvider time, IHostApplicationLifetime host, ILogger<GatewayHub> log)
    {
        private readonly Connections arriving = new(HandshakesPerPlace);
        private readonly Connections present = new(options.GatewaysPerAddress);

        public async Task OpenAsync(HttpContext context)
        {
            if (!context.WebSockets.IsWebSocketRequest)
            {
                await new Refusal(StatusCodes.Status426UpgradeRequired, "WEBSOCKET_ONLY", "Gateways connect here by WebSocket.", "Run touchmark-gateway on the printer's host.").ExecuteAsync(context);
                return;
            }

            var place = Place.Of(context);
            using var arrival = arriving.TryOpen(place);
            using var presence = present.TryOpen(place);
            if (arrival is null || presence is null)
            {
                var limit = arrival is null ? HandshakesPerPlace : options.GatewaysPerAddress;
                await new Refusal(StatusCodes.Status429TooManyRequests, "TOO_MANY_CONNECTIONS", $"There are {limit} connections from this address that {(arrival is null ? "did not say yet who they are" : "are open")}.", "Try again later.")
                    .With("limit", limit).With("retry_after_s", 10L).ExecuteAsync(context);
                return;
            }

            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            try
            {
                if (await AdmitAsync(socket, context.RequestAborted) is var (printerId, gateway))
                {
                    arrival.Dispose();
                    await ServeAsync(new GatewayLink(socket, printerId, gateway.Software, context.Request.IsHttps ? "wss" : "ws", time) { KnowsHold = gateway.KnowsHold }, context.RequestAborted);
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
            await NoteAsync(link.PrinterId);
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
                await NoteAsync(link.PrinterId);
            }
        }

        /// <summary>For people only: a database that fails keeps no gateway out.</summary>
        private async Task NoteAsync(Guid printer)
        {
            try
            {
                await fleet.SeenAsync(printer, CancellationToken.None);
            }
            catch (Exception failure) when (failure is System.Data.Common.DbException or IOException)
            {
                log.LogWarning(failure, "When the gateway of printer {PrinterId} was here could not be written down", printer);
            }
        }

        private async Task<(Guid PrinterId, EngineConnection Gateway)?> AdmitAsync(WebSocket socket, CancellationToken cancel)
        {
            using var limit = new CancellationTokenSource(HandshakeLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
            var connection = new EngineConnection(Channel);
            await socket.SendAsync(connection.ChallengeFrame, WebSocketMessageType.Binary, endOfMessage: true, either.Token);
            var hello = await GatewayLink.ReceiveAsync(socket, new byte[WireFrame.MaxBytes], time, either.Token);
            if (hello is not { } frame || !connection.TryReadHello(frame.Span, out var printerId))
            {
                return await RefuseAsync(socket, "HELLO_EXPECTED: this is no gateway, or one of another version");
            }

            // One answer for a printer that is unknown or not proved: nobody can ask which printers there are. Only the holder of its key learns that it was revoked.
            var printer = await fleet.FindAsync(printerId, either.Token);
            if (printer is null || !connection.TryWelcome(printer.DevicePublicKey, new Es256Signer(keys.Transport), time.GetUtcNow(), out var welcome))
            {
                log.LogWarning("A gateway that says it is of printer {PrinterId} was refused", printerId);
                return await RefuseAsync(socket, "DEVICE_UNKNOWN: not enrolled here, or this is not its device key; enrol the printer again");
            }

            if (printer.RevokedAt is not null)
            {
                return await RefuseAsync(socket, "DEVICE_REVOKED: this printer's device key was revoked; enrol the printer again");
            }

            await socket.SendAsync(welcome, WebSocketMessageType.Binary, endOfMessage: true, either.Token);
            return (printerId, connection);
        }

        private async Task<(Guid, EngineConnection)?> RefuseAsync(WebSocket socket, string words)
        {
            metrics.Refused();
            if (socket.State == WebSocketState.Open)
            {
                await GatewayLink.RefuseAsync(socket, words, time);
            }

            return null;
        }
    }
}
