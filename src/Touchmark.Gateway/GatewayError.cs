using System.Collections.ObjectModel;
using Touchmark.Streaming;

namespace Touchmark.Gateway;

/// <summary>An error that a person can act on: stable code, a sentence with the figures, and what to do.</summary>
internal sealed class GatewayError(string code, string message, string fix) : Exception(message)
{
    public string Code { get; } = code;

    public string Fix { get; } = fix;

    /// <summary>The figures by themselves, where somebody told them apart from the sentence.</summary>
    public IReadOnlyDictionary<string, string> Figures { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    public static GatewayError From(Refusal refusal)
    {
        var figures = string.Join(", ", refusal.Figures.Select(f => $"{f.Key}: {f.Value}"));
        return new GatewayError(refusal.Code, figures.Length == 0 ? refusal.Text : $"{refusal.Text} ({figures})", refusal.Fix);
    }

    public Refusal ToRefusal() => new(Code, Message, Figures, Fix);
}
