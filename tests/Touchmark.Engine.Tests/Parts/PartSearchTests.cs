using System.Net;
using System.Runtime.Versioning;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Recalls;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;

namespace Touchmark.Engine.Tests.Parts;

/// <summary>From a part to everything that made it, and from each of these to the parts.</summary>
[SupportedOSPlatform("linux")]
public sealed class PartSearchTests
{
    [Theory]
    [MemberData(nameof(ServerFactory.BothDatabases), MemberType = typeof(ServerFactory))]
    public async Task Parts_are_found_by_all_that_made_them_and_by_nothing_else(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        var part = await bench.PrintPartAsync(materialLot: "Spool 12/B");
        var origin = (await bench.Oem.GetAsync($"/api/parts/{part.PartId}/origin")).IsGood();
        var facts = origin["facts"];
        var design = facts.GetProperty("design_id").GetGuid();

        Assert.Equal(("Spool 12/B", part.JobId, bench.PrinterId), (facts.GetProperty("material_lot").GetString(), facts.GetProperty("job_id").GetGuid(), facts.GetProperty("printer_id").GetGuid()));
        Assert.All(origin["statements"].EnumerateArray(), statement => Assert.True(statement.GetProperty("log_index").GetInt64() > 0));
        var now = Uri.EscapeDataString(bench.Server.Time.GetUtcNow().ToString("O"));
        foreach (var query in new[] { $"design={design}", $"licence={bench.LicenceId}", $"printer={bench.PrinterId}", "material=pla", "material_lot=Spool%2012%2FB", $"to={now}", $"printer={bench.PrinterId}&material=PLA&from=2020-01-01T00:00Z" })
        {
            Assert.Equal([part.PartId.ToString()], await FindAsync(bench.Oem, query));
            Assert.Equal([part.PartId.ToString()], await FindAsync(bench.Manufacturer, query));
        }

        foreach (var query in new[] { $"design={Guid.CreateVersion7()}", $"printer={bench.LicenceId}", "material=PETG", "material_lot=spool", "to=2020-01-01T00:00Z", $"printer={bench.PrinterId}&material_lot=other" })
        {
            Assert.Empty(await FindAsync(bench.Oem, query));
        }
    }

    [Fact]
    public async Task Pages_of_a_search_hold_every_part_once()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.Server.CopyPartAsync(await bench.PrintPartAsync(), 30);
        var seen = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var page = (await bench.Oem.GetAsync($"/api/parts?limit=8&after={next}")).IsGood();
            seen.AddRange(page["parts"].EnumerateArray().Select(row => row.GetProperty("id").GetString()!));
            next = page.Body.TryGetProperty("next", out var more) ? more.GetString() : null;
        }

        Assert.Equal((31, 31), (seen.Count, seen.Distinct().Count()));
        (await bench.Oem.GetAsync("/api/parts?after=nonsense")).IsRefused(HttpStatusCode.BadRequest, "PAGE_INVALID");
        (await bench.Oem.GetAsync("/api/parts?limit=100000")).IsRefused(HttpStatusCode.BadRequest, "PAGE_INVALID");
    }

    [Fact]
    public async Task A_search_shows_nobody_what_others_made()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var otherOwner = await bench.Server.JoinAsync(Role.Oem, "Another owner");
        using var custodian = await bench.Server.JoinAsync(Role.Custodian, "Clinic");
        using var stranger = bench.Server.Stranger();

        Assert.Empty(await FindAsync(otherOwner, ""));
        (await otherOwner.GetAsync($"/api/parts/{part}/origin")).IsRefused(HttpStatusCode.NotFound, "PART_UNKNOWN");
        (await custodian.GetAsync("/api/parts")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await stranger.GetAsync("/api/parts")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await stranger.GetAsync($"/api/parts/{part}/origin")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        Assert.Equal([part.ToString()], await FindAsync(await bench.Server.AdminAsync(), ""));
    }

    [Fact]
    public async Task A_lot_that_is_none_is_refused_before_a_print_is_taken()
    {
        await using var bench = await PrintBench.OpenAsync();

        foreach (var lot in new[] { "", new string('x', 129), "a\nb" })
        {
            (await bench.Manufacturer.PostAsync("/api/jobs", new { licence_id = bench.LicenceId, printer_id = bench.PrinterId, material = "PLA", quality = "standard", material_lot = lot }))
                .IsRefused(HttpStatusCode.BadRequest, "MATERIAL_LOT_INVALID");
        }

        Assert.Equal(0, await bench.TakenAsync());
    }

    private static async Task<string[]> FindAsync(Person person, string query) =>
        [.. (await person.GetAsync($"/api/parts?{query}")).IsGood()["parts"].EnumerateArray().Select(row => row.GetProperty("id").GetString()!)];
}
