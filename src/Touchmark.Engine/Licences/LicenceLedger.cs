using Dapper;
using Touchmark.Engine.Accounts;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Licences;

/// <summary>The licences, and the prints that are taken from them.</summary>
internal sealed class LicenceLedger(Database database, LicenceMetrics metrics, TimeProvider time)
{
    private const string Columns =
        "select licences.id, licences.design_id, licences.organisation_id, organisations.name as organisation, designs.name as design_name, licences.prints, licences.taken, licences.expires_at, "
        + "licences.exposure_limit_s, licences.outage_limit_s, licences.revocation_policy, licences.allow_script_store, licences.allow_no_dead_man, "
        + "licences.max_slowdown_percent, licences.max_temperature_trim_c, licences.granted_at, licences.statement, licences.revoked_at "
        + "from licences join organisations on organisations.id = licences.organisation_id join designs on designs.id = licences.design_id ";

    private const string Scopes =
        "select licence_scopes.licence_id, licence_scopes.kind, licence_scopes.value, organisations.name from licence_scopes "
        + "left join organisations on licence_scopes.kind = 1 and organisations.id = licence_scopes.value ";

    private const string NewLicence = "Ask the owner of the design for a new licence.";

    // Who may print under a licence: its manufacturers, and whoever owns one of its printers.
    private const string GrantedTo =
        "licences.id in (select licence_id from licence_scopes where (kind = 1 and value = @Organisation) or (kind = 2 and value in (select id from printers where organisation_id = @Organisation)))";

    private const string Usable = GrantedTo + " and licences.revoked_at is null and licences.taken < licences.prints and (licences.expires_at is null or licences.expires_at > @Now)";

    /// <summary>The licence, when it would let this be printed now. Takes nothing.</summary>
    public async Task<Outcome<Licence>> CheckAsync(Guid licenceId, PrintRequest request, CancellationToken cancel)
    {
        if (await FindAsync(licenceId, cancel) is not { } licence || !IsGrantedTo(licence, request))
        {
            return NotGranted(licenceId, request);
        }

        return Check(licence, request, time.GetUtcNow()) is { } refusal ? refusal : licence;
    }

    /// <summary>
    /// Takes one print, in the transaction in which its job is written down. The count is decided by one statement of the database, so of two jobs that want the last
    /// print one is refused, on whichever node they run.
    /// </summary>
    public async Task<Outcome<TakenPrint>> TakePrintAsync(Transaction work, Guid licenceId, Guid jobId, PrintRequest request, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (await ReadAsync(work, licenceId, cancel) is not { } licence || !IsGrantedTo(licence, request))
        {
            return NotGranted(licenceId, request);
        }

        if (Check(licence, request, now) is { } refusal)
        {
            return refusal;
        }

        var taken = await work.ExecuteAsync(
            "update licences set taken = taken + 1 where id = @Id and taken < prints and revoked_at is null and (expires_at is null or expires_at > @Now)", new { licence.Id, Now = now }, cancel);
        if (taken == 0)
        {
            // Somebody was faster between the check and here; say of which kind.
            licence = (await ReadAsync(work, licenceId, cancel))!;
            return Check(licence, request, now) ?? UsedUp(licence);
        }

        var numbers = (await work.QueryAsync<long>("select number from licence_prints where licence_id = @Id and given_back_at is null", new { licence.Id }, cancel)).ToHashSet();
        // The lowest number that is free: one that was given back is used again.
        var number = Enumerable.Range(1, numbers.Count + 1).First(candidate => !numbers.Contains(candidate));

        await work.ExecuteAsync(
            "insert into licence_prints (job_id, licence_id, number, taken_at) values (@JobId, @LicenceId, @Number, @Now)", new { JobId = jobId, LicenceId = licenceId, Number = number, Now = now }, cancel);
        metrics.Taken();
        return new TakenPrint(licence, number);
    }

    /// <summary>Gives a job's print back, once, however often it is called. Only the caller knows whether anything was printed: then this is not called.</summary>
    public async Task GiveBackPrintAsync(Transaction work, Guid jobId, CancellationToken cancel)
    {
        if (await work.ExecuteAsync("update licence_prints set given_back_at = @Now where job_id = @JobId and given_back_at is null", new { JobId = jobId, Now = time.GetUtcNow() }, cancel) == 1)
        {
            await work.ExecuteAsync("update licences set taken = taken - 1 where id = (select licence_id from licence_prints where job_id = @JobId)", new { JobId = jobId }, cancel);
            metrics.GivenBack();
        }
    }

