using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Log.Storage;
using Touchmark.Log.Verification;
using Touchmark.Log.Witnessing;

namespace Touchmark.Cli.Witnessing;

/// <summary>A witness over HTTP: <c>POST /add-checkpoint</c>, and what it cosigned last under <c>/{origin hash}/checkpoint</c> (C2SP tlog-witness).</summary>
internal static class WitnessServer
{
    private const int MostConnections = 256;

    public static WebApplication Create(Witness witness, IReadOnlyList<PolicyLog> logs, FolderWitnessState state, string urls)
    {
        // Nothing but the command line configures it: settings files and variables of the host are not read.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(urls).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Limits.MaxRequestBodySize = AddCheckpoint.MaxSize;
        });
        builder.Services.AddRouting();
        var app = builder.Build();
        app.UseRouting();
        app.MapPost("/add-checkpoint", (HttpContext context) => AddAsync(witness, context));
        app.MapGet("/{hash}/checkpoint", (HttpContext context) => ShowAsync(logs, state, context));
        return app;
    }

    private static async Task AddAsync(Witness witness, HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var answer = await witness.AddCheckpointAsync(body.ToArray(), context.RequestAborted);
        await WriteAsync(context, answer);
    }

    private static async Task ShowAsync(IReadOnlyList<PolicyLog> logs, FolderWitnessState state, HttpContext context)
    {
        var hash = (string?)context.Request.RouteValues["hash"];
        WitnessAnswer answer;
        try
        {
            var seen = logs.FirstOrDefault(log => FolderWitnessState.NameOf(log.Origin) == hash) is { } log ? await state.ReadAsync(log.Origin, context.RequestAborted) : null;
            answer = seen is null
                ? new(StatusCodes.Status404NotFound, WitnessAnswer.Text, "This witness has cosigned no such log.\n")
                : new(StatusCodes.Status200OK, WitnessAnswer.Text, System.Text.Encoding.UTF8.GetString(seen.Checkpoint.Encode()));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LogDamagedException)
        {
            answer = new(StatusCodes.Status503ServiceUnavailable, WitnessAnswer.Text, "The witness cannot read what it has signed.\n");
        }

        await WriteAsync(context, answer);
    }

    private static Task WriteAsync(HttpContext context, WitnessAnswer answer)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        return context.Response.WriteAsync(answer.Body, context.RequestAborted);
    }
}
