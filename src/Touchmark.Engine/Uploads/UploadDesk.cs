using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Storage;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Uploads;

/// <summary>
/// Uploads that go on where they broke off. A piece is sealed as it arrives and counts when it is on the disk; the engine may be restarted in between. What is found again is found by its SHA-256: whoever begins with a
/// file that has partly arrived goes on with it.
/// </summary>
internal sealed class UploadDesk(Database database, BlobStore blobs, EngineKeys keys, UploadQuota quota, DesignLibrary library, EngineOptions options, TimeProvider time)
{
    /// <summary>The most of a file that one request brings, bytes.</summary>
    public const int PieceBytes = 16 * 1024 * 1024;

    /// <summary>Pieces that an upload may come in, each of which is a blob: some hundred times as many as a sound connection makes.</summary>
    public const int MostPieces = 2048;

    /// <summary>Uploads that an organisation may have open.</summary>
    public const int AtOnce = 16;

    /// <summary>Of what breaks off, so much is worth a piece of its own, bytes: pieces stay few.</summary>
    private const int LeastBytes = 256 * 1024;

    /// <summary>How long an upload is kept from its beginning.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    public async Task<Outcome<OpenUpload>> BeginAsync(NewUpload request, Caller caller, CancellationToken cancel)
    {
        if (request.Bytes > options.DesignBytes)
        {
            return DesignLibrary.TooLarge(options.DesignBytes);
        }

        if (request.Bytes < 1 || HexHash.TryRead(request.Sha256) is not { } sha256)
        {
            return Refusal.Invalid("UPLOAD_UNCLEAR", "An upload begins with the file's length and its SHA-256.", "Send bytes, from 1 on, and sha256, as 64 hexadecimal digits.").With("bytes", request.Bytes);
        }

        await SweepAsync(cancel);
        await using var work = await database.BeginAsync(cancel);
        // Holds the organisation's row, so that two that begin at once are counted one after the other.
        if (await quota.CheckAsync(work, caller.OrganisationId, request.Bytes, cancel) is { } refusal)
        {
            return refusal;
        }

        var open = await work.QueryAsync<OpenUpload>("select * from uploads where organisation_id = @OrganisationId", caller, cancel);
        if (open.FirstOrDefault(upload => upload.AccountId == caller.AccountId && upload.Bytes == request.Bytes && upload.Sha256.AsSpan().SequenceEqual(sha256)) is { } known)
        {
            return known;
        }

        if (await quota.CheckAsync(work, caller.OrganisationId, request.Bytes + open.Sum(upload => upload.Bytes), cancel) is { } tooMuch)
        {
            return tooMuch;
        }

        if (open.Count >= AtOnce)
        {
            return new Refusal(StatusCodes.Status429TooManyRequests, "UPLOADS_OPEN", $"Your organisation has {open.Count} uploads that have not come to their end.", "Finish one of them, or wait a day: then they are forgotten.").With("limit", AtOnce);
        }

        using var key = LockedBuffer.Random(SealedBlob.KeySize);
        var now = time.GetUtcNow();
        var fresh = new OpenUpload { Id = Guid.CreateVersion7(now), OrganisationId = caller.OrganisationId, AccountId = caller.AccountId, Bytes = request.Bytes, Sha256 = sha256, CreatedAt = now };
        fresh = fresh with { WrappedKey = keys.Wrap(key.Span, fresh.Context) };
        await work.ExecuteAsync(
            "insert into uploads (id, organisation_id, account_id, bytes, received, sha256, wrapped_key, created_at) values (@Id, @OrganisationId, @AccountId, @Bytes, 0, @Sha256, @WrappedKey, @CreatedAt)", fresh, cancel);
        await work.CommitAsync(cancel);
        return fresh;
    }

    public async Task<Outcome<OpenUpload>> FindAsync(Guid id, Caller caller, CancellationToken cancel) =>
        await database.FirstOrDefaultAsync<OpenUpload>(
            "select * from uploads where id = @Id and account_id = @AccountId and created_at > @Since", new { Id = id, caller.AccountId, Since = time.GetUtcNow() - Kept }, cancel) is { } upload ? upload : Refusal.NotFound("upload");

    /// <summary>Takes the next stretch. What a connection brings before it breaks off counts, too.</summary>
    public async Task<Outcome<OpenUpload>> AppendAsync(Guid id, long offset, Stream body, Caller caller, CancellationToken cancel)
    {
        if (!(await FindAsync(id, caller, cancel)).Has(out var upload, out var refusal))
        {
            return refusal;
        }

        if (offset != upload.Received)
        {
            return Misplaced(upload.Received);
        }

        if ((await PiecesAsync(id, cancel)).Count >= MostPieces)
        {
            return Refusal.Conflict("UPLOAD_IN_CRUMBS", $"This upload has come in {MostPieces} pieces and is not whole.", $"Delete it, and send pieces of up to {PieceBytes} bytes.").With("pieces", MostPieces);
        }

        var piece = Guid.CreateVersion7(time.GetUtcNow());
        await using var blob = blobs.Create(piece);
        if (!(await SealAsync(blob, upload, body, cancel)).Has(out var read, out refusal))
        {
            return refusal;
        }

        if (read.Bytes > 0)
        {
            await blob.CommitAsync(CancellationToken.None);
            if (!await CountAsync(upload, piece, read.Bytes))
            {
                blobs.Delete(piece);
                return Misplaced((await FindAsync(id, caller, CancellationToken.None)).Has(out var now, out _) ? now.Received : 0);
            }
        }

        return read.Broken is { } broken ? throw broken : upload with { Received = upload.Received + read.Bytes };
    }

