using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Touchmark.Leaks;

/// <summary>What a search of one process's memory came to; sizes in bytes.</summary>
/// <param name="Locked">Searched in pages that cannot be swapped out.</param>
/// <param name="Unlocked">Searched in all other pages.</param>
/// <param name="DumpableLocked">Locked pages that a core dump would hold.</param>
/// <param name="InLocked">Lines found in locked pages.</param>
/// <param name="InUnlocked">Lines found in other pages.</param>
/// <param name="Where">Mappings of the latter, for whoever has to mend it.</param>
internal sealed record MemoryFinding(long Locked, long Unlocked, long DumpableLocked, IReadOnlySet<string> InLocked, IReadOnlySet<string> InUnlocked, IReadOnlySet<string> Where);

/// <summary>
/// Searches all memory of a running process that is present (Linux, <c>/proc/PID/smaps</c> and <c>/proc/PID/mem</c>). The process goes on meanwhile; of one that is not
/// dumpable only root may read.
/// </summary>
internal static class ProcessMemory
{
    private const int Chunk = 4 * 1024 * 1024;
    private const int Overlap = 128;

    /// <exception cref="UnauthorizedAccessException">The process does not let itself be read.</exception>
    public static MemoryFinding Search(int processId, LineBook book)
    {
        var (locked, unlocked, where) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        long lockedBytes = 0, unlockedBytes = 0, dumpable = 0;
        using var memory = File.OpenHandle($"/proc/{processId}/mem");
        var buffer = new byte[Chunk + Overlap];
        foreach (var mapping in Mappings(processId))
        {
            var found = mapping.IsLocked ? locked : unlocked;
            var before = found.Count;
            var searched = Search(memory, mapping, buffer, book, found);
            lockedBytes += mapping.IsLocked ? searched : 0;
            unlockedBytes += mapping.IsLocked ? 0 : searched;
            dumpable += mapping is { IsLocked: true, IsDumpable: true } ? searched : 0;
            if (!mapping.IsLocked && found.Count > before)
            {
                where.Add(string.Create(CultureInfo.InvariantCulture, $"{mapping.Name} {mapping.Start:x}-{mapping.End:x} ({found.Count - before} lines)"));
            }
        }

        return new MemoryFinding(lockedBytes, unlockedBytes, dumpable, locked, unlocked, where);
    }

    private static long Search(SafeFileHandle memory, Mapping mapping, byte[] buffer, LineBook book, HashSet<string> found)
    {
        long searched = 0;
        var kept = 0;
        for (var at = mapping.Start; at < mapping.End;)
        {
            var wanted = (int)Math.Min(Chunk, mapping.End - at);
            int read;
            try
            {
                read = RandomAccess.Read(memory, buffer.AsSpan(kept, wanted), at);
            }
            catch (IOException)
            {
                // Unmapped meanwhile, or a device's page.
                return searched;
            }

            if (read == 0)
            {
                return searched;
            }

            book.Search(buffer.AsSpan(0, kept + read), found);
            searched += read;
            at += read;
            // A line may lie across two chunks.
            var next = Math.Min(Overlap, kept + read);
            buffer.AsSpan(kept + read - next, next).CopyTo(buffer);
            kept = next;
        }

        return searched;
    }

    private static List<Mapping> Mappings(int processId)
    {
        var mappings = new List<Mapping>();
        Mapping? current = null;
        foreach (var line in File.ReadLines($"/proc/{processId}/smaps"))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var dash = words[0].IndexOf('-', StringComparison.Ordinal);
            if (dash > 0 && words.Length >= 5)
            {
                current = words[1][0] == 'r' && long.TryParse(words[0].AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var start)
                    && long.TryParse(words[0].AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var end)
                    ? new Mapping(start, end, words.Length > 5 ? words[5] : "anonymous", false, true, 0)
                    : null;
            }
            else if (current is not null && words is ["Rss:" or "Swap:", var size, ..])
            {
                current = current with { Present = current.Present + long.Parse(size, CultureInfo.InvariantCulture) };
            }
            else if (current is { Present: > 0 } present && words[0] == "VmFlags:")
            {
                mappings.Add(present with { IsLocked = words.Contains("lo"), IsDumpable = !words.Contains("dd") });
            }
        }

        return mappings;
    }

    private sealed record Mapping(long Start, long End, string Name, bool IsLocked, bool IsDumpable, long Present);
}
