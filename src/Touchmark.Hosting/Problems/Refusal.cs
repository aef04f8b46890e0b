using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Touchmark.Hosting.Problems;

/// <summary>
/// A refusal that a person can act on. Over HTTP it is a problem detail (RFC 9457) with three members more: <c>code</c> (stable, never reworded), <c>figures</c>
/// (the numbers and names involved) and <c>fix</c> (what to do). It is a value: use cases return it, endpoints hand it on.
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">UPPER_CASE, stable.</param>
/// <param name="Text">One sentence: what is refused and why.</param>
/// <param name="Fix">One sentence: what would help.</param>
public sealed record Refusal(int Status, string Code, string Text, string Fix) : IResult
{
    public IReadOnlyDictionary<string, object?> Figures { get; init; } = new Dictionary<string, object?>();

    // RFC 9457 wants a title that is the same for every occurrence: the code, in words.
    private string Title => Code[0] + Code[1..].Replace('_', ' ').ToLowerInvariant();

    public static Refusal Invalid(string code, string text, string fix) => new(StatusCodes.Status400BadRequest, code, text, fix);

    public static Refusal NotFound(string text, string fix) => new(StatusCodes.Status404NotFound, "NOT_FOUND", text, fix);

    public static Refusal Conflict(string code, string text, string fix) => new(StatusCodes.Status409Conflict, code, text, fix);

    public static Refusal Forbidden(string text, string fix) => new(StatusCodes.Status403Forbidden, "FORBIDDEN", text, fix);

    /// <summary>The same refusal with one more figure.</summary>
    public Refusal With(string name, object? value) => this with { Figures = new Dictionary<string, object?>(Figures) { [name] = value } };

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = Status;
        httpContext.Response.Headers.CacheControl = "no-store";
        if (Figures.GetValueOrDefault("retry_after_s") is long seconds)
        {
            httpContext.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var problem = new ProblemBody($"urn:touchmark:problem:{Code}", Title, Text, Status, httpContext.Request.Path, Code, Figures, Fix);
        return httpContext.Response.WriteAsJsonAsync(problem, options: null, contentType: "application/problem+json", httpContext.RequestAborted);
    }
}

/// <summary>The body of every error answer (RFC 9457).</summary>
internal sealed record ProblemBody(
    string Type, string Title, string Detail, int Status, string Instance, string Code,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] IReadOnlyDictionary<string, object?> Figures, string Fix);

/// <summary>What a use case answers: a value, or the refusal that explains why there is none.</summary>
public readonly struct Outcome<T>
{
    private readonly T? value;

    internal Outcome(T? value, Refusal? refusal) => (this.value, Refusal) = (value, refusal);

    public Refusal? Refusal { get; }

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Refusal refusal) => new(default, refusal);

    /// <summary>True, and the value, when there is no refusal.</summary>
    public bool Has([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T found, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out Refusal? refusal)
    {
        found = value;
        refusal = Refusal;
        return refusal is null;
    }

    /// <summary>The answer of an endpoint.</summary>
    public IResult ToResult(Func<T, IResult> answer) => Has(out var found, out var refusal) ? answer(found) : refusal;
}

/// <summary>Outcomes of interface types, which no operator converts.</summary>
public static class Outcome
{
    public static Outcome<T> Of<T>(T value) => new(value, null);
}
