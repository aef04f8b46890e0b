using Touchmark.Engine.Accounts;
using Touchmark.Engine.Gs1;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Recalls;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Parts;

/// <summary>The printed parts, by their ids.</summary>
internal sealed class PartRegistry(Database database, LookupRules rules)
{
    /// <summary>What a <see cref="Part"/> is read with.</summary>
    internal const string Columns =
        "select parts.*, designs.name as design_name, printers.name as printer_name, "
        + ProductCodes.OfPart + " as gtin from parts join designs on designs.id = parts.design_id join printers on printers.id = parts.printer_id ";

    /// <summary>Enters a part in the transaction that makes its certificate; nothing for a certificate that is not of a part.</summary>
    /// <param name="work">The transaction.</param>
    /// <param name="certificate">What was printed.</param>
    /// <param name="statementSha256">SHA-256 of the certificate's envelope.</param>
    /// <param name="job">What was ordered.</param>
    /// <param name="cancel">Stops it.</param>
    public static async Task EnterAsync(Transaction work, PrintCertificate certificate, byte[] statementSha256, Job job, CancellationToken cancel)
    {
        if (CustodyState.Begin(certificate, statementSha256) is not { } beginning)
        {
            return;
        }

        await work.ExecuteAsync(
            """
            insert into parts (id, certificate_id, design_id, licence_id, printer_id, job_id, owner_id, organisation_id, material, material_key, material_lot, started_at, made_at,
                events, head, last_at, is_recalled, is_scrapped)
            values (@PartId, @CertificateId, @DesignId, @LicenceId, @PrinterId, @JobId, @Owner, @Organisation, @Material, @MaterialKey, @MaterialLot, @StartedAt, @EndedAt,
                0, @Head, @EndedAt, @No, @No)
            """,
            new
            {
                beginning.PartId,
                certificate.CertificateId,
                certificate.DesignId,
                certificate.LicenceId,
                certificate.PrinterId,
                certificate.JobId,
                Owner = job.OwnerId,
                Organisation = job.OrganisationId,
                certificate.Material,
                MaterialKey = KeyOf(certificate.Material),
                job.MaterialLot,
                certificate.StartedAt,
                certificate.EndedAt,
                Head = statementSha256,
                No = false,
            }, cancel);
        // It may have been recalled before it was made.
        await work.ExecuteAsync($"update parts set is_recalled = @Yes where id = @PartId and exists (select 1 from recalls where {RecallEntries.Covers})", new { Yes = true, beginning.PartId }, cancel);
    }

    public Task<Part?> FindAsync(PartId id, CancellationToken cancel) => database.FirstOrDefaultAsync<Part>(Columns + "where parts.id = @Id", new { Id = id }, cancel);

    /// <summary>The part that somebody asks for, as they wrote its id.</summary>
    /// <param name="text">The id in any spelling that a person may use.</param>
    /// <param name="caller">Who asks; null for a stranger.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Outcome<Part>> LookUpAsync(string text, Caller? caller, CancellationToken cancel)
    {
        if (!PartId.TryParse(text, out var id, out var problem))
        {
            return new Refusal(StatusCodes.Status404NotFound, problem.Code, problem.Text, "Type the id as it stands on the label: 16 characters.").With("likely", await ExistingAsync(problem.Likely, caller, cancel));
        }

        return await FindAsync(id, cancel) is { } part && rules.MaySee(caller, part) ? part : Unknown(id);
    }

    /// <summary>The part of somebody's own organisation, or any where they see everything: for what its evidence does not say. Another's is answered as one that is not there.</summary>
    public async Task<Outcome<Part>> OwnAsync(string text, Caller caller, CancellationToken cancel) =>
        !(await LookUpAsync(text, caller, cancel)).Has(out var part, out var refusal) ? refusal
        : caller.MaySee(part.OwnerId) || caller.MaySee(part.OrganisationId) ? part : Unknown(part.Id);

    private static Refusal Unknown(PartId id) =>
        new Refusal(StatusCodes.Status404NotFound, "PART_UNKNOWN", $"There is no part {id} here, or it is not yours to see.", "Compare the id with the label; another registry may have made the part.").With("part_id", id.ToString());

    /// <summary>The form in which materials are compared: as <see cref="Recall.Covers"/> does, without regard to upper and lower case.</summary>
    public static string KeyOf(string material) => material.ToUpperInvariant();

    private async Task<IReadOnlyList<string>> ExistingAsync(IReadOnlyList<PartId> likely, Caller? caller, CancellationToken cancel)
    {
        if (likely.Count == 0)
        {
            return [];
        }

        var existing = (await database.QueryAsync<Part>(Columns + "where " + database.Dialect.IsAnyOf("parts.id", "@Ids"), new { Ids = likely.Select(id => id.Value).ToArray() }, cancel)).Where(part => rules.MaySee(caller, part));
        var ids = existing.Select(part => part.Id).ToHashSet();
        return [.. likely.Where(ids.Contains).Select(id => id.ToString())];
    }
}
