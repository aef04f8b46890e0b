using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Touchmark.Hosting.Http;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using MinDataRate = Microsoft.AspNetCore.Server.Kestrel.Core.MinDataRate;

namespace Touchmark.Engine.Web;

/// <summary>What all features share of HTTP: JSON, limits, problem details, security headers, health, OpenAPI.</summary>
internal static class WebFeature
{
    public static void AddWeb(this WebApplicationBuilder builder, EngineOptions options)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.RequestBytes;
            kestrel.Limits.MaxRequestLineSize = 8 * 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = 64;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
            // Who sends or reads slower than this, after a moment's grace, is dropped: an event stream that nobody reads, too.
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.Limits.MaxConcurrentConnections = options.Connections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = options.Connections;
        });
        builder.Services.AddSingleton<RateLimits>();
        builder.Services.AddSingleton<RequestTime>();
        // The forms of our pages have three fields; nobody else is sent one.
        builder.Services.Configure<FormOptions>(forms => (forms.ValueCountLimit, forms.KeyLengthLimit, forms.ValueLengthLimit) = (16, 128, 8 * 1024));
        // Features log what happened; the framework's line per request would drown it.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.AddStrictJson();
        builder.Services.AddOpenApi();
    }

    public static void MapWeb(this WebApplication app)
    {
        TrustProxies(app);
        app.Use(SecurityHeaders.AddAsync);
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = AnswerErrorAsync, SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException or AntiforgeryValidationException });
        app.UseStatusCodePages(context => AnswerStatusAsync(context.HttpContext));
        var limits = app.Services.GetRequiredService<RateLimits>();
        app.Use(limits.LimitPlaceAsync);
        app.Use(app.Services.GetRequiredService<RequestTime>().LimitAsync);
        // Said here, and not left to the host, which would put them in front of what answers their refusals.
        app.UseAuthentication();
        app.UseAuthorization();
        app.Use(limits.LimitAccountAsync);
        app.MapOpenApi();
        app.MapGet("/health", HealthAsync).ExcludeFromDescription();
    }

    /// <summary>Only proxies that the operator names are believed: whoever else sends X-Forwarded-For would choose whom our limits hit.</summary>
    private static void TrustProxies(WebApplication app)
    {
        var proxies = app.Services.GetRequiredService<EngineOptions>().Proxies;
        if (proxies.Count == 0)
        {
            return;
        }

        var trusted = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        trusted.KnownProxies.Clear();
        trusted.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            trusted.KnownIPNetworks.Add(proxy);
        }

        app.UseForwardedHeaders(trusted);
    }

    private static async Task<IResult> HealthAsync(Database database, CancellationToken cancel)
    {
        await database.FirstOrDefaultAsync<long>("select count(*) from schema_migrations", null, cancel);
        return Results.Json(new { status = "ok", version = typeof(WebFeature).Assembly.GetName().Version?.ToString(3) });
    }

    private static Task AnswerErrorAsync(HttpContext context)
    {
        var error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        var refusal = error switch
        {
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => TooLarge,
            AntiforgeryValidationException => Refusal.Invalid("FORM_REFUSED", "This is not a form of ours, or it is too large.", "Open the page again, and send the form that it shows."),
            BadHttpRequestException bad => new Refusal(bad.StatusCode, "BAD_REQUEST", Describe(bad), "Compare the request with /openapi/v1.json."),
            not null when StorageFull.Is(error, context.RequestServices.GetRequiredService<Dialect>()) => new Refusal(
                StatusCodes.Status507InsufficientStorage, "STORAGE_FULL", "The engine has no room left to store this. Nothing was changed.",
                "Free space in the engine's data folder or database, then send the request again."),
            _ => new Refusal(
                StatusCodes.Status500InternalServerError, "INTERNAL", "The engine failed to answer; the fault is logged under the figure trace.",
                "Try again; if it stays, report the trace figure.").With("trace", context.TraceIdentifier),
        };
        return refusal.ExecuteAsync(context);
    }

    private static Refusal TooLarge => new(StatusCodes.Status413PayloadTooLarge, "TOO_LARGE", "The request is larger than the engine accepts here.", "Send less; designs go to /api/designs.");

    // The path in a JSON error names the member and never its value, so no secret comes back.
    private static string Describe(BadHttpRequestException bad) => bad.InnerException is JsonException { Path: { } path }
        ? $"The body is not the JSON that this request takes (at {path})."
        : "The request is not one that the engine understands.";

    private static Task AnswerStatusAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            return Task.CompletedTask;
        }

        var refusal = context.Response.StatusCode switch
        {
            StatusCodes.Status401Unauthorized => new Refusal(401, "UNAUTHENTICATED", "This request needs a valid token.", "Get one from POST /api/tokens and send it as 'Authorization: Bearer …'."),
            StatusCodes.Status403Forbidden => Refusal.Forbidden("Your role does not allow this.", "Ask an account with the right role."),
            StatusCodes.Status404NotFound => new Refusal(404, "NOT_FOUND", "There is nothing at this address.", "See /openapi/v1.json for all addresses."),
            StatusCodes.Status405MethodNotAllowed => new Refusal(405, "METHOD_NOT_ALLOWED", "This address does not take this method.", "See /openapi/v1.json."),
            StatusCodes.Status413PayloadTooLarge => TooLarge,
            StatusCodes.Status415UnsupportedMediaType => new Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "The body is not of a type that this address takes.", "Send application/json, or multipart/form-data for a design."),
            StatusCodes.Status429TooManyRequests => new Refusal(429, "TOO_MANY_REQUESTS", "Too many requests.", "Wait a minute and try again."),
            var status => new Refusal(status, "REFUSED", "The request was refused.", "See /openapi/v1.json."),
        };
        return refusal.ExecuteAsync(context);
    }
}
