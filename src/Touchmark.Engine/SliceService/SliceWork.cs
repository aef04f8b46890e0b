using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Marketplace;
using Touchmark.Engine.PrinterFiles;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.SliceService;

/// <summary>One request of the slice service: taken, planned before the model is read, and made.</summary>
/// <param name="services">What it goes through.</param>
/// <param name="counted">Its place among those of the organisation.</param>
/// <param name="owner">Whose an uploaded model becomes.</param>
/// <param name="person">Who asks; null for a printer.</param>
/// <param name="self">The printer that asks; null for a person.</param>
internal sealed class SliceWork(SliceServices services, IDisposable counted, Caller owner, Caller? person, EnrolledPrinter? self) : IAsyncDisposable
{
    private const string UsualQuality = "standard";
    private const string UsualName = "model";
    private const int MaxDesignName = 100;

    private SliceOrder order = new();
    private EnrolledPrinter printer = null!;
    private SlicerProfile profile = null!;
    private string name = UsualName;
    private Licence? licence;
    private ExternalReference? reference;
    private ReceivedModel? model;
    private IDisposable? upload;

    public Refusal? Take(SliceOrder sent)
    {
        order = sent;
        return null;
    }

    /// <summary>Judges everything but the model; null when all is well. What asks others comes last.</summary>
    /// <param name="sent">The settings, as they came.</param>
    /// <param name="hasModel">Whether a model follows.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Refusal?> PlanAsync(IReadOnlyDictionary<string, string> sent, bool hasModel, CancellationToken cancel)
    {
        if ((await FindPrinterAsync(cancel) ?? printer.WhyNotPrint() ?? CheckSource(hasModel)) is { } refusal || !SliceSettings.Check(sent, printer.Profile.ToLimits()).Has(out var settings, out refusal)
            || !ChooseProfile(settings).Has(out profile!, out refusal))
        {
            return refusal;
        }

        return await FindLicenceAsync(settings, cancel) ?? CheckName() ?? ((await services.External.ReadAsync(order.External, cancel)).Has(out reference, out refusal) ? null : refusal);
    }

    /// <summary>Seals the model as it comes, and checks it.</summary>
    /// <param name="content">The part.</param>
    /// <param name="announced">Bytes of the whole request; null when they are not announced.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Refusal?> ReceiveAsync(Stream content, long? announced, CancellationToken cancel)
    {
        if (!(await services.Quota.BeginAsync(owner, announced, cancel)).Has(out upload, out var refusal))
        {
            return refusal;
        }

        return (await services.Designs.ReceiveAsync(content, cancel)).Has(out model, out refusal) ? null : refusal;
    }

    /// <summary>Slices, seals, and starts the print where that was asked.</summary>
    public async Task<Outcome<MadeSlice>> MakeAsync(CancellationToken cancel)
    {
        var terms = new SealedFileTerms(name) { LicenceId = licence?.Id, External = reference?.Licence };
        if (!(await FindDesignAsync(cancel)).Has(out var design, out var refusal)
            || !(await services.Slicer.SliceAsync(design, printer, profile, static () => Task.CompletedTask, static _ => { }, cancel)).Has(out var slice, out refusal)
            || !(await services.Files.MakeAsync(slice, printer, terms, person, cancel)).Has(out var file, out refusal))
        {
            return refusal;
        }

        JobView? job = null;
        if (order.StartPrint && person is not null && !(await StartAsync(person, slice, cancel)).Has(out job, out refusal))
        {
            return refusal;
        }

        return new MadeSlice(services.Files, file, job?.Id, reference is null ? null : services.External.Looks && reference.Token is not null);
    }

    public async ValueTask DisposeAsync()
    {
        if (model is not null)
        {
            await model.DisposeAsync();
        }

        upload?.Dispose();
        counted.Dispose();
    }

    private async Task<Refusal?> FindPrinterAsync(CancellationToken cancel)
    {
        if (self is not null)
        {
            printer = self;
            return order.PrinterId is not { } other || other == self.Id ? null
                : new Refusal(StatusCodes.Status403Forbidden, "PRINTER_OTHER", "A printer has files sliced for itself alone.", "Leave printer_id out.").With("printer", self.Id);
        }

        if (order.PrinterId is not { } id)
        {
            return Refusal.Invalid("PRINTER_MISSING", "The request does not say for which printer.", "Send printer_id in data; GET /api/printers lists them.");
        }

        if (await services.Fleet.FindAsync(id, cancel) is not { } found || found.OrganisationId != owner.OrganisationId)
        {
            return Refusal.NotFound("printer");
        }

        printer = found;
        return null;
    }

    /// <summary>A model comes from one place.</summary>
    private Refusal? CheckSource(bool hasModel) => (hasModel, order) switch
    {
        (true, { LicenceId: not null }) => Refusal.Invalid("MODEL_TWICE", "The request names a licence, which is for its own design, and brings a model too.", "Send one of them."),
        (true, _) or (_, { LicenceId: not null }) => null,
        (_, { Uri: null }) => Refusal.Invalid("MODEL_MISSING", "The request has nothing to slice.", "Send the model as the last part, or licence_id or a hedera:// uri in data."),
        (_, { Uri: { } uri }) when !HederaUri.IsOne(uri) => Refusal.Invalid(
            "URI_NOT_FOLLOWED", "The engine fetches models from Hedera alone (hedera:// and hcs://), and from no other address.", "Send the model itself as the last part; the uri is kept beside it."),
        _ => null,
    };

