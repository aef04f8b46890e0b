using System.Globalization;

namespace Touchmark.Gateway.Running;

/// <summary>How far the running print is: a line that rewrites itself on a terminal, and one plain line per tenth elsewhere.</summary>
internal sealed class Progress(TextWriter output, bool terminal)
{
    private int _lastPercent = -1;
    private bool _open;

    /// <summary>Temperatures in °C; the speed factor is 1 unless the engine or somebody at the printer has changed it.</summary>
    public void Show(ulong queued, ulong segments, double nozzleC, double bedC, double speedFactor)
    {
        if (segments == 0)
        {
            return;
        }

        var percent = (int)(100 * Math.Min(queued, segments) / segments);
        if (percent == _lastPercent || (!terminal && percent / 10 == _lastPercent / 10 && _lastPercent >= 0))
        {
            return;
        }

        _lastPercent = percent;
        var line = string.Create(
            CultureInfo.InvariantCulture, $"printing: {percent} % ({queued} of {segments} segments), nozzle {nozzleC:0.0} °C, bed {bedC:0.0} °C{(speedFactor == 1 ? "" : $", at {speedFactor:P0} of its speed")}");
        output.Write(terminal ? $"\r{line}\u001b[K" : line + Environment.NewLine);
        output.Flush();
        _open = terminal;
    }

    /// <summary>Ends the line that rewrites itself, before another line is printed.</summary>
    public void Close()
    {
        if (_open)
        {
            output.WriteLine();
            _open = false;
        }
    }

    public void Reset()
    {
        Close();
        _lastPercent = -1;
    }
}
