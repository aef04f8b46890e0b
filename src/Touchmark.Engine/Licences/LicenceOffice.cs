using System.Security.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Licences;

/// <summary>Grants and revokes: each one a signed statement, stored with the licence.</summary>
internal sealed class LicenceOffice(Database database, LicenceLedger ledger, LicenceMeanwhile meanwhile, DesignLibrary designs, EngineStatements statements, AuditTrail trail, TimeProvider time, ILogger<LicenceOffice> log)
{
    private const long MaximumPrints = 1_000_000;

    // So many that the grant fits into its envelope whatever the names are, see StatementSigner.MaxEmbeddedBytes.
    private const int MaximumScopes = 32;
    private const int MaximumTerms = 16;
    private const int TermLength = 40;

    // What the owner of a design gets who does not say otherwise: enough to save a part from a heater that sags, too little to make another part of it.
    private const double UsualSlowdownPercent = 20;
    private const double UsualTemperatureTrimC = 5;

    /// <summary>Tells, on the node where it happened, that a licence was revoked.</summary>
    public event Action<Guid>? Revoked;

    public async Task<Outcome<Licence>> GrantAsync(GrantRequest request, Caller caller, CancellationToken cancel)
    {
        if (await designs.FindAsync(request.DesignId, cancel) is not { } design || design.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("design");
        }

        var now = time.GetUtcNow();
        if (CheckTerms(request, now) is { } refusal)
        {
            return refusal;
        }

        if (!(await FindManufacturersAsync(request.Manufacturers ?? [], cancel)).Has(out var manufacturers, out refusal)
            || !(await FindPrintersAsync(request.Printers ?? [], cancel)).Has(out var printers, out refusal))
        {
            return refusal;
        }

        var document = new LicenceGrant
        {
            LicenceId = Guid.CreateVersion7(now),
            DesignId = design.Id,
            DesignSha256 = design.Sha256,
            Owner = design.Organisation,
            Manufacturers = [.. manufacturers.Select(manufacturer => manufacturer.Name)],
            Printers = printers,
            Prints = request.Prints,
            Materials = Distinct(request.Materials),
            Qualities = Distinct(request.Qualities),
            GrantedAt = now,
            ExpiresAt = request.ExpiresAt,
            ExposureLimitS = request.ExposureLimitS,
            OutageLimitS = request.OutageLimitS,
            RevocationPolicy = request.RevocationPolicy ?? RevocationPolicy.AtOnce,
            AllowScriptStore = request.AllowScriptStore ?? false,
            AllowNoDeadMan = request.AllowNoDeadMan ?? false,
            MaxSlowdownPercent = request.MaxSlowdownPercent ?? UsualSlowdownPercent,
            MaxTemperatureTrimC = request.MaxTemperatureTrimC ?? UsualTemperatureTrimC,
        };
        if (await StoreAsync(document, manufacturers, request.LicencesKnown, caller, cancel) is { } overtaken)
        {
            return overtaken;
        }

        log.LogInformation("Licence {LicenceId} granted for design {DesignId}: {Prints} prints", document.LicenceId, design.Id, document.Prints);
        return (await ledger.FindAsync(document.LicenceId, cancel))!;
    }

    /// <summary>From now on no print is taken from it. What was printed stays licensed.</summary>
    public async Task<Outcome<Licence>> RevokeAsync(Guid id, string reason, Caller caller, CancellationToken cancel)
    {
        if (await ledger.FindAsync(id, cancel) is not { } licence || licence.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("licence");
        }

        if (!PlainText.TryAccept(reason, 200, out var clean))
        {
            return PlainText.Refuse("reason", 200);
        }

        var now = time.GetUtcNow();
        var document = new LicenceRevocation { LicenceId = id, LicenceStatement = SHA256.HashData(licence.Statement), RevokedAt = now, Reason = clean };
        await using (var work = await database.BeginAsync(cancel))
        {
            var changed = await work.ExecuteAsync(
                "update licences set revoked_at = @Now, revocation_statement = @Statement where id = @Id and revoked_at is null", new { Id = id, Now = now, Statement = await statements.SignAsync(work, document, cancel) }, cancel);
            if (changed == 0)
            {
                return await meanwhile.RevokedAsync(id, cancel);
            }

            await trail.RecordAsync(work, AuditedAct.By(caller, Acts.LicenceRevoked, $"licence/{id:D}", new("policy", LicenceGrant.NameOf(licence.RevocationPolicy)), new("reason", clean)), cancel);
            await work.CommitAsync(cancel);
        }

        log.LogInformation("Licence {LicenceId} revoked", id);
        Revoked?.Invoke(id);
        return (await ledger.FindAsync(id, cancel))!;
    }

