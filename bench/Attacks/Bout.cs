using System.Diagnostics;
using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Streaming;
using Touchmark.VirtualPrinter;

namespace Touchmark.Bench.Attacks;

/// <summary>How one print went. Seconds of toolpath are plan seconds.</summary>
/// <param name="End">How the session ended; null when it came to no end in time.</param>
/// <param name="EscapedSegments">Segments that left from the lie's beginning on.</param>
/// <param name="EscapedSeconds">Their motion, s.</param>
/// <param name="DetectionSeconds">From the lie's beginning to the purge, s of the engine's clock.</param>
/// <param name="MaxExposure">The most motion that ever was outside and not executed, s.</param>
internal sealed record Outcome(SessionEnd? End, ulong EscapedSegments, double EscapedSeconds, double DetectionSeconds, double MaxExposure)
{
    public bool Completed => End?.Reason == EndReason.Completed;
}

/// <summary>One print of one part on one printer: both real halves of a session, the printer and the network between them, on one virtual clock.</summary>
internal sealed class Bout : IDisposable
{
    private const double Tick = 0.05;
    private const double Limit = 4 * 3600;

    private static readonly P256PrivateKey DeviceKey = P256.GenerateKey();
    private static readonly Es256Signer EngineKey = new(P256.GenerateKey());

    private readonly VirtualClock clock = new();
    private readonly SteppedPrinter printer;
    private readonly EngineSession engine;
    private readonly GatewaySession gateway = new(DeviceKey, EngineKey.PublicKey);
    private readonly Segmenter segmenter;
    private readonly Link toGateway;
    private readonly Link toEngine;
    private bool lies;
    private double? began;
    private double sentBefore;
    private ulong verifiedBefore;

    /// <param name="part">What to print.</param>
    /// <param name="options">On which printer; its seed also draws the network.</param>
    public Bout(Part part, PrinterOptions options)
    {
        printer = new SteppedPrinter(options, clock);
        segmenter = new Segmenter(new MemoryStream(part.Toolpath), Parts.Limits);
        var network = new SplitMix(options.Seed);
        toGateway = new Link(network, network.Between(0.005, 0.15));
        toEngine = new Link(network, network.Between(0.005, 0.15));
        engine = new EngineSession(new EngineSessionOptions
        {
            SessionId = Guid.CreateVersion7(clock.GetUtcNow()),
            Facts = FactsOf(part),
            Profile = Profile,
            DeviceKey = DeviceKey.PublicKey,
            TransportKey = EngineKey,
        });
    }

    private static MachineProfile Profile { get; } = new()
    {
        CpuSerial = "10000000a3c2b1d0", McuId = "usb-Klipper_stm32f446xx_3A0031", Board = "stm32f446xx", Model = "Bench 220", Firmware = "v0.13.0-730", Kinematics = "cartesian",
        Limits = Parts.Limits,
    };

    private Moment Now => Moment.Of(clock);

    /// <summary>Prints until the session is over.</summary>
    public Outcome Run()
    {
        engine.Begin(Now);
        while (engine.End is null && clock.Elapsed < Limit)
        {
            Step();
        }

        var progress = engine.Progress;
        return new Outcome(engine.End, progress.SegmentsSent - verifiedBefore, progress.Exposure + progress.MotionExecuted - sentBefore, clock.Elapsed - (began ?? clock.Elapsed), progress.MaxExposure);
    }

    public void Dispose()
    {
        engine.Dispose();
        gateway.Dispose();
        printer.Dispose();
        segmenter.Dispose();
    }

    private void Step()
    {
        clock.Advance(Tick);
        printer.Step();
        while (printer.TryTake(out var news))
        {
            if (news.Sample is { } sample)
            {
                gateway.ReportPrinter(sample, Now);
            }
            else
            {
                gateway.ScriptAnswered(news.Answered, news.Error, Now);
            }

            CarryOut();
        }

        gateway.Advance(Now);
        engine.Advance(Now);
        Exchange();
        Watch();
    }

    /// <summary>The lie begins when the printer says so, or, for one that always lies, with the first motion that leaves.</summary>
    private void Watch()
    {
        var progress = engine.Progress;
        if (!lies && printer.LyingSince is not null)
        {
            lies = true;
            (began, sentBefore, verifiedBefore) = (clock.Elapsed, progress.MotionExecuted, progress.SegmentsVerified);
        }
        else if (began is null && progress.Exposure > 0)
        {
            (began, verifiedBefore) = (clock.Elapsed, progress.SegmentsVerified);
        }
    }

    private void Exchange()
    {
        for (var moved = true; moved;)
        {
            Feed();
            CarryOut();
            moved = false;
            while (engine.TryTakeFrame(out var frame))
            {
                toGateway.Send(frame, clock.Elapsed);
            }

            while (gateway.TryTakeFrame(out var frame))
            {
                toEngine.Send(frame, clock.Elapsed);
            }

            while (toGateway.TryTake(clock.Elapsed, out var frame))
            {
                moved = true;
                gateway.Receive(frame.Span, Now);
                CarryOut();
            }

            while (toEngine.TryTake(clock.Elapsed, out var frame))
            {
                moved = true;
                engine.Receive(frame.Span, Now);
                Feed();
            }
        }
    }

    private void Feed()
    {
        while (engine.WantsSegment)
        {
            // From memory: it is there at once.
            var next = segmenter.NextAsync();
            Debug.Assert(next.IsCompletedSuccessfully);
            if (next.Result is { } segment)
            {
                engine.Supply(segment, Now);
            }
            else
            {
                engine.SupplyEnd(Now);
            }
        }
    }

    private void CarryOut()
    {
        while (gateway.TryTakeAction(out var action))
        {
            switch (action)
            {
                case GatewayAction.RunPreflight:
                    gateway.PreflightPassed(Profile, new PreflightNotes("ws", []), Now);
                    break;
                case GatewayAction.SendScript send:
                    printer.Send(send.Segment, send.Script.Span);
                    break;
                case GatewayAction.MakeSafe:
                    gateway.SafeRestDone(error: null, Now);
                    break;
            }
        }
    }

    private static JobFacts FactsOf(Part part)
    {
        var (report, extent) = (part.Report, part.Report.Metadata.Extent!.Value);
        return new JobFacts
        {
            JobId = Guid.CreateVersion7(DateTimeOffset.UnixEpoch),
            LicenceId = Guid.CreateVersion7(DateTimeOffset.UnixEpoch),
            Title = "Bracket",
            Segments = (ulong)report.Segments,
            MotionSeconds = report.MotionSeconds,
            NozzleC = report.Metadata.MaxNozzleC,
            BedC = report.Metadata.MaxBedC,
            Min = (extent.Min.X, extent.Min.Y, extent.Min.Z),
            Max = (extent.Max.X, extent.Max.Y, extent.Max.Z),
        };
    }
}
