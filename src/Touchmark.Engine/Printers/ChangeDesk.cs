using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Web;
using Touchmark.Streaming;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Printers;

/// <summary>Shows a machine that was presented as repaired or changed, beside what it was enrolled as, to whom it concerns.</summary>
internal sealed class ChangeDesk(ChangedPrinters changes)
{
    public async Task<IResult> ShowAsync(Guid id, Visit visit, Refusal? refusal, CancellationToken cancel)
    {
        if (!(await changes.FindAsync(id, visit.Caller, cancel)).Has(out var presented, out var unknown))
        {
            return visit.Refuse(unknown);
        }

        var history = await changes.HistoryAsync(presented.PrinterId, cancel);
        // The first one was not presented as a change of anything.
        return await ModelAsync(presented, history, visit.Caller, cancel) is { } model ? visit.Show<ChangePage>(model, refusal) : visit.Refuse(Refusal.NotFound("enrolment"));
    }

    /// <param name="presented">What was presented.</param>
    /// <param name="history">All enrolments of its printer.</param>
    /// <param name="caller">Who looks.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Null for a printer's first enrolment.</returns>
    public async Task<ChangeModel?> ModelAsync(PresentedEnrolment presented, IReadOnlyList<PresentedEnrolment> history, Caller caller, CancellationToken cancel)
    {
        // What counted when this one was decided about, or counts now.
        var former = history.Where(one => one.State == EnrolmentState.Accepted && one.Id != presented.Id && one.DecidedAt <= (presented.DecidedAt ?? DateTimeOffset.MaxValue)).MaxBy(one => one.DecidedAt);
        if (former is null || Decode(former) is not { } was || Decode(presented) is not { } now)
        {
            return null;
        }

        var pending = history.FirstOrDefault(one => one.State == EnrolmentState.Pending);
        var why = await changes.WhyNotDecideAsync(caller, presented, cancel);
        return new ChangeModel(
            presented.Id, presented.PrinterId, presented.PrinterName, presented.Organisation, presented.State.ToString().ToLowerInvariant(), presented.PresentedAt, former.DecidedAt ?? former.PresentedAt,
            MachineChange.Between(was, now), Hex(was), Hex(now), presented.DecidedBy, presented.DecidedAt, why is null, why is null ? null : $"{why.Text} {why.Fix}",
            pending is not null && pending.Id != presented.Id ? pending.Id : null, SeesPrinter: caller.Role != Role.Oem);
    }

    private static MachineProfile? Decode(PresentedEnrolment row) => MachineProfile.TryDecode(row.Profile, out _);

    private static string Hex(MachineProfile profile) => Convert.ToHexStringLower(profile.MachineId().Span);
}

/// <summary>A machine that was presented as changed.</summary>
/// <param name="Id">Of what was presented.</param>
/// <param name="PrinterId">The printer.</param>
/// <param name="Printer">Its name.</param>
/// <param name="Organisation">Of the shop whose gateway presented it.</param>
/// <param name="State">pending, accepted, declined or replaced.</param>
/// <param name="PresentedAt">By the gateway's clock.</param>
/// <param name="FormerAt">Since when the printer was enrolled as it was.</param>
/// <param name="Changes">What differs.</param>
/// <param name="MachineIdWas">SHA-256, hexadecimal.</param>
/// <param name="MachineIdIs">The same where no part was changed that says which machine it is.</param>
/// <param name="DecidedBy">The organisation whose account decided.</param>
/// <param name="DecidedAt">When.</param>
/// <param name="CanDecide">Whoever looks may.</param>
/// <param name="WhyNot">Why not, and whom to ask.</param>
/// <param name="Waiting">What the gateway presented since, if that waits now.</param>
/// <param name="SeesPrinter">There is a page of the printer for whoever looks.</param>
public sealed record ChangeModel(
    Guid Id, Guid PrinterId, string Printer, string Organisation, string State, DateTimeOffset PresentedAt, DateTimeOffset FormerAt, IReadOnlyList<MachineChange> Changes, string MachineIdWas, string MachineIdIs,
    string? DecidedBy, DateTimeOffset? DecidedAt, bool CanDecide, string? WhyNot, Guid? Waiting, bool SeesPrinter)
{
    public bool IsPending => State == "pending";

    public bool IsAnother => MachineIdWas != MachineIdIs;

    public string Path => $"/printers/changes/{Id:D}";
}