    public async Task<Licence?> FindAsync(Guid id, CancellationToken cancel) => await QueryAsync("licences.id = @Id", new { Id = id }, cancel) is [var licence] ? licence : null;

    /// <summary>The licence, when the caller may see it.</summary>
    public async Task<Licence?> FindAsync(Guid id, Caller caller, CancellationToken cancel) =>
        await QueryAsync($"licences.id = @Id and {Visible(caller)}", new { Id = id, Organisation = caller.OrganisationId }, cancel) is [var licence] ? licence : null;

    /// <summary>Those that the caller's organisation granted or may print under; all of them for admins and auditors.</summary>
    public Task<IReadOnlyList<Licence>> ListAsync(Caller caller, CancellationToken cancel) => QueryAsync(Visible(caller), new { Organisation = caller.OrganisationId }, cancel);

    /// <summary>The same, newest first, those before one of them, and so many.</summary>
    public async Task<IReadOnlyList<Licence>> PageAsync(Caller caller, Guid? before, int most, CancellationToken cancel) =>
        await NewestAsync($"licences.id < @Before and {Visible(caller)}", new { Organisation = caller.OrganisationId, Before = before ?? Guid.AllBitsSet, Most = most }, cancel);

    /// <summary>Of a design, newest first, the last hundred.</summary>
    public Task<IReadOnlyList<Licence>> ListOfDesignAsync(Guid designId, CancellationToken cancel) => NewestAsync("licences.design_id = @DesignId", new { DesignId = designId, Most = 100 }, cancel);

    /// <summary>Those that the organisation can print under now, with prints left.</summary>
    public Task<IReadOnlyList<Licence>> ListUsableAsync(Guid organisation, CancellationToken cancel) => QueryAsync(Usable, new { Organisation = organisation, Now = time.GetUtcNow() }, cancel);

    /// <summary>The same, newest first.</summary>
    /// <param name="organisation">Who would print.</param>
    /// <param name="design">Only those whose design has this in its name, in either case.</param>
    /// <param name="before">Only those that are older than this one.</param>
    /// <param name="most">So many.</param>
    /// <param name="cancel">Ends the wait.</param>
    public Task<IReadOnlyList<Licence>> PageUsableAsync(Guid organisation, string design, Guid? before, int most, CancellationToken cancel) => NewestAsync(
        $"licences.id < @Before and {Usable}" + (design.Length == 0 ? "" : " and licences.design_id in (select id from designs where lower(name) like lower(@Name) escape '!')"),
        new { Organisation = organisation, Now = time.GetUtcNow(), Name = SqlText.Within(design), Before = before ?? Guid.AllBitsSet, Most = most }, cancel);

    /// <summary>How many prints the organisation may make now, of all designs together.</summary>
    public Task<long> CountPrintsAsync(Guid organisation, CancellationToken cancel) => database.FirstOrDefaultAsync<long>(
        $"select coalesce(sum(licences.prints - licences.taken), 0) from licences where {Usable}", new { Organisation = organisation, Now = time.GetUtcNow() }, cancel);

    /// <summary>Whether the organisation can print this design now.</summary>
    public async Task<bool> MayPrintAsync(Guid designId, Guid organisation, CancellationToken cancel) => await database.FirstOrDefaultAsync<long>(
        $"select 1 from licences where licences.design_id = @Design and {Usable} limit 1", new { Design = designId, Organisation = organisation, Now = time.GetUtcNow() }, cancel) == 1;

    /// <summary>Organisations whose licences can still print on this machine: it or its organisation is named, not revoked, not expired, with prints left.</summary>
    public Task<IReadOnlyList<Guid>> OwnersRelyingOnAsync(Guid printer, Guid printerOrganisation, CancellationToken cancel) => database.QueryAsync<Guid>(
        """
        select distinct licences.organisation_id from licences join licence_scopes on licence_scopes.licence_id = licences.id
        where licences.revoked_at is null and licences.taken < licences.prints and (licences.expires_at is null or licences.expires_at > @Now)
          and ((licence_scopes.kind = @Printer and licence_scopes.value = @PrinterId) or (licence_scopes.kind = @Manufacturer and licence_scopes.value = @OrganisationId))
        """,
        new { LicenceScope.Printer, LicenceScope.Manufacturer, PrinterId = printer.ToString("D"), OrganisationId = printerOrganisation.ToString("D"), Now = time.GetUtcNow() }, cancel);

