using System.Net;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.PrinterFiles;
using Touchmark.Engine.Tests.PrinterTokens;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.Tests.PrinterKeys;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class PrinterKeyTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_printer_that_was_enrolled_before_there_were_keys_and_tokens_gets_both(StorageKind storage)
    {
        await using var bench = await Bench.OpenAsync(storage);
        await bench.Server.RestartAsync(async database =>
        {
            await database.ExecuteAsync("delete from printer_keys", null, default);
            await database.ExecuteAsync("delete from engine_keys where purpose = 'printer-tokens/p256'", null, default);
        });

        using var before = bench.Gateway();
        (await before.GetAsync("/api/printer-keys")).IsRefused(HttpStatusCode.Unauthorized, "PRINTER_TOKEN_INVALID");
        using var stranger = bench.Server.Stranger();
        var token = (await stranger.PostAsync("/api/printer-tokens", Gateways.TokenRequest(bench.Device, bench.PrinterId, bench.Clock.GetUtcNow()))).IsGood()["token"].GetString();
        using var gateway = bench.Gateway(token);
        var asked = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => gateway.GetAsync("/api/printer-keys")));

        // Whichever of them made it, they all got the one key, each sealed anew.
        Assert.Equal(4, asked.Select(answer => Sealed(answer)).Distinct(StringComparer.Ordinal).Count());
        using var first = Opened(bench, asked[0]);
        var file = Guid.CreateVersion7();
        var wrapped = first.Wrap(FileKeyRole.Card, file, new byte[32]);
        Assert.All(asked, answer =>
        {
            using var key = Opened(bench, answer);
            using var unwrapped = key.TryUnwrap(FileKeyRole.Card, file, wrapped);
            Assert.NotNull(unwrapped);
        });
        Assert.Equal(1, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from printer_keys", null, default));
    }

    [Fact]
    public async Task After_a_rotation_old_files_still_print_and_after_a_revocation_they_do_not()
    {
        await using var shop = await FileShop.OpenAsync();
        var keys = $"/api/printers/{shop.Shop.PrinterId:D}/keys";
        var old = await shop.SealedFileAsync();

        Assert.Equal(2, (await shop.Shop.Maker.PostAsync($"{keys}/rotate")).IsGood()["version"].GetInt32());
        var header = FileShop.HeaderOf(await shop.SealAsync());
        Assert.Equal(2, header.KeyVersion);
        Assert.Equal($"{shop.Shop.PrinterId:D}/1", (await shop.UnwrapAsync(old, Guid.CreateVersion7())).IsGood()["key_id"].GetString());
        Assert.Equal([1, 2], (await shop.KeysAsync()).Select(key => key.Version));

        var revoked = (await shop.Shop.Maker.PostAsync($"{keys}/1/revoke")).IsGood();
        Assert.Equal(revoked["revoked_at"].GetDateTimeOffset(), (await shop.Shop.Maker.PostAsync($"{keys}/1/revoke")).IsGood()["revoked_at"].GetDateTimeOffset());
        (await shop.UnwrapAsync(old, Guid.CreateVersion7())).IsRefused(HttpStatusCode.Conflict, "KEY_REVOKED");
        Assert.Equal([2], (await shop.KeysAsync()).Select(key => key.Version));
        (await shop.UnwrapAsync(header.FileId, Guid.CreateVersion7())).IsGood();

        (await shop.Shop.Maker.PostAsync($"{keys}/2/revoke")).IsGood();
        Assert.Equal([3], (await shop.KeysAsync()).Select(key => key.Version));
        (await shop.Shop.Maker.PostAsync($"{keys}/9/revoke")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        Assert.Equal(3, (await shop.Shop.Maker.GetAsync(keys)).IsGood().Body.GetArrayLength());
        Assert.Equal(2, await shop.Shop.TakenAsync());
        Assert.Equal(
            "printer_key.revoked printer_key.revoked printer_key.rotated",
            string.Join(' ', (await shop.Server.Database.QueryAsync<string>("select act from audit where act like 'printer_key.%' order by act", null, default))));
    }

    [Fact]
    public async Task Keys_are_for_those_who_run_the_printer_and_only_so_many_are_in_use()
    {
        await using var bench = await Bench.OpenAsync();
        var keys = $"/api/printers/{bench.PrinterId:D}/keys";
        using var worker = await bench.Server.JoinAsync(Role.Operator, "Print Shop");
        using var neighbour = await bench.Server.JoinAsync(Role.Manufacturer, "Other Shop");

        (await worker.PostAsync($"{keys}/rotate")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await neighbour.PostAsync($"{keys}/rotate")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await neighbour.PostAsync($"{keys}/1/revoke")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await neighbour.GetAsync(keys)).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        for (var version = 2; version <= 32; version++)
        {
            Assert.Equal(version, (await bench.Maker.PostAsync($"{keys}/rotate")).IsGood()["version"].GetInt32());
        }

        (await bench.Maker.PostAsync($"{keys}/rotate")).IsRefused(HttpStatusCode.Conflict, "PRINTER_KEYS_OPEN");
        (await bench.Maker.PostAsync($"{keys}/7/revoke")).IsGood();
        (await bench.Maker.PostAsync($"{keys}/rotate")).IsGood();
    }

    private static string Sealed(Answer answer) => Assert.Single(answer.IsGood().Body.EnumerateArray()).GetProperty("sealed").GetString()!;

    private static Psek Opened(Bench bench, Answer answer) => Psek.TryOpen(Convert.FromBase64String(Sealed(answer)), bench.Device, bench.PrinterId, 1)!;
}
