using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Tests.Server;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Tests.Licences;

/// <summary>The one rule that money hangs on: never one print more than was licensed, and none lost.</summary>
public sealed class TakePrintTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_many_jobs_at_once_as_many_get_a_print_as_the_licence_has(StorageKind storage)
    {
        await using var shop = await Shop.OpenAsync(storage);
        var licence = await shop.GrantAsync(prints: 5);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Task.Run(() => shop.TakeAsync(licence))));

        var numbers = outcomes.Select(outcome => outcome.Has(out var print, out var refusal) ? print.PrintNumber : -1).Where(number => number > 0).Order();
        Assert.Equal([1, 2, 3, 4, 5], numbers);
        Assert.Equal(35, outcomes.Count(outcome => outcome.Refusal?.Code == "LICENCE_USED_UP"));
        Assert.Equal(5, (await shop.Oem.GetAsync($"/api/licences/{licence}"))["taken"].GetInt64());
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_print_is_given_back_once_however_often_it_is_tried_at_once(StorageKind storage)
    {
        await using var shop = await Shop.OpenAsync(storage);
        var licence = await shop.GrantAsync(prints: 2);
        var job = Guid.CreateVersion7();
        Assert.True((await shop.TakeAsync(licence, job)).Has(out _, out _));
        Assert.True((await shop.TakeAsync(licence)).Has(out _, out _));

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => shop.GiveBackAsync(job))));

        Assert.Equal(1, (await shop.Oem.GetAsync($"/api/licences/{licence}"))["taken"].GetInt64());
        Assert.True((await shop.TakeAsync(licence)).Has(out var again, out _));
        Assert.Equal(1, again.PrintNumber);
        Assert.Equal("LICENCE_USED_UP", (await shop.TakeAsync(licence)).Refusal?.Code);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_job_that_is_not_written_down_takes_no_print(StorageKind storage)
    {
        await using var shop = await Shop.OpenAsync(storage);
        var licence = await shop.GrantAsync(prints: 1);
        await using (var work = await shop.Server.Database.BeginAsync(default))
        {
            Assert.True((await shop.Ledger.TakePrintAsync(work, licence, Guid.CreateVersion7(), shop.Request(), default)).Has(out _, out _));
        }

        Assert.Equal(0, (await shop.Oem.GetAsync($"/api/licences/{licence}"))["taken"].GetInt64());
        Assert.True((await shop.TakeAsync(licence)).Has(out _, out _));
    }

    [Fact]
    public async Task Each_limit_of_a_licence_refuses_by_its_own_code()
    {
        await using var shop = await Shop.OpenAsync(StorageKind.Sqlite);
        var licence = await shop.GrantAsync(prints: 1, new { materials = new[] { "PLA" }, qualities = new[] { "fine" }, expires_at = shop.Server.Time.GetUtcNow().AddDays(1) });
        using var stranger = await shop.Server.JoinAsync(Role.Manufacturer, "Other Shop");

        Assert.Equal("LICENCE_MATERIAL", (await shop.TakeAsync(licence, request: shop.Request() with { Material = "PETG" })).Refusal?.Code);
        Assert.Equal("LICENCE_QUALITY", (await shop.TakeAsync(licence, request: shop.Request() with { Quality = "draft" })).Refusal?.Code);
        Assert.Equal("LICENCE_PRINTER", (await shop.TakeAsync(licence, request: shop.Request() with { PrinterOrganisationId = stranger.OrganisationId })).Refusal?.Code);
        Assert.Equal("LICENCE_PRINTER", (await shop.TakeAsync(Guid.CreateVersion7())).Refusal?.Code);
        Assert.True((await shop.TakeAsync(licence, request: shop.Request() with { Material = "pla" })).Has(out _, out _));
        Assert.Equal("LICENCE_USED_UP", (await shop.TakeAsync(licence)).Refusal?.Code);

        shop.Server.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal("LICENCE_EXPIRED", (await shop.TakeAsync(licence)).Refusal?.Code);
    }

    [Fact]
    public async Task A_revoked_licence_gives_no_print()
    {
        await using var shop = await Shop.OpenAsync(StorageKind.Sqlite);
        var licence = await shop.GrantAsync(prints: 3);
        (await shop.Oem.PostAsync($"/api/licences/{licence}/revoke", new { reason = "The bracket was recalled." })).IsGood();

        Assert.Equal("LICENCE_REVOKED", (await shop.TakeAsync(licence)).Refusal?.Code);
    }

    [Fact]
    public async Task A_licence_for_one_printer_lets_no_other_print()
    {
        await using var shop = await Shop.OpenAsync(StorageKind.Sqlite);
        var other = await shop.Server.EnrolPrinterAsync(shop.Manufacturer);
        var licence = (await shop.Oem.PostAsync("/api/licences", new { design_id = shop.Design, prints = 2, printers = new[] { shop.Printer } })).IsGood().Id;

        Assert.True((await shop.TakeAsync(licence)).Has(out _, out _));
        Assert.Equal("LICENCE_PRINTER", (await shop.TakeAsync(licence, request: shop.Request() with { PrinterId = other })).Refusal?.Code);
    }

    /// <summary>An OEM with a design, a manufacturer with a printer.</summary>
    private sealed class Shop : IAsyncDisposable
    {
        public required ServerFactory Server { get; init; }

        public required Person Oem { get; init; }

        public required Person Manufacturer { get; init; }

        public required Guid Design { get; init; }

        public required Guid Printer { get; init; }

        public LicenceLedger Ledger => Server.Services.GetRequiredService<LicenceLedger>();

        public static async Task<Shop> OpenAsync(StorageKind storage)
        {
            var server = await ServerFactory.StartAsync(storage);
            var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
            var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
            return new Shop { Server = server, Oem = oem, Manufacturer = manufacturer, Design = await oem.NewDesignAsync(), Printer = await server.EnrolPrinterAsync(manufacturer) };
        }

        public async Task<Guid> GrantAsync(long prints, object? terms = null)
        {
            var request = new Dictionary<string, object?> { ["design_id"] = Design, ["prints"] = prints, ["manufacturers"] = new[] { "print shop" } };
            foreach (var term in terms?.GetType().GetProperties() ?? [])
            {
                request[term.Name] = term.GetValue(terms);
            }

            return (await Oem.PostAsync("/api/licences", request)).IsGood().Id;
        }

        public PrintRequest Request() => new(Printer, Manufacturer.OrganisationId, "PLA", "fine");

        public async Task<Outcome<TakenPrint>> TakeAsync(Guid licence, Guid? job = null, PrintRequest? request = null)
        {
            await using var work = await Server.Database.BeginAsync(default);
            var outcome = await Ledger.TakePrintAsync(work, licence, job ?? Guid.CreateVersion7(), request ?? Request(), default);
            await work.CommitAsync(default);
            return outcome;
        }

        public async Task GiveBackAsync(Guid job)
        {
            await using var work = await Server.Database.BeginAsync(default);
            await Ledger.GiveBackPrintAsync(work, job, default);
            await work.CommitAsync(default);
        }

        public async ValueTask DisposeAsync()
        {
            Oem.Dispose();
            Manufacturer.Dispose();
            await Server.DisposeAsync();
        }
    }
}
