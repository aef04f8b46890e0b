using System.Security.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Printers;

/// <summary>
/// Repaired machines: a gateway that still holds its device key presents the machine as it is now, and nothing is printed on it until somebody whom it concerns
/// has accepted it. Accepting signs a new enrolment that names the one before; that one is kept.
/// </summary>
/// <remarks>
/// Who may accept: an admin; and an OEM, when every licence that can still print on this machine is its own. A manufacturer never accepts its own machine, and no OEM
/// decides for another one.
/// </remarks>
internal sealed class ChangedPrinters(
    Database database, PrinterFleet fleet, LicenceLedger licences, AccountDirectory accounts, EngineStatements statements, AuditTrail trail, TimeProvider time)
{
    private const string Columns =
        "select printer_enrolments.id, printer_enrolments.printer_id, printers.name as printer_name, printers.organisation_id, organisations.name as organisation, printer_enrolments.state, "
        + "printer_enrolments.profile, printer_enrolments.differences, printer_enrolments.presented_at, deciders.name as decided_by, printer_enrolments.decided_at, printer_enrolments.statement "
        + "from printer_enrolments join printers on printers.id = printer_enrolments.printer_id join organisations on organisations.id = printers.organisation_id "
        + "left join accounts on accounts.id = printer_enrolments.decided_by left join organisations deciders on deciders.id = accounts.organisation_id ";

    /// <summary>How far the gateway's clock may be from ours: as long as a pairing code is good.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(10);

    /// <summary>What the device key signs (ES256): deterministic CBOR [ "touchmark enrolment again v1", printer id, time in UTC microseconds, profile ].</summary>
    public static byte[] ProofMessage(Guid printerId, DateTimeOffset presentedAt, ReadOnlyMemory<byte> profile) => DeterministicCbor.Encode(
        CborArray.Of("touchmark enrolment again v1", (ReadOnlyMemory<byte>)printerId.ToByteArray(bigEndian: true), CborTime.ToMicroseconds(presentedAt), profile));

    /// <summary>Takes what a gateway presents. Nothing is stored when nothing differs.</summary>
    public async Task<Outcome<PresentationAnswer>> PresentAsync(PresentationRequest request, CancellationToken cancel)
    {
        var message = ProofMessage(request.PrinterId, request.PresentedAt, request.Profile);
        if (!(await fleet.FindProvedAsync(request.PrinterId, message, request.Proof, cancel)).Has(out var printer, out var refusal))
        {
            return refusal;
        }

        if (MachineProfile.TryDecode(request.Profile, out var problem) is not { } profile)
        {
            return Refusal.Invalid("PROFILE_INVALID", $"The machine profile is not one: {problem}.", "Update the gateway, and enrol again.").With("problem", problem);
        }

        var now = time.GetUtcNow();
        if ((request.PresentedAt - now).Duration() > Freshness || (await HistoryAsync(printer.Id, cancel)).Any(before => before.PresentedAt >= request.PresentedAt && before.Id != printer.Id))
        {
            return Refusal.Invalid("PROOF_STALE", "The proof is older than ten minutes, or than one that was presented before.", "Set the clock of the gateway's computer, and enrol again.").With("presented_at", request.PresentedAt);
        }

        var differences = EnrolmentDifferences.Between(printer.Profile, profile);
        if (differences.Count == 0)
        {
            return new PresentationAnswer(null, "unchanged", []);
        }

        var id = Guid.CreateVersion7(now);
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("update printer_enrolments set state = @Replaced, decided_at = @Now where printer_id = @PrinterId and state = @Pending",
            new { EnrolmentState.Replaced, EnrolmentState.Pending, request.PrinterId, Now = now }, cancel);
        await work.ExecuteAsync(
            "insert into printer_enrolments (id, printer_id, state, profile, differences, presented_at) values (@Id, @PrinterId, @Pending, @Profile, @Differences, @PresentedAt)",
            new { Id = id, request.PrinterId, EnrolmentState.Pending, request.Profile, Differences = string.Join('\n', differences), request.PresentedAt }, cancel);
        await trail.RecordAsync(work, AuditedAct.By($"gateway/{printer.Id:D}", Acts.PrinterPresented, $"printer/{printer.Id:D}", new AuditDetail("enrolment", id.ToString("D"))), cancel);
        await work.CommitAsync(cancel);
        return new PresentationAnswer(id, "pending", differences);
    }

    /// <summary>What waits for a decision: everything for admins and auditors, one's own printers, and for an OEM what its licences name.</summary>
    public async Task<IReadOnlyList<PresentedEnrolment>> PendingAsync(Caller caller, CancellationToken cancel)
    {
        var pending = await database.QueryAsync<PresentedEnrolment>(Columns + "where printer_enrolments.state = @Pending order by printer_enrolments.id", new { EnrolmentState.Pending }, cancel);
        var seen = new List<PresentedEnrolment>();
        foreach (var one in pending)
        {
            if (await SeesAsync(caller, one, cancel))
            {
                seen.Add(one);
            }
        }

        return seen;
    }

    /// <summary>What was presented, decided about or not, for whom it concerns.</summary>
    public async Task<Outcome<PresentedEnrolment>> FindAsync(Guid id, Caller caller, CancellationToken cancel) =>
        await FindAsync(id, cancel) is { } presented && await SeesAsync(caller, presented, cancel) ? presented : Refusal.NotFound("enrolment");

    /// <summary>Why this is not for them to decide, who may see it; null when it is.</summary>
    public async Task<Refusal?> WhyNotDecideAsync(Caller caller, PresentedEnrolment presented, CancellationToken cancel)
    {
        switch (caller.Role)
        {
            case Role.Admin:
                return null;
            case Role.Oem:
                var owners = await licences.OwnersRelyingOnAsync(presented.PrinterId, presented.OrganisationId, cancel);
                return !owners.Contains(caller.OrganisationId) ? Refusal.Forbidden("No licence of yours lets this machine print.", "Ask an admin to decide.")
                    : owners.Count > 1 ? Refusal.Forbidden("Licences of other owners can print on this machine as well: one owner cannot decide for the others.", "Ask an admin to decide.") : null;
            default:
                return Refusal.Forbidden("Nobody accepts a machine of their own shop.", "Ask the owner whose licences name it, or an admin.");
        }
    }

    /// <summary>All enrolments of a printer, oldest first.</summary>
    public Task<IReadOnlyList<PresentedEnrolment>> HistoryAsync(Guid printerId, CancellationToken cancel) =>
        database.QueryAsync<PresentedEnrolment>(Columns + "where printer_enrolments.printer_id = @PrinterId order by printer_enrolments.presented_at", new { PrinterId = printerId }, cancel);

    /// <summary>Signs the new enrolment: from now on this is the machine.</summary>
    public async Task<Outcome<PresentedEnrolment>> AcceptAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (!(await DecidableAsync(id, caller, cancel)).Has(out var presented, out var refusal))
        {
            return refusal;
        }

        var printer = (await fleet.FindAsync(presented.PrinterId, cancel))!;
        var profile = MachineProfile.TryDecode(presented.Profile, out var problem) ?? throw new InvalidDataException($"The stored profile of enrolment {id:D} is damaged: {problem}.");
        var now = time.GetUtcNow();
        var document = new PrinterEnrolment
        {
            PrinterId = printer.Id,
            PrinterName = printer.Name,
            PrinterModel = profile.Model,
            Manufacturer = printer.Organisation,
            MachineId = profile.MachineId(),
            ProfileSha256 = SHA256.HashData(presented.Profile),
            DevicePublicKey = printer.DevicePublicKey,
            EnrolledAt = now,
            Measured = profile.Behaviour?.Names ?? [],
            Replaces = SHA256.HashData(printer.Statement),
            AcceptedBy = (await accounts.FindAsync(caller.AccountId, cancel))!.Organisation,
        };
        await using var work = await database.BeginAsync(cancel);
        var row = new
        {
            Id = id, presented.PrinterId, document.PrinterModel, MachineId = document.MachineId.ToArray(), presented.Profile, Statement = await statements.SignAsync(work, document, cancel), Former = printer.Statement, Now = now,
            caller.AccountId, EnrolmentState.Pending, EnrolmentState.Accepted,
        };
        var decided = await work.ExecuteAsync(
            "update printer_enrolments set state = @Accepted, decided_by = @AccountId, decided_at = @Now, statement = @Statement where id = @Id and state = @Pending", row, cancel);
        // The statement names the one before it by its hash: it must still be that one.
        if (decided == 0 || await work.ExecuteAsync(
            "update printers set model = @PrinterModel, machine_id = @MachineId, profile = @Profile, statement = @Statement, enrolled_at = @Now where id = @PrinterId and statement = @Former", row, cancel) == 0)
        {
            return await OvertakenAsync(id, cancel);
        }

        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.PrinterAccepted, $"printer/{printer.Id:D}",
            new AuditDetail("enrolment", id.ToString("D")), new AuditDetail("machine_id", Convert.ToHexStringLower(document.MachineId.Span))), cancel);
        await work.CommitAsync(cancel);
        return (await FindAsync(id, cancel))!;
    }

    /// <summary>The machine stays as it was enrolled; the one that was presented does not print.</summary>
    public async Task<Outcome<PresentedEnrolment>> DeclineAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (!(await DecidableAsync(id, caller, cancel)).Has(out var presented, out var refusal))
        {
            return refusal;
        }

        await using var work = await database.BeginAsync(cancel);
        var row = new { Id = id, EnrolmentState.Declined, EnrolmentState.Pending, caller.AccountId, Now = time.GetUtcNow() };
        if (await work.ExecuteAsync("update printer_enrolments set state = @Declined, decided_by = @AccountId, decided_at = @Now where id = @Id and state = @Pending", row, cancel) == 0)
        {
            return await OvertakenAsync(id, cancel);
        }

        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.PrinterDeclined, $"printer/{presented.PrinterId:D}", new AuditDetail("enrolment", id.ToString("D"))), cancel);
        await work.CommitAsync(cancel);
        return (await FindAsync(id, cancel))!;
    }

    private Task<PresentedEnrolment?> FindAsync(Guid id, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<PresentedEnrolment>(Columns + "where printer_enrolments.id = @Id", new { Id = id }, cancel);

    private async Task<bool> SeesAsync(Caller caller, PresentedEnrolment presented, CancellationToken cancel) =>
        caller.MaySee(presented.OrganisationId) || (await licences.OwnersRelyingOnAsync(presented.PrinterId, presented.OrganisationId, cancel)).Contains(caller.OrganisationId);

    private async Task<Outcome<PresentedEnrolment>> DecidableAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (!(await FindAsync(id, caller, cancel)).Has(out var presented, out var refusal) || (refusal = await WhyNotDecideAsync(caller, presented, cancel)) is not null)
        {
            return refusal;
        }

        return presented.State == EnrolmentState.Pending ? presented : Decided(presented);
    }

    private async Task<Refusal> OvertakenAsync(Guid id, CancellationToken cancel) => Decided((await FindAsync(id, cancel))!);

    private static Refusal Decided(PresentedEnrolment presented) => Refusal.Conflict("ENROLMENT_DECIDED", presented switch
    {
        { State: EnrolmentState.Accepted } => $"{presented.DecidedBy} has accepted this machine already.",
        { State: EnrolmentState.Declined } => $"{presented.DecidedBy} has declined this machine already.",
        { State: EnrolmentState.Replaced } => "The gateway has presented the machine once more: this one no longer waits.",
        _ => "Somebody decided about this printer at the same moment.",
    }, "List what waits under /api/enrolments/pending.").With("enrolment", presented.Id);
}