    /// <summary>Makes a design of an upload that is whole.</summary>
    public async Task<Outcome<Design>> FinishAsync(Guid id, string? name, string? description, Caller caller, CancellationToken cancel)
    {
        if (!(await FindAsync(id, caller, cancel)).Has(out var upload, out var refusal) || !DesignUpload.ReadTexts(name, description).Has(out var texts, out refusal))
        {
            return refusal;
        }

        if (upload.Received != upload.Bytes)
        {
            return Refusal.Conflict("UPLOAD_INCOMPLETE", $"Of {upload.Bytes} bytes {upload.Received} have arrived.", "Send the rest, then finish it.").With("offset", upload.Received).With("bytes", upload.Bytes);
        }

        if (!(await quota.BeginAsync(caller, upload.Bytes, cancel)).Has(out var counted, out refusal))
        {
            return refusal;
        }

        using var running = counted;
        using var key = keys.Unwrap(upload.WrappedKey, upload.Context);
        await using var file = new JoinedPieces(blobs, upload, key, await PiecesAsync(id, cancel));
        if (!(await library.ReceiveAsync(file, cancel)).Has(out var model, out refusal))
        {
            // It will not get better by waiting.
            await ForgetAsync(upload);
            return refusal;
        }

        await using var received = model;
        if (!model.Sha256.AsSpan().SequenceEqual(upload.Sha256))
        {
            await ForgetAsync(upload);
            return Refusal.Invalid("UPLOAD_CHANGED", "What arrived is not the file that was announced: its SHA-256 is another.", "Send it again, and do not change it meanwhile.");
        }

        // Whoever takes it away is the one who makes a design of it: of two that finish at once, one finds nothing.
        return await ForgetAsync(upload) ? await library.AddAsync(model, texts.Name, texts.Description, caller, CancellationToken.None) : Refusal.NotFound("upload");
    }

    public async Task<Outcome<OpenUpload>> DeleteAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if ((await FindAsync(id, caller, cancel)).Has(out var upload, out var refusal))
        {
            await ForgetAsync(upload);
            return upload;
        }

        return refusal;
    }

    /// <summary>Deletes what was begun too long ago.</summary>
    public async Task SweepAsync(CancellationToken cancel)
    {
        foreach (var old in await database.QueryAsync<OpenUpload>("select * from uploads where created_at <= @Since", new { Since = time.GetUtcNow() - Kept }, cancel))
        {
            await ForgetAsync(old);
        }
    }

    private static Refusal Misplaced(long received) =>
        Refusal.Conflict("UPLOAD_OFFSET", $"The next byte that is wanted is {received}.", "Ask for the upload, and go on from its offset.").With("offset", received);

    private async Task<Outcome<ReadStretch>> SealAsync(BlobWriter blob, OpenUpload upload, Stream body, CancellationToken cancel)
    {
        using var key = keys.Unwrap(upload.WrappedKey, upload.Context);
        using var buffer = new LockedBuffer(SealedBlob.ChunkSize);
        await using var seal = SealedBlob.CreateWriter(blob.Content, key.Span, UploadPiece.Context(upload.Id, upload.Received), leaveOpen: true);
        var most = Math.Min(PieceBytes, upload.Bytes - upload.Received);
        long bytes = 0;
        Exception? broken = null;
        try
        {
            int read;
            while ((read = await body.ReadAsync(buffer.Memory, cancel)) > 0)
            {
                if ((bytes += read) > most)
                {
                    return Refusal.Invalid("UPLOAD_TOO_LONG", $"At most {most} bytes are wanted at this place.", $"Send pieces of at most {PieceBytes} bytes, and no more than was announced.").With("limit_bytes", most);
                }

                await seal.WriteAsync(buffer.Memory[..read], CancellationToken.None);
            }
        }
        catch (Exception gone) when (bytes >= LeastBytes && gone is IOException or OperationCanceledException)
        {
            // BadHttpRequestException is an IOException: the body ended too early.
            broken = gone;
        }

        await seal.CompleteAsync(CancellationToken.None);
        return new ReadStretch(bytes, broken);
    }

    /// <summary>False when another request brought this stretch first.</summary>
    private async Task<bool> CountAsync(OpenUpload upload, Guid piece, long bytes)
    {
        await using var work = await database.BeginAsync(CancellationToken.None);
        var place = new { upload.Id, upload.Received, Piece = piece, Now = upload.Received + bytes };
        if (await work.ExecuteAsync("update uploads set received = @Now where id = @Id and received = @Received", place, CancellationToken.None) == 0)
        {
            return false;
        }

        await work.ExecuteAsync("insert into upload_pieces (id, upload_id, position) values (@Piece, @Id, @Received)", place, CancellationToken.None);
        await work.CommitAsync(CancellationToken.None);
        return true;
    }

    private Task<IReadOnlyList<UploadPiece>> PiecesAsync(Guid upload, CancellationToken cancel) =>
        database.QueryAsync<UploadPiece>("select id, position from upload_pieces where upload_id = @Upload order by position", new { Upload = upload }, cancel);

    /// <summary>Takes the upload away; false when somebody else did.</summary>
    private async Task<bool> ForgetAsync(OpenUpload upload)
    {
        var pieces = await PiecesAsync(upload.Id, CancellationToken.None);
        await using (var work = await database.BeginAsync(CancellationToken.None))
        {
            await work.ExecuteAsync("delete from upload_pieces where upload_id = @Id", new { upload.Id }, CancellationToken.None);
            if (await work.ExecuteAsync("delete from uploads where id = @Id", new { upload.Id }, CancellationToken.None) == 0)
            {
                return false;
            }

            await work.CommitAsync(CancellationToken.None);
        }

        foreach (var piece in pieces)
        {
            blobs.Delete(piece.Id);
        }

        return true;
    }

    private sealed record ReadStretch(long Bytes, Exception? Broken);
}