    private Outcome<SlicerProfile> ChooseProfile(SliceSettings settings)
    {
        if (order.Material is { } material && settings.Material is { } told && !material.Equals(told, StringComparison.OrdinalIgnoreCase))
        {
            return Refusal.Invalid("MATERIAL_CONTRADICTS", "data and the setting filament_type name different materials.", "Send one of them, or the same twice.").With("material", told);
        }

        return SlicerProfile.Create(printer.Profile, order.Material ?? settings.Material ?? "", order.Quality ?? UsualQuality, settings.Values);
    }

    private async Task<Refusal?> FindLicenceAsync(SliceSettings settings, CancellationToken cancel)
    {
        if (order.LicenceId is not { } id)
        {
            return null;
        }

        if (!(await services.Licences.CheckAsync(id, new PrintRequest(printer.Id, printer.OrganisationId, profile.Material.Name, profile.Quality.Name), cancel)).Has(out licence, out var refusal))
        {
            return refusal;
        }

        // Else its owner's word on quality or material could be undone, setting by setting.
        var fixedKinds = settings.Kinds.Where(kind => licence.Of(kind == SettingKind.Filament ? LicenceScope.Material : LicenceScope.Quality).Any()).ToList();
        return fixedKinds.Count == 0 ? null
            : Refusal.Conflict("LICENCE_SETTINGS", "This licence says which quality or material is printed, so its settings are not a caller's to choose.", "Send quality and material, and leave these settings out.")
                .With("settings", fixedKinds.Select(static kind => kind.ToString().ToLowerInvariant()).Order(StringComparer.Ordinal).ToList());
    }

    private Refusal? CheckName()
    {
        var wished = order.Name ?? licence?.DesignName ?? UsualName;
        if (!SealedFiles.FileName(wished).Has(out var found, out var refusal))
        {
            return refusal;
        }

        name = found;
        return null;
    }

    private async Task<Outcome<Guid>> FindDesignAsync(CancellationToken cancel)
    {
        if (licence is not null)
        {
            return licence.DesignId;
        }

        if (model is null && await FetchAsync(reference!.Uri!, cancel) is { } refusal)
        {
            return refusal;
        }

        // The same model again is the same design: a printer that asks for each of its prints does not fill the library.
        if (await services.Designs.FindAsync(owner.OrganisationId, model!.Sha256, cancel) is { } known)
        {
            return known.Id;
        }

        var title = Path.GetFileNameWithoutExtension(name);
        if (title.Length > MaxDesignName)
        {
            title = title[..(char.IsHighSurrogate(title[MaxDesignName - 1]) ? MaxDesignName - 1 : MaxDesignName)];
        }

        return (await services.Designs.AddAsync(model, title, reference?.Licence.Uri ?? "", owner, cancel)).Has(out var design, out var refused) ? design.Id : refused;
    }

    private async Task<Refusal?> FetchAsync(HederaUri uri, CancellationToken cancel) =>
        (await services.External.ResolveAsync(uri, cancel)).Has(out var content, out var refusal) ? await ReceiveAsync(new MemoryStream(content, writable: false), content.Length, cancel) : refusal;

    /// <summary>A live session; a design of one's own gets a licence for this one print.</summary>
    private async Task<Outcome<JobView>> StartAsync(Caller starter, Slice slice, CancellationToken cancel)
    {
        var id = licence?.Id;
        if (id is null)
        {
            if (!(await services.Office.GrantAsync(new GrantRequest(slice.DesignId, Prints: 1, Printers: [printer.Id]), starter, cancel)).Has(out var own, out var refusal))
            {
                return refusal;
            }

            id = own.Id;
        }

        var request = new NewJob(
            id.Value, printer.Id, slice.Material, slice.Quality, WalletAddress: order.WalletAddress, TokenId: order.TokenId, ContractAddress: order.ContractAddress, Uri: order.Uri);
        return await services.Jobs.OpenAsync(request, starter, cancel, slice);
    }
}

/// <summary>What a request gave.</summary>
/// <param name="Files">Writes it out.</param>
/// <param name="File">The sealed file.</param>
/// <param name="JobId">The live session that was started; null where none was asked for.</param>
/// <param name="Held">Whether the mirror node said that the wallet holds the token; null where there is no external licence.</param>
internal sealed record MadeSlice(SealedFiles Files, SealedFile File, Guid? JobId, bool? Held)
{
    public IResult Answer(HttpResponse response, CancellationToken cancel)
    {
        response.Headers["Touchmark-File"] = File.Row.Id.ToString("D");
        if (JobId is { } job)
        {
            response.Headers["Touchmark-Job"] = job.ToString("D");
        }

        if (Held is { } held)
        {
            response.Headers["Touchmark-External-Licence"] = held ? "held" : "not-checked";
        }

        return Files.Answer(File, cancel);
    }
}
