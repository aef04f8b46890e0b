using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Touchmark.Evidence.Statements;

namespace Touchmark.Gateway.Tests;

/// <summary>The parts of a vault's API that a gateway uses, on a Unix socket.</summary>
internal sealed class StandInVault : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StandInVault(WebApplication app, string socket) => (_app, Socket) = (app, socket);

    public string Socket { get; }

    /// <summary>The last body that was posted.</summary>
    public JsonElement Asked { get; private set; }

    /// <summary>What is answered to it; null for a problem detail.</summary>
    public byte[]? Statement { get; init; }

    public static async Task<StandInVault> StartAsync(string folder, byte[]? statement)
    {
        var socket = Path.Combine(folder, "vault.sock");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        var vault = new StandInVault(builder.Build(), socket) { Statement = statement };
        vault._app.MapPost("/v3/bundles", (JsonElement body) => vault.Take(body) ?? Results.Json(new { bundle_id = Guid.Empty }, statusCode: 201));
        vault._app.MapGet("/v3/bundles/{id}", () => Results.Bytes(new EvidenceFile(new StatementPart(vault.Statement!, null), [], null).Encode(), EvidenceFile.MediaType));
        vault._app.MapPost("/v3/endorsements", (JsonElement body) => vault.Take(body) ?? Results.Bytes([1, 2, 3], EvidenceFile.MediaType));
        vault._app.MapPost("/v3/findings/{bundle}/{signal}", (JsonElement body) => vault.Take(body) ?? Results.Json(new { state = "accepted", statement = vault.Statement }));
        await vault._app.StartAsync();
        return vault;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private IResult? Take(JsonElement body)
    {
        Asked = body.Clone();
        return Statement is not null ? null
            : Results.Problem(detail: "The token was pulled.", statusCode: 503, extensions: new Dictionary<string, object?> { ["code"] = "HSM_ABSENT" });
    }
}
