using System.Data.Common;
using System.Globalization;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Licences;
using Touchmark.Engine.PrinterKeys;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming.Files;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.PrinterFiles;

/// <summary>
/// Hands out the content key of a sealed file, print by print. A key that was released is a print of the licence and is never given back: nobody can tell what was done with it. Every answer is in the
/// audit trail, so whoever only guesses is slowed down.
/// </summary>
internal sealed class KeyRelease(Database database, SealedFiles files, LicenceLedger licences, PrinterKeyring keyring, AuditTrail trail, TimeProvider time)
{
    /// <summary>Times that one print may ask: a gateway that is started again in the middle of it.</summary>
    private const int MostReleases = 10;

    private const int FreeRefusals = 20;

    /// <summary>Prints that one printer may begin: whoever stole its token can open nothing with what it gets, but could use licences up.</summary>
    private const int MostPerHour = 60;

    /// <summary>A print may take twice as long as was estimated, and a day more.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(24);

    private readonly Throttle refused = new(time, FreeRefusals, TimeSpan.FromMinutes(15));

    public async Task<Outcome<ReleasedKey>> ReleaseAsync(EnrolledPrinter printer, Guid fileId, Guid printId, CancellationToken cancel)
    {
        var who = printer.Id.ToString("D");
        if (refused.Begin(who) is { } early)
        {
            return early;
        }

        var act = AuditedAct.By($"gateway/{who}", Acts.FileKeyReleased, $"file/{fileId:D}", new AuditDetail("print", printId.ToString("D")));
        var outcome = await TryReleaseAsync(printer, fileId, printId, act, cancel);
        if (outcome.Refusal is { } refusal)
        {
            await trail.RecordRefusalAsync(act, refusal.Code, cancel);
        }
        else
        {
            refused.Clear(who);
        }

        return outcome;
    }

    /// <summary>The print is over, and its id opens nothing any more. The first end counts.</summary>
    public async Task<Outcome<EndedPrint>> EndAsync(EnrolledPrinter printer, Guid printId, PrintOutcome outcome, CancellationToken cancel)
    {
        var args = new { Id = printId, PrinterId = printer.Id, Outcome = outcome, Now = time.GetUtcNow() };
        await using (var work = await database.BeginAsync(cancel))
        {
            if (await work.ExecuteAsync("update file_prints set outcome = @Outcome, ended_at = @Now where id = @Id and printer_id = @PrinterId and ended_at is null", args, cancel) == 1)
            {
                AuditDetail[] details = [new("outcome", outcome.ToString().ToLowerInvariant())];
                await trail.RecordAsync(work, AuditedAct.By($"gateway/{printer.Id:D}", Acts.FilePrintEnded, $"print/{printId:D}", details), cancel);
                await work.CommitAsync(cancel);
            }
        }

        return await database.FirstOrDefaultAsync<EndedPrint>("select id as print_id, outcome, ended_at from file_prints where id = @Id and printer_id = @PrinterId", args, cancel) is { } ended ? ended
            : Refusal.NotFound("This printer has no such print.", "There is nothing to report of a print that got no key.");
    }

    private async Task<Outcome<ReleasedKey>> TryReleaseAsync(EnrolledPrinter printer, Guid fileId, Guid printId, AuditedAct act, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        var found = await SealedFiles.FindAsync(work, fileId, printer.Id, cancel);
        if (found is not { } file)
        {
            return new Refusal(StatusCodes.Status404NotFound, "FILE_UNKNOWN", "This engine has sealed no such file for this printer.", "Have it sealed for this printer.").With("file", fileId);
        }

        var now = time.GetUtcNow();
        if ((printer.WhyNotPrint() ?? WhyNotOpen(file, now)) is { } refusal || !(await CountAsync(work, file, printer, printId, now, cancel)).Has(out var number, out refusal))
        {
            return refusal;
        }

        using var contentKey = files.OpenContentKey(file);
        using var psek = keyring.Open(await keyring.FindAsync(file.PrinterId, file.KeyVersion, cancel));
        var key = new ReleasedKey(psek.KeyId, psek.Wrap(FileKeyRole.Toolpath, file.Id, contentKey.Span), number, file.LicenceId);
        await PrinterBeds.UseAsync(work, printer.Id, now, cancel);
        AuditDetail[] details = [.. act.Details, new("print_number", number?.ToString(CultureInfo.InvariantCulture) ?? ""), new("licence", file.LicenceId is { } licence ? $"licence/{licence:D}" : "")];
        await trail.RecordAsync(work, act with { Details = details }, cancel);
        await work.CommitAsync(cancel);
        return key;
    }

    private static Refusal? WhyNotOpen(SealedFileRow file, DateTimeOffset now) => file switch
    {
        { KeyRevokedAt: { } revoked } => Refusal.Conflict("KEY_REVOKED", "The printer's key that this file was sealed under was revoked.", "Have the file sealed again.").With("key_id", Psek.IdOf(file.PrinterId, file.KeyVersion)).With("revoked_at", revoked),
        { ValidUntil: { } until } when until <= now => Refusal.Conflict("FILE_EXPIRED", "The file is not valid any more.", "Have it sealed again.").With("valid_until", until),
        _ => null,
    };