/// <param name="PrinterId">Of the former enrolment.</param>
/// <param name="PresentedAt">The gateway's clock, UTC.</param>
/// <param name="Profile">The machine identity profile, encoded.</param>
/// <param name="Proof">ES256 by the device key, see <see cref="ChangedPrinters.ProofMessage"/>.</param>
internal sealed record PresentationRequest(Guid PrinterId, DateTimeOffset PresentedAt, byte[] Profile, byte[] Proof);

/// <param name="EnrolmentId">What has to be decided about; null when nothing has.</param>
/// <param name="State"><c>pending</c> or <c>unchanged</c>.</param>
/// <param name="Differences">A sentence each.</param>
internal sealed record PresentationAnswer(Guid? EnrolmentId, string State, IReadOnlyList<string> Differences);

/// <summary>An enrolment as people see it.</summary>
internal sealed record EnrolmentView(
    Guid Id, Guid PrinterId, string PrinterName, Guid OrganisationId, string Organisation, EnrolmentState State, DateTimeOffset PresentedAt, IReadOnlyList<string> Differences, string? DecidedBy, DateTimeOffset? DecidedAt)
{
    public static EnrolmentView Of(PresentedEnrolment row) => new(
        row.Id, row.PrinterId, row.PrinterName, row.OrganisationId, row.Organisation, row.State, row.PresentedAt, row.Differences.Split('\n', StringSplitOptions.RemoveEmptyEntries), row.DecidedBy, row.DecidedAt);
}
