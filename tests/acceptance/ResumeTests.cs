using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Touchmark.Acceptance;

/// <summary>A print that loses its network and its engine, and the part that comes of it, by the printer's own record.</summary>
public sealed class ResumeTests
{
    private const int Cuts = 20;

    [Fact]
    public async Task A_print_that_is_cut_20_times_at_random_moves_as_one_that_is_not()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await using var network = new Relay(world.Engine);
        await world.StartPrinterAsync();
        await world.SignInAsync();
        var licence = await world.LicenseAsync(prints: 2);
        var printer = await world.EnrolAsync(network.Address);
        await world.StartGatewayAsync();

        var whole = await world.FinishAsync(await world.StartJobAsync(licence, printer));
        Assert.True(World.Text(whole, "state") == "done", whole.ToString());
        var recorded = (await RecordAsync(world)).Count;

        // The same slice: the engine keeps it by design, printer, material and quality.
        var job = await world.StartJobAsync(licence, printer);
        var places = Enumerable.Range(0, Cuts).Select(Place).Order().ToList();
        for (var cut = 0; cut < Cuts; cut++)
        {
            await world.UntilAsync(job, now => World.Text(now, "state") == "streaming" && now.GetProperty("progress").GetDouble() >= places[cut]);
            // Drops every connection and passes new ones on.
            network.Mend();
            if (cut == Cuts / 2)
            {
                await world.StopAsync("engine", crash: true);
                await world.StartEngineAsync(new Uri(world.Engine).Port);
            }
        }

        var ended = await world.FinishAsync(job);

        Assert.True(World.Text(ended, "state") == "done", ended.ToString());
        var record = await RecordAsync(world);
        var (expected, printed) = (Extruded(record[..recorded]), Extruded(record[recorded..]));
        Assert.True(expected.Count > 1000, $"only {expected.Count} moves in the record");
        Assert.Equal(expected.Count, printed.Count);
        // The record rounds places and filament to its last digit, each from another start.
        Assert.All(expected.Zip(printed), pair => Assert.All(pair.First.Zip(pair.Second), number => Assert.Equal(number.First, number.Second, 0.002)));
        await world.AssertSafeAsync();
        Assert.Equal(2, (await world.AskAsync("oem", "licence", "list"))[0].GetProperty("taken").GetInt32());
        var file = Path.Combine(world.Folder, "bracket.touchmark");
        Assert.Equal(0, (await world.AsAsync("maker", "certificate", "get", World.Text(ended, "certificate_id"), "--output", file)).ExitCode);
        Assert.Equal("valid", World.Text(await world.AskAsync("maker", "verify", file), "verdict"));
    }

    /// <summary>From 0.03 to 0.93 of the print, as if drawn, and the same each time.</summary>
    private static double Place(int number) =>
        0.03 + (0.9 * BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"cut {number}"))) / uint.MaxValue);

    internal static async Task<List<double[]>> RecordAsync(World world) =>
        [.. (await File.ReadAllLinesAsync(world.PrinterRecord)).Where(line => line.Length > 0 && (char.IsAsciiDigit(line[0]) || line[0] == '-'))
            .Select(line => line.Split(',').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray())];

    /// <summary>Where the head went with filament flowing, and how much: ends of the moves in mm, and filament in mm. Lifts and their return extrude without going anywhere.</summary>
    internal static List<double[]> Extruded(List<double[]> record) =>
        [.. record.Zip(record.Skip(1)).Where(pair => pair.Second[5] - pair.First[5] > 1e-6 && (pair.Second[2] != pair.First[2] || pair.Second[3] != pair.First[3]))
            .Select(pair => (double[])[pair.Second[2], pair.Second[3], pair.Second[4], pair.Second[5] - pair.First[5]])];
}
