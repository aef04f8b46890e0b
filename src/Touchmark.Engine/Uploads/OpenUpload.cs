using System.Text;
using Touchmark.Cryptography;
using Touchmark.Engine.Storage;

namespace Touchmark.Engine.Uploads;

/// <summary>A model that arrives in pieces.</summary>
internal sealed record OpenUpload
{
    public Guid Id { get; init; }

    public Guid OrganisationId { get; init; }

    /// <summary>Whose it is: nobody else goes on with it.</summary>
    public Guid AccountId { get; init; }

    /// <summary>Of the whole file, as announced.</summary>
    public long Bytes { get; init; }

    /// <summary>What has arrived and is on the disk, from the beginning on.</summary>
    public long Received { get; init; }

    /// <summary>Of the whole file, as announced.</summary>
    public byte[] Sha256 { get; init; } = [];

    public byte[] WrappedKey { get; init; } = [];

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>What its key is wrapped for.</summary>
    public string Context => $"upload/{Id:D}";
}

/// <summary>A stretch of an upload, sealed in a blob of its own: it does not open in another place of the file.</summary>
internal sealed record UploadPiece
{
    public Guid Id { get; init; }

    /// <summary>Of its first byte in the file.</summary>
    public long Position { get; init; }

    public static byte[] Context(Guid upload, long position) => Encoding.UTF8.GetBytes($"upload/{upload:D}/{position}");
}

/// <summary>The pieces of an upload as the one file that they are, opened one after the other.</summary>
internal sealed class JoinedPieces(BlobStore blobs, OpenUpload upload, LockedBuffer key, IReadOnlyList<UploadPiece> pieces) : ForwardStream
{
    private Stream? current;
    private int next;

    public override long Length => upload.Bytes;

    /// <exception cref="InvalidDataException">A piece was altered or is another one.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (current is not null || next < pieces.Count)
        {
            current ??= SealedBlob.OpenReader(blobs.OpenRead(pieces[next].Id), key.Span, UploadPiece.Context(upload.Id, pieces[next++].Position));
            var read = current.Read(buffer);
            Passed += read;
            if (read > 0)
            {
                return read;
            }

            current.Dispose();
            current = null;
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        current?.Dispose();
        base.Dispose(disposing);
    }
}
