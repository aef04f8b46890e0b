using System.Buffers.Text;
using System.Security.Cryptography;
using Touchmark.Hosting.Storage;

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

    /// <summary>The tokens that an account holds, newest first.</summary>
    public async Task<IReadOnlyList<HeldToken>> ListAsync(Guid accountId, string? current, CancellationToken cancel)
    {
        var here = current is null ? null : Hash(current);
        var rows = await database.QueryAsync<TokenRow>(
            "select hash, created_at, expires_at from tokens where account_id = @AccountId and expires_at > @Now order by created_at desc", new { AccountId = accountId, Now = time.GetUtcNow() }, cancel);
        return [.. rows.Select(row => new HeldToken(IdOf(row.Hash), row.CreatedAt, row.ExpiresAt, here is not null && row.Hash.AsSpan().SequenceEqual(here)))];
    }

    /// <summary>Ends the token of this account that is listed under this id; false when there is none.</summary>
    public static async Task<bool> RevokeAsync(Transaction work, Guid accountId, string id, CancellationToken cancel)
    {
        var hashes = await work.QueryAsync<byte[]>("select hash from tokens where account_id = @AccountId", new { AccountId = accountId }, cancel);
        return hashes.FirstOrDefault(hash => IdOf(hash) == id) is { } found && await work.ExecuteAsync("delete from tokens where hash = @Hash", new { Hash = found }, cancel) == 1;
    }

    /// <summary>Ends every token of an account but, where there is one, <paramref name="except"/>; says how many.</summary>
    public static Task<int> RevokeAllAsync(Transaction work, Guid accountId, CancellationToken cancel, string? except = null) =>
        work.ExecuteAsync("delete from tokens where account_id = @AccountId and hash <> @Kept", new { AccountId = accountId, Kept = except is null ? [] : Hash(except) }, cancel);

    // Tells tokens apart and gives nothing away of one: 64 bits of the hash of 256 random bits.
    private static string IdOf(byte[] hash) => Convert.ToHexStringLower(hash.AsSpan(0, 8));

    private static byte[] Hash(string token) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(token));

    private sealed record TokenRow
    {
        public byte[] Hash { get; init; } = [];

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset ExpiresAt { get; init; }
    }

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

/// <summary>A token that is in use somewhere.</summary>
/// <param name="Id">To end it by.</param>
/// <param name="CreatedAt">When somebody signed in.</param>
/// <param name="ExpiresAt">From then on it is refused.</param>
/// <param name="Current">It is the one that asks.</param>
internal sealed record HeldToken(string Id, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, bool Current);
