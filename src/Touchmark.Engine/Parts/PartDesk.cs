using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Pages;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Parts;

/// <summary>Puts together what the page of one part shows to the organisations that it concerns.</summary>
internal sealed class PartDesk(PartRegistry parts, PartOrigins origins, CustodyChains chains)
{
    public async Task<Outcome<PartModel>> ReadAsync(string id, Caller caller, CancellationToken cancel)
    {
        if (!(await parts.OwnAsync(id, caller, cancel)).Has(out var part, out var refusal))
        {
            return refusal;
        }

        var origin = await origins.FindAsync(part, cancel);
        var custodians = await chains.CustodiansAsync(part.Id, cancel);
        var events = await chains.EventsAsync(part.Id, cancel);
        var mayInvite = caller.Role == Role.Admin || (caller.Role == Role.Oem && caller.OrganisationId == part.OwnerId) || (caller.Role is Role.Manufacturer or Role.Operator && caller.OrganisationId == part.OrganisationId);
        return new PartModel(
            part.Id.Value, part.Id.ToString(), part.DesignName, PartRow.Say(part.Standing), PartRow.ToneOf(part.Standing), part.CertificateId,
            [Facts(origin.Facts, part.Gtin), Statements(origin), Custodians(custodians), Events(events)],
            mayInvite ? [.. Enum.GetValues<CustodianRole>().Where(role => role != CustodianRole.Manufacturer || caller.Role != Role.Oem).Select(CustodianAdmission.NameOf)] : [],
            CanRecall: caller.Role == Role.Admin || (caller.Role == Role.Oem && caller.OrganisationId == part.OwnerId), part.LicenceId, null);
    }

    private static PageTable Facts(OriginFacts facts, string? gtin) => new("What made it", "", PageTable.FactColumns,
    [
        ["Design", facts.Design], ["Design of", facts.Owner], ["GTIN", gtin ?? "none"], ["Printed by", facts.Manufacturer], ["Printed", facts.EndedAt],
        ["Material, quality", $"{facts.Material}, {facts.Quality}"], ["Material lot", facts.MaterialLot ?? "not said"], ["Printer", $"{facts.Printer} ({facts.PrinterModel})"], ["It was enrolled", facts.EnrolledAt],
        ["Machine id", facts.MachineId], ["Gateway's key, SHA-256", facts.GatewayKeySha256], ["Slicer", facts.Slicer], ["Toolpath, SHA-256", facts.SliceSha256], ["Design, SHA-256", facts.DesignSha256],
        ["Print", new PageCell($"number {facts.PrintNumber} of its licence", $"/jobs/{facts.JobId:D}")],
    ]);

    private static PageTable Statements(PartOrigin origin) => new("Who vouches for that", "", ["Statement", "In the log at", "SHA-256"],
        [.. origin.Statements.Select(row => new PageCell[] { row.What, row.LogIndex is { } index ? index.ToString(CultureInfo.InvariantCulture) : "on its way", row.Sha256 })]);

    private static PageTable Custodians(IReadOnlyList<ChainLink<CustodianAdmission>> custodians) => new("Its custodians", "Nobody has been admitted to the part yet.", ["Pseudonym", "Role", "Region", "Admitted"],
        [.. custodians.OrderBy(link => link.Document.AdmittedAt).Select(link => new PageCell[] { link.Document.Pseudonym, CustodianAdmission.NameOf(link.Document.Role), link.Document.Region, link.Document.AdmittedAt })]);

    private static PageTable Events(IReadOnlyList<ChainLink<CustodyEvent>> events) => new("Its history", "Nothing has been written about the part since it was printed.", ["Event", "At", "Said by", "What it says"],
        [.. events.Select(link => new PageCell[] { $"{link.Document.Number.ToString(CultureInfo.InvariantCulture)} {CustodyEvent.NameOf(link.Document.Kind)}", link.Document.At, link.Document.Custodian, Words(link.Document) })]);

    private static string Words(CustodyEvent said) =>
        string.Join(". ", new[] { said.To is { } to ? $"to {to}" : null, said.Into is { } into ? $"into {into}" : null, said.Outcome?.ToString().ToLowerInvariant(), said.Reason, said.Note }.Where(words => words is not null));
}

/// <summary>One part, for those whom it concerns.</summary>
/// <param name="Id">16 characters.</param>
/// <param name="Shown">The same as people read it.</param>
/// <param name="Design">Its name.</param>
/// <param name="Standing">In a few words.</param>
/// <param name="Tone">Of its badge.</param>
/// <param name="Certificate">Its certificate's id.</param>
/// <param name="Tables">What made it, who vouches for that, its custodians, its history.</param>
/// <param name="Invitable">The roles to which the visitor may invite; none for most.</param>
/// <param name="CanRecall">The visitor may recall parts like it.</param>
/// <param name="Licence">That it was printed under.</param>
/// <param name="Invitation">The one that was made right now.</param>
public sealed record PartModel(
    string Id, string Shown, string Design, string Standing, string Tone, Guid Certificate, IReadOnlyList<PageTable> Tables, IReadOnlyList<string> Invitable, bool CanRecall, Guid Licence, PartInvitation? Invitation);

/// <summary>An invitation, shown once.</summary>
public sealed record PartInvitation(string Code, string Role, DateTimeOffset ExpiresAt);