    private static string Visible(Caller caller) => caller.SeesEverything ? "1 = 1" : $"(licences.organisation_id = @Organisation or {GrantedTo})";

    private static bool IsGrantedTo(Licence licence, PrintRequest request) =>
        licence.Of(LicenceScope.Manufacturer).Contains(request.PrinterOrganisationId.ToString("D")) || licence.Of(LicenceScope.Printer).Contains(request.PrinterId.ToString("D"));

    private static Refusal NotGranted(Guid licenceId, PrintRequest request) =>
        new Refusal(StatusCodes.Status403Forbidden, "LICENCE_PRINTER", "There is no licence with this id that lets this printer print.", "Choose a licence from /api/catalogue, and a printer that it names.")
            .With("licence", licenceId).With("printer", request.PrinterId);

    /// <summary>What is said of a licence that its owner took back.</summary>
    internal static Refusal Revoked(DateTimeOffset at) => Refusal.Conflict("LICENCE_REVOKED", "The owner of the design has revoked this licence.", NewLicence).With("revoked_at", at);

    private static Refusal? Check(Licence licence, PrintRequest request, DateTimeOffset now)
    {
        if (licence.RevokedAt is { } revoked)
        {
            return Revoked(revoked);
        }

        if (licence.ExpiresAt <= now)
        {
            return Refusal.Conflict("LICENCE_EXPIRED", "This licence has expired.", NewLicence).With("expires_at", licence.ExpiresAt);
        }

        if (licence.Taken >= licence.Prints)
        {
            return UsedUp(licence);
        }

        return Allow(licence, LicenceScope.Material, request.Material, "LICENCE_MATERIAL", "material") ?? Allow(licence, LicenceScope.Quality, request.Quality, "LICENCE_QUALITY", "quality");
    }

    private static Refusal UsedUp(Licence licence) =>
        Refusal.Conflict("LICENCE_USED_UP", $"All {licence.Prints} prints of this licence are taken.", NewLicence).With("prints", licence.Prints).With("taken", licence.Taken);

    private static Refusal? Allow(Licence licence, LicenceScope kind, string value, string code, string what)
    {
        var allowed = licence.Of(kind).ToList();
        return allowed.Count == 0 || allowed.Contains(value, StringComparer.OrdinalIgnoreCase) ? null
            : Refusal.Conflict(code, $"This licence does not allow the {what} {value}.", $"Choose one of: {string.Join(", ", allowed)}.").With(what, value).With("allowed", allowed);
    }

    private static async Task<Licence?> ReadAsync(Transaction work, Guid id, CancellationToken cancel) =>
        await work.FirstOrDefaultAsync<Licence>(Columns + "where licences.id = @Id", new { Id = id }, cancel) is { } licence
            ? licence with { Scopes = await work.QueryAsync<ScopeRow>(Scopes + "where licence_id = @Id", new { Id = id }, cancel) }
            : null;

    private Task<IReadOnlyList<Licence>> QueryAsync(string where, object args, CancellationToken cancel) => QueryAsync(where, "order by licences.id", args, cancel);

    private Task<IReadOnlyList<Licence>> NewestAsync(string where, object args, CancellationToken cancel) => QueryAsync(where, "order by licences.id desc limit @Most", args, cancel);

    private async Task<IReadOnlyList<Licence>> QueryAsync(string where, string order, object args, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var licences = await connection.QueryAsync<Licence>(new CommandDefinition($"{Columns} where {where} {order}", args, cancellationToken: cancel));
        var scopes = await connection.QueryAsync<ScopeRow>(
            new CommandDefinition($"{Scopes} where licence_id in (select licences.id from licences where {where} {order}) order by licence_scopes.kind, licence_scopes.value", args, cancellationToken: cancel));
        var byLicence = scopes.ToLookup(scope => scope.LicenceId);
        return [.. licences.Select(licence => licence with { Scopes = [.. byLicence[licence.Id]] })];
    }
}
