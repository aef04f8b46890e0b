using Microsoft.AspNetCore.Http.Timeouts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Web;

/// <summary>
/// Bounds the time of a request, its body included. The framework's own middleware cancels a token that the reading of a JSON body does not look at; this one ends that reading too.
/// It goes by the computer's clock, like the other limits of the network.
/// </summary>
internal sealed class RequestTime(EngineOptions options)
{
    /// <summary>The name under which an endpoint asks for the time of an upload.</summary>
    public const string Upload = "upload";

    public async Task LimitAsync(HttpContext context, RequestDelegate next)
    {
        var metadata = context.GetEndpoint()?.Metadata;
        if (metadata?.GetMetadata<DisableRequestTimeoutAttribute>() is not null)
        {
            await next(context);
            return;
        }

        var seconds = metadata?.GetMetadata<RequestTimeoutAttribute>()?.PolicyName == Upload ? options.UploadSeconds : options.RequestSeconds;
        var client = context.RequestAborted;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(client);
        limit.CancelAfter(TimeSpan.FromSeconds(seconds));
        await using var cut = limit.Token.Register(() =>
        {
            if (!client.IsCancellationRequested)
            {
                EndReading(context.Request);
            }
        });
        context.RequestAborted = limit.Token;
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !client.IsCancellationRequested && !context.Response.HasStarted)
        {
            context.RequestAborted = client;
            await new Refusal(StatusCodes.Status408RequestTimeout, "TOO_SLOW", $"The request was not complete after {seconds} s.", "Send it again over a faster connection.")
                .With("limit_s", seconds).ExecuteAsync(context);
        }
        finally
        {
            context.RequestAborted = client;
        }
    }

    /// <summary>
    /// Called by a timer, so nothing may be thrown: it would end the process. The server throws here when the connection broke off in the middle of an answer and nobody has been told yet.
    /// </summary>
    private static void EndReading(HttpRequest request)
    {
        try
        {
            request.BodyReader.CancelPendingRead();
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or InvalidOperationException)
        {
            // Nobody reads from it any more.
        }
    }
}
