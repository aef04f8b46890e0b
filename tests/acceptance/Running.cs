using System.Diagnostics;

namespace Touchmark.Acceptance;

/// <summary>A process, and every line that it has printed.</summary>
internal sealed class Running(Process process)
{
    private readonly Lock gate = new();
    private readonly List<string> lines = [];
    private readonly List<(string Text, TaskCompletionSource Said)> awaited = [];

    public Process Process => process;

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (gate)
            {
                return [.. lines];
            }
        }
    }

    public void Add(string line)
    {
        lock (gate)
        {
            lines.Add(line);
            awaited.RemoveAll(one => line.Contains(one.Text, StringComparison.Ordinal) && one.Said.TrySetResult());
        }
    }

    /// <summary>Returns when it has printed a line with this text.</summary>
    public Task SaidAsync(string text)
    {
        lock (gate)
        {
            if (lines.Exists(line => line.Contains(text, StringComparison.Ordinal)))
            {
                return Task.CompletedTask;
            }

            var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            awaited.Add((text, said));
            return said.Task;
        }
    }
}
