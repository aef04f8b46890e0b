using System.Security.Cryptography;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Gs1;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Storage;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Designs;

/// <summary>The designs: each one sealed under a key of its own, from the first byte that arrives. The plain model is in memory at most in part, and on no disk.</summary>
internal sealed class DesignLibrary(Database database, BlobStore blobs, EngineKeys keys, UploadQuota quota, EngineOptions options, TimeProvider time, ILogger<DesignLibrary> log)
{
    private const string Columns =
        "select designs.id, designs.organisation_id, organisations.name as organisation, designs.name, designs.description, designs.format, designs.bytes, designs.sha256, designs.facets, "
        + "designs.size_x_mm, designs.size_y_mm, designs.size_z_mm, designs.volume_mm3, designs.created_at, " + ProductCodes.OfDesign + " as gtin, (select count(*) from design_pictures where design_pictures.design_id = designs.id) as pictures from designs join organisations on organisations.id = designs.organisation_id ";

    /// <summary>Seals a model as it arrives and then checks it, reading it back through the seal. What comes back is stored by <see cref="AddAsync"/>, or disposed and gone.</summary>
    public async Task<Outcome<ReceivedModel>> ReceiveAsync(Stream upload, CancellationToken cancel)
    {
        var model = new ReceivedModel(Guid.CreateVersion7(time.GetUtcNow()), LockedBuffer.Random(SealedBlob.KeySize), blobs);
        try
        {
            if (await SealAsync(upload, model, cancel) is { } refusal || !Check(model, cancel).Has(out var facts, out refusal))
            {
                await model.DisposeAsync();
                return refusal;
            }

            model.Facts = facts;
            model.Picture = Draw(model, cancel);
            return model;
        }
        catch
        {
            await model.DisposeAsync();
            throw;
        }
    }

    /// <summary>Keeps a received model. When this returns, it is on the disk; when it throws, it is as if it had never come.</summary>
    public async Task<Outcome<Design>> AddAsync(ReceivedModel model, string name, string description, Caller caller, CancellationToken cancel)
    {
        await model.Blob.CommitAsync(cancel);
        try
        {
            await using var work = await database.BeginAsync(cancel);
            if (await quota.CheckAsync(work, caller.OrganisationId, model.Bytes, cancel) is { } refusal)
            {
                blobs.Delete(model.Id);
                return refusal;
            }

            await work.ExecuteAsync(
                """
                insert into designs (id, organisation_id, created_by, name, description, format, bytes, sha256, facets, size_x_mm, size_y_mm, size_z_mm, volume_mm3, wrapped_key, created_at)
                values (@Id, @OrganisationId, @AccountId, @Name, @Description, @Format, @Bytes, @Sha256, @Facets, @X, @Y, @Z, @VolumeMm3, @WrappedKey, @Now)
                """,
                new
                {
                    model.Id,
                    caller.OrganisationId,
                    caller.AccountId,
                    Name = name,
                    Description = description,
                    model.Facts.Format,
                    model.Bytes,
                    model.Sha256,
                    model.Facts.Facets,
                    model.Facts.Size.X,
                    model.Facts.Size.Y,
                    model.Facts.Size.Z,
                    model.Facts.VolumeMm3,
                    WrappedKey = keys.Wrap(model.Key.Span, Context(model.Id)),
                    Now = time.GetUtcNow(),
                }, cancel);
            if (model.Picture is { } picture)
            {
                await work.ExecuteAsync("insert into design_pictures (design_id, sealed) values (@Id, @Sealed)", new { model.Id, Sealed = await SealAsync(picture, model, cancel) }, cancel);
            }

            await work.CommitAsync(cancel);
        }
        catch
        {
            blobs.Delete(model.Id);
            throw;
        }

        log.LogInformation("Design {DesignId} stored: {Format}, {Bytes} bytes, {Facets} facets", model.Id, model.Facts.Format, model.Bytes, model.Facts.Facets);
        return (await FindAsync(model.Id, cancel))!;
    }

    public Task<Design?> FindAsync(Guid id, CancellationToken cancel) => database.FirstOrDefaultAsync<Design>(Columns + "where designs.id = @Id", new { Id = id }, cancel);

