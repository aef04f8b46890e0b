using System.Security.Cryptography;

namespace Touchmark.GCode;

/// <summary>Reads a sliced file once: canonical text and its hash, what it says about itself, whether this machine may print it, how it will be cut.
/// Any bytes give a report.</summary>
public static class ToolpathCheck
{
    /// <summary>So many refusals are listed; all are counted.</summary>
    public const int MaxRefusals = 100;

    /// <inheritdoc cref="RunAsync(Stream, MachineLimits, Stream?, ToolpathOptions, CancellationToken)"/>
    public static Task<ToolpathReport> RunAsync(
        Stream raw, MachineLimits limits, Stream? canonicalOutput = null, CancellationToken cancellationToken = default) =>
        RunAsync(raw, limits, canonicalOutput, ToolpathOptions.Default, cancellationToken);

    /// <param name="raw">What the slicer wrote.</param>
    /// <param name="limits">The machine.</param>
    /// <param name="canonicalOutput">Takes the canonical text, refused lines included; null where only the report is wanted.</param>
    /// <param name="options">How that text is written; the report is on the text as written, refusals name lines of <paramref name="raw"/>.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    public static async Task<ToolpathReport> RunAsync(
        Stream raw, MachineLimits limits, Stream? canonicalOutput, ToolpathOptions options, CancellationToken cancellationToken = default)
    {
        using var reader = new GCodeStreamReader(raw);
        using var run = new Run(limits, options);
        while (await reader.FillAsync(cancellationToken))
        {
            while (run.Take(reader))
            {
                if (canonicalOutput is not null)
                {
                    await canonicalOutput.WriteAsync(run.Block, cancellationToken);
                }
            }
        }

        return run.Finish(reader.LineNumber);
    }

    private sealed class Run : IDisposable
    {
        /// <summary>Bytes that one raw line may need in the block.</summary>
        private const int Room = (MoveSplitter.MaxParts * (MoveSplitter.MaxPartBytes + 1)) + GCodeText.MaxLineBytes + 1;

        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly CommentReader _comments;
        private readonly RefusalList _refusals = new();
        private readonly LineRules _lineRules;
        private readonly MoveRules _moveRules;
        private readonly SegmentBuilder _segments;
        private readonly MoveSplitter? _splitter;
        private readonly byte[] _line = new byte[GCodeText.MaxLineBytes];

        private readonly byte[] _block = new byte[2 * Room];
        private int _blockLength;
        private long _lines;
        private long _bytes;
        private int _segmentCount;
        private double _seconds;

        public Run(MachineLimits limits, ToolpathOptions options)
        {
            _comments = new CommentReader(options.Pictures ? new PictureReader() : null);
            _lineRules = new LineRules(limits, _refusals);
            _moveRules = new MoveRules(limits, _refusals);
            _segments = new SegmentBuilder(limits, SegmentRules.Default);
            _splitter = options.LongestMoveSeconds is { } longest ? new MoveSplitter(limits, longest) : null;
        }

        /// <summary>Canonical text of the last <see cref="Take"/>.</summary>
        public ReadOnlyMemory<byte> Block => _block.AsMemory(0, _blockLength);

        /// <summary>Fills the next block from the lines that the reader holds. False once there are none left.</summary>
        public bool Take(GCodeStreamReader reader)
        {
            _blockLength = 0;
            while (_block.Length - _blockLength >= Room && reader.TryRead(out ReadOnlySpan<byte> raw))
            {
                _refusals.Line = reader.LineNumber;
                int length = GCodeText.Canonicalise(raw, _line);
                if (length == 0)
                {
                    _comments.Read(GCodeText.Comment(raw), reader.LineNumber);
                }
                else
                {
                    Write(raw, new GCodeLine(_line.AsSpan(0, length)));
                }
            }

            _bytes += _blockLength;
            _hash.AppendData(_block, 0, _blockLength);
            return _blockLength > 0;
        }

        private void Write(ReadOnlySpan<byte> raw, GCodeLine line)
        {
            bool allowed = Allow(raw, line);
            int parts = allowed && _splitter is not null ? _splitter.Parts(line, _segments.State) : 1;
            if (parts > 1)
            {
                Split(line, parts);
                return;
            }

            line.Text.CopyTo(_block.AsSpan(_blockLength));
            ReadOnlySpan<byte> written = EndLine(line.Text.Length);
            if (allowed)
            {
                _segments.AddApplied(written);
                CountSegments(ended: false);
            }
        }

        private void Split(GCodeLine line, int parts)
        {
            _segments.State.TakeBack();
            _splitter!.Begin(_segments.State);
            for (int part = 1; part <= parts; part++)
            {
                _segments.Add(EndLine(_splitter.Write(line, part, parts, _block.AsSpan(_blockLength))));
                CountSegments(ended: false);
            }
        }

        /// <summary>Ends the line that was written to the end of the block, and returns it without its line feed.</summary>
        private ReadOnlySpan<byte> EndLine(int length)
        {
            ReadOnlySpan<byte> line = _block.AsSpan(_blockLength, length);
            _block[_blockLength + length] = (byte)'\n';
            _blockLength += length + 1;
            _lines++;
            return line;
        }

        private bool Allow(ReadOnlySpan<byte> raw, GCodeLine line)
        {
            if (!Checksum.Holds(raw))
            {
                _refusals.Add("CHECKSUM", "The line does not match its checksum: the file is damaged.", "Transfer or slice the file again.");
                return false;
            }

            if (!_lineRules.Allow(line))
            {
                return false;
            }

            _segments.State.Apply(line);
            return _moveRules.Allow(line, _segments.State);
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
                Pictures = _comments.Pictures,
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
            CryptographicOperations.ZeroMemory(_line);
            _segments.Wipe();
            _hash.Dispose();
        }
    }
}
