using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Touchmark.Hosting.Http;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Access;
using Touchmark.Vault.Manifest;
using MinDataRate = Microsoft.AspNetCore.Server.Kestrel.Core.MinDataRate;

namespace Touchmark.Vault.Web;

/// <summary>What all features share of HTTP: listeners, JSON, limits, problem details, OpenAPI.</summary>
internal static class WebFeature
{
    /// <summary>The longest body of an ordinary request, bytes. Toolpaths and evidence files set their own limit.</summary>
    private const int RequestBytes = 256 * 1024;

    public static void AddWeb(this WebApplicationBuilder builder, VaultOptions options)
    {
        builder.WebHost.UseSockets(transport => transport.CreateBoundListenSocket = ListenSocket.Bind);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenUnixSocket(options.Socket);
            if (options.Loopback is { } loopback)
            {
                kestrel.Listen(loopback);
            }

            kestrel.Limits.MaxRequestBodySize = RequestBytes;
            kestrel.Limits.MaxRequestLineSize = 8 * 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = 64;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
            // Who sends or reads slower than this, after a moment's grace, is dropped.
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.Limits.MaxConcurrentConnections = 1000;
        });
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.AddStrictJson();
        builder.Services.AddOpenApi("v3");
    }

    public static void MapWeb(this WebApplication app)
    {
        app.Use(AddHeadersAsync);
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = AnswerErrorAsync, SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException });
        app.UseStatusCodePages(context => AnswerStatusAsync(context.HttpContext));
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

    private static Task AnswerErrorAsync(HttpContext context)
    {
        var error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        var refusal = error switch
        {
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => TooLarge,
            BadHttpRequestException bad => new Refusal(bad.StatusCode, "BAD_REQUEST", Describe(bad), "Compare the request with /openapi/v3.json."),
            not null when StorageFull.Is(error, context.RequestServices.GetRequiredService<Dialect>()) => new Refusal(
                StatusCodes.Status507InsufficientStorage, "STORAGE_FULL", "The vault has no room left to store this.", "Free space in the vault's data folder or database, then send the request again."),
            ObjectStoreException away => ManifestProblems.ObjectsAway(away),
            _ => new Refusal(
                StatusCodes.Status500InternalServerError, "INTERNAL", "The vault failed to answer; the fault is logged under the figure trace.",
                "Try again; if it stays, report the trace figure.").With("trace", context.TraceIdentifier),
        };
        return refusal.ExecuteAsync(context);
    }

    private static Refusal TooLarge => new(StatusCodes.Status413PayloadTooLarge, "TOO_LARGE", "The request is larger than the vault accepts here.", "Send less.");

    // The path in a JSON error names the member and never its value, so no secret comes back.
    private static string Describe(BadHttpRequestException bad) => bad.InnerException is JsonException { Path: { } path }
        ? $"The body is not the JSON that this request takes (at {path})."
        : "The request is not one that the vault understands.";

    private static Task AnswerStatusAsync(HttpContext context)
    {
        var refusal = context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => Refusal.NotFound("There is nothing at this address.", "See /openapi/v3.json for all addresses."),
            StatusCodes.Status405MethodNotAllowed => new Refusal(405, "METHOD_NOT_ALLOWED", "This address does not take this method.", "See /openapi/v3.json."),
            StatusCodes.Status413PayloadTooLarge => TooLarge,
            StatusCodes.Status415UnsupportedMediaType => new Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "The body is not of a type that this address takes.", "See /openapi/v3.json."),
            var status => new Refusal(status, "REFUSED", "The request was refused.", "See /openapi/v3.json."),
        };
        return refusal.ExecuteAsync(context);
    }
}
