using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Diagnostics;
using Touchmark.Hosting.Http;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Access;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Web;

/// <summary>What all features share of HTTP: listeners, JSON, limits, problem details, OpenAPI.</summary>
internal static class WebFeature
{
    /// <summary>The longest body of an ordinary request, bytes. Toolpaths and evidence files set their own limit.</summary>
    private const int RequestBytes = 256 * 1024;

    private const int Connections = 1000;

    private static readonly HttpFaults Faults = new("vault", "/openapi/v3.json");

    public static void AddWeb(this WebApplicationBuilder builder, VaultOptions options)
    {
        // Toolpaths of megabytes come in: blocks of 4 KiB, and a question before each, are six hundred calls for one.
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlocks>();
        builder.WebHost.UseSockets(transport => (transport.CreateBoundListenSocket, transport.WaitForDataBeforeAllocatingBuffer) = (ListenSocket.Bind, false));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limit(RequestBytes, Connections);
            kestrel.ListenUnixSocket(options.Socket);
            if (options.Loopback is { } loopback)
            {
                kestrel.Listen(loopback);
            }
        });
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.AddStrictJson();
        builder.Services.AddOpenApi("v3");
    }

    public static void MapWeb(this WebApplication app)
    {
        app.Use(AddHeadersAsync);
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = AnswerErrorAsync, SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException });
        app.UseStatusCodePages(context => Faults.Of(context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext));
        app.UseAccess();
        app.MapOpenApi("/openapi/{documentName}.json").ForEverybody();
        app.MapGet("/health", () => Results.Json(new { status = "ok", version = typeof(WebFeature).Assembly.GetName().Version?.ToString(3) })).ForEverybody().ExcludeFromDescription();
    }

    private static Task AddHeadersAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        return next(context);
    }

    private static Task AnswerErrorAsync(HttpContext context) => (context.Features.Get<IExceptionHandlerFeature>()?.Error switch
    {
        ObjectStoreException away => ManifestProblems.ObjectsAway(away),
        var error => Faults.Of(error, context),
    }).ExecuteAsync(context);
}