    /// <summary>Which print of its licence this is: a new one, or one that goes on. No number where nothing is counted.</summary>
    private async Task<Outcome<long?>> CountAsync(Transaction work, SealedFileRow file, EnrolledPrinter printer, Guid printId, DateTimeOffset now, CancellationToken cancel)
    {
        var args = new { Id = printId, FileId = file.Id, file.PrinterId, Now = now };
        // Of two requests with one id, whichever node they reach, one begins the print and the other waits here for it.
        if (await work.ExecuteAsync(
            "insert into file_prints (id, file_id, printer_id, releases, began_at) values (@Id, @FileId, @PrinterId, 1, @Now) on conflict (id) do nothing", args, cancel) == 0)
        {
            return await GoOnAsync(work, file, printId, now, cancel);
        }

        if (await work.FirstOrDefaultAsync<long>("select count(*) from file_prints where printer_id = @PrinterId and began_at > @Since", new { file.PrinterId, Since = now - TimeSpan.FromHours(1) }, cancel) > MostPerHour)
        {
            return new Refusal(StatusCodes.Status429TooManyRequests, "PRINTS_PER_HOUR", $"This printer has begun {MostPerHour} prints within an hour.", "Wait until an hour has passed since the first of them; if the printer did not begin them, revoke it.")
                .With("maximum", MostPerHour);
        }

        if (file.LicenceId is not { } licenceId)
        {
            return Outcome.Of<long?>(null);
        }

        try
        {
            var wanted = new PrintRequest(printer.Id, printer.OrganisationId, file.Material, file.Quality);
            if (!(await licences.TakePrintAsync(work, licenceId, printId, wanted, cancel)).Has(out var print, out var refusal))
            {
                return refusal;
            }

            await work.ExecuteAsync("update file_prints set number = @Number where id = @Id", new { args.Id, Number = print.PrintNumber }, cancel);
            return print.PrintNumber;
        }
        catch (DbException error) when (database.IsDuplicate(error))
        {
            return OtherFile(printId);
        }
    }

    private static async Task<Outcome<long?>> GoOnAsync(Transaction work, SealedFileRow file, Guid printId, DateTimeOffset now, CancellationToken cancel)
    {
        // Counted before anything is read, so that what is read does not change before this transaction ends.
        await work.ExecuteAsync("update file_prints set releases = releases + 1 where id = @Id", new { Id = printId }, cancel);
        var print = (await work.FirstOrDefaultAsync<PrintRow>("select file_id, number, releases, began_at, ended_at from file_prints where id = @Id", new { Id = printId }, cancel))!;
        return print switch
        {
            _ when print.FileId != file.Id => OtherFile(printId),
            { EndedAt: { } ended } => Refusal.Conflict("PRINT_ENDED", "This print has ended.", "Begin a new one.").With("ended_at", ended),
            { Releases: > MostReleases } => Refusal.Conflict("PRINT_RELEASED_OFTEN", $"The key was released {MostReleases} times for this print.", "Begin a new print.").With("maximum", MostReleases),
            _ when now > print.BeganAt + (2 * TimeSpan.FromSeconds(file.MotionS)) + Grace =>
                Refusal.Conflict("PRINT_TOO_LONG_AGO", "This print began so long ago that it cannot still be running.", "Begin a new one.").With("began_at", print.BeganAt).With("estimated_s", file.MotionS),
            _ when file is { LicenceRevokedAt: { } revoked, RevocationPolicy: RevocationPolicy.AtOnce } => LicenceLedger.Revoked(revoked),
            _ => print.Number,
        };
    }

    private static Refusal OtherFile(Guid printId) =>
        Refusal.Conflict("PRINT_OTHER_FILE", "This print id stands for another print.", "Make a new id for each print.").With("print", printId);

    private sealed record PrintRow
    {
        public Guid FileId { get; init; }

        public long? Number { get; init; }

        public long Releases { get; init; }

        public DateTimeOffset BeganAt { get; init; }

        public DateTimeOffset? EndedAt { get; init; }
    }
}

/// <param name="KeyId">The version of the printer's key that wraps it.</param>
/// <param name="ContentKey">Wrapped, 61 bytes.</param>
/// <param name="PrintNumber">Which of the licence's prints this is; null for a design of the printer's own organisation.</param>
/// <param name="LicenceId">That it was counted on.</param>
internal sealed record ReleasedKey(string KeyId, byte[] ContentKey, long? PrintNumber, Guid? LicenceId);

/// <summary>A print whose end was reported.</summary>
internal sealed record EndedPrint
{
    public Guid PrintId { get; init; }

    public PrintOutcome Outcome { get; init; }

    public DateTimeOffset EndedAt { get; init; }
}
