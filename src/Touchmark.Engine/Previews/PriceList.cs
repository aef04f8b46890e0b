using System.Globalization;
using System.Text.Json.Serialization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Previews;

/// <summary>What printing on a printer costs its organisation.</summary>
internal sealed record Price
{
    /// <summary>An hour of motion.</summary>
    public double PerHour { get; init; }

    /// <summary>A kilogram of material.</summary>
    public double PerKg { get; init; }

    /// <summary>Three letters, as ISO 4217 writes them.</summary>
    public string Currency { get; init; } = "";

    /// <summary>Names these prices, so that whoever sets others can say which ones they saw.</summary>
    public static string TagOf(Price? price) => price is null ? "\"none\"" : string.Create(CultureInfo.InvariantCulture, $"\"{price.PerHour:R}-{price.PerKg:R}-{price.Currency}\"");

    /// <summary>In words; no member of the API.</summary>
    [JsonIgnore]
    public string Say => string.Create(CultureInfo.InvariantCulture, $"{PerHour:0.##} {Currency} an hour, {PerKg:0.##} {Currency} a kilogram");

    public SliceCost? Of(double motionS, double? massG) => massG is not { } mass ? null : new(
        string.Create(CultureInfo.InvariantCulture, $"{(motionS / 3600 * PerHour) + (mass / 1000 * PerKg):0.00} {Currency}"),
        string.Create(CultureInfo.InvariantCulture, $"{motionS / 3600 * PerHour:0.00} {Currency} of time and {mass / 1000 * PerKg:0.00} {Currency} of material"));
}

/// <summary>What a print costs, in words.</summary>
public sealed record SliceCost(string Total, string Parts);

/// <summary>The prices of printers. They are their organisation's own business, and shown to nobody else.</summary>
internal sealed class PriceList(Database database, PrinterFleet fleet)
{
    private const double Most = 1_000_000;

    private const string Find = "select per_hour, per_kg, currency from printer_prices where printer_id = @Printer";

    public Task<Price?> FindAsync(Guid printer, CancellationToken cancel) => database.FirstOrDefaultAsync<Price>(Find, new { Printer = printer }, cancel);

    /// <summary>For the people of the printer's shop; null where nothing was said yet.</summary>
    public async Task<Outcome<Price?>> FindAsync(Guid printer, Caller caller, CancellationToken cancel) =>
        await IsOwnAsync(printer, caller, cancel) ? Outcome.Of(await FindAsync(printer, cancel)) : Refusal.NotFound("printer");

    /// <param name="printer">Whose.</param>
    /// <param name="price">The new ones.</param>
    /// <param name="known">The tag of those that the caller saw; null to set them whatever they are now.</param>
    /// <param name="caller">Who sets them.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Outcome<Price>> SetAsync(Guid printer, Price price, string? known, Caller caller, CancellationToken cancel)
    {
        if (!await IsOwnAsync(printer, caller, cancel))
        {
            return Refusal.NotFound("printer");
        }

        if (price is not { PerHour: >= 0 and <= Most, PerKg: >= 0 and <= Most, Currency.Length: 3 } || !price.Currency.All(char.IsAsciiLetterUpper))
        {
            return Refusal.Invalid("PRICE_UNCLEAR", "A price is two numbers from 0 to 1,000,000 and a currency of three capital letters.", "Send, for example, 4.50, 25 and EUR.").With("limit", Most);
        }

        await using var work = await database.BeginAsync(cancel);
        // Whoever sets them at the same moment waits here.
        await work.ExecuteAsync("update printers set name = name where id = @Printer", new { Printer = printer }, cancel);
        var now = await work.FirstOrDefaultAsync<Price>(Find, new { Printer = printer }, cancel);
        if (known is not null && known != Price.TagOf(now))
        {
            return new Refusal(
                StatusCodes.Status412PreconditionFailed, "PRICE_MEANWHILE",
                now is null ? "Nobody has said yet what printing on this printer costs." : $"Somebody changed the prices meanwhile: {now.Say}.",
                "Compare them with yours. If yours are right, send them again.").With("per_hour", now?.PerHour).With("per_kg", now?.PerKg).With("currency", now?.Currency);
        }

        await work.ExecuteAsync(
            "insert into printer_prices (printer_id, per_hour, per_kg, currency) values (@Printer, @PerHour, @PerKg, @Currency) on conflict (printer_id) do update set per_hour = @PerHour, per_kg = @PerKg, currency = @Currency",
            new { Printer = printer, price.PerHour, price.PerKg, price.Currency }, cancel);
        await work.CommitAsync(cancel);
        return price;
    }

    private async Task<bool> IsOwnAsync(Guid printer, Caller caller, CancellationToken cancel) => await fleet.FindAsync(printer, cancel) is { } found && found.OrganisationId == caller.OrganisationId;
}
