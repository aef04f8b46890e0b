using Touchmark.Cryptography;

namespace Touchmark.Gateway.Live;

/// <summary>What a <c>next</c> comes to.</summary>
/// <param name="Length">Bytes of the segment; 0 where there is none.</param>
/// <param name="IsEnd">No segment follows: the session is complete.</param>
/// <param name="IsRefused">The session was stopped.</param>
internal readonly record struct SegmentAnswer(int Length, bool IsEnd = false, bool IsRefused = false);

/// <summary>
/// One <c>next</c> of the extra: the gateway's loop fills the buffer, the connection waits for it and sends it. A segment goes in whole, or not at all where the connection gave up waiting.
/// </summary>
/// <param name="text">Locked memory of the connection, which wipes it.</param>
internal sealed class SegmentOrder(LockedBuffer text)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<SegmentAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _abandoned;

    public async Task<SegmentAnswer> AnswerAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            // From here on the buffer is the connection's alone.
            lock (_lock)
            {
                _abandoned = true;
            }
        }
    }

    public void Serve(ReadOnlySpan<byte> segment)
    {
        lock (_lock)
        {
            if (!_abandoned)
            {
                segment.CopyTo(text.Span);
                _answer.TrySetResult(new SegmentAnswer(segment.Length));
            }
        }
    }

    public void Serve(SegmentAnswer empty) => _answer.TrySetResult(empty);
}
