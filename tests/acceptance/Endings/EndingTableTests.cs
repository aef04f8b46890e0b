using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Touchmark.Acceptance;

/// <summary>Every way in which a print can end, four at a time (they mostly wait), and the table of how it went.</summary>
public sealed class EndingTable : IAsyncLifetime
{
    private const int Lanes = 4;

    private readonly ConcurrentDictionary<string, EndingRow> rows = new(StringComparer.Ordinal);

    internal EndingRow this[string ending] => rows[ending];

    public async ValueTask InitializeAsync()
    {
        var left = new ConcurrentQueue<Ending>(Ending.All);
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(_ => RunAsync(left)));
        var folder = Directory.CreateDirectory(Path.Combine(World.Root, "artifacts"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "endings.txt"), Describe());
    }

    public string Describe()
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{"ending",-32} {"printer",-12} {"heaters off, s",14} {"all of it, s",13}\n"));
        foreach (var row in Ending.All.Select(ending => rows[ending.Name]))
        {
            text.Append(CultureInfo.InvariantCulture, $"{row.Name,-32} {row.Safe,-12} {row.HeatersOff,14:F1} {row.AtRest,13:F1}\n");
        }

        return text.ToString();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task RunAsync(ConcurrentQueue<Ending> left)
    {
        await using var lane = await Lane.StartAsync();
        while (left.TryDequeue(out var ending))
        {
            rows[ending.Name] = await lane.TryAsync(ending);
        }
    }
}

/// <summary>However a print ends, the printer is brought to rest: by the gateway, by the printer's own dead-man timer, or by its micro-controller.</summary>
public sealed class EndingTableTests(EndingTable table) : IClassFixture<EndingTable>
{
    public static TheoryData<string> Endings => [.. Ending.All.Select(ending => ending.Name)];

    [Theory]
    [MemberData(nameof(Endings))]
    public void The_printer_is_safe_after(string ending)
    {
        TestContext.Current.TestOutputHelper!.WriteLine(table.Describe());
        Assert.True(table[ending].Problem is null, table[ending].Problem);
    }
}