    private static List<string> Distinct(IReadOnlyList<string>? terms) => [.. (terms ?? []).Select(term => term.Trim()).Distinct(StringComparer.OrdinalIgnoreCase)];

    private static Refusal? CheckTerms(GrantRequest request, DateTimeOffset now)
    {
        if (request.Prints is < 1 or > MaximumPrints)
        {
            return Refusal.Invalid("LICENCE_PRINTS", $"A licence is for 1 to {MaximumPrints} prints.", "Send a number of prints in this range.").With("prints", request.Prints).With("maximum", MaximumPrints);
        }

        if (request.ExpiresAt <= now)
        {
            return Refusal.Invalid("LICENCE_EXPIRY", "The licence would have expired before it is granted.", "Send an expiry in the future, or none.").With("expires_at", request.ExpiresAt);
        }

        if ((request.Manufacturers ?? []).Count + (request.Printers ?? []).Count is 0 or > MaximumScopes)
        {
            return Refusal.Invalid("LICENCE_NOBODY", $"A licence names 1 to {MaximumScopes} manufacturers and printers.", "Name who may print.");
        }

        if (request.ExposureLimitS is <= 0 or > 3600 || request.OutageLimitS is < 0 or > 86_400)
        {
            return Refusal.Invalid("LICENCE_LIMITS", "The exposure limit is above 0 and at most 3600 s, the outage limit at most 86400 s.", "Send limits in these ranges, or none.");
        }

        if (request.MaxSlowdownPercent is < 0 or > LicenceGrant.HighestSlowdownPercent || request.MaxTemperatureTrimC is < 0 or > LicenceGrant.HighestTemperatureTrimC)
        {
            return Refusal.Invalid(
                "LICENCE_ADJUSTMENTS", $"The engine may be let slow the feed by 0 to {LicenceGrant.HighestSlowdownPercent} % and move a heater's target by 0 to {LicenceGrant.HighestTemperatureTrimC} °C.",
                "Send max_slowdown_percent and max_temperature_trim_c in these ranges; 0 forbids it, and without them it is 20 % and 5 °C.")
                .With("max_slowdown_percent", request.MaxSlowdownPercent).With("max_temperature_trim_c", request.MaxTemperatureTrimC);
        }

        if (Distinct(request.Materials).Count > MaximumTerms || Distinct(request.Qualities).Count > MaximumTerms)
        {
            return Refusal.Invalid("LICENCE_TERMS", $"A licence names at most {MaximumTerms} materials and as many qualities.", "Name fewer; none means any.");
        }

        return Distinct(request.Materials).Concat(Distinct(request.Qualities)).All(term => PlainText.TryAccept(term, TermLength, out _)) ? null : PlainText.Refuse("materials, qualities", TermLength);
    }

    /// <summary>Each is named by its id or by its exact name.</summary>
    private async Task<Outcome<List<OrganisationView>>> FindManufacturersAsync(IReadOnlyList<string> names, CancellationToken cancel)
    {
        var found = new Dictionary<Guid, OrganisationView>();
        foreach (var name in names)
        {
            var organisation = await database.FirstOrDefaultAsync<OrganisationView>(
                "select id, name from organisations where (id = @Id or name_key = @Key) and id in (select organisation_id from accounts where role in (@Manufacturer, @Operator))",
                new { Id = name.Trim().ToLowerInvariant(), Key = name.Trim().ToUpperInvariant(), Role.Manufacturer, Role.Operator }, cancel);
            if (organisation is null)
            {
                return Refusal.Invalid("MANUFACTURER_UNKNOWN", "A manufacturer that the licence names does not exist.", "Name it by its id or its exact name, see /api/organisations.").With("manufacturer", name);
            }

            found[organisation.Id] = organisation;
        }

        return found.Values.ToList();
    }

