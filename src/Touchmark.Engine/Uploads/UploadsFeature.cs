using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Uploads;

/// <summary>Uploads in pieces, for programs and for the page.</summary>
internal static class UploadsFeature
{
    public static void AddUploads(this IServiceCollection services)
    {
        services.AddSingleton<UploadDesk>();
        services.AddHostedService<UploadSweep>();
    }

    public static void MapUploads(this WebApplication app)
    {
        app.MapPost("/api/uploads", BeginAsync).For(Role.Oem).Produces<UploadView>()
            .WithSummary("Begin the upload of a design in pieces, or go on with one that broke off: the answer says from which byte on.");
        app.MapGet("/api/uploads/{id:guid}", ShowAsync).For(Role.Oem).Produces<UploadView>().WithSummary("How much of an upload has arrived.");
        app.MapPatch("/api/uploads/{id:guid}", AppendAsync).For(Role.Oem).Produces<UploadView>().WithRequestTimeout(RequestTime.Upload)
            .WithSummary("Send the next piece as the body, with its place in the file as Upload-Offset.");
        app.MapPost("/api/uploads/{id:guid}/design", FinishAsync).For(Role.Oem).Produces<DesignView>(StatusCodes.Status201Created).WithRequestTimeout(RequestTime.Upload)
            .WithSummary("Make a design of an upload that is whole.");
        app.MapDelete("/api/uploads/{id:guid}", async (Guid id, Caller caller, UploadDesk desk, CancellationToken cancel) =>
            (await desk.DeleteAsync(id, caller, cancel)).ToResult(_ => Results.NoContent())).For(Role.Oem).Produces(StatusCodes.Status204NoContent).WithSummary("Give an upload up.");

        // The same for the page's script, which has a cookie; the form's token comes in a header.
        var page = app.MapPagesFor(Role.Oem).MapGroup("/designs/uploads").DisableAntiforgery().AddEndpointFilter(async (invocation, next) =>
            await invocation.HttpContext.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(invocation.HttpContext) ? await next(invocation)
            : Refusal.Invalid("FORM_TOO_OLD", "The page was open for too long.", "Load it again, and choose the file once more: what has arrived is kept."));
        page.MapPost("", BeginAsync);
        page.MapGet("/{id:guid}", ShowAsync);
        page.MapPatch("/{id:guid}", AppendAsync).WithRequestTimeout(RequestTime.Upload);
        page.MapPost("/{id:guid}/design", FinishAsync).WithRequestTimeout(RequestTime.Upload);
    }

    private static async Task<IResult> BeginAsync(NewUpload request, Caller caller, UploadDesk desk, CancellationToken cancel) => (await desk.BeginAsync(request, caller, cancel)).ToResult(Answer);

    private static async Task<IResult> ShowAsync(Guid id, Caller caller, UploadDesk desk, CancellationToken cancel) => (await desk.FindAsync(id, caller, cancel)).ToResult(Answer);

    private static async Task<IResult> AppendAsync(Guid id, [FromHeader(Name = "Upload-Offset")] long offset, HttpContext context, Caller caller, UploadDesk desk, CancellationToken cancel)
    {
        // One byte more is enough to see that it is too much.
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = UploadDesk.PieceBytes + 1;
        return (await desk.AppendAsync(id, offset, context.Request.Body, caller, cancel)).ToResult(Answer);
    }

    private static async Task<IResult> FinishAsync(Guid id, FinishedUpload request, Caller caller, UploadDesk desk, CancellationToken cancel) =>
        (await desk.FinishAsync(id, request.Name, request.Description, caller, cancel)).ToResult(design => Results.Created($"/api/designs/{design.Id:D}", DesignView.Of(design)));

    private static IResult Answer(OpenUpload upload) => Results.Ok(UploadView.Of(upload));
}

/// <summary>Deletes uploads that nobody finished, whether or not anybody begins others.</summary>
internal sealed class UploadSweep(UploadDesk desk, TimeProvider time, ILogger<UploadSweep> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await desk.SweepAsync(stoppingToken);
            }
            catch (Exception failure) when (failure is System.Data.Common.DbException or IOException)
            {
                log.LogWarning(failure, "Old uploads could not be deleted; the next look will");
            }
        }
    }
}

/// <param name="Bytes">Of the whole file.</param>
/// <param name="Sha256">Of the whole file, in hexadecimal.</param>
internal sealed record NewUpload(long Bytes, string Sha256);

/// <param name="Name">What the part is called.</param>
/// <param name="Description">A line about it; may be left out.</param>
internal sealed record FinishedUpload(string Name, string? Description = null);

/// <summary>An upload as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Bytes">Of the whole file.</param>
/// <param name="Offset">The next byte that is wanted.</param>
/// <param name="PieceBytes">The most that one request brings.</param>
/// <param name="ExpiresAt">It is forgotten then.</param>
internal sealed record UploadView(Guid Id, long Bytes, long Offset, int PieceBytes, DateTimeOffset ExpiresAt)
{
    public static UploadView Of(OpenUpload upload) => new(upload.Id, upload.Bytes, upload.Received, UploadDesk.PieceBytes, upload.CreatedAt + UploadDesk.Kept);
}
