using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming.Files;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.PrinterKeys;

/// <summary>
/// The keys that files are sealed under, one chain of versions for each printer (PSEK, spec/sealed-gcode.md). New files are sealed under the newest version; the older ones open what was sealed
/// before, until they are revoked. A version that is needed and not there is made: that is how printers get their first one.
/// </summary>
internal sealed class PrinterKeyring(Database database, EngineKeys keys, PrinterFleet fleet, AuditTrail trail, TimeProvider time)
{
    private const int MostInUse = 32;

    private const string Columns = "select printer_id, version, wrapped, made_at, revoked_at from printer_keys where printer_id = @PrinterId ";

    /// <summary>The version that new files are sealed under; never one that was revoked, or is older than one that was.</summary>
    public async Task<PrinterKey> CurrentAsync(Transaction work, Guid printerId, CancellationToken cancel)
    {
        while (true)
        {
            var newest = await NewestAsync(work, printerId, cancel);
            if (newest is { RevokedAt: null })
            {
                return newest;
            }

            // Another node may make it at the same moment; then its key is the one that counts.
            await AddAsync(work, printerId, (newest?.Version ?? 0) + 1, cancel);
        }
    }

    /// <exception cref="InvalidDataException">There is no such version.</exception>
    public async Task<PrinterKey> FindAsync(Guid printerId, int version, CancellationToken cancel) =>
        await database.FirstOrDefaultAsync<PrinterKey>(Columns + "and version = @Version", new { PrinterId = printerId, Version = version }, cancel)
        ?? throw new InvalidDataException($"Printer key {Psek.IdOf(printerId, version)} is missing.");

    public Psek Open(PrinterKey key) => keys.Unwrap(key.Wrapped, key.PrinterId, key.Version);

    /// <summary>All versions that are in use, oldest first, for this printer's gateway and nobody else; at least one.</summary>
    public async Task<IReadOnlyList<HandedKey>> HandOutAsync(EnrolledPrinter printer, CancellationToken cancel)
    {
        var inUse = await InUseAsync(printer.Id, cancel);
        if (inUse.Count == 0)
        {
            await using var work = await database.BeginAsync(cancel);
            inUse = [await CurrentAsync(work, printer.Id, cancel)];
            await work.CommitAsync(cancel);
        }

        return [.. inUse.Select(key => HandOut(key, printer.DevicePublicKey))];
    }

    public HandedKey HandOut(PrinterKey key, byte[] devicePublicKey)
    {
        using var psek = Open(key);
        return new HandedKey(psek.KeyId, psek.SealTo(devicePublicKey), key.MadeAt);
    }

    public async Task<Outcome<IReadOnlyList<PrinterKey>>> ListAsync(Guid printerId, Caller caller, CancellationToken cancel) =>
        await IsSeenAsync(printerId, caller, cancel) ? Outcome.Of(await database.QueryAsync<PrinterKey>(Columns + "order by version", new { PrinterId = printerId }, cancel)) : Refusal.NotFound("printer");

    /// <summary>Makes the next version. What was sealed before still opens.</summary>
    public async Task<Outcome<PrinterKey>> RotateAsync(Guid printerId, Caller caller, CancellationToken cancel)
    {
        if (!await IsSeenAsync(printerId, caller, cancel))
        {
            return Refusal.NotFound("printer");
        }

        await using var work = await database.BeginAsync(cancel);
        // One rotation after the other, on every node.
        await work.ExecuteAsync(database.Dialect.LockAudit, null, cancel);
        if ((await InUseAsync(printerId, cancel)).Count >= MostInUse)
        {
            return Refusal.Conflict("PRINTER_KEYS_OPEN", $"{MostInUse} versions of this printer's key are in use.", "Revoke those whose files are not printed any more.").With("maximum", MostInUse);
        }

        var before = await CurrentAsync(work, printerId, cancel);
        await AddAsync(work, printerId, before.Version + 1, cancel);
        var made = await CurrentAsync(work, printerId, cancel);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.PrinterKeyRotated, $"printer/{printerId:D}", Detail(made.Version)), cancel);
        await work.CommitAsync(cancel);
        return made;
    }

    /// <summary>From now on nothing opens that was sealed under this version. Its record stays.</summary>
    public async Task<Outcome<PrinterKey>> RevokeAsync(Guid printerId, int version, Caller caller, CancellationToken cancel)
    {
        if (!await IsSeenAsync(printerId, caller, cancel))
        {
            return Refusal.NotFound("printer");
        }

        var args = new { PrinterId = printerId, Version = version, Now = time.GetUtcNow() };
        await using (var work = await database.BeginAsync(cancel))
        {
            if (await work.ExecuteAsync("update printer_keys set revoked_at = @Now where printer_id = @PrinterId and version = @Version and revoked_at is null", args, cancel) > 0)
            {
                await trail.RecordAsync(work, AuditedAct.By(caller, Acts.PrinterKeyRevoked, $"printer/{printerId:D}", Detail(version)), cancel);
                await work.CommitAsync(cancel);
            }
        }

        return await database.FirstOrDefaultAsync<PrinterKey>(Columns + "and version = @Version", args, cancel) is { } key ? key
            : Refusal.NotFound("This printer's key has no such version.", $"List them under /api/printers/{printerId:D}/keys.");
    }

    private static Evidence.Documents.AuditDetail Detail(int version) => new("version", version.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static Task<PrinterKey?> NewestAsync(Transaction work, Guid printerId, CancellationToken cancel) =>
        work.FirstOrDefaultAsync<PrinterKey>(Columns + "order by version desc limit 1", new { PrinterId = printerId }, cancel);

    private Task<IReadOnlyList<PrinterKey>> InUseAsync(Guid printerId, CancellationToken cancel) =>
        database.QueryAsync<PrinterKey>(Columns + "and revoked_at is null order by version", new { PrinterId = printerId }, cancel);

    private async Task AddAsync(Transaction work, Guid printerId, int version, CancellationToken cancel)
    {
        using var psek = Psek.Create(printerId, version);
        await work.ExecuteAsync(
            "insert into printer_keys (printer_id, version, wrapped, made_at) values (@PrinterId, @Version, @Wrapped, @Now) on conflict (printer_id, version) do nothing",
            new { PrinterId = printerId, Version = version, Wrapped = keys.Wrap(psek), Now = time.GetUtcNow() }, cancel);
    }

    private async Task<bool> IsSeenAsync(Guid printerId, Caller caller, CancellationToken cancel) =>
        await fleet.FindAsync(printerId, cancel) is { } printer && caller.MaySee(printer.OrganisationId);
}

/// <summary>A version of a printer's key as it lies in the database.</summary>
internal sealed record PrinterKey
{
    public Guid PrinterId { get; init; }

    public int Version { get; init; }

    /// <summary>Under the master key.</summary>
    public byte[] Wrapped { get; init; } = [];

    public DateTimeOffset MadeAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }
}

/// <param name="KeyId">Printer and version.</param>
/// <param name="Sealed">For the printer's device key, 113 bytes.</param>
/// <param name="MadeAt">When the version was made.</param>
internal sealed record HandedKey(string KeyId, byte[] Sealed, DateTimeOffset MadeAt);