    private async Task<Outcome<List<Guid>>> FindPrintersAsync(IReadOnlyList<Guid> ids, CancellationToken cancel)
    {
        foreach (var id in ids)
        {
            if (await database.FirstOrDefaultAsync<long>("select count(*) from printers where id = @Id and revoked_at is null", new { Id = id }, cancel) == 0)
            {
                return Refusal.Invalid("PRINTER_UNKNOWN", "A printer that the licence names does not exist or was revoked.", "Ask its owner for the printer's id.").With("printer", id);
            }
        }

        return ids.Distinct().ToList();
    }

    private async Task<Refusal?> StoreAsync(LicenceGrant document, List<OrganisationView> manufacturers, long? known, Caller caller, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        if (await LicenceMeanwhile.GrantedAsync(work, document.DesignId, known, cancel) is { } refusal)
        {
            return refusal;
        }

        await work.ExecuteAsync(
            """
            insert into licences (id, design_id, organisation_id, created_by, prints, taken, expires_at, exposure_limit_s, outage_limit_s,
                revocation_policy, allow_script_store, allow_no_dead_man, max_slowdown_percent, max_temperature_trim_c, granted_at, statement)
            values (@LicenceId, @DesignId, @OrganisationId, @AccountId, @Prints, 0, @ExpiresAt, @ExposureLimitS, @OutageLimitS,
                @RevocationPolicy, @AllowScriptStore, @AllowNoDeadMan, @MaxSlowdownPercent, @MaxTemperatureTrimC, @GrantedAt, @Statement)
            """,
            new
            {
                document.LicenceId,
                document.DesignId,
                caller.OrganisationId,
                caller.AccountId,
                document.Prints,
                document.ExpiresAt,
                document.ExposureLimitS,
                document.OutageLimitS,
                document.RevocationPolicy,
                document.AllowScriptStore,
                document.AllowNoDeadMan,
                document.MaxSlowdownPercent,
                document.MaxTemperatureTrimC,
                document.GrantedAt,
                Statement = await statements.SignAsync(work, document, cancel),
            }, cancel);
        var scopes = manufacturers.Select(manufacturer => (Kind: LicenceScope.Manufacturer, Value: manufacturer.Id.ToString("D")))
            .Concat(document.Printers.Select(printer => (LicenceScope.Printer, printer.ToString("D"))))
            .Concat(document.Materials.Select(material => (LicenceScope.Material, material)))
            .Concat(document.Qualities.Select(quality => (LicenceScope.Quality, quality)));
        foreach (var (kind, value) in scopes)
        {
            await work.ExecuteAsync("insert into licence_scopes (licence_id, kind, value) values (@LicenceId, @Kind, @Value)", new { document.LicenceId, Kind = kind, Value = value }, cancel);
        }

        await trail.RecordAsync(
            work, AuditedAct.By(caller, Acts.LicenceGranted, $"licence/{document.LicenceId:D}", new("design", $"design/{document.DesignId:D}"), new("prints", $"{document.Prints}")), cancel);
        await work.CommitAsync(cancel);
        return null;
    }
}

/// <summary>
/// A licence to grant. At least one manufacturer (id or exact name) or printer; no material or quality means any. What it lets the engine and the printer do: see LicenceGrant.
/// LicencesKnown: how many licences of this design the caller knows of; where there are more by now, nothing is granted and the caller is told. Without it, none of this is asked.
/// </summary>
internal sealed record GrantRequest(
    Guid DesignId, long Prints, IReadOnlyList<string>? Manufacturers = null, IReadOnlyList<Guid>? Printers = null, DateTimeOffset? ExpiresAt = null,
    IReadOnlyList<string>? Materials = null, IReadOnlyList<string>? Qualities = null, double? ExposureLimitS = null, double? OutageLimitS = null,
    RevocationPolicy? RevocationPolicy = null, bool? AllowScriptStore = null, bool? AllowNoDeadMan = null, double? MaxSlowdownPercent = null, double? MaxTemperatureTrimC = null, long? LicencesKnown = null);
