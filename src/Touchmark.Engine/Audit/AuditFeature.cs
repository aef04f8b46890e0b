using Touchmark.Engine.Accounts;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Audit;

/// <summary>The signed record of administrative acts, for admins and auditors.</summary>
internal static class AuditFeature
{
    private const int UsualPerPage = 100;

    public static void AddAudit(this IServiceCollection services)
    {
        services.AddSingleton<AuditTrail>();
        services.AddHostedService<StartRecords>();
    }

    public static void MapAudit(this WebApplication app)
    {
        app.MapAuditPages();
        app.MapGet("/api/audit", ListAsync).For(Role.Admin, Role.Auditor).Produces<AuditPage>()
            .WithSummary("List administrative acts, newest first (before=NUMBER turns the page) or, with after=NUMBER, oldest first; act, actor, subject, from and to select, statements=true adds the signed statements.");
        app.MapGet("/api/audit/{number:long}/statement", async (long number, AuditTrail trail, CancellationToken cancel) =>
            await trail.FindAsync(number, cancel) is { } row ? Results.Bytes(row.Statement, "application/cose", $"audit-{number}.cose") : Refusal.NotFound("audit record"))
            .For(Role.Admin, Role.Auditor).WithSummary("The signed statement of one act, for touchmark verify.");
    }

    private static async Task<IResult> ListAsync([AsParameters] AuditFilter filter, AuditTrail trail, CancellationToken cancel, int? limit = null, bool statements = false)
    {
        if (limit is < 1 or > AuditTrail.MostPerPage || new[] { filter.Subject, filter.Act, filter.Actor }.Any(name => name?.Length > AuditRecord.MaxName))
        {
            return Refusal.Invalid("PAGE_INVALID", $"A page has 1 to {AuditTrail.MostPerPage} records.", "Send limit in this range, or none.").With("limit", limit).With("maximum", AuditTrail.MostPerPage);
        }

        return Results.Ok(await PageAsync(filter, limit ?? UsualPerPage, statements, trail, cancel));
    }

    internal static async Task<AuditPage> PageAsync(AuditFilter filter, int count, bool statements, AuditTrail trail, CancellationToken cancel)
    {
        var rows = await trail.ListAsync(filter, count, cancel);
        return new AuditPage([.. rows.Select(row => AuditView.Of(row, statements))], rows.Count == count ? rows[^1].Number : null);
    }
}

/// <param name="Records">The page.</param>
/// <param name="Next">What to send as <c>before</c>, or as <c>after</c>, for the next page; absent on the last.</param>
internal sealed record AuditPage(IReadOnlyList<AuditView> Records, long? Next);

/// <summary>One act. The e-mail address is the one that the account has now: the signed statement names it by its id alone.</summary>
internal sealed record AuditView(
    long Number, Guid Id, DateTimeOffset At, string Actor, string? ActorEmail, string Act, string Subject, string Outcome, string? RefusalCode, IReadOnlyList<AuditDetail> Details, byte[]? Statement)
{
    public static AuditView Of(AuditRow row, bool statement) => new(
        row.Number, row.Id, row.At, row.Actor, row.ActorEmail, row.Act, row.Subject, row.Outcome, row.RefusalCode, AuditTrail.Details(row.Details), statement ? row.Statement : null);
}
