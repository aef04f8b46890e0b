using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Printers;

/// <summary>The enrolled printers.</summary>
internal sealed class PrinterFleet(Database database, AuditTrail trail, TimeProvider time)
{
    private const string Columns = "select printers.statement, " + Listed;

    // The statements are four fifths of the rows, and no list shows them.
    private const string ListColumns = "select " + Listed;

    private const string Listed =
        "printers.id, printers.organisation_id, organisations.name as organisation, printers.name, printers.model, printers.machine_id, printers.device_public_key, "
        + "printers.profile as profile_bytes, printers.enrolled_at, printers.pairing_id, printers.revoked_at, printers.bed_check, printers.bed_used_at, printers.bed_cleared_at, printers.seen_at, "
        + "(select pending.presented_at from printer_enrolments pending where pending.printer_id = printers.id and pending.state = 1) as change_presented_at from printers join organisations on organisations.id = printers.organisation_id ";

    /// <summary>Tells, on the node where it happened, that a printer was revoked.</summary>
    public event Action<Guid>? Revoked;

    /// <summary>A printer, revoked or not; null when there is none.</summary>
    public Task<EnrolledPrinter?> FindAsync(Guid id, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<EnrolledPrinter>(Columns + "where printers.id = @Id", new { Id = id }, cancel);

    /// <summary>The printer with this id, when its device key signed the message. One answer for a printer that is unknown, revoked or not proved: nobody can ask which printers there are.</summary>
    public async Task<Outcome<EnrolledPrinter>> FindProvedAsync(Guid id, byte[] message, byte[] proof, CancellationToken cancel) =>
        await FindAsync(id, cancel) is { RevokedAt: null } printer && Es256.Verify(printer.DevicePublicKey, message, proof) ? printer
            : new Refusal(StatusCodes.Status403Forbidden, "DEVICE_UNKNOWN", "No printer is enrolled with this id and device key.", "Enrol the printer under a new pairing code.");

    /// <summary>The printer whose gateway holds this key (P-256, 65 bytes), unless it was revoked.</summary>
    public Task<EnrolledPrinter?> FindByDeviceKeyAsync(byte[] devicePublicKey, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<EnrolledPrinter>(Columns + "where printers.device_public_key = @Key and printers.revoked_at is null", new { Key = devicePublicKey }, cancel);

    /// <summary>The printer that came by this pairing code; null while none has.</summary>
    public Task<EnrolledPrinter?> FindByPairingAsync(Guid pairing, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<EnrolledPrinter>(Columns + "where printers.pairing_id = @Pairing", new { Pairing = pairing }, cancel);

    /// <summary>Its gateway has come or gone.</summary>
    public Task SeenAsync(Guid id, CancellationToken cancel) => database.ExecuteAsync("update printers set seen_at = @Now where id = @Id", new { Id = id, Now = time.GetUtcNow() }, cancel);

    /// <summary>Those that the caller may see, oldest first.</summary>
    public async Task<IReadOnlyList<EnrolledPrinter>> ListAsync(Caller caller, CancellationToken cancel) => caller.SeesEverything
        ? await database.QueryAsync<EnrolledPrinter>(ListColumns + "order by printers.id", null, cancel)
        : await database.QueryAsync<EnrolledPrinter>(ListColumns + "where printers.organisation_id = @OrganisationId order by printers.id", new { caller.OrganisationId }, cancel);

    /// <summary>A page of them, newest first.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="name">Only those that have this in their name, in either case.</param>
    /// <param name="before">Only those that were enrolled before this one.</param>
    /// <param name="most">So many.</param>
    /// <param name="cancel">Ends the wait.</param>
    public Task<IReadOnlyList<EnrolledPrinter>> PageAsync(Caller caller, string name, Guid? before, int most, CancellationToken cancel) => database.QueryAsync<EnrolledPrinter>(
        ListColumns + "where printers.id < @Before " + (caller.SeesEverything ? "" : "and printers.organisation_id = @OrganisationId ")
        + (name.Length == 0 ? "" : "and lower(printers.name) like lower(@Name) escape '!' ") + "order by printers.id desc limit @Most",
        new { caller.OrganisationId, Before = before ?? Guid.AllBitsSet, Most = most, Name = SqlText.Within(name) }, cancel);

    /// <summary>The ids of those that were not revoked.</summary>
    public Task<IReadOnlyList<Guid>> ListIdsAsync(Caller caller, CancellationToken cancel) => database.QueryAsync<Guid>(
        "select id from printers where revoked_at is null" + (caller.SeesEverything ? "" : " and organisation_id = @OrganisationId"), new { caller.OrganisationId }, cancel);

    /// <summary>From now on no session starts with this printer, and what it prints is stopped. Its record stays.</summary>
    public async Task<Outcome<EnrolledPrinter>> RevokeAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (await FindAsync(id, cancel) is not { } printer || !caller.MaySee(printer.OrganisationId))
        {
            return Refusal.NotFound("printer");
        }

        await using (var work = await database.BeginAsync(cancel))
        {
            if (await work.ExecuteAsync("update printers set revoked_at = @Now where id = @Id and revoked_at is null", new { Id = id, Now = time.GetUtcNow() }, cancel) > 0)
            {
                await trail.RecordAsync(work, AuditedAct.By(caller, Acts.PrinterRevoked, $"printer/{id:D}"), cancel);
                await work.CommitAsync(cancel);
            }
        }

        Revoked?.Invoke(id);
        return (await FindAsync(id, cancel))!;
    }
}

/// <summary>A printer as it was enrolled.</summary>
internal sealed record EnrolledPrinter
{
    public Guid Id { get; init; }

    public Guid OrganisationId { get; init; }

    public string Organisation { get; init; } = "";

    public string Name { get; init; } = "";

    public string Model { get; init; } = "";

    /// <summary>SHA-256 of the machine's stable identifiers.</summary>
    public byte[] MachineId { get; init; } = [];

    /// <summary>P-256, uncompressed, 65 bytes.</summary>
    public byte[] DevicePublicKey { get; init; } = [];

    /// <summary>The machine identity profile as the gateway encoded it; it goes into session keys byte for byte.</summary>
    public byte[] ProfileBytes { get; init; } = [];

    /// <summary>The signed PrinterEnrolment; empty in a list.</summary>
    public byte[] Statement { get; init; } = [];

    public DateTimeOffset EnrolledAt { get; init; }

    /// <summary>Of the pairing code that it came by; null when it came by a password, or before this was kept.</summary>
    public Guid? PairingId { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Since when a changed machine waits to be accepted; null when none does. Nothing is printed meanwhile.</summary>
    public DateTimeOffset? ChangePresentedAt { get; init; }

    /// <summary>Whether the next job waits until somebody has confirmed that the bed is clear.</summary>
    public bool BedCheck { get; init; }

    /// <summary>Since when something may lie on the bed; null when it is clear.</summary>
    public DateTimeOffset? BedUsedAt { get; init; }

    public DateTimeOffset? BedClearedAt { get; init; }

    /// <summary>When its gateway came or went last; null when it never did.</summary>
    public DateTimeOffset? SeenAt { get; init; }

    /// <summary>Why nothing may be printed on it; null when it may.</summary>
    public Refusal? WhyNotPrint() => this switch
    {
        { RevokedAt: { } revoked } => Refusal.Conflict("PRINTER_REVOKED", "The device key of this printer was revoked.", "Enrol the printer again.").With("revoked_at", revoked),
        { ChangePresentedAt: { } presented } => Refusal.Conflict("PRINTER_CHANGED", "This printer was presented as repaired or changed, and nobody has accepted it yet.", "Have it accepted by an admin, or by the owner whose licences name it.")
            .With("presented_at", presented),
        _ => null,
    };

    /// <summary>The profile, which was checked when it was enrolled.</summary>
    public MachineProfile Profile => DecodedProfiles.Of(Id, ProfileBytes);
}
