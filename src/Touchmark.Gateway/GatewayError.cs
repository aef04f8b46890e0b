using Touchmark.Streaming;

namespace Touchmark.Gateway;

/// <summary>An error that a person can act on: stable code, a sentence with the figures, and what to do.</summary>
internal sealed class GatewayError(string code, string message, string fix) : Exception(message)
{
    public string Code { get; } = code;

    public string Fix { get; } = fix;

    public static GatewayError From(Refusal refusal)
    {
        var figures = string.Join(", ", refusal.Figures.Select(f => $"{f.Key}: {f.Value}"));
        return new GatewayError(refusal.Code, figures.Length == 0 ? refusal.Text : $"{refusal.Text} ({figures})", refusal.Fix);
    }
}
