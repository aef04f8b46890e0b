using System.Globalization;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.Running;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.DeadMan;

/// <summary>
/// Keeps the printer's dead-man timer pushed off while a session drives the printer. A word is a script of its own, behind at most the two segments that the
/// printer has not answered yet, and never more than one at a time unless a segment goes out, so that a printer that is busy for long (G28, a macro) does
/// not collect them.
/// </summary>
internal sealed class DeadManTimer(PrinterPort port, PrinterPace pace, Journal journal, TimeProvider time)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>A segment may hold the queue for long: a word goes before it unless one went just now.</summary>
    private static readonly TimeSpan FreshEnough = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LineLimit = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private bool _keeping;
    private long? _sent;
    private long _taken;
    private int _unanswered;
    private int _words;
    private TimeSpan _longestGap;

    /// <summary>From the next <see cref="Keep"/> on the timer runs.</summary>
    public void Begin(bool installed)
    {
        lock (_lock)
        {
            (_keeping, _sent, _words, _longestGap) = (installed, null, 0, TimeSpan.Zero);
        }
    }

    /// <summary>Pushes the timer off if it is time to; to be called often, and with <paramref name="beforeSegment"/> before each segment.</summary>
    public void Keep(bool beforeSegment = false)
    {
        if (port.Client is not { } printer)
        {
            return;
        }

        lock (_lock)
        {
            var due = _sent is not { } sent || (beforeSegment ? time.GetElapsedTime(sent) >= FreshEnough : _unanswered == 0 && time.GetElapsedTime(sent) >= Period);
            if (!_keeping || !due)
            {
                return;
            }

            var script = DeadManFile.Arm(DeadManFile.ArmSeconds * pace.Factor);
            if (_sent is null)
            {
                script = DeadManFile.Forget + "\n" + script;
                _taken = time.GetTimestamp();
            }

            _sent = time.GetTimestamp();
            _unanswered++;
            _ = SendAsync(printer, script);
        }
    }

    /// <summary>
    /// The printer was given its safe-rest: the timer may stop. Where the gateway did not know where the head is, the printer, which does, does the rest.
    /// </summary>
    public async Task EndAsync(IReadOnlyList<string> lines, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_keeping)
            {
                return;
            }

            _keeping = false;
        }

        var script = lines.Any(line => line.StartsWith("G1 ", StringComparison.Ordinal)) ? DeadManFile.Disarm : $"{DeadManFile.SafeRest}\nM400\n{DeadManFile.Disarm}";
        try
        {
            if (port.Client is { } printer)
            {
                await printer.RunScriptAsync(script, LineLimit, cancellationToken);
            }
        }
        catch (MoonrakerException failure)
        {
            // Left to itself it brings the printer to rest once more, which does no harm.
            journal.Note($"dead-man timer: not stopped, {failure.Failure}");
        }

        journal.Event(string.Create(CultureInfo.InvariantCulture, $"dead-man timer: pushed off {_words} times, at most {_longestGap.TotalSeconds:F1} s apart"));
    }

    private async Task SendAsync(MoonrakerClient printer, string script)
    {
        try
        {
            // Without a limit: it waits behind whatever holds the printer's queue, and ends with the connection.
            await printer.RunScriptAsync(script, timeout: null, CancellationToken.None);
            lock (_lock)
            {
                var gap = time.GetElapsedTime(_taken);
                _longestGap = gap > _longestGap ? gap : _longestGap;
                _taken = time.GetTimestamp();
                _words++;
            }
        }
        catch (MoonrakerException failure)
        {
            journal.Note($"dead-man timer: {failure.Failure}");
        }
        finally
        {
            lock (_lock)
            {
                _unanswered--;
            }
        }
    }
}

/// <summary>
/// How many seconds of the printer's clock pass in one of this computer's: 1 on a real printer, more on a virtual one that runs faster. The timer counts the
/// printer's seconds, and it is this computer that must never be too slow for it.
/// </summary>
internal sealed class PrinterPace(TimeProvider time)
{
    private static readonly TimeSpan FirstSpan = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan Span = TimeSpan.FromSeconds(2);

    /// <summary>Until it is measured: rather a timer that is set too long for two seconds than one that fires into a good print.</summary>
    private const double Unknown = 20;

    private double _eventTime;
    private long? _since;
    private bool _isMeasured;

    public double Factor { get; private set; } = Unknown;

    public void Observe(double eventTime)
    {
        if (_since is { } since && eventTime >= _eventTime)
        {
            var passed = time.GetElapsedTime(since);
            if (passed < (_isMeasured ? Span : FirstSpan))
            {
                return;
            }

            // A late notification makes the printer seem up to some tenths faster or slower than it is.
            var factor = (eventTime - _eventTime) / passed.TotalSeconds;
            Factor = factor < 1.5 ? 1 : Math.Min(factor, 1000);
            _isMeasured = true;
        }

        (_eventTime, _since) = (eventTime, time.GetTimestamp());
    }
}
