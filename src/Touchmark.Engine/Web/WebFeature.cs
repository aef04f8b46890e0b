using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Touchmark.Hosting.Http;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Web;

/// <summary>What all features share of HTTP: JSON, limits, problem details, security headers, health, OpenAPI.</summary>
internal static class WebFeature
{
    private static readonly HttpFaults Faults = new("engine", "/openapi/v1.json")
    {
        Less = "Send less; designs go to /api/designs.",
        WhenFull = "Nothing was changed.",
        Types = "Send application/json, or multipart/form-data for a design.",
    };

    public static void AddWeb(this WebApplicationBuilder builder, EngineOptions options)
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limit(options.RequestBytes, options.Connections));
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

    private static Task AnswerErrorAsync(HttpContext context) => (context.Features.Get<IExceptionHandlerFeature>()?.Error switch
    {
        AntiforgeryValidationException => Refusal.Invalid("FORM_REFUSED", "This is not a form of ours, or it is too large.", "Open the page again, and send the form that it shows."),
        var error => Faults.Of(error, context),
    }).ExecuteAsync(context);

    private static Task AnswerStatusAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) && context.Request.Path != "/slice")
        {
            return Task.CompletedTask;
        }

        var refusal = context.Response.StatusCode switch
        {
            StatusCodes.Status401Unauthorized => new Refusal(401, "UNAUTHENTICATED", "This request needs a valid token.", "Get one from POST /api/tokens and send it as 'Authorization: Bearer …'."),
            StatusCodes.Status403Forbidden => Refusal.Forbidden("Your role does not allow this.", "Ask an account with the right role."),
            StatusCodes.Status429TooManyRequests => new Refusal(429, "TOO_MANY_REQUESTS", "Too many requests.", "Wait a minute and try again."),
            var status => Faults.Of(status),
        };
        return refusal.ExecuteAsync(context);
    }
}
