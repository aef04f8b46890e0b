using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Licences;
using Touchmark.Engine.PrinterKeys;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Slicing;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming.Files;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.PrinterFiles;

/// <summary>
/// Toolpaths as files for one printer (spec/sealed-gcode.md). A file is written down first, with its content key, and then written out as it is sealed: it lies on no disk of ours. The key is not in
/// it: <see cref="KeyRelease"/> hands it out, print by print.
/// </summary>
internal sealed class SealedFiles(Database database, DesignLibrary designs, LicenceLedger licences, SliceStore slices, PrinterKeyring keyring, EngineKeys keys, AuditTrail trail, TimeProvider time)
{
    private const string Extension = ".gcode";

    private const string Columns =
        "select sealed_files.*, printer_keys.revoked_at as key_revoked_at, licences.revoked_at as licence_revoked_at, licences.revocation_policy, slices.design_id, slices.material, slices.quality, slices.motion_s "
        + "from sealed_files join printer_keys on printer_keys.printer_id = sealed_files.printer_id and printer_keys.version = sealed_files.key_version "
        + "join slices on slices.id = sealed_files.slice_id left join licences on licences.id = sealed_files.licence_id ";

    /// <summary>The name of a file as somebody wishes it, with its extension. Refusal: FILE_NAME_INVALID.</summary>
    public static Outcome<string> FileName(string wished)
    {
        var maximum = SealedGCodeHeader.MaxName - Extension.Length;
        return PlainText.TryAccept(wished, maximum, out var name) && SealedGCodeHeader.IsName(name) ? name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? name : name + Extension
            : Refusal.Invalid("FILE_NAME_INVALID", "This is not the name of a file.", $"Send a name of at most {maximum} visible characters, without a slash.").With("maximum", maximum);
    }

    /// <summary>Checks that the printer may print this, and writes a new file down. Takes no print.</summary>
    /// <param name="slice">Of this printer.</param>
    /// <param name="printer">That the file is sealed for.</param>
    /// <param name="terms">What it says.</param>
    /// <param name="maker">Who asks; null for the printer itself.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Outcome<SealedFile>> MakeAsync(Slice slice, EnrolledPrinter printer, SealedFileTerms terms, Caller? maker, CancellationToken cancel)
    {
        if (slice.PrinterId != printer.Id)
        {
            throw new ArgumentException("The slice is for another printer.", nameof(slice));
        }

        if (!FileName(terms.Name).Has(out var name, out var unfit))
        {
            return unfit;
        }

        if ((printer.WhyNotPrint() ?? await CheckRightAsync(slice, printer, terms.LicenceId, cancel)) is { } refusal)
        {
            return refusal;
        }

        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        using var contentKey = LockedBuffer.Random(SealedBlob.KeySize);
        await using var work = await database.BeginAsync(cancel);
        var row = new SealedFileRow
        {
            Id = id,
            PrinterId = printer.Id,
            KeyVersion = (await keyring.CurrentAsync(work, printer.Id, cancel)).Version,
            SliceId = slice.Id,
            LicenceId = terms.LicenceId,
            Name = name,
            External = terms.External is { } external ? JsonSerializer.Serialize(external) : null,
            ValidUntil = terms.ValidUntil,
            WrappedKey = keys.Wrap(contentKey.Span, Context(id)),
            MadeAt = now,
        };
        await work.ExecuteAsync(
            """
            insert into sealed_files (id, printer_id, key_version, slice_id, licence_id, name, external, valid_until, wrapped_key, made_by, made_at)
            values (@Id, @PrinterId, @KeyVersion, @SliceId, @LicenceId, @Name, @External, @ValidUntil, @WrappedKey, @MadeBy, @MadeAt)
            """,
            new { row.Id, row.PrinterId, row.KeyVersion, row.SliceId, row.LicenceId, row.Name, row.External, row.ValidUntil, row.WrappedKey, MadeBy = maker?.AccountId, row.MadeAt }, cancel);
        AuditDetail[] details = [new("printer", $"printer/{printer.Id:D}"), new("slice", $"slice/{slice.Id:D}"), new("licence", terms.LicenceId is { } licence ? $"licence/{licence:D}" : ""), .. Details(terms.External)];
        await trail.RecordAsync(work, maker is null ? AuditedAct.By($"gateway/{printer.Id:D}", Acts.FileSealed, $"file/{id:D}", details) : AuditedAct.By(maker, Acts.FileSealed, $"file/{id:D}", details), cancel);
        await work.CommitAsync(cancel);
        return new SealedFile(row, slice, SliceCard.Of(slice, printer, terms.Thumbnails), terms.External);
    }

