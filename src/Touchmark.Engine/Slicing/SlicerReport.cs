using System.Globalization;
using System.Text;

namespace Touchmark.Engine.Slicing;

/// <summary>
/// Reads what the slicer says while it works: progress lines of the form <c>70 => Infilling layers</c>, and the last other line, which
/// is the reason when it refuses. Lines are kept to 200 printable ASCII characters: a hostile model can put anything in them.
/// </summary>
internal sealed class SlicerReport(Action<int>? progress)
{
    private const int MaxLine = 200;
    private readonly StringBuilder line = new(MaxLine);
    private int percent;

    /// <summary>The last line that was neither progress nor trace.</summary>
    public string? LastWords { get; private set; }

    /// <summary>For instance <c>PrusaSlicer 2.5.0+UNKNOWN</c>, once a line has told.</summary>
    public string? Version { get; private set; }

    public async Task ReadAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = new byte[4096];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancel)) > 0)
        {
            foreach (var b in buffer.AsSpan(0, read))
            {
                if (b == '\n')
                {
                    EndLine();
                }
                else if (line.Length < MaxLine && b is >= 0x20 and < 0x7F)
                {
                    line.Append((char)b);
                }
            }
        }

        EndLine();
    }

    private void EndLine()
    {
        var text = line.ToString().Trim();
        line.Clear();
        var arrow = text.IndexOf(" => ", StringComparison.Ordinal);
        if (arrow > 0 && int.TryParse(text.AsSpan(0, arrow), NumberStyles.None, CultureInfo.InvariantCulture, out var now))
        {
            // PrusaSlicer's steps overlap, so its percentages go back and forth.
            if (now > percent && now <= 100)
            {
                percent = now;
                progress?.Invoke(now);
            }
        }
        else if (text.Length > 0 && !text.Contains("[trace]", StringComparison.Ordinal))
        {
            LastWords = text;
            if (Version is null && text.StartsWith("PrusaSlicer-", StringComparison.Ordinal))
            {
                Version = text.Split(' ')[0].Replace('-', ' ');
            }
        }
    }
}
