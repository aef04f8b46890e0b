using System.Security.Cryptography;

namespace Touchmark.GCode;

/// <summary>Reads a sliced file once: canonical text and its hash, what it says about itself, whether this machine may print it, how it will be cut.
/// Any bytes give a report.</summary>
public static class ToolpathCheck
{
    /// <summary>So many refusals are listed; all are counted.</summary>
    public const int MaxRefusals = 100;

    /// <param name="raw">What the slicer wrote.</param>
    /// <param name="limits">The machine.</param>
    /// <param name="canonicalOutput">Takes the canonical text, refused lines included; null where only the report is wanted.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    public static async Task<ToolpathReport> RunAsync(
        Stream raw, MachineLimits limits, Stream? canonicalOutput = null, CancellationToken cancellationToken = default)
    {
        using var reader = new GCodeStreamReader(raw);
        using var run = new Run(limits);
        while (await reader.FillAsync(cancellationToken))
        {
            run.Take(reader);
            if (canonicalOutput is not null)
            {
                await canonicalOutput.WriteAsync(run.Block, cancellationToken);
            }
        }

        return run.Finish(reader.LineNumber);
    }

    private sealed class Run : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly CommentReader _comments = new();
        private readonly RefusalList _refusals = new();
        private readonly LineRules _lineRules;
        private readonly MoveRules _moveRules;
        private readonly SegmentBuilder _segments;

        // A canonical line is at most twice as long as its raw line, feed included.
        private readonly byte[] _block = new byte[(2 * GCodeStreamReader.BufferBytes) + GCodeText.MaxLineBytes + 1];
        private int _blockLength;
        private long _lines;
        private long _bytes;
        private int _segmentCount;
        private double _seconds;

        public Run(MachineLimits limits)
        {
            _lineRules = new LineRules(limits, _refusals);
            _moveRules = new MoveRules(limits, _refusals);
            _segments = new SegmentBuilder(limits, SegmentRules.Default);
        }

        /// <summary>Canonical text of the last <see cref="Take"/>.</summary>
        public ReadOnlyMemory<byte> Block => _block.AsMemory(0, _blockLength);

        public void Take(GCodeStreamReader reader)
        {
            _blockLength = 0;
            while (reader.TryRead(out ReadOnlySpan<byte> raw))
            {
                _refusals.Line = reader.LineNumber;
                Span<byte> rest = _block.AsSpan(_blockLength);
                int length = GCodeText.Canonicalise(raw, rest);
                if (length == 0)
                {
                    _comments.Read(GCodeText.Comment(raw), reader.LineNumber);
                    continue;
                }

                rest[length] = (byte)'\n';
                _blockLength += length + 1;
                _lines++;
                Check(raw, rest[..length]);
            }

            _bytes += _blockLength;
            _hash.AppendData(_block, 0, _blockLength);
        }

        private void Check(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> canonical)
        {
            var line = new GCodeLine(canonical);
            if (!Checksum.Holds(raw))
            {
                _refusals.Add("CHECKSUM", "The line does not match its checksum: the file is damaged.", "Transfer or slice the file again.");
                return;
            }

            if (!_lineRules.Allow(line))
            {
                return;
            }

            _segments.State.Apply(line);
            if (!_moveRules.Allow(line, _segments.State))
            {
                return;
            }

            _segments.AddApplied(canonical);
            CountSegments(ended: false);
        }

        private void CountSegments(bool ended)
        {
            while (_segments.TryTake(ended, out _, out SegmentPlan? plan))
            {
                _segmentCount++;
                _seconds += plan.DurationSeconds;
            }
        }

        public ToolpathReport Finish(long rawLines)
        {
            CountSegments(ended: true);
            if (_lines == 0)
            {
                _refusals.Line = 0;
                _refusals.Add("EMPTY", "The file holds no command.", "Slice the model again.", ("lines", $"{rawLines}"));
            }

            return new ToolpathReport
            {
                CanonicalSha256 = _hash.GetHashAndReset(),
                Metadata = _comments.Finish(new ToolpathMetadata
                {
                    ExtrudedMm = _moveRules.ExtrudedMm,
                    MaxNozzleC = _moveRules.MaxNozzleC,
                    MaxBedC = _moveRules.MaxBedC,
                    Extent = _moveRules.Extent,
                }),
                Refusals = _refusals.Kept,
                RefusalCount = _refusals.Count,
                Lines = _lines,
                CanonicalBytes = _bytes,
                Segments = _segmentCount,
                MotionSeconds = _seconds,
            };
        }

        public void Dispose()
        {
            CryptographicOperations.ZeroMemory(_block);
            _segments.Wipe();
            _hash.Dispose();
        }
    }
}
