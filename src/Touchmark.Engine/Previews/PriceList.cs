using System.Globalization;
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

    public Task<Price?> FindAsync(Guid printer, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<Price>("select per_hour, per_kg, currency from printer_prices where printer_id = @Printer", new { Printer = printer }, cancel);

    public async Task<Outcome<Price>> SetAsync(Guid printer, Price price, Caller caller, CancellationToken cancel)
    {
        if (await fleet.FindAsync(printer, cancel) is not { } found || found.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("printer");
        }

        if (price is not { PerHour: >= 0 and <= Most, PerKg: >= 0 and <= Most, Currency.Length: 3 } || !price.Currency.All(char.IsAsciiLetterUpper))
        {
            return Refusal.Invalid("PRICE_UNCLEAR", "A price is two numbers from 0 to 1,000,000 and a currency of three capital letters.", "Send, for example, 4.50, 25 and EUR.").With("limit", Most);
        }

        await database.ExecuteAsync(
            "insert into printer_prices (printer_id, per_hour, per_kg, currency) values (@Printer, @PerHour, @PerKg, @Currency) on conflict (printer_id) do update set per_hour = @PerHour, per_kg = @PerKg, currency = @Currency",
            new { Printer = printer, price.PerHour, price.PerKg, price.Currency }, cancel);
        return price;
    }
}
