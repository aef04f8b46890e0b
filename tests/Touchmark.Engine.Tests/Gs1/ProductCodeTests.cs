using System.Net;
using System.Runtime.Versioning;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Designs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;

namespace Touchmark.Engine.Tests.Gs1;

/// <summary>GTINs of designs, and what becomes of parts that bear them.</summary>
[SupportedOSPlatform("linux")]
public sealed class ProductCodeTests
{
    [Theory]
    [MemberData(nameof(ServerFactory.BothDatabases), MemberType = typeof(ServerFactory))]
    public async Task The_owner_gives_a_design_its_GTIN_and_the_audit_trail_says_so(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var design = (await oem.UploadAsync(Models.BinaryStl())).IsGood().Id;

        Assert.Equal("09520123456788", (await oem.PutAsync($"/api/designs/{design}/gtin", new { gtin = "9520123456788" })).IsGood()["gtin"].GetString());
        Assert.Equal("09520123456788", (await oem.PutAsync($"/api/designs/{design}/gtin", new { gtin = "09520123456788" })).IsGood()["gtin"].GetString());

        Assert.Equal("09520123456788", (await oem.GetAsync($"/api/designs/{design}")).IsGood()["gtin"].GetString());
        var acts = (await (await server.AdminAsync()).GetAsync("/api/audit")).IsGood().Text;
        Assert.Equal(2, acts.Split("design.gtin_set").Length);
    }

    [Fact]
    public async Task A_wrong_GTIN_is_refused_with_the_likely_one()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var design = (await oem.UploadAsync(Models.BinaryStl())).IsGood().Id;

        var refusal = await oem.PutAsync($"/api/designs/{design}/gtin", new { gtin = "9520123456787" });

        refusal.IsRefused(HttpStatusCode.BadRequest, "GTIN_CHECK");
        Assert.Contains("9520123456788", refusal["figures"].GetProperty("likely").EnumerateArray().Select(text => text.GetString()));
    }

    [Theory]
    [MemberData(nameof(ServerFactory.BothDatabases), MemberType = typeof(ServerFactory))]
    public async Task Nobody_uses_the_GTIN_or_names_the_design_of_another_organisation(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var other = await server.JoinAsync(Role.Oem, "Another owner");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Makers");
        var design = (await oem.UploadAsync(Models.BinaryStl())).IsGood().Id;
        var theirs = (await other.UploadAsync(Models.BinaryStl())).IsGood().Id;
        var gtin = new { gtin = "9520123456788" };
        (await oem.PutAsync($"/api/designs/{design}/gtin", gtin)).IsGood();

        (await other.PutAsync($"/api/designs/{theirs}/gtin", gtin)).IsRefused(HttpStatusCode.Conflict, "GTIN_TAKEN");
        (await other.PutAsync($"/api/designs/{design}/gtin", gtin)).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await maker.PutAsync($"/api/designs/{design}/gtin", gtin)).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task A_part_keeps_the_GTIN_under_which_it_was_printed()
    {
        await using var bench = await PrintBench.OpenAsync();
        var design = (await bench.Oem.GetAsync("/api/designs")).Body.EnumerateArray().Single().GetProperty("id").GetGuid();
        var before = await bench.PrintPartAsync();
        await GiveAsync("9520123456788");
        var during = await bench.PrintPartAsync();
        await GiveAsync("614141123452");
        var after = await bench.PrintPartAsync();

        Assert.Equal("09520123456788", await GtinOfAsync(before));
        Assert.Equal("09520123456788", await GtinOfAsync(during));
        Assert.Equal("00614141123452", await GtinOfAsync(after));

        async Task GiveAsync(string gtin)
        {
            bench.Server.Time.Advance(TimeSpan.FromSeconds(1));
            (await bench.Oem.PutAsync($"/api/designs/{design}/gtin", new { gtin })).IsGood();
        }

        async Task<string?> GtinOfAsync(PrintedPart part) => (await bench.Oem.GetAsync($"/api/parts/{part.PartId}")).IsGood()["gtin"].GetString();
    }
}
