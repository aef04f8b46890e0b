using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Hosting.Http;

/// <summary>What a service answers to requests that fail outside of its features, in the form of all its refusals.</summary>
/// <param name="Service">As it calls itself in a sentence: engine, vault.</param>
/// <param name="Description">The address of its OpenAPI description.</param>
public sealed record HttpFaults(string Service, string Description)
{
    /// <summary>What to do about a request that is too large.</summary>
    public string Less { get; init; } = "Send less.";

    /// <summary>What to do about a body of another type.</summary>
    public string Types { get; init; } = $"See {Description}.";

    /// <summary>What became of a request for which there was no room; empty where that depends on the request.</summary>
    public string WhenFull { get; init; } = "";

    /// <summary>For an exception that nobody handled.</summary>
    public Refusal Of(Exception? error, HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return error switch
        {
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Of(StatusCodes.Status413PayloadTooLarge),
            BadHttpRequestException bad => new Refusal(bad.StatusCode, "BAD_REQUEST", Describe(bad), $"Compare the request with {Description}."),
            not null when StorageFull.Is(error, context.RequestServices.GetRequiredService<Dialect>()) => new Refusal(
                StatusCodes.Status507InsufficientStorage, "STORAGE_FULL", $"The {Service} has no room left to store this. {WhenFull}".TrimEnd(), $"Free space in the {Service}'s data folder or database, then send the request again."),
            _ => new Refusal(
                StatusCodes.Status500InternalServerError, "INTERNAL", $"The {Service} failed to answer; the fault is logged under the figure trace.",
                "Try again; if it stays, report the trace figure.").With("trace", context.TraceIdentifier),
        };
    }

    /// <summary>For a status that the framework set, without a body.</summary>
    public Refusal Of(int status) => status switch
    {
        StatusCodes.Status404NotFound => Refusal.NotFound("There is nothing at this address.", $"See {Description} for all addresses."),
        StatusCodes.Status405MethodNotAllowed => new Refusal(status, "METHOD_NOT_ALLOWED", "This address does not take this method.", $"See {Description}."),
        StatusCodes.Status413PayloadTooLarge => new Refusal(status, "TOO_LARGE", $"The request is larger than the {Service} accepts here.", Less),
        StatusCodes.Status415UnsupportedMediaType => new Refusal(status, "UNSUPPORTED_MEDIA_TYPE", "The body is not of a type that this address takes.", Types),
        _ => new Refusal(status, "REFUSED", "The request was refused.", $"See {Description}."),
    };

    // The path in a JSON error names the member and never its value, so no secret comes back.
    private string Describe(BadHttpRequestException bad) => bad.InnerException is JsonException { Path: { } path }
        ? $"The body is not the JSON that this request takes (at {path})."
        : $"The request is not one that the {Service} understands.";
}
