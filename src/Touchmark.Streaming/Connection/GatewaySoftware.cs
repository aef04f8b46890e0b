using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>
/// What a gateway says of itself in its hello: program and version, then, each behind a semicolon, what it knows beyond the first version of the protocol. Nobody signs it: it decides what people are offered, never what is believed.
/// </summary>
internal static class GatewaySoftware
{
    private const int MaxBytes = 64;
    private const string Hold = "hold";
    private const string Abilities = "; " + Hold;

    public static string Write(string program) => Units.Cut(program, MaxBytes - Abilities.Length) + Abilities;

    public static (string Program, bool KnowsHold) Read(string text)
    {
        var parts = text.Split(';', StringSplitOptions.TrimEntries);
        return (parts[0], parts.Skip(1).Contains(Hold, StringComparer.Ordinal));
    }
}
