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

    /// <summary>How exactly the list of sessions knows when one was last used.</summary>
    private static readonly TimeSpan Notice = TimeSpan.FromMinutes(1);

    public async Task<IssuedToken> IssueAsync(Guid accountId, Origin origin, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var token = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("delete from tokens where expires_at <= @Now", new { Now = now }, cancel);
        await work.ExecuteAsync(
            "insert into tokens (hash, account_id, created_at, expires_at, place, client, used_at) values (@Hash, @AccountId, @Now, @ExpiresAt, @Place, @Client, @Now)",
            new { Hash = Hash(token), AccountId = accountId, Now = now, ExpiresAt = now + Lifetime, origin.Place, origin.Client }, cancel);
        await work.CommitAsync(cancel);
        return new IssuedToken(token, now + Lifetime);
    }

    /// <summary>Who holds this token, or null when it is unknown, expired or revoked, or its account is disabled.</summary>
    public async Task<TokenHolder?> FindHolderAsync(string token, CancellationToken cancel)
    {
        if (token.Length != Prefix.Length + Base64Url.GetEncodedLength(Bytes) || !token.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var (hash, now) = (Hash(token), time.GetUtcNow());
        var row = await database.FirstOrDefaultAsync<HolderRow>(
            """
            select accounts.id, accounts.organisation_id, accounts.role, accounts.password_temporary, tokens.used_at,
                (select count(*) from second_factor_roles where second_factor_roles.role = accounts.role) as factor_needed,
                (select count(*) from totp where totp.account_id = accounts.id and totp.confirmed_at is not null)
                    + (select count(*) from passkeys where passkeys.account_id = accounts.id) as factors
            from tokens join accounts on accounts.id = tokens.account_id
            where tokens.hash = @Hash and tokens.expires_at > @Now and accounts.disabled_at is null
            """, new { Hash = hash, Now = now }, cancel);
        if (row is null)
        {
            return null;
        }

        if (row.UsedAt is null || now - row.UsedAt >= Notice)
        {
            await database.ExecuteAsync("update tokens set used_at = @Now where hash = @Hash", new { Hash = hash, Now = now }, cancel);
        }

        return new TokenHolder(new Caller(row.Id, row.OrganisationId, row.Role), row.PasswordTemporary ? Unfinished.Password : row is { FactorNeeded: true, Factors: 0 } ? Unfinished.SecondFactor : Unfinished.Nothing);
    }

    public Task RevokeAsync(string token, CancellationToken cancel) =>
        database.ExecuteAsync("delete from tokens where hash = @Hash", new { Hash = Hash(token) }, cancel);

    /// <summary>The tokens that an account holds, newest first.</summary>
    public async Task<IReadOnlyList<HeldToken>> ListAsync(Guid accountId, string? current, CancellationToken cancel)
    {
        var here = current is null ? null : Hash(current);
        var rows = await database.QueryAsync<TokenRow>(
            "select hash, created_at, expires_at, place, client, used_at from tokens where account_id = @AccountId and expires_at > @Now order by created_at desc", new { AccountId = accountId, Now = time.GetUtcNow() }, cancel);
        return [.. rows.Select(row => new HeldToken(
            IdOf(row.Hash), row.CreatedAt, row.ExpiresAt, here is not null && row.Hash.AsSpan().SequenceEqual(here), row.Place, row.Client, row.UsedAt ?? row.CreatedAt))];
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

        public string Place { get; init; } = "";

        public string Client { get; init; } = "";

        public DateTimeOffset? UsedAt { get; init; }
    }

    private sealed record HolderRow
    {
        public Guid Id { get; init; }

        public Guid OrganisationId { get; init; }

        public Role Role { get; init; }

        public bool PasswordTemporary { get; init; }

        public bool FactorNeeded { get; init; }

        public long Factors { get; init; }

        public DateTimeOffset? UsedAt { get; init; }
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
/// <param name="Place">The IP address from which they signed in.</param>
/// <param name="Client">With what, such as "Firefox on Linux".</param>
/// <param name="UsedAt">When it was last used, to the minute.</param>
internal sealed record HeldToken(string Id, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, bool Current, string Place, string Client, DateTimeOffset UsedAt);

/// <summary>Who holds a token, and what they have to do before it is good for anything else.</summary>
internal sealed record TokenHolder(Caller Caller, Unfinished Unfinished);
