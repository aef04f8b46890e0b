namespace Touchmark.Vault.Operators;

/// <summary>
/// The provider's keys as they were last read. They are read again after a while, and earlier when a token names a key that is not among them: providers change keys. While the provider
/// cannot be reached, the keys that are there serve for a day.
/// </summary>
internal sealed class ProviderKeys(OperatorOptions options, HttpClient http, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Usual = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    private readonly SemaphoreSlim _turn = new(1);
    private IReadOnlyList<JsonWebKey> _keys = [];
    private DateTimeOffset? _readAt;
    private DateTimeOffset? _triedAt;

    /// <summary>The key of this name; the only one, when neither token nor provider name it. Null when there is none.</summary>
    public async Task<JsonWebKey?> FindAsync(string? keyId, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            if (IsDue(Usual) || (Find(keyId) is null && IsDue(Soonest)))
            {
                await ReadAsync(cancel);
            }

            return Find(keyId);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Whether there are keys that may still be used.</summary>
    public bool AreKnown => _readAt + Longest > time.GetUtcNow();

    public void Dispose() => _turn.Dispose();

    private bool IsDue(TimeSpan after) => _triedAt is not { } tried || time.GetUtcNow() - tried >= after;

    private JsonWebKey? Find(string? keyId) => !AreKnown ? null
        : keyId is null ? (_keys.Count == 1 ? _keys[0] : null)
        : _keys.FirstOrDefault(key => key.KeyId == keyId);

    private async Task ReadAsync(CancellationToken cancel)
    {
        _triedAt = time.GetUtcNow();
        if (await LoadAsync(cancel) is { } set && JsonWebKey.ReadSet(set) is { } keys)
        {
            (_keys, _readAt) = (keys, _triedAt);
        }
    }

    private async Task<byte[]?> LoadAsync(CancellationToken cancel)
    {
        try
        {
            if (!options.Keys.IsFile)
            {
                return await http.GetByteArrayAsync(options.Keys, cancel);
            }

            await using var file = new FileStream(options.Keys.LocalPath, FileMode.Open, FileAccess.Read);
            var content = new byte[Math.Min(file.Length, JsonWebKey.MaxSet + 1)];
            await file.ReadExactlyAsync(content, cancel);
            return content.Length <= JsonWebKey.MaxSet ? content : null;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or UnauthorizedAccessException || (error is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }
}
