using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Vaults;

/// <summary>The vaults beside printers: bundles of prints, endorsements of their certificates, and what auditors make of findings in the bundles.</summary>
internal static class VaultsFeature
{
    private const int Most = 200;

    public static void AddVaults(this IServiceCollection services)
    {
        services.AddSingleton<VaultDesk>();
        services.AddHostedService(provider => provider.GetRequiredService<VaultDesk>());
        services.AddSingleton<FindingBook>();
        services.AddSingleton<FindingDesk>();
    }

    public static void MapVaults(this WebApplication app)
    {
        app.MapGet("/api/findings", async (FindingBook book, CancellationToken cancel, string? state = null) => !IsState(state, out var number)
            ? Refusal.Invalid("STATE_UNKNOWN", "A finding is open, accepted or rejected.", "Leave state out for all of them.") : Results.Ok((await book.ListAsync(number, Most, cancel)).Select(FindingView.Of)))
            .For(Role.Auditor, Role.Admin).Produces<IReadOnlyList<FindingView>>().WithSummary("List what the vaults' review found unusual, newest first; the last 200. It never decides whether a record is valid.");
        app.MapPost("/api/findings/{bundleId:guid}/{signal}", async (Guid bundleId, string signal, FindingDecision request, Caller caller, FindingDesk desk, CancellationToken cancel) =>
            !Reads(request.Decision, out var accepts) ? Unread : (await desk.DecideAsync(bundleId, signal, accepts, request.Comment, caller, cancel)).ToResult(finding => Results.Ok(FindingView.Of(finding))))
            .For(Role.Auditor, Role.Admin).Produces<FindingView>().WithSummary("Accept or reject a finding: the vault that made it signs the decision, enters it in its manifest and learns from it.");
        var pages = app.MapPagesFor(Role.Auditor, Role.Admin);
        pages.MapGet("/findings", async (string? state, Visit visit, FindingBook book, CancellationToken cancel) =>
            visit.Show<FindingsPage>(new FindingsModel(state ?? "", [.. (await book.ListAsync(IsState(state, out var number) ? number : null, Most, cancel)).Select(FindingLine.Of)])));
        pages.MapGet("/findings/{bundleId:guid}/{signal}", async (Guid bundleId, string signal, Visit visit, FindingBook book, CancellationToken cancel) =>
            await book.FindAsync(bundleId, signal, cancel) is { } finding ? visit.Show<FindingPage>(new FindingModel(FindingLine.Of(finding), "")) : visit.Refuse(FindingDesk.Unknown));
        pages.MapPost("/findings/{bundleId:guid}/{signal}", DecideAsync).AsForm();
    }

    private static async Task<IResult> DecideAsync(Guid bundleId, string signal, HttpContext http, Visit visit, FindingBook book, FindingDesk desk, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var comment = form["comment"].ToString();
        var outcome = Reads(form["decision"], out var accepts) ? await desk.DecideAsync(bundleId, signal, accepts, comment, visit.Caller, cancel) : Unread;
        if (outcome.Has(out _, out var refusal))
        {
            return Results.Redirect($"/findings/{bundleId:D}/{Uri.EscapeDataString(signal)}");
        }

        return await book.FindAsync(bundleId, signal, cancel) is { } finding ? visit.Show<FindingPage>(new FindingModel(FindingLine.Of(finding), comment), refusal) : visit.Refuse(FindingDesk.Unknown);
    }

    private static bool IsState(string? written, out long? state)
    {
        state = written is null or "" ? null : VaultFinding.States.Index().Where(entry => entry.Item == written).Select(entry => (long?)entry.Index).FirstOrDefault();
        return state is not null || written is null or "";
    }

    private static bool Reads(string? decision, out bool accepts)
    {
        accepts = decision == "accept";
        return accepts || decision == "reject";
    }

    private static Refusal Unread => Refusal.Invalid("DECISION_UNKNOWN", "A decision is accept or reject.", "Choose one of the two.");
}

/// <param name="Decision"><c>accept</c>: it is right; <c>reject</c>: a false alarm.</param>
/// <param name="Comment">Why, in words.</param>
internal sealed record FindingDecision(string? Decision, string? Comment);

/// <summary>A finding, and the vault's signed decision on it.</summary>
internal sealed record FindingView(
    Guid BundleId, string Signal, double Score, string Reason, DateTimeOffset SignedAt, Guid CertificateId, Guid PrinterId, string Printer, string State, string? Reviewer, string? Comment, DateTimeOffset? DecidedAt, byte[]? Statement)
{
    public static FindingView Of(VaultFinding row) => new(
        row.BundleId, row.Signal, row.Score, row.Reason, row.SignedAt, row.CertificateId, row.PrinterId, row.Printer, VaultFinding.States[(int)row.State], row.Reviewer, row.Comment, row.DecidedAt, row.Statement);
}

/// <summary>A finding as a page shows it.</summary>
public sealed record FindingLine(
    Guid Bundle, string Signal, string Score, string Reason, DateTimeOffset SignedAt, Guid Certificate, string Part, Guid PrinterId, string Printer, string State, string Tone, string? Reviewer, string? Comment, DateTimeOffset? DecidedAt)
{
    internal static FindingLine Of(VaultFinding row) => new(
        row.BundleId, row.Signal, row.Score.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture), row.Reason, row.SignedAt, row.CertificateId, row.Part, row.PrinterId, row.Printer,
        VaultFinding.States[(int)row.State], row.State == 0 ? "caution" : "quiet", row.Reviewer, row.Comment, row.DecidedAt);

    internal string Path => $"/findings/{Bundle:D}/{Uri.EscapeDataString(Signal)}";
}

/// <summary>The list.</summary>
public sealed record FindingsModel(string State, IReadOnlyList<FindingLine> Rows);

/// <summary>One finding, and the comment that was typed.</summary>
public sealed record FindingModel(FindingLine Line, string Comment);