    /// <summary>Those of these ids that there are.</summary>
    public async Task<IReadOnlyDictionary<Guid, Design>> FindAsync(IEnumerable<Guid> ids, CancellationToken cancel) =>
        (await database.QueryAsync<Design>(Columns + "where " + database.Dialect.IsAnyOf("designs.id", "@Ids"), new { Ids = ids.Distinct().Select(id => $"{id:D}").ToArray() }, cancel)).ToDictionary(design => design.Id);

    /// <summary>The organisation's first design whose file has this hash.</summary>
    public Task<Design?> FindAsync(Guid organisation, byte[] sha256, CancellationToken cancel) => database.FirstOrDefaultAsync<Design>(
        Columns + "where designs.organisation_id = @Organisation and designs.sha256 = @Sha256 order by designs.id limit 1", new { Organisation = organisation, Sha256 = sha256 }, cancel);

    /// <summary>Those of the caller's organisation, of everybody for admins and auditors; newest first.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="name">Only those that have this in their name, in either case.</param>
    /// <param name="before">Only those that are older than this one.</param>
    /// <param name="most">So many.</param>
    public Task<IReadOnlyList<Design>> ListAsync(Caller caller, CancellationToken cancel, string name = "", Guid? before = null, int most = int.MaxValue) => database.QueryAsync<Design>(
        Columns + "where designs.id < @Before " + (caller.SeesEverything ? "" : "and designs.organisation_id = @OrganisationId ")
        + (name.Length == 0 ? "" : "and lower(designs.name) like lower(@Name) escape '!' ") + "order by designs.id desc limit @Most",
        new { caller.OrganisationId, Before = before ?? Guid.AllBitsSet, Most = most, Name = SqlText.Within(name) }, cancel);

    public async Task<long> CountAsync(Caller caller, CancellationToken cancel) => await database.FirstOrDefaultAsync<long>(
        "select count(*) from designs" + (caller.SeesEverything ? "" : " where organisation_id = @OrganisationId"), new { caller.OrganisationId }, cancel);

    /// <summary>Opens the model for reading, decrypted as it is read; the caller disposes it.</summary>
    /// <exception cref="KeyNotFoundException">There is no such design.</exception>
    /// <exception cref="InvalidDataException">The sealed file was altered or cut off.</exception>
    public async Task<DesignModel> OpenModelAsync(Guid id, CancellationToken cancel)
    {
        var design = await FindAsync(id, cancel) ?? throw new KeyNotFoundException($"There is no design {id:D}.");
        using var key = await KeyAsync(id, cancel);
        return new DesignModel(design, SealedBlob.OpenReader(blobs.OpenRead(id), key.Span, Encoding.UTF8.GetBytes(Context(id))));
    }

    /// <summary>The picture of a design, as PNG; null where there is none.</summary>
    public async Task<byte[]?> PictureAsync(Guid id, CancellationToken cancel)
    {
        if (await database.FirstOrDefaultAsync<byte[]>("select sealed from design_pictures where design_id = @Id", new { Id = id }, cancel) is not { } stored)
        {
            return null;
        }

        using var key = await KeyAsync(id, cancel);
        await using var plain = SealedBlob.OpenReader(new MemoryStream(stored), key.Span, Encoding.UTF8.GetBytes(PictureContext(id)));
        var picture = new byte[plain.Length];
        await plain.ReadExactlyAsync(picture, cancel);
        return picture;
    }

    private static string Context(Guid id) => $"design/{id:D}";

    private static string PictureContext(Guid id) => $"design-picture/{id:D}";

    private static Outcome<ModelFacts> Check(ReceivedModel model, CancellationToken cancel, DesignPicture? picture = null)
    {
        model.Blob.Content.Position = 0;
        using var plain = SealedBlob.OpenReader(model.Blob.Content, model.Key.Span, Encoding.UTF8.GetBytes(Context(model.Id)), leaveOpen: true);
        return ModelCheck.Run(plain, cancel, picture);
    }

    private async Task<LockedBuffer> KeyAsync(Guid id, CancellationToken cancel) =>
        keys.Unwrap(await database.FirstOrDefaultAsync<byte[]>("select wrapped_key from designs where id = @Id", new { Id = id }, cancel), Context(id));

