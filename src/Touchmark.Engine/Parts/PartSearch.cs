using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Gs1;
using Touchmark.Evidence.Cbor;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Parts;

/// <summary>From what made parts to the parts.</summary>
internal sealed class PartSearch(Database database)
{
    private const int MostPerPage = 500;
    private const int UsualPerPage = 100;

    /// <summary>A page of the parts that fit all that is named, among those that the caller's organisation designed or printed; newest first.</summary>
    public async Task<Outcome<PartPage>> FindAsync(PartFilter filter, Caller caller, CancellationToken cancel)
    {
        if (filter.Limit is < 1 or > MostPerPage)
        {
            return Refusal.Invalid("PAGE_INVALID", $"A page has 1 to {MostPerPage} parts.", "Send limit in this range, or none.").With("limit", filter.Limit).With("maximum", MostPerPage);
        }

        if (filter.Gtin is { } written && !Gtin.Parse(written).Has(out _, out var refusal))
        {
            return refusal;
        }

        if (!TryReadCursor(filter.After, out var before, out var last))
        {
            return Refusal.Invalid("PAGE_INVALID", "after is none that a page has given.", "Send what the page before said, unaltered, or none.");
        }

        var count = filter.Limit ?? UsualPerPage;
        // Only what is named stands in the statement, so that the database can choose the index that fits it.
        var conditions = new List<string> { "(parts.made_at, parts.id) < (@Before, @Last)" };
        Add(filter.Design, "parts.design_id = @Design");
        Add(filter.Licence, "parts.licence_id = @Licence");
        Add(filter.Printer, "parts.printer_id = @Printer");
        Add(filter.Material, "parts.material_key = @MaterialKey");
        Add(filter.MaterialLot, "parts.material_lot = @MaterialLot");
        Add(filter.Gtin, "parts.design_id in (select design_id from design_gtins where gtin = @Gtin)");
        Add(filter.From, "parts.made_at >= @From");
        Add(filter.To, "parts.made_at <= @To");
        const string Newest = "order by parts.made_at desc, parts.id desc limit @Count";
        var fits = string.Join(" and ", conditions);
        var found = await database.QueryAsync<Part>(
            $"{PartRegistry.Columns} where {(caller.SeesEverything ? fits : OwnRows.First("parts", fits, Newest))} {Newest}",
            new
            {
                Before = before,
                Last = last,
                filter.Design,
                filter.Licence,
                filter.Printer,
                MaterialKey = filter.Material is { } material ? PartRegistry.KeyOf(material) : null,
                filter.MaterialLot,
                Gtin = filter.Gtin?.PadLeft(Gtin.Length, '0'),
                filter.From,
                filter.To,
                Organisation = caller.OrganisationId,
                Count = count,
            }, cancel);
        return new PartPage([.. found.Select(FoundPart.Of)], found.Count == count ? CursorOf(found[^1]) : null);

        void Add(object? named, string condition)
        {
            if (named is not null)
            {
                conditions.Add(condition);
            }
        }
    }

    private static string CursorOf(Part part) => string.Create(CultureInfo.InvariantCulture, $"{part.MadeAt.ToMicroseconds()}-{part.Id.Value}");

    /// <summary>Time and id of the last part of the page before; behind all parts when there was none.</summary>
    private static bool TryReadCursor(string? cursor, out long before, out string last)
    {
        (before, last) = (long.MaxValue, "");
        if (string.IsNullOrEmpty(cursor))
        {
            return true;
        }

        if (cursor.Split('-') is not [var time, var id] || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            return false;
        }

        last = id;
        return true;
    }
}

/// <summary>What parts are looked for; all of it has to fit. Times are those at which the print ended.</summary>
internal sealed record PartFilter
{
    public Guid? Design { get; init; }

    public Guid? Licence { get; init; }

    public Guid? Printer { get; init; }

    public string? Material { get; init; }

    [FromQuery(Name = "material_lot")]
    public string? MaterialLot { get; init; }

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    public string? After { get; init; }

    public int? Limit { get; init; }

    public string? Gtin { get; init; }
}

internal sealed record FoundPart(string Id, Guid DesignId, string Design, Guid LicenceId, Guid PrinterId, string Printer, Guid JobId, string Material, string? MaterialLot, DateTimeOffset MadeAt, string Standing)
{
    public static FoundPart Of(Part part) => new(
        part.Id.ToString(), part.DesignId, part.DesignName, part.LicenceId, part.PrinterId, part.PrinterName, part.JobId, part.Material, part.MaterialLot, part.MadeAt, part.Standing);
}

/// <param name="Parts">The page.</param>
/// <param name="Next">What to send as <c>after</c> for the next page; absent on the last.</param>
internal sealed record PartPage(IReadOnlyList<FoundPart> Parts, string? Next);
