using System.Text;
using Touchmark.Cryptography;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.Keys;

/// <summary>
/// The key under which every other key of the engine is wrapped: 32 random bytes in the file <c>master.key</c> of the data folder, mode 0600, held in locked memory.
/// Without it the database and the blobs are noise: back it up, and not beside them. Nodes that share a database share it.
/// </summary>
internal sealed class MasterKey : IDisposable
{
    private readonly LockedBuffer key;

    private MasterKey(LockedBuffer key) => this.key = key;

    /// <summary>Reads the key, or makes it when the engine has never kept anything yet.</summary>
    /// <exception cref="InvalidOperationException">There is no key, but there are things that it sealed.</exception>
    public static MasterKey Open(string folder, bool mayCreate)
    {
        var file = Path.Combine(folder, "master.key");
        if (!File.Exists(file))
        {
            if (!mayCreate)
            {
                throw new InvalidOperationException($"The database holds keys that were sealed under a master key, but {file} is missing. Put the file back from its backup, or from the node that has it.");
            }

            using var fresh = LockedBuffer.Random(KeyWrap.MasterKeySize);
            KeyFile.WriteNew(file, fresh.Span);
        }

        var content = KeyFile.Read(file);
        if (content.Length != KeyWrap.MasterKeySize)
        {
            content.Dispose();
            throw new InvalidOperationException($"The file {file} is no master key: it does not have {KeyWrap.MasterKeySize} bytes. Put it back from its backup.");
        }

        return new MasterKey(content);
    }

    /// <param name="secret">What to seal.</param>
    /// <param name="context">What the secret is for, such as <c>design/ID</c>: it opens under the same words only.</param>
    public byte[] Wrap(ReadOnlySpan<byte> secret, string context) => KeyWrap.Wrap(key.Span, secret, Encoding.UTF8.GetBytes(context));

    /// <exception cref="InvalidOperationException">Altered, or sealed under another master key or for something else.</exception>
    public LockedBuffer Unwrap(ReadOnlySpan<byte> wrapped, string context) =>
        KeyWrap.TryUnwrap(key.Span, wrapped, Encoding.UTF8.GetBytes(context))
        ?? throw DoesNotOpen(context);

    public byte[] Wrap(Psek printerKey) => printerKey.WrapUnder(key.Span);

    /// <exception cref="InvalidOperationException">Altered, or sealed under another master key, or as another printer's or version.</exception>
    public Psek Unwrap(ReadOnlySpan<byte> wrapped, Guid printerId, int version) =>
        Psek.TryUnwrapUnder(key.Span, wrapped, printerId, version) ?? throw DoesNotOpen($"printer key {Psek.IdOf(printerId, version)}");

    public void Dispose() => key.Dispose();

    private static InvalidOperationException DoesNotOpen(string context) =>
        new($"The key for {context} does not open under this master key. Is master.key of the data folder the one that belongs to this database?");
}
