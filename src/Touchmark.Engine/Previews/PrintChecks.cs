using System.Globalization;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Sessions;
using Touchmark.Streaming;

namespace Touchmark.Engine.Previews;

/// <summary>One thing that is looked at before a print is ordered.</summary>
/// <param name="What">licence, size and heat, printer, bed, queue.</param>
/// <param name="Outcome"><c>good</c>; <c>waits</c>: the print would wait for it; <c>refused</c>: it would not be taken.</param>
/// <param name="Text">In words, with the fix.</param>
public sealed record PrintCheck(string What, string Outcome, string Text)
{
    internal string Tone => Outcome switch { "good" => "good", "waits" => "caution", _ => "bad" };
}

/// <summary>Says of a slice, before a print is taken, what the licence, the printer, its bed and its queue would say if it were ordered now. The gateway checks the machine itself once more when its turn comes.</summary>
internal sealed class PrintChecks(LicenceLedger licences, GatewayHub gateways, JobStore jobs)
{
    public async Task<IReadOnlyList<PrintCheck>> LookAsync(SeenSlice seen, Guid licenceId, CancellationToken cancel)
    {
        var waiting = (await jobs.ListQueueAsync(seen.Printer.Id, cancel)).Count;
        return
        [
            await LicenceAsync(seen, licenceId, cancel),
            Machine(seen),
            Printer(seen.Printer),
            seen.Printer is { BedCheck: true, BedUsedAt: not null } ? new("bed", "waits", "Something may lie on the bed: somebody has to confirm that it is clear.") : new("bed", "good", "Nothing was printed since the bed was last clear."),
            waiting == 0 ? new("queue", "good", "Nothing is before it.") : new("queue", "waits", $"{waiting} {(waiting == 1 ? "print is" : "prints are")} before it; an urgent one goes before those that are normal."),
        ];
    }

    private async Task<PrintCheck> LicenceAsync(SeenSlice seen, Guid licenceId, CancellationToken cancel)
    {
        var wanted = new PrintRequest(seen.Printer.Id, seen.Printer.OrganisationId, seen.Slice.Material, seen.Slice.Quality);
        if (!(await licences.CheckAsync(licenceId, wanted, cancel)).Has(out var licence, out var refusal))
        {
            return new("licence", "refused", $"{refusal.Text} {refusal.Fix}");
        }

        var left = licence.Prints - licence.Taken;
        return new("licence", "good", string.Create(
            CultureInfo.InvariantCulture,
            $"{seen.Slice.Material} ({LicenceRow.Any(licence.Of(LicenceScope.Material))} allowed) in {seen.Slice.Quality} ({LicenceRow.Any(licence.Of(LicenceScope.Quality))} allowed); {left} of {licence.Prints} prints are left."));
    }

    // What is compared here is what the gateway's pre-flight compares, as far as the engine knows the machine.
    private static PrintCheck Machine(SeenSlice seen)
    {
        var (slice, limits) = (seen.Slice, seen.Printer.Profile.Limits);
        var figures = string.Create(
            CultureInfo.InvariantCulture,
            $"It moves within X {slice.MinX:0.#} to {slice.MaxX:0.#}, Y {slice.MinY:0.#} to {slice.MaxY:0.#} and up to {slice.MaxZ:0.#} mm, of X {limits.MinX:0.#} to {limits.MaxX:0.#}, Y {limits.MinY:0.#} to {limits.MaxY:0.#} and {limits.MaxZ:0.#} mm; nozzle {slice.NozzleC:0} °C of {limits.MaxNozzleC:0} °C, bed {slice.BedC:0} °C of {limits.MaxBedC:0} °C.");
        var fits = slice.MinX >= limits.MinX && slice.MaxX <= limits.MaxX && slice.MinY >= limits.MinY && slice.MaxY <= limits.MaxY && slice.MaxZ <= limits.MaxZ && slice.NozzleC <= limits.MaxNozzleC && slice.BedC <= limits.MaxBedC;
        return fits ? new("size and heat", "good", figures) : new("size and heat", "refused", $"{figures} Slice it for another printer.");
    }

    private PrintCheck Printer(EnrolledPrinter printer)
    {
        if (printer.WhyNotPrint() is { } refusal)
        {
            return new("printer", "refused", $"{refusal.Text} {refusal.Fix}");
        }

        return gateways.Find(printer.Id) switch
        {
            null => new("printer", "waits", $"{printer.Name} is not connected: the print waits for it."),
            { Status: { State: not PrinterState.Ready and var state } said } => new("printer", "waits", $"{printer.Name} says “{state.ToString().ToLowerInvariant()}”{(string.IsNullOrWhiteSpace(said.Text) ? "" : $": {said.Text.Trim()}")}. Restart Klipper first: until it is ready, the check before the print refuses it."),
            { Status.Busy: true } => new("printer", "waits", $"{printer.Name} is busy: the print waits for it."),
            _ => new("printer", "good", $"{printer.Name} is connected and ready. Whether it is this very machine, and what it can do, is checked once more before the first segment."),
        };
    }
}
