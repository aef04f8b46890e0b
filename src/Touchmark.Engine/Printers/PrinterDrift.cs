using Touchmark.Engine.Accounts;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Printers;

/// <summary>How far a printer is from its enrolled behaviour, print by print: it wears, and is repaired before prints are refused.</summary>
internal sealed class PrinterDrift(Database database, PrinterFleet fleet)
{
    /// <summary>So many figures are shown: some forty prints.</summary>
    private const int Most = 80;

    /// <summary>Keeps what a print measured, in the transaction that ends its job.</summary>
    public static async Task KeepAsync(Transaction work, Guid jobId, Guid printerId, IEnumerable<BehaviourFigure> figures, DateTimeOffset now, CancellationToken cancel)
    {
        foreach (var figure in figures)
        {
            await work.ExecuteAsync(
                """
                insert into print_behaviour (job_id, printer_id, what, found, enrolled, tolerance, unit, measured_at)
                values (@JobId, @PrinterId, @What, @Found, @Enrolled, @Tolerance, @Unit, @Now) on conflict (job_id, what) do nothing
                """,
                new { JobId = jobId, PrinterId = printerId, figure.What, figure.Found, figure.Enrolled, figure.Tolerance, figure.Unit, Now = now }, cancel);
        }
    }

    /// <summary>For whoever may see the printer.</summary>
    public async Task<Outcome<IReadOnlyList<DriftFigure>>> ListAsync(Guid printerId, Caller caller, CancellationToken cancel) =>
        await fleet.FindAsync(printerId, cancel) is { } printer && caller.MaySee(printer.OrganisationId) ? Outcome.Of(await ListAsync(printerId, cancel)) : Refusal.NotFound("printer");

    /// <summary>The latest figures of a printer, newest first.</summary>
    public Task<IReadOnlyList<DriftFigure>> ListAsync(Guid printerId, CancellationToken cancel) => database.QueryAsync<DriftFigure>(
        "select job_id, what, found, enrolled, tolerance, unit, measured_at from print_behaviour where printer_id = @PrinterId order by measured_at desc, job_id desc, what limit @Most",
        new { PrinterId = printerId, Most }, cancel);
}

/// <summary>One figure that a print measured: <see cref="Found"/>, <see cref="Enrolled"/> and <see cref="Tolerance"/> in <see cref="Unit"/>, which is <c>s</c> or <c>mm</c>.</summary>
public sealed record DriftFigure
{
    public Guid JobId { get; init; }

    public string What { get; init; } = "";

    public double Found { get; init; }

    /// <summary>What this machine is expected to show, for the ways that this print ran.</summary>
    public double Enrolled { get; init; }

    public double Tolerance { get; init; }

    public string Unit { get; init; } = "";

    public DateTimeOffset MeasuredAt { get; init; }

    /// <summary>How much of what is tolerated is used up, 1: all of it; beyond, the print is refused. Negative: less than enrolled.</summary>
    public double Share => Tolerance > 0 ? (Found - Enrolled) / Tolerance : 0;
}
