using System.Net;
using System.Text;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Engine.Tests.PrinterFiles;

/// <summary>A key that was released is a print: one for each print id, and none that the licence does not have.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class KeyReleaseTests
{
    [Fact]
    public async Task A_print_that_asks_again_is_the_same_print_ten_times_and_a_new_one_is_counted()
    {
        await using var shop = await FileShop.OpenAsync();
        var (file, print) = (await shop.SealedFileAsync(), Guid.CreateVersion7());

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(1, (await shop.UnwrapAsync(file, print)).IsGood()["print_number"].GetInt64());
        }

        (await shop.UnwrapAsync(file, print)).IsRefused(HttpStatusCode.Conflict, "PRINT_RELEASED_OFTEN");
        Assert.Equal(1, await shop.Shop.TakenAsync());
        Assert.Equal(2, (await shop.UnwrapAsync(file, Guid.CreateVersion7())).IsGood()["print_number"].GetInt64());
        Assert.Equal(2, await shop.Shop.TakenAsync());
    }

    [Fact]
    public async Task A_print_id_stands_for_one_file_and_for_nothing_else()
    {
        await using var shop = await FileShop.OpenAsync();
        var (file, other, print) = (await shop.SealedFileAsync(), await shop.SealedFileAsync(), Guid.CreateVersion7());
        (await shop.UnwrapAsync(file, print)).IsGood();
        var job = (await shop.Shop.OrderAsync()).IsGood().Id;

        (await shop.UnwrapAsync(other, print)).IsRefused(HttpStatusCode.Conflict, "PRINT_OTHER_FILE");
        (await shop.UnwrapAsync(file, job)).IsRefused(HttpStatusCode.Conflict, "PRINT_OTHER_FILE");

        Assert.Equal(2, await shop.Shop.TakenAsync());
        (await shop.UnwrapAsync(file, print)).IsGood();
    }

    [Fact]
    public async Task A_print_that_ended_or_began_too_long_ago_opens_nothing()
    {
        await using var shop = await FileShop.OpenAsync();
        var (file, ended, old) = (await shop.SealedFileAsync(), Guid.CreateVersion7(), Guid.CreateVersion7());
        (await shop.UnwrapAsync(file, ended)).IsGood();
        (await shop.UnwrapAsync(file, old)).IsGood();

        (await shop.EndAsync(Guid.CreateVersion7())).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await shop.EndAsync(ended, "exploded")).IsRefused(HttpStatusCode.BadRequest, "BAD_REQUEST");
        Assert.Equal("cancelled", (await shop.EndAsync(ended, "cancelled")).IsGood()["outcome"].GetString());
        Assert.Equal("cancelled", (await shop.EndAsync(ended, "complete")).IsGood()["outcome"].GetString());
        (await shop.UnwrapAsync(file, ended)).IsRefused(HttpStatusCode.Conflict, "PRINT_ENDED");

        await BackdateAsync(TimeSpan.FromHours(24));
        (await shop.UnwrapAsync(file, old)).IsGood();
        await BackdateAsync(TimeSpan.FromHours(25));
        (await shop.UnwrapAsync(file, old)).IsRefused(HttpStatusCode.Conflict, "PRINT_TOO_LONG_AGO");
        Assert.Equal(2, await shop.Shop.TakenAsync());

        Task BackdateAsync(TimeSpan by) =>
            shop.Server.Database.ExecuteAsync("update file_prints set began_at = @Began where id = @Id", new { Id = old, Began = (shop.Server.Time.GetUtcNow() - by).ToMicroseconds() }, default);
    }

    [Fact]
    public async Task A_licence_that_is_used_up_expired_or_revoked_begins_no_print()
    {
        await using var shop = await FileShop.OpenAsync(prints: 1);
        var (file, running) = (await shop.SealedFileAsync(), Guid.CreateVersion7());
        (await shop.UnwrapAsync(file, running)).IsGood();

        (await shop.UnwrapAsync(file, Guid.CreateVersion7())).IsRefused(HttpStatusCode.Conflict, "LICENCE_USED_UP");
        (await shop.UnwrapAsync(file, running)).IsGood();

        await shop.Server.Database.ExecuteAsync("update licences set prints = 5, expires_at = @Now", new { Now = shop.Server.Time.GetUtcNow() }, default);
        (await shop.UnwrapAsync(file, Guid.CreateVersion7())).IsRefused(HttpStatusCode.Conflict, "LICENCE_EXPIRED");
        (await shop.UnwrapAsync(file, running)).IsGood();

        (await shop.Shop.Oem.PostAsync($"/api/licences/{shop.Shop.LicenceId}/revoke", new { reason = "The bracket was recalled." })).IsGood();
        (await shop.UnwrapAsync(file, Guid.CreateVersion7())).IsRefused(HttpStatusCode.Conflict, "LICENCE_REVOKED");
        (await shop.UnwrapAsync(file, running)).IsRefused(HttpStatusCode.Conflict, "LICENCE_REVOKED");
        await shop.Server.Database.ExecuteAsync("update licences set revocation_policy = 2", null, default);
        (await shop.UnwrapAsync(file, running)).IsGood();
        Assert.Equal(1, await shop.Shop.TakenAsync());
    }

    [Fact]
    public async Task The_last_print_goes_to_one_of_all_that_want_it_at_once_at_two_nodes()
    {
        await using var shop = await FileShop.OpenAsync(prints: 1, storage: StorageKind.Postgres);
        await using var node = await shop.Server.StartNodeAsync();
        using var there = shop.Gateway.At(node);
        var file = await shop.SealedFileAsync();
        var prints = Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7()).ToArray();

        // Each id is asked for at both nodes: a gateway that was restarted, and did not hear the first answer.
        var answers = await Task.WhenAll(prints.SelectMany(print => new[] { (print, shop.Gateway), (print, there) }).Select(async ask => (ask.print, Answer: await shop.UnwrapAsync(file, ask.print, ask.Item2))));

        var winner = Assert.Single(answers.Where(ask => ask.Answer.Status == HttpStatusCode.OK).Select(ask => ask.print).Distinct());
        Assert.All(answers, ask => Assert.Equal(ask.print == winner ? null : "LICENCE_USED_UP", ask.Answer.Code));
        Assert.Equal(1, await shop.Shop.TakenAsync());
        Assert.Equal(2, await shop.Server.Database.FirstOrDefaultAsync<long>("select releases from file_prints where id = @Id", new { Id = winner }, default));
    }

    [Fact]
    public async Task Another_printer_gets_nothing_and_a_changed_one_nothing_until_it_is_accepted()
    {
        await using var shop = await FileShop.OpenAsync();
        var file = await shop.SealedFileAsync();
        using var device = Cryptography.P256PrivateKey.Generate();
        using var stranger = shop.Server.Stranger();
        var neighbour = (await stranger.PostAsync("/api/enrolments", Gateways.EnrolmentBy(shop.Shop.Maker, device))).IsGood();
        using var other = shop.Server.Bearing(neighbour["printer_token"].GetString()!);

        (await shop.UnwrapAsync(file, Guid.CreateVersion7(), other)).IsRefused(HttpStatusCode.NotFound, "FILE_UNKNOWN");
        (await shop.UnwrapAsync(Guid.CreateVersion7(), Guid.CreateVersion7())).IsRefused(HttpStatusCode.NotFound, "FILE_UNKNOWN");
        (await shop.UnwrapAsync(file, Guid.CreateVersion7(), shop.Shop.Maker)).IsRefused(HttpStatusCode.Forbidden, "TOKEN_NOT_A_PRINTERS");
        var print = Guid.CreateVersion7();
        (await shop.UnwrapAsync(file, print)).IsGood();
        (await other.PostAsync($"/api/printer-keys/prints/{print:D}/end", new { outcome = "complete" })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");

        await shop.Server.Database.ExecuteAsync("update printer_enrolments set state = 1 where printer_id = @Id", new { Id = shop.Shop.PrinterId }, default);
        (await shop.UnwrapAsync(file, Guid.CreateVersion7())).IsRefused(HttpStatusCode.Conflict, "PRINTER_CHANGED");
        await shop.Server.Database.ExecuteAsync("update printer_enrolments set state = 2 where printer_id = @Id", new { Id = shop.Shop.PrinterId }, default);
        (await shop.Shop.Maker.PostAsync($"/api/printers/{shop.Shop.PrinterId}/revoke")).IsGood();
        (await shop.UnwrapAsync(file, print)).IsRefused(HttpStatusCode.Forbidden, "PRINTER_REVOKED");
        Assert.Equal(1, await shop.Shop.TakenAsync());
    }

    [Fact]
    public async Task A_stolen_token_uses_up_no_more_prints_than_a_printer_could_begin()
    {
        await using var shop = await FileShop.OpenAsync(prints: 100);
        var (file, first) = (await shop.SealedFileAsync(), Guid.CreateVersion7());
        (await shop.UnwrapAsync(file, first)).IsGood();
        await using (var work = await shop.Server.Database.BeginAsync(default))
        {
            for (var i = 1; i < 60; i++)
            {
                await work.ExecuteAsync(
                    "insert into file_prints (id, file_id, printer_id, releases, began_at) values (@Id, @File, @Printer, 1, @Now)",
                    new { Id = Guid.CreateVersion7(), File = file, Printer = shop.Shop.PrinterId, Now = shop.Server.Time.GetUtcNow() }, default);
            }

            await work.CommitAsync(default);
        }

        (await shop.UnwrapAsync(file, Guid.CreateVersion7())).IsRefused(HttpStatusCode.TooManyRequests, "PRINTS_PER_HOUR");

        (await shop.UnwrapAsync(file, first)).IsGood();
        Assert.Equal(1, await shop.Shop.TakenAsync());
        shop.Server.Time.Advance(TimeSpan.FromHours(1));
        (await shop.UnwrapAsync(file, Guid.CreateVersion7())).IsGood();
    }

    [Fact]
    public async Task Every_answer_is_written_down_without_a_key_and_whoever_only_guesses_has_to_wait()
    {
        await using var shop = await FileShop.OpenAsync();
        var (file, print) = (await shop.SealedFileAsync(), Guid.CreateVersion7());
        var key = (await shop.UnwrapAsync(file, print)).IsGood()["content_key"].GetString()!;
        (await shop.EndAsync(print)).IsGood();
        for (var i = 0; i < 20; i++)
        {
            (await shop.UnwrapAsync(file, print)).IsRefused(HttpStatusCode.Conflict, "PRINT_ENDED");
        }

        (await shop.UnwrapAsync(file, print)).IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_ATTEMPTS");

        var records = (await (await shop.Server.AdminAsync()).GetAsync("/api/audit?limit=500")).IsGood()["records"].EnumerateArray().ToList();
        var released = records.Where(record => record.GetProperty("act").GetString() == "file.key_released").Select(record => record.GetProperty("outcome").GetString());
        Assert.Equal([.. Enumerable.Repeat("refused", 20), "done"], released);
        Assert.Equal(($"gateway/{shop.Shop.PrinterId:D}", $"print/{print:D}"), (Text("file.print_ended", "actor"), Text("file.print_ended", "subject")));
        Assert.Equal($"file/{file:D}", Text("file.sealed", "subject"));
        Assert.DoesNotContain(records, record => record.GetRawText().Contains(key, StringComparison.Ordinal));
        Assert.DoesNotContain(shop.Server.Log.Lines, line => line.Contains(key, StringComparison.Ordinal) || line.Contains(shop.Gateway.Token, StringComparison.Ordinal));

        string? Text(string act, string member) => records.Single(record => record.GetProperty("act").GetString() == act).GetProperty(member).GetString();
    }

    [Fact]
    public async Task A_body_that_is_not_the_request_is_refused()
    {
        await using var bench = await PrinterTokens.Bench.OpenAsync();
        using var gateway = bench.Gateway();
        const string id = "\"0198a5f3-1111-7000-8000-000000000001\"";
        string[] bodies =
        [
            "", "null", "[]", "{", $$"""{"file_id":{{id}}}""", $$"""{"file_id":{{id}},"print_id":null}""", $$"""{"file_id":{{id}},"print_id":7}""", $$"""{"file_id":"../../etc/passwd","print_id":{{id}}}""",
            $$"""{"file_id":{{id}},"print_id":{{id}},"prints":0}""", $$"""{"file_id":{{id}},"file_id":{{id}},"print_id":{{id}}}""", $$"""{"file_id":{{id}},"print_id":{{id}},}""", new string('[', 10_000),
        ];

        foreach (var body in bodies)
        {
            (await gateway.PostAsync("/api/printer-keys/unwrap", new StringContent(body, Encoding.UTF8, "application/json"))).IsRefused(HttpStatusCode.BadRequest, "BAD_REQUEST");
        }
    }
}
