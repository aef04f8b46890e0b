using System.Globalization;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.PrinterTest;

/// <summary>Checks in order, a line each. After one that failed the others are not tried, but those that tidy up.</summary>
internal sealed class Checklist
{
    private readonly TimeProvider time = TimeProvider.System;

    public bool Passed { get; private set; } = true;

    /// <summary>Runs a check, which tells what it found.</summary>
    /// <param name="name">In a few words.</param>
    /// <param name="check">Fails with <see cref="CliFailure"/>.</param>
    /// <param name="always">Also after a failure.</param>
    public async Task CheckAsync(string name, Func<Task<string>> check, bool always = false)
    {
        if (!Passed && !always)
        {
            Screen.Line($"– {name,-16}           not tried");
            return;
        }

        var began = time.GetTimestamp();
        try
        {
            Show('✓', await check());
        }
        catch (CliFailure failure)
        {
            Passed = false;
            Show('✗', failure.Message + (failure.Hint is { } hint ? $" ({hint})" : ""));
        }

        void Show(char mark, string text) =>
            Screen.Line(string.Create(CultureInfo.InvariantCulture, $"{mark} {name,-16} {time.GetElapsedTime(began).TotalMilliseconds,6:0} ms  {string.Join("; ", text.Split('\n', StringSplitOptions.TrimEntries))}"));
    }
}
