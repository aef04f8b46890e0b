using Touchmark.Engine.Accounts;
using Touchmark.Engine.Analytics;
using Touchmark.Engine.Certificates;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Setup;

namespace Touchmark.Engine.Pages;

/// <summary>The first page of somebody signed in: what waits for them, what goes on, what came of it last.</summary>
internal sealed class Overview(
    DesignLibrary designs, LicenceLedger licences, PrinterFleet printers, ChangedPrinters changes, GatewayHub gateways, JobStore jobs, JobFeed feed, CertificateOffice certificates, PrintAnalytics analytics, SetupDesk setup, TimeProvider time)
{
    private const int Latest = 8;

    /// <summary>Of those that go on; the figure counts all of them.</summary>
    private const int MostRunning = 20;

    public async Task<OverviewModel> ForAsync(Caller caller, CancellationToken cancel)
    {
        if (caller.Role == Role.Custodian)
        {
            return new([], [new("Look a part up", "By its id, its label or its evidence file.", "/verify")], [], [], [], []);
        }

        var figures = new List<OverviewFigure>();
        var todos = new List<OverviewTodo>();
        var newest = new List<DesignRow>();
        IReadOnlyList<LicenceRow> printable = [];
        if (caller.Role is Role.Oem || caller.SeesEverything)
        {
            var count = await designs.CountAsync(caller, cancel);
            figures.Add(new("Designs", Say.Number(count), "/designs"));
            newest = [.. (await designs.ListAsync(caller, cancel, most: Latest)).Select(DesignRow.Of)];
            if (count == 0 && caller.Role == Role.Oem)
            {
                todos.Add(new("Upload your first design", "It is sealed from its first byte on, and nobody gets the file.", "/designs/new"));
            }
        }

        if (caller.Role is Role.Manufacturer or Role.Operator)
        {
            figures.Add(new("Prints that you may make", Say.Number(await licences.CountPrintsAsync(caller.OrganisationId, cancel)), "/catalogue"));
            printable = [.. (await licences.PageUsableAsync(caller.OrganisationId, "", null, Latest, cancel)).Select(licence => LicenceRow.Of(licence, time.GetUtcNow()))];
        }

        if (caller.Role is not Role.Oem)
        {
            var fleet = await printers.ListIdsAsync(caller, cancel);
            figures.Add(new("Printers connected", $"{fleet.Count(printer => gateways.Find(printer) is not null)} of {fleet.Count}", "/printers"));
            if (fleet.Count == 0 && caller.Role == Role.Manufacturer)
            {
                todos.Add(new("Enrol your first printer", "It takes a code, and one command on the computer beside it.", "/printers"));
            }
        }

        if (caller.Role == Role.Admin && !await setup.IsDoneAsync(cancel))
        {
            todos.Add(new("Finish setting the engine up", "The first owner, the first manufacturer, the first printer.", SetupFeature.Path));
        }

        foreach (var changed in await changes.PendingAsync(caller, cancel))
        {
            var waits = await changes.WhyNotDecideAsync(caller, changed, cancel) is null ? "waits for you to accept or decline it" : "waits to be accepted by the owner of a design that it prints, or by an admin";
            todos.Add(new($"{changed.PrinterName} was presented as changed", $"Since {Say.Time(changed.PresentedAt)} it {waits}; nothing is printed on it meanwhile.", $"/printers/changes/{changed.Id:D}"));
        }

        var running = (await jobs.ListRunningAsync(caller, MostRunning, cancel)).Select(job => JobRow.Of(JobView.Of(job, feed.Read(job.Id)))).ToList();
        figures.Add(new("Prints going on", Say.Number(await analytics.RunningAsync(caller, cancel)), "/jobs"));
        figures.Add(new("Failed in seven days", Say.Number(await analytics.FailedAsync(caller, time.GetUtcNow() - TimeSpan.FromDays(7), cancel)), "/analytics"));
        return new(figures, todos, running, newest, printable, [.. (await certificates.ListAsync(caller, cancel, Latest)).Select(CertificateRow.Of)]);
    }
}

/// <summary>The overview of one person.</summary>
public sealed record OverviewModel(
    IReadOnlyList<OverviewFigure> Figures, IReadOnlyList<OverviewTodo> Todos, IReadOnlyList<JobRow> Running, IReadOnlyList<DesignRow> Designs, IReadOnlyList<LicenceRow> Printable, IReadOnlyList<CertificateRow> Certificates);

/// <summary>A figure that leads to what it counts.</summary>
public sealed record OverviewFigure(string Name, string Value, string Path);

/// <summary>Something that waits for them.</summary>
public sealed record OverviewTodo(string Title, string Text, string Path);
