using System.Buffers.Binary;
using System.Net;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Designs;

/// <summary>The small picture of a design, and who sees it.</summary>
public sealed class DesignPictureTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    public static TheoryData<string, byte[]> Boxes => new()
    {
        { "binary", Models.BinaryStl() },
        { "text", System.Text.Encoding.ASCII.GetBytes(Models.TextStl()) },
        { "3mf", Models.ThreeMf() },
    };

    [Theory]
    [MemberData(nameof(Boxes))]
    public async Task Whatever_way_a_design_comes_the_engine_draws_it(string kind, byte[] file)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");

        var picture = await PictureAsync(oem, (await oem.UploadAsync(file, kind)).IsGood().Id);

        Assert.Equal((320, 240), (picture.Width, picture.Height));
        Assert.Equal(0, picture.Opacity(0, 0));
        Assert.Equal(255, picture.Opacity(160, 120));
        // The top is the brightest of the three sides that are seen, and none is black or white.
        var tones = Enumerable.Range(0, 320 * 240).Where(i => picture.Pixels[(2 * i) + 1] == 255).Select(i => picture.Pixels[2 * i]).Distinct().ToList();
        Assert.InRange(tones.Count, 3, 40);
        Assert.All(tones, tone => Assert.InRange(tone, 60, 235));
    }

    [Fact]
    public async Task Facets_that_would_keep_the_engine_busy_for_long_leave_the_design_without_a_picture()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var box = Models.BinaryStl();
        var soup = new byte[84 + (50 * 6000)];
        BinaryPrimitives.WriteUInt32LittleEndian(soup.AsSpan(80), 6000);
        for (var at = 84; at < soup.Length; at += 600)
        {
            box.AsSpan(84).CopyTo(soup.AsSpan(at));
        }

        var design = (await oem.UploadAsync(soup)).IsGood().Id;

        (await oem.GetAsync($"/api/designs/{design}/picture")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        using var browser = await Browser.OfAsync(server, oem);
        Assert.DoesNotContain("picture.png", await browser.TextAsync($"/designs/{design}"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Its_owner_sees_it_and_whoever_can_print_it_now(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        using var auditor = await server.JoinAsync(Role.Auditor, "Watchers");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var worker = await server.JoinAsync(Role.Operator, "Maker Hall");
        using var other = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var design = await oem.NewDesignAsync();
        var licence = (await oem.GrantAsync(design, maker)).IsGood().Id;

        foreach (var person in new[] { oem, auditor, maker, worker })
        {
            await PictureAsync(person, design);
        }

        foreach (var person in new[] { rival, other })
        {
            (await person.GetAsync($"/api/designs/{design}/picture")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
            using var browser = await Browser.OfAsync(server, person);
            using var refused = await browser.GetAsync($"/designs/{design}/picture.png");
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        }

        using var shop = await Browser.OfAsync(server, maker);
        Assert.Contains($"/designs/{design}/picture.png", await shop.TextAsync("/catalogue"), StringComparison.Ordinal);
        using var shown = await shop.GetAsync($"/designs/{design}/picture.png");
        Assert.Equal("image/png", shown.Content.Headers.ContentType?.MediaType);
        Assert.Equal("nosniff", shown.Headers.GetValues("X-Content-Type-Options").Single());

        (await oem.PostAsync($"/api/licences/{licence}/revoke", new { reason = "A crack was found" })).IsGood();
        (await maker.GetAsync($"/api/designs/{design}/picture")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
    }

    [Fact]
    public async Task It_is_sealed_at_rest()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var design = await oem.NewDesignAsync();

        var stored = (await server.Database.QueryAsync<byte[]>("select sealed from design_pictures where design_id = @Id", new { Id = design }, default)).Single();

        Assert.Equal(-1, stored.AsSpan().IndexOf("IHDR"u8));
        Assert.StartsWith("tm-blob1", System.Text.Encoding.ASCII.GetString(stored), StringComparison.Ordinal);
    }

    private static async Task<Picture> PictureAsync(Person person, Guid design)
    {
        using var answer = await person.Http.GetAsync(new Uri($"/api/designs/{design}/picture", UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, "image/png"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        return Picture.Read(await answer.Content.ReadAsByteArrayAsync());
    }
}
