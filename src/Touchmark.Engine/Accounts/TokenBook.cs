using System.Buffers.Text;
using System.Security.Cryptography;
using Touchmark.Engine.Storage;

namespace Touchmark.Engine.Accounts;

/// <summary>
/// Bearer tokens: 256 random bits that mean nothing in themselves. Only their SHA-256 is kept (they are random, so no salt or slow hash is needed), they expire,
/// and dropping the row revokes them. The same token in a cookie is how pages know who is signed in.
/// </summary>
internal sealed class TokenBook(Database database, TimeProvider time)
{
    /// <summary>Lets a scanner of leaked secrets recognise one.</summary>
    public const string Prefix = "tmk_";

    private const int Bytes = 32;

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    public async Task<IssuedToken> IssueAsync(Guid accountId, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var token = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("delete from tokens where expires_at <= @Now", new { Now = now }, cancel);
        await work.ExecuteAsync(
            "insert into tokens (hash, account_id, created_at, expires_at) values (@Hash, @AccountId, @Now, @ExpiresAt)",
            new { Hash = Hash(token), AccountId = accountId, Now = now, ExpiresAt = now + Lifetime }, cancel);
        await work.CommitAsync(cancel);
        return new IssuedToken(token, now + Lifetime);
    }

    /// <summary>Who holds this token, or null when it is unknown, expired or revoked, or its account is disabled.</summary>
    public async Task<Caller?> FindCallerAsync(string token, CancellationToken cancel)
    {
        if (token.Length != Prefix.Length + Base64Url.GetEncodedLength(Bytes) || !token.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var row = await database.FirstOrDefaultAsync<HolderRow>(
            """
            select accounts.id, accounts.organisation_id, accounts.role
            from tokens join accounts on accounts.id = tokens.account_id
            where tokens.hash = @Hash and tokens.expires_at > @Now and accounts.disabled_at is null
            """, new { Hash = Hash(token), Now = time.GetUtcNow() }, cancel);
        return row is null ? null : new Caller(row.Id, row.OrganisationId, row.Role);
    }

    public Task RevokeAsync(string token, CancellationToken cancel) =>
        database.ExecuteAsync("delete from tokens where hash = @Hash", new { Hash = Hash(token) }, cancel);

    private static byte[] Hash(string token) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(token));

    private sealed record HolderRow
    {
        public Guid Id { get; init; }

        public Guid OrganisationId { get; init; }

        public Role Role { get; init; }
    }
}

/// <param name="Token">The secret itself; shown once and kept nowhere.</param>
/// <param name="ExpiresAt">From then on it is refused.</param>
internal sealed record IssuedToken(string Token, DateTimeOffset ExpiresAt);