    /// <summary>Sealed as the design is, and under its key.</summary>
    private static async Task<byte[]> SealAsync(byte[] picture, ReceivedModel model, CancellationToken cancel)
    {
        using var file = new MemoryStream();
        await using (var seal = SealedBlob.CreateWriter(file, model.Key.Span, Encoding.UTF8.GetBytes(PictureContext(model.Id)), leaveOpen: true))
        {
            await seal.WriteAsync(picture, cancel);
            await seal.CompleteAsync(cancel);
        }

        return file.ToArray();
    }

    // Read once more: how large the picture has to be is known only now.
    private static byte[]? Draw(ReceivedModel model, CancellationToken cancel)
    {
        var picture = new DesignPicture(model.Facts);
        return Check(model, cancel, picture).Has(out _, out _) ? picture.ToPng() : null;
    }

    private async Task<Refusal?> SealAsync(Stream upload, ReceivedModel model, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var buffer = new LockedBuffer(SealedBlob.ChunkSize);
        await using var seal = SealedBlob.CreateWriter(model.Blob.Content, model.Key.Span, Encoding.UTF8.GetBytes(Context(model.Id)), leaveOpen: true);
        int read;
        while ((read = await upload.ReadAsync(buffer.Memory, cancel)) > 0)
        {
            model.Bytes += read;
            if (model.Bytes > options.DesignBytes)
            {
                return TooLarge(options.DesignBytes);
            }

            hash.AppendData(buffer.Span[..read]);
            await seal.WriteAsync(buffer.Memory[..read], cancel);
        }

        await seal.CompleteAsync(cancel);
        model.Sha256 = hash.GetHashAndReset();
        return null;
    }

    internal static Refusal TooLarge(long limit) =>
        new Refusal(StatusCodes.Status413PayloadTooLarge, "DESIGN_TOO_LARGE", $"The file is larger than {limit} bytes.", "Simplify the mesh, or export it as binary STL.").With("limit_bytes", limit);
}

/// <summary>A model that has arrived, sealed, and is not yet kept.</summary>
internal sealed class ReceivedModel(Guid id, LockedBuffer key, BlobStore blobs) : IAsyncDisposable
{
    public Guid Id => id;

    public LockedBuffer Key => key;

    public BlobWriter Blob { get; } = blobs.Create(id);

    public long Bytes { get; set; }

    /// <summary>Of the plain file.</summary>
    public byte[] Sha256 { get; set; } = [];

    public ModelFacts Facts { get; set; } = null!;

    /// <summary>As PNG; null where it was not drawn.</summary>
    public byte[]? Picture { get; set; }

    public ValueTask DisposeAsync()
    {
        key.Dispose();
        return Blob.DisposeAsync();
    }
}

/// <summary>A design, without its model.</summary>
internal sealed record Design
{
    public Guid Id { get; init; }

    public Guid OrganisationId { get; init; }

    public string Organisation { get; init; } = "";

    public string Name { get; init; } = "";

    public string Description { get; init; } = "";

    public DesignFormat Format { get; init; }

    public long Bytes { get; init; }

    public byte[] Sha256 { get; init; } = [];

    public long Facets { get; init; }

    public double SizeXMm { get; init; }

    public double SizeYMm { get; init; }

    public double SizeZMm { get; init; }

    public double VolumeMm3 { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Of the product that it is the design of: 14 digits, or null.</summary>
    public string? Gtin { get; init; }

    /// <summary>1 where there is a picture of it, 0 otherwise.</summary>
    public long Pictures { get; init; }
}

/// <summary>An opened model: the plain file, decrypted as it is read.</summary>
internal sealed class DesignModel(Design design, Stream content) : IAsyncDisposable
{
    public Design Design => design;

    public DesignFormat Format => design.Format;

    public long Length => design.Bytes;

    public byte[] Sha256 => design.Sha256;

    public string Name => design.Name;

    /// <summary>Seekable.</summary>
    public Stream Content => content;

    public ValueTask DisposeAsync() => content.DisposeAsync();
}
