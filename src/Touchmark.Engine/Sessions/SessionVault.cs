using System.Text;
using Touchmark.Cryptography;
using Touchmark.Engine.Keys;
using Touchmark.Streaming;

namespace Touchmark.Engine.Sessions;

/// <summary>A running session as it lies in the database.</summary>
internal sealed record SavedSessionRow
{
    public Guid Id { get; init; }

    public Guid JobId { get; init; }

    /// <summary>The key of <see cref="State"/> and the session's keys, under the master key.</summary>
    public byte[] WrappedKeys { get; init; } = [];

    /// <summary>What <see cref="EngineSession.Save"/> gave, sealed.</summary>
    public byte[] State { get; init; } = [];

    public string Transport { get; init; } = "";

    public DateTimeOffset SavedAt { get; init; }
}

/// <summary>
/// Seals one session for the database. Its keys do not change and are wrapped under the master key once; its state changes every second and is sealed under a key of its own,
/// because the master key must not be used that often.
/// </summary>
internal sealed class SessionVault : IDisposable
{
    private readonly LockedBuffer key;
    private readonly string context;

    private SessionVault(Guid sessionId, LockedBuffer key, byte[] wrapped)
    {
        (this.key, WrappedKeys) = (key, wrapped);
        context = ContextOf(sessionId);
    }

    public byte[] WrappedKeys { get; }

    public static SessionVault Create(EngineKeys keys, Guid sessionId, LockedBuffer sessionKeys)
    {
        var fresh = LockedBuffer.Random(SealedBlob.KeySize);
        using var both = new LockedBuffer(fresh.Length + sessionKeys.Length);
        fresh.Span.CopyTo(both.Span);
        sessionKeys.Span.CopyTo(both.Span[fresh.Length..]);
        return new SessionVault(sessionId, fresh, keys.Wrap(both.Span, ContextOf(sessionId)));
    }

    public byte[] Seal(ReadOnlySpan<byte> state)
    {
        using var sealedState = new MemoryStream();
        using (var writer = SealedBlob.CreateWriter(sealedState, key.Span, Encoding.UTF8.GetBytes(context), leaveOpen: true))
        {
            writer.Write(state);
            writer.Complete();
        }

        return sealedState.ToArray();
    }

    /// <summary>The session as it was saved.</summary>
    /// <exception cref="InvalidOperationException">Sealed under another master key, or altered.</exception>
    /// <exception cref="InvalidDataException">The state was altered.</exception>
    public static EngineSession Open(EngineKeys keys, SavedSessionRow row, EngineSessionOptions options, Moment now)
    {
        using var both = keys.Unwrap(row.WrappedKeys, ContextOf(row.Id));
        using var reader = SealedBlob.OpenReader(new MemoryStream(row.State), both.Span[..SealedBlob.KeySize], Encoding.UTF8.GetBytes(ContextOf(row.Id)));
        using var state = new MemoryStream();
        reader.CopyTo(state);
        return EngineSession.Restore(options, both.Span[SealedBlob.KeySize..], state.ToArray(), now);
    }

    public void Dispose() => key.Dispose();

    private static string ContextOf(Guid sessionId) => $"session/{sessionId:D}";
}
