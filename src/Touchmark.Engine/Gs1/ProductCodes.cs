using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Gs1;

/// <summary>The GTINs of designs. A label stays on its part for decades: a part keeps the GTIN that its design had when it was printed, or got first after that.</summary>
internal sealed class ProductCodes(Database database, DesignLibrary designs, AuditTrail trail, TimeProvider time)
{
    /// <summary>The GTIN of a design as it is now.</summary>
    public const string OfDesign = "(select gtin from design_gtins where design_id = designs.id order by number desc limit 1)";

    /// <summary>The GTIN of a part.</summary>
    public const string OfPart =
        "coalesce((select gtin from design_gtins where design_id = parts.design_id and set_at <= parts.made_at order by number desc limit 1), "
        + "(select gtin from design_gtins where design_id = parts.design_id order by number limit 1))";

    /// <summary>Gives a design a GTIN, by its owner. One that another organisation uses here is refused; that of another design of the same owner is not, for a design may be replaced by a better one.</summary>
    public async Task<Outcome<Design>> SetAsync(Guid id, Gtin gtin, Caller caller, CancellationToken cancel)
    {
        if (await designs.FindAsync(id, cancel) is not { } design || design.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("design");
        }

        if (design.Gtin == gtin.Value)
        {
            return design;
        }

        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("insert into gtins (gtin, organisation_id) values (@Gtin, @OrganisationId) on conflict do nothing", new { Gtin = gtin.Value, caller.OrganisationId }, cancel);
        if (await work.FirstOrDefaultAsync<Guid>("select organisation_id from gtins where gtin = @Gtin", new { Gtin = gtin.Value }, cancel) != caller.OrganisationId)
        {
            return Refusal.Conflict("GTIN_TAKEN", $"The GTIN {gtin} is that of another organisation's product here.", "Compare it with GS1's register; if it is yours, ask the admin.").With("gtin", gtin.Value);
        }

        await work.ExecuteAsync(
            "insert into design_gtins (design_id, number, gtin, set_at) select @Id, coalesce(max(number), 0) + 1, @Gtin, @Now from design_gtins where design_id = @Id",
            new { Id = id, Gtin = gtin.Value, Now = time.GetUtcNow() }, cancel);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.DesignGtinSet, $"design/{id:D}", new AuditDetail("gtin", gtin.Value)), cancel);
        await work.CommitAsync(cancel);
        return design with { Gtin = gtin.Value };
    }

    /// <summary>Whether a design here has or had this GTIN.</summary>
    public async Task<bool> IsKnownAsync(string gtin, CancellationToken cancel) => await database.FirstOrDefaultAsync<long>("select count(*) from design_gtins where gtin = @Gtin", new { Gtin = gtin }, cancel) > 0;
}
