using Touchmark.Engine.Accounts;
using Touchmark.Engine.Certificates;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Gs1;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Parts;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Transparency;
using Touchmark.Engine.Verification;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Search;

/// <summary>
/// One question to everything that the caller may see: an id, the SHA-256 of a statement, a part as it stands on its label, a GTIN, a material lot, or some letters of a name. Names are looked for among
/// designs and printers alone, which are thousands and not millions; prints, parts and certificates are found through them.
/// </summary>
internal sealed class SearchDesk(
    DesignLibrary designs, PrinterFleet printers, LicenceLedger licences, JobStore jobs, CertificateOffice certificates, PartRegistry parts, PartSearch partSearch, Outbox outbox)
{
    public const int MaxQuestion = 256;

    /// <summary>Of one kind.</summary>
    private const int Most = 10;

    public async Task<Outcome<IReadOnlyList<SearchHit>>> FindAsync(string question, Caller caller, CancellationToken cancel)
    {
        question = question.Trim();
        if (question.Length is < 2 or > MaxQuestion)
        {
            return Refusal.Invalid("SEARCH_LENGTH", $"What is looked for has 2 to {MaxQuestion} characters.", "Type an id, a lot, or some letters of a name.").With("length", question.Length);
        }

        return Outcome.Of<IReadOnlyList<SearchHit>>(Guid.TryParse(question, out var id) ? await ByIdAsync(id, caller, cancel)
            : question.Length == 64 && question.All(char.IsAsciiHexDigit) ? await ByHashAsync(Convert.FromHexString(question), caller, cancel)
            : [.. await ByPartAsync(question, caller, cancel), .. await ByNameAsync(question, caller, cancel)]);
    }

    private async Task<List<SearchHit>> ByIdAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        var hits = new List<SearchHit>();
        if (await designs.FindAsync(id, cancel) is { } design && caller.MaySee(design.OrganisationId))
        {
            hits.Add(SearchHit.Of(design));
        }

        if (await printers.FindAsync(id, cancel) is { } printer && caller.MaySee(printer.OrganisationId))
        {
            hits.Add(SearchHit.Of(printer));
        }

        if (await licences.FindAsync(id, caller, cancel) is { } licence)
        {
            hits.Add(new("licence", $"{id:D}", licence.DesignName, "", $"/licences/{id:D}"));
        }

        if (await jobs.FindAsync(id, cancel) is { } job && (caller.MaySee(job.OrganisationId) || caller.MaySee(job.OwnerId)))
        {
            hits.Add(SearchHit.Of(job));
        }

        if (await certificates.FindAsync(id, caller, cancel) is { } certificate)
        {
            hits.Add(SearchHit.Of(certificate));
        }

        return hits;
    }

    /// <summary>Where the log has a statement, for those who may read its entries.</summary>
    private async Task<List<SearchHit>> ByHashAsync(byte[] sha256, Caller caller, CancellationToken cancel) =>
        caller.SeesEverything && await outbox.FindAsync(sha256, cancel) is { LogIndex: { } index }
            ? [new("log entry", Convert.ToHexStringLower(sha256), $"Entry {index}", "", $"/log/entries/{index}")] : [];

    private async Task<List<SearchHit>> ByPartAsync(string question, Caller caller, CancellationToken cancel)
    {
        var hits = new List<SearchHit>();
        if (PartQuestion.Read(question).Has(out var text, out _) && PartId.TryParse(text, out var id, out _) && (await parts.OwnAsync(id.Value, caller, cancel)).Has(out var part, out _))
        {
            hits.Add(SearchHit.Of(FoundPart.Of(part)));
        }

        var gtin = Gtin.Parse(question).Has(out var read, out _) ? read.Value : null;
        if ((await partSearch.FindAsync(gtin is null ? new PartFilter { MaterialLot = question, Limit = Most } : new PartFilter { Gtin = gtin, Limit = Most }, caller, cancel)).Has(out var page, out _))
        {
            hits.AddRange(page.Parts.Select(SearchHit.Of));
        }

        return hits;
    }

    private async Task<List<SearchHit>> ByNameAsync(string question, Caller caller, CancellationToken cancel)
    {
        var hits = new List<SearchHit>();
        var named = await designs.ListAsync(caller, cancel, question, most: Most);
        hits.AddRange(named.Select(SearchHit.Of));
        hits.AddRange((await printers.PageAsync(caller, question, null, Most, cancel)).Select(SearchHit.Of));
        // What is named alike is mostly one thing in several revisions: the newest of them are looked into.
        foreach (var design in named.Take(3))
        {
            var printed = await jobs.ListOfDesignAsync(design.Id, Most, cancel);
            hits.AddRange(printed.Select(SearchHit.Of));
            hits.AddRange((await certificates.ListOfJobsAsync([.. printed.Select(job => job.Id)], cancel)).Select(SearchHit.Of));
            if ((await partSearch.FindAsync(new PartFilter { Design = design.Id, Limit = Most }, caller, cancel)).Has(out var page, out _))
            {
                hits.AddRange(page.Parts.Select(SearchHit.Of));
            }
        }

        return hits;
    }
}

/// <summary>Something that fits.</summary>
/// <param name="Kind">design, printer, licence, print, certificate, part or log entry.</param>
/// <param name="Id">Its id as it is asked for by.</param>
/// <param name="Name">For people.</param>
/// <param name="About">What tells it from others of that name.</param>
/// <param name="Path">Its page.</param>
public sealed record SearchHit(string Kind, string Id, string Name, string About, string Path)
{
    internal static SearchHit Of(Design design) => new("design", $"{design.Id:D}", design.Name, design.Organisation, $"/designs/{design.Id:D}");

    internal static SearchHit Of(EnrolledPrinter printer) => new("printer", $"{printer.Id:D}", printer.Name, printer.RevokedAt is null ? "enrolled" : "revoked", $"/printers/{printer.Id:D}");

    internal static SearchHit Of(Job job) => new("print", $"{job.Id:D}", job.DesignName, $"{job.PrinterName}, {Pages.Say.Time(job.CreatedAt)}", $"/jobs/{job.Id:D}");

    internal static SearchHit Of(StoredCertificate row) => new("certificate", $"{row.Id:D}", row.Part, $"{row.Printer}, {row.Result}, {Pages.Say.Time(row.IssuedAt)}", $"/certificates/{row.Id:D}");

    internal static SearchHit Of(FoundPart part) =>
        new("part", part.Id, part.Design, $"{part.Printer}, {Pages.Say.Time(part.MadeAt)}{(part.MaterialLot is { } lot ? $", lot {lot}" : "")}", $"/parts/{part.Id.Replace("-", "", StringComparison.Ordinal)}");
}