    /// <summary>Writes a file out, in constant memory. It is whole when this has ended.</summary>
    public async Task WriteAsync(SealedFile file, Stream output, CancellationToken cancel)
    {
        await using var toolpath = slices.Open(file.Slice);
        using var contentKey = OpenContentKey(file.Row);
        using var psek = keyring.Open(await keyring.FindAsync(file.Row.PrinterId, file.Row.KeyVersion, cancel));
        var order = new SealedGCodeOrder
        {
            FileId = file.Row.Id,
            Name = file.Row.Name,
            GCodeSha256 = file.Slice.Sha256,
            ToolpathBytes = toolpath.Length,
            SealedAt = file.Row.MadeAt,
            Card = file.Card,
            LicenceId = file.Row.LicenceId,
            ValidUntil = file.Row.ValidUntil,
            External = file.External,
        };
        await SealedGCodeWriter.WriteAsync(output, toolpath, order, psek, contentKey, cancel);
    }

    /// <summary>The answer that hands a file out.</summary>
    public IResult Answer(SealedFile file, CancellationToken cancel) => Results.Stream(output => WriteAsync(file, output, cancel), "application/octet-stream", file.Row.Name);

    /// <summary>What was sealed for a printer, newest first.</summary>
    public Task<IReadOnlyList<SealedFileView>> ListAsync(Guid printerId, int count, CancellationToken cancel) => database.QueryAsync<SealedFileView>(
        "select sealed_files.id, sealed_files.name, sealed_files.licence_id, slices.design_id, slices.material, slices.quality, sealed_files.key_version, sealed_files.valid_until, sealed_files.made_at, "
        + "(select count(*) from file_prints where file_prints.file_id = sealed_files.id) as prints "
        + "from sealed_files join slices on slices.id = sealed_files.slice_id where sealed_files.printer_id = @PrinterId order by sealed_files.id desc limit @Count",
        new { PrinterId = printerId, Count = count }, cancel);

    /// <summary>A file that was sealed for this printer, as of this transaction.</summary>
    internal static Task<SealedFileRow?> FindAsync(Transaction work, Guid id, Guid printerId, CancellationToken cancel) =>
        work.FirstOrDefaultAsync<SealedFileRow>(Columns + "where sealed_files.id = @Id and sealed_files.printer_id = @PrinterId", new { Id = id, PrinterId = printerId }, cancel);

    internal LockedBuffer OpenContentKey(SealedFileRow file) => keys.Unwrap(file.WrappedKey, Context(file.Id));

    private static string Context(Guid id) => $"file/{id:D}";

    private static IEnumerable<AuditDetail> Details(ExternalLicence? external) =>
        from text in ((string Name, string? Value)[])[("uri", external?.Uri), ("wallet_address", external?.WalletAddress), ("token_id", external?.TokenId), ("contract_address", external?.ContractAddress)]
        where text.Value is not null
        select new AuditDetail(text.Name, text.Value);

    private async Task<Refusal?> CheckRightAsync(Slice slice, EnrolledPrinter printer, Guid? licenceId, CancellationToken cancel)
    {
        if (licenceId is not { } id)
        {
            return await designs.FindAsync(slice.DesignId, cancel) is { } design && design.OrganisationId == printer.OrganisationId ? null
                : new Refusal(StatusCodes.Status403Forbidden, "LICENCE_MISSING", "The design is not of the printer's organisation, so printing it needs a licence.", "Choose a licence from /api/catalogue.").With("design", slice.DesignId);
        }

        if (!(await licences.CheckAsync(id, new PrintRequest(printer.Id, printer.OrganisationId, slice.Material, slice.Quality), cancel)).Has(out var licence, out var refusal))
        {
            return refusal;
        }

        if (licence.DesignId != slice.DesignId)
        {
            return Refusal.Conflict("LICENCE_DESIGN", "This licence is for another design.", "Choose a licence for this design from /api/catalogue.").With("licence", id).With("design", slice.DesignId);
        }

        // Whoever limits what may be outside the engine at a time did not mean all of it.
        return licence.ExposureLimitS is not { } limit ? null
            : Refusal.Conflict("LICENCE_EXPOSURE", $"This licence lets at most {limit:0.###} s of motion be outside the engine, and a file holds the whole toolpath.", "Print it as a live session (/api/jobs), or ask the owner for a licence without this limit.")
                .With("exposure_limit_s", limit);
    }
}

/// <summary>A sealed file as the API shows it.</summary>
internal sealed record SealedFileView
{
    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    public Guid? LicenceId { get; init; }

    public Guid DesignId { get; init; }

    public string Material { get; init; } = "";

    public string Quality { get; init; } = "";

    /// <summary>Of the printer's key.</summary>
    public int KeyVersion { get; init; }

    public DateTimeOffset? ValidUntil { get; init; }

    public DateTimeOffset MadeAt { get; init; }

    /// <summary>How many were begun.</summary>
    public long Prints { get; init; }
}
