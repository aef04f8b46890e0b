using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Designs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Uploads;

namespace Touchmark.Engine.Tests.Uploads;

/// <summary>Uploads in pieces: cut off and gone on with, bounded, and never in the clear.</summary>
public sealed class UploadTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_upload_goes_on_where_it_was_after_the_engine_was_restarted(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var file = Large();
        var upload = (await BeginAsync(oem, file)).IsGood();
        Assert.Equal(0, upload["offset"].GetInt64());
        (await AppendAsync(oem, upload.Id, 0, file.AsMemory(0, 100_000))).IsGood();
        await server.RestartAsync();
        using var again = oem.At(server);

        var found = (await BeginAsync(again, file)).IsGood();
        Assert.Equal((upload.Id, 100_000), (found.Id, found["offset"].GetInt64()));
        Assert.Equal(file.Length, (await AppendAsync(again, upload.Id, 100_000, file.AsMemory(100_000))).IsGood()["offset"].GetInt64());
        var design = (await FinishAsync(again, upload.Id)).IsGood();

        Assert.Equal(("Bracket", Convert.ToHexStringLower(SHA256.HashData(file))), (design["name"].GetString(), design["sha256"].GetString()));
        (await again.GetAsync($"/api/uploads/{upload.Id}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        Assert.Single(Blobs(server));
    }

    [Fact]
    public async Task What_a_connection_brought_before_it_broke_off_counts()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var file = Large();
        var upload = (await BeginAsync(oem, file)).IsGood().Id;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, server.Address.Port, patience.Token);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"PATCH /api/uploads/{upload} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {oem.Token}\r\nUpload-Offset: 0\r\nContent-Type: application/octet-stream\r\nContent-Length: {file.Length}\r\n\r\n"));
            await stream.WriteAsync(file.AsMemory(0, 400_000));
            // What the engine has not read when the connection ends, its server throws away.
            while (Blobs(server).Select(blob => new FileInfo(blob).Length).SingleOrDefault() < 300_000)
            {
                patience.Token.ThrowIfCancellationRequested();
            }
        }

        // The engine learns of the end in its own time.
        while ((await server.Database.QueryAsync<long>("select received from uploads where id = @Id", new { Id = upload }, patience.Token)).Single() == 0)
        {
        }

        var offset = (int)(await oem.GetAsync($"/api/uploads/{upload}")).IsGood()["offset"].GetInt64();

        Assert.InRange(offset, 300_000, 400_000);
        (await AppendAsync(oem, upload, offset, file.AsMemory(offset))).IsGood();
        Assert.Equal(file.Length, (await FinishAsync(oem, upload)).IsGood()["bytes"].GetInt64());
    }

    [Fact]
    public async Task A_piece_in_the_wrong_place_too_long_or_sent_twice_changes_nothing()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var file = Models.BinaryStl();
        var upload = (await BeginAsync(oem, file)).IsGood().Id;

        var early = await AppendAsync(oem, upload, 10, file.AsMemory(10));
        early.IsRefused(HttpStatusCode.Conflict, "UPLOAD_OFFSET");
        Assert.Equal(0, early["figures"].GetProperty("offset").GetInt64());
        (await AppendAsync(oem, upload, 0, new byte[file.Length + 1])).IsRefused(HttpStatusCode.BadRequest, "UPLOAD_TOO_LONG");
        (await FinishAsync(oem, upload)).IsRefused(HttpStatusCode.Conflict, "UPLOAD_INCOMPLETE");
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => AppendAsync(oem, upload, 0, file))));
        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer => Assert.Equal("UPLOAD_OFFSET", answer.Code));
        Assert.Single(Blobs(server));
        (await oem.PostAsync($"/api/uploads/{upload}/design", new { name = "two\nlines" })).IsRefused(HttpStatusCode.BadRequest, "TEXT_NOT_PLAIN");
        (await FinishAsync(oem, upload)).IsGood();
    }

    [Fact]
    public async Task Another_file_than_was_announced_makes_no_design_and_leaves_nothing_behind()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var file = Models.BinaryStl();
        var changed = (await BeginAsync(oem, file)).IsGood().Id;
        (await AppendAsync(oem, changed, 0, Models.BinaryStl(x: 41))).IsGood();
        (await FinishAsync(oem, changed)).IsRefused(HttpStatusCode.BadRequest, "UPLOAD_CHANGED");

        var damaged = Models.WithFacetCount(13);
        var lying = (await BeginAsync(oem, damaged)).IsGood().Id;
        (await AppendAsync(oem, lying, 0, damaged)).IsGood();
        (await FinishAsync(oem, lying)).IsRefused(HttpStatusCode.BadRequest, "STL_FACET_COUNT");

        Assert.Empty(Blobs(server));
        Assert.Empty((await oem.GetAsync("/api/designs")).Body.EnumerateArray());
    }

    [Fact]
    public async Task An_upload_does_not_come_in_crumbs()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var file = Models.BinaryStl();
        var upload = (await BeginAsync(oem, file)).IsGood().Id;
        // Behind the end of the file, where no piece of it lies.
        for (var piece = 0; piece < UploadDesk.MostPieces; piece++)
        {
            await server.Database.ExecuteAsync(
                "insert into upload_pieces (id, upload_id, position) values (@Id, @Upload, @Position)", new { Id = Guid.CreateVersion7(), Upload = upload, Position = file.Length + piece }, TestContext.Current.CancellationToken);
        }

        (await AppendAsync(oem, upload, 0, file.AsMemory(0, 1))).IsRefused(HttpStatusCode.Conflict, "UPLOAD_IN_CRUMBS");
    }

    [Fact]
    public async Task Uploads_are_bounded_in_size_and_number_and_forgotten_after_a_day()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--design-bytes", "1000000"]);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        (await oem.PostAsync("/api/uploads", new { bytes = 1_000_001, sha256 = new string('a', 64) })).IsRefused(HttpStatusCode.RequestEntityTooLarge, "DESIGN_TOO_LARGE");
        (await oem.PostAsync("/api/uploads", new { bytes = 0, sha256 = new string('a', 64) })).IsRefused(HttpStatusCode.BadRequest, "UPLOAD_UNCLEAR");
        (await oem.PostAsync("/api/uploads", new { bytes = 5, sha256 = "abc" })).IsRefused(HttpStatusCode.BadRequest, "UPLOAD_UNCLEAR");
        var file = Models.BinaryStl();
        var first = (await BeginAsync(oem, file)).IsGood().Id;
        (await AppendAsync(oem, first, 0, file.AsMemory(0, 100))).IsGood();
        for (var i = 1; i < UploadDesk.AtOnce; i++)
        {
            (await BeginAsync(oem, Models.BinaryStl(x: i))).IsGood();
        }

        (await BeginAsync(oem, Models.BinaryStl(x: 99))).IsRefused(HttpStatusCode.TooManyRequests, "UPLOADS_OPEN");

        server.Time.Advance(UploadDesk.Kept);
        using var tomorrow = await server.SignInAsync(oem.Email);
        (await tomorrow.GetAsync($"/api/uploads/{first}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await BeginAsync(tomorrow, Models.BinaryStl(x: 99))).IsGood();
        Assert.Empty(Blobs(server));
    }

    [Fact]
    public async Task What_is_announced_counts_against_the_room_of_the_organisation()
    {
        var file = Models.BinaryStl();
        await using var server = await ServerFactory.StartAsync(arguments: ["--organisation-bytes", $"{file.Length + 10}"]);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        (await BeginAsync(oem, file)).IsGood();

        (await BeginAsync(oem, Models.BinaryStl(x: 41))).IsRefused(HttpStatusCode.RequestEntityTooLarge, "STORAGE_QUOTA");
    }

    [Fact]
    public async Task An_upload_is_its_accounts_own()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var colleague = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var file = Models.BinaryStl();
        var upload = (await BeginAsync(oem, file)).IsGood().Id;

        (await AppendAsync(colleague, upload, 0, file)).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await FinishAsync(colleague, upload)).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await colleague.DeleteAsync($"/api/uploads/{upload}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await BeginAsync(maker, file)).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        Assert.NotEqual(upload, (await BeginAsync(colleague, file)).IsGood().Id);
        Assert.Equal(HttpStatusCode.NoContent, (await oem.DeleteAsync($"/api/uploads/{upload}")).Status);
    }

    [Fact]
    public async Task Nothing_that_has_arrived_is_in_the_clear()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var file = Encoding.ASCII.GetBytes(Models.TextStl());
        var upload = (await BeginAsync(oem, file)).IsGood().Id;
        (await AppendAsync(oem, upload, 0, file)).IsGood();

        Assert.Single(Blobs(server));
        Assert.DoesNotContain(Directory.EnumerateFiles(server.Data, "*", SearchOption.AllDirectories), path => Bytes.Of(path).AsSpan().IndexOf("vertex"u8) >= 0);
    }

    [Fact]
    public async Task The_page_sends_pieces_with_its_forms_token_and_nobody_else_does()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, oem);
        var token = Browser.TokenOf(await browser.TextAsync("/designs/new")).Value;
        var file = Models.BinaryStl();

        using var refused = await browser.PostAsync("/designs/uploads", JsonContent.Create(new { bytes = file.Length, sha256 = Sha256(file) }));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("FORM_TOO_OLD", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var begin = JsonContent.Create(new { bytes = file.Length, sha256 = Sha256(file) });
        begin.Headers.Add("RequestVerificationToken", token);
        using var begun = await browser.PostAsync("/designs/uploads", begin);
        Assert.Equal(HttpStatusCode.OK, begun.StatusCode);
    }

    private static byte[] Large()
    {
        // Enough boxes, one in the other, for pieces that are worth keeping.
        var box = Models.BinaryStl();
        const int copies = 1000;
        var file = new byte[84 + (copies * (box.Length - 84))];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(80), copies * 12);
        for (var i = 0; i < copies; i++)
        {
            box.AsSpan(84).CopyTo(file.AsSpan(84 + (i * (box.Length - 84))));
        }

        return file;
    }

    private static IEnumerable<string> Blobs(ServerFactory server) => Directory.EnumerateFiles(Path.Combine(server.Data, "blobs"), "*", SearchOption.AllDirectories);

    private static string Sha256(byte[] file) => Convert.ToHexStringLower(SHA256.HashData(file));

    private static Task<Answer> BeginAsync(Person person, byte[] file) => person.PostAsync("/api/uploads", new { bytes = file.Length, sha256 = Sha256(file) });

    private static async Task<Answer> AppendAsync(Person person, Guid upload, long offset, ReadOnlyMemory<byte> piece)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, new Uri($"/api/uploads/{upload}", UriKind.Relative)) { Content = new ReadOnlyMemoryContent(piece) };
        request.Headers.Add("Upload-Offset", offset.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return await Answer.ReadAsync(await person.Http.SendAsync(request));
    }

    private static Task<Answer> FinishAsync(Person person, Guid upload) => person.PostAsync($"/api/uploads/{upload}/design", new { name = "Bracket", description = "Holds things" });
}
