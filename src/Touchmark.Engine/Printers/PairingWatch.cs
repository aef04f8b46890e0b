using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Sessions;

namespace Touchmark.Engine.Printers;

/// <summary>What the page of a pairing code shows of the printer that it waits for: first that it was presented, then that its gateway is there.</summary>
internal sealed class PairingWatch(Enrolment enrolment, PrinterFleet fleet, GatewayHub gateways, IHostApplicationLifetime host)
{
    /// <summary>How far it is at once, and whenever it comes further.</summary>
    /// <param name="pairing">Which code.</param>
    /// <param name="caller">Who made it.</param>
    /// <param name="cancel">The page is closed.</param>
    public async IAsyncEnumerable<SseItem<PairingPulse>> WatchAsync(Guid pairing, Caller caller, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel, host.ApplicationStopping);
        // A watcher is told the latest, never the backlog.
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        changed.Writer.TryWrite(true);
        Guid? shown = null;
        void Enrolled(Guid organisation)
        {
            if (organisation == caller.OrganisationId)
            {
                changed.Writer.TryWrite(true);
            }
        }

        void Changed(Guid printer)
        {
            if (printer == shown)
            {
                changed.Writer.TryWrite(true);
            }
        }

        enrolment.Enrolled += Enrolled;
        gateways.Changed += Changed;
        try
        {
            await foreach (var _ in changed.Reader.ReadAllAsync(over.Token))
            {
                var printer = await fleet.FindByPairingAsync(pairing, over.Token) is { } came && came.OrganisationId == caller.OrganisationId ? came : null;
                shown = printer?.Id;
                yield return new SseItem<PairingPulse>(PairingPulse.Of(printer, printer is not null && gateways.Find(printer.Id) is not null), "pairing");
            }
        }
        finally
        {
            enrolment.Enrolled -= Enrolled;
            gateways.Changed -= Changed;
        }
    }
}

/// <summary>How far a pairing is.</summary>
/// <param name="Step">0 while the machine was not presented, 1 while its gateway is away, 2 when it is there.</param>
/// <param name="Said">The same in words, and what to do.</param>
/// <param name="Page">The printer's own page; null before it has one.</param>
internal sealed record PairingPulse(int Step, string Said, string? Page)
{
    public static PairingPulse Of(EnrolledPrinter? printer, bool isThere) => printer is null
        ? new(0, "Nothing was presented with this code yet.", null)
        : new(isThere ? 2 : 1, isThere ? $"{printer.Name} is connected." : $"{printer.Name} was presented; {Measured(printer)}. Its gateway is not there yet: start it.", $"/printers/{printer.Id:D}");

    private static string Measured(EnrolledPrinter printer) =>
        printer.Profile.Behaviour?.Names is { Count: > 0 } names ? $"measured were {string.Join(", ", names)}" : "nothing was measured, so that another machine in its place would not be noticed";
}
