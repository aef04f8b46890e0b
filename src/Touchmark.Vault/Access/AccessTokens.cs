using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Touchmark.Hosting.Storage;

namespace Touchmark.Vault.Access;

/// <summary>
/// Bearer tokens for callers over TCP: 256 random bits that mean nothing in themselves. Only their SHA-256 is kept (they are random, so no salt or slow hash is needed).
/// They are made by whoever can write the data folder, never over the API.
/// </summary>
internal sealed class AccessTokens(Database database, TimeProvider time)
{
    /// <summary>Lets a scanner of leaked secrets recognise one.</summary>
    public const string Prefix = "tmv_";

    private const int Bytes = 32;

    /// <summary>Makes a token: the secret itself, which is shown once and kept nowhere, and the id to end it by.</summary>
    public async Task<(string Token, string Id)> AddAsync(string name, Role roles, TimeSpan? lifetime, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var token = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
        var hash = Hash(token);
        // Tells tokens apart and gives nothing away of one: 64 bits of the hash of 256 random bits.
        var id = Convert.ToHexStringLower(hash.AsSpan(0, 8));
        await database.ExecuteAsync(
            "insert into access_tokens (hash, id, name, roles, created_at, expires_at) values (@Hash, @Id, @Name, @Roles, @Now, @ExpiresAt)",
            new { Hash = hash, Id = id, Name = name, Roles = (long)roles, Now = now, ExpiresAt = now + lifetime }, cancel);
        return (token, id);
    }

    /// <summary>Who holds this token, or null when it is unknown, expired or ended.</summary>
    public async Task<Caller?> FindAsync(string token, CancellationToken cancel)
    {
        if (token.Length != Prefix.Length + Base64Url.GetEncodedLength(Bytes) || !token.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var held = await database.FirstOrDefaultAsync<HeldToken>(
            "select id, name, roles, created_at, expires_at, ended_at from access_tokens where hash = @Hash", new { Hash = Hash(token) }, cancel);
        return held is not null && held.EndedAt is null && !(held.ExpiresAt <= time.GetUtcNow()) ? new Caller($"token:{held.Name}", (Role)held.Roles) : null;
    }

    /// <summary>Ends a token; false when none in use has this id.</summary>
    public async Task<bool> EndAsync(string id, CancellationToken cancel) =>
        await database.ExecuteAsync("update access_tokens set ended_at = @Now where id = @Id and ended_at is null", new { Id = id, Now = time.GetUtcNow() }, cancel) == 1;

    /// <summary>All that were ever made, oldest first.</summary>
    public Task<IReadOnlyList<HeldToken>> ListAsync(CancellationToken cancel) =>
        database.QueryAsync<HeldToken>("select id, name, roles, created_at, expires_at, ended_at from access_tokens order by created_at, id", null, cancel);

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

/// <summary>A token as it is kept: without its secret.</summary>
internal sealed record HeldToken
{
    public string Id { get; init; } = "";

    public string Name { get; init; } = "";

    public long Roles { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }
}
