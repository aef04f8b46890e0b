using System.Text;
using Touchmark.Streaming;
using Touchmark.VirtualPrinter;

namespace Touchmark.Bench.Identity;

/// <summary>A virtual printer on a clock of the bench, as enrolment and a print's beginning see it: scripts in, samples out.</summary>
internal sealed class MeasuredPrinter : IDisposable
{
    private const double Tick = 0.02;

    /// <summary>Nothing here takes longer, s of the printer's clock.</summary>
    private const double Patience = 300;

    private readonly VirtualClock clock = new();
    private readonly SteppedPrinter printer;
    private ulong calls;

    public MeasuredPrinter(PrinterOptions options) => printer = new SteppedPrinter(options, clock);

    /// <summary>Runs a script, handing on each sample until it is answered and <paramref name="isDone"/> says that it is done.</summary>
    public void Run(string script, Action<PrinterSample>? take = null, Func<PrinterSample, bool>? isDone = null)
    {
        var number = ++calls;
        printer.Send(number, Encoding.ASCII.GetBytes(script));
        var (answered, done) = (false, false);
        for (var waited = 0.0; !done && waited < Patience; waited += Tick)
        {
            clock.Advance(Tick);
            printer.Step();
            while (printer.TryTake(out var news))
            {
                if (news.Sample is not { } sample)
                {
                    answered |= news.Answered == number;
                    continue;
                }

                take?.Invoke(sample);
                done = answered && isDone?.Invoke(sample) != false;
            }
        }
    }

    public void Rest(double seconds)
    {
        var until = clock.Elapsed + seconds;
        Run("M105", isDone: _ => clock.Elapsed >= until);
    }

    /// <summary>Moves a homed head somewhere and lets go of the motors.</summary>
    public void Place(double x, double y, double z) => Run(FormattableString.Invariant($"G90\nG1 Z{z:F2} F900\nG1 X{x:F2} Y{y:F2} F6000\nM400\nM84"));

    public HomingMeter Home()
    {
        var meter = new HomingMeter();
        Run("M105", sample => meter.Observe(sample));
        var resting = 0;
        Run("G28", sample => meter.Observe(sample), sample => (resting = sample.Velocity <= 0 ? resting + 1 : 0) > 2);
        return meter;
    }

    /// <summary>Heats to 150 °C as a print does, then cools again.</summary>
    public HeatingMeter Heat(string before = "M107")
    {
        var meter = new HeatingMeter();
        Run(before, sample => meter.Observe(sample));
        var until = clock.Elapsed + (Patience / 2);
        Run("M104 S150", sample => meter.Observe(sample), sample => sample.NozzleC > HeatingMeter.ToC || clock.Elapsed > until);
        Run("M104 S0\nM106 S255", isDone: sample => sample.NozzleC < HeatingMeter.ColdC - 4);
        Run("M107", isDone: sample => sample.FanSpeed <= 0);
        return meter;
    }

    public void Dispose() => printer.Dispose();
}
