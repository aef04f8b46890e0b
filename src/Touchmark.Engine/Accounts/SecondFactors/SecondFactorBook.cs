using System.Security.Cryptography;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Accounts.SecondFactors;

/// <summary>The second factors of accounts: authenticator apps, passkeys (kept by <see cref="Passkeys.PasskeyBook"/>), and the recovery codes for whoever lost theirs. Secrets lie sealed under the master key, recovery codes as hashes.</summary>
internal sealed class SecondFactorBook(EngineOptions options, Database database, EngineKeys keys, AuditTrail trail, TimeProvider time)
{
    private const int RecoveryCodes = 10;

    /// <summary>What an account has.</summary>
    public async Task<SecondFactorView> FindAsync(Guid accountId, CancellationToken cancel) => (await database.FirstOrDefaultAsync<SecondFactorView>(
        """
        select
            (select confirmed_at from totp where totp.account_id = accounts.id) as totp_since,
            (select count(*) from totp where totp.account_id = accounts.id and totp.confirmed_at is null) as totp_pending,
            (select count(*) from passkeys where passkeys.account_id = accounts.id) as passkeys,
            (select count(*) from recovery_codes where recovery_codes.account_id = accounts.id) as recovery_codes_left,
            (select count(*) from second_factor_roles where second_factor_roles.role = accounts.role) as required
        from accounts where accounts.id = @AccountId
        """, new { AccountId = accountId }, cancel))!;

    /// <summary>Whether a password alone does not let this account in.</summary>
    public async Task<bool> HasAsync(Guid accountId, CancellationToken cancel) => (await FindAsync(accountId, cancel)).HasOne;

    /// <summary>Makes a secret for an app, instead of one that was shown and never confirmed.</summary>
    public async Task<Outcome<NewTotp>> BeginAsync(AccountView account, CancellationToken cancel)
    {
        var secret = RandomNumberGenerator.GetBytes(Totp.SecretBytes);
        try
        {
            var row = new { AccountId = account.Id, Wrapped = keys.Wrap(secret, Context(account.Id)), Now = time.GetUtcNow() };
            await using var work = await database.BeginAsync(cancel);
            await work.ExecuteAsync("delete from totp where account_id = @AccountId and confirmed_at is null", row, cancel);
            if (await work.ExecuteAsync("insert into totp (account_id, wrapped, created_at) values (@AccountId, @Wrapped, @Now) on conflict (account_id) do nothing", row, cancel) == 0)
            {
                return Refusal.Conflict("SECOND_FACTOR_EXISTS", "This account has an authenticator app already.", "Remove it first.");
            }

            await work.CommitAsync(cancel);
            var text = Totp.Text(secret);
            return new NewTotp(text, Totp.Uri(options.Issuer, account.Email, text));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Takes the first code of the app: from now on the account needs it. All other sessions end.</summary>
    public async Task<Outcome<RecoveryCodes>> ConfirmAsync(string code, string token, Caller caller, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        if (!await UseTotpAsync(work, caller.AccountId, code, confirmed: false, cancel))
        {
            return CodeRefused();
        }

        await work.ExecuteAsync("update totp set confirmed_at = @Now where account_id = @AccountId", new { caller.AccountId, Now = time.GetUtcNow() }, cancel);
        var codes = await NewCodesAsync(work, caller.AccountId, cancel);
        await TokenBook.RevokeAllAsync(work, caller.AccountId, cancel, except: token);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.SecondFactorAdded, About(caller.AccountId), new Evidence.Documents.AuditDetail("kind", "totp")), cancel);
        await work.CommitAsync(cancel);
        return codes;
    }

    /// <summary>Makes new recovery codes; the old ones are good for nothing any more.</summary>
    public async Task<RecoveryCodes> RenewCodesAsync(Caller caller, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        var codes = await NewCodesAsync(work, caller.AccountId, cancel);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.RecoveryCodesMade, About(caller.AccountId)), cancel);
        await work.CommitAsync(cancel);
        return codes;
    }

    /// <summary>Takes the app from the caller's account, which is signed out everywhere but here.</summary>
    public Task<bool> RemoveAppAsync(Caller caller, string token, CancellationToken cancel) => RemoveAsync(caller.AccountId, caller, token, ["totp"], cancel);

    /// <summary>Takes every second factor from an account, which is signed out everywhere.</summary>
    public Task<bool> RemoveAllAsync(Guid accountId, Caller caller, CancellationToken cancel) => RemoveAsync(accountId, caller, token: null, ["totp", "passkeys"], cancel);

    /// <summary>Recovery codes for whoever has none; null for whoever has some.</summary>
    public static async Task<RecoveryCodes?> NewCodesIfNoneAsync(Transaction work, Guid accountId, CancellationToken cancel) =>
        await work.FirstOrDefaultAsync<long>("select count(*) from recovery_codes where account_id = @AccountId", new { AccountId = accountId }, cancel) > 0 ? null : await NewCodesAsync(work, accountId, cancel);

    /// <summary>Without a second factor there is nothing that a recovery code stands for.</summary>
    public static Task<int> DropCodesOfNothingAsync(Transaction work, Guid accountId, CancellationToken cancel) => work.ExecuteAsync(
        """
        delete from recovery_codes where account_id = @AccountId
            and not exists (select 1 from totp where totp.account_id = @AccountId and totp.confirmed_at is not null) and not exists (select 1 from passkeys where passkeys.account_id = @AccountId)
        """, new { AccountId = accountId }, cancel);

    /// <summary>Whether this is a code of the account's app, or one of its recovery codes; either is good once.</summary>
    public async Task<bool> UseAsync(Guid accountId, string code, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        if (!await UseTotpAsync(work, accountId, code, confirmed: true, cancel))
        {
            if (OneTimeCode.Read(code) is not { } hash || await work.ExecuteAsync("delete from recovery_codes where account_id = @AccountId and hash = @Hash", new { AccountId = accountId, Hash = hash }, cancel) == 0)
            {
                return false;
            }

            await trail.RecordAsync(work, AuditedAct.By($"account/{accountId:D}", Acts.RecoveryCodeUsed, About(accountId)), cancel);
        }

        await work.CommitAsync(cancel);
        return true;
    }

    public static Refusal CodeRefused() => new(StatusCodes.Status403Forbidden, "CODE_REFUSED", "This code is wrong, too old, or was used already.", "Wait for the next code of your authenticator app, or use one of your recovery codes.");

    private static string About(Guid id) => $"account/{id:D}";

    private static string Context(Guid accountId) => $"totp/{accountId:D}";

    private async Task<bool> RemoveAsync(Guid accountId, Caller caller, string? token, string[] tables, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        var removed = 0;
        foreach (var table in tables)
        {
            removed += await work.ExecuteAsync($"delete from {table} where account_id = @AccountId", new { AccountId = accountId }, cancel);
        }

        if (removed == 0)
        {
            return false;
        }

        await DropCodesOfNothingAsync(work, accountId, cancel);
        await TokenBook.RevokeAllAsync(work, accountId, cancel, except: token);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.SecondFactorRemoved, About(accountId)), cancel);
        await work.CommitAsync(cancel);
        return true;
    }

    private async Task<bool> UseTotpAsync(Transaction work, Guid accountId, string code, bool confirmed, CancellationToken cancel)
    {
        var typed = code.Replace(" ", "", StringComparison.Ordinal);
        if (typed.Length != Totp.Digits || !typed.All(char.IsAsciiDigit)
            || await work.FirstOrDefaultAsync<byte[]>($"select wrapped from totp where account_id = @AccountId and confirmed_at is {(confirmed ? "not " : "")}null", new { AccountId = accountId }, cancel) is not { } wrapped)
        {
            return false;
        }

        using var secret = keys.Unwrap(wrapped, Context(accountId));
        // One statement decides, so the same code at two nodes at once is good at one of them.
        return Totp.Match(secret.Span, typed, time.GetUtcNow()) is { } step
            && await work.ExecuteAsync("update totp set last_step = @Step where account_id = @AccountId and last_step < @Step", new { AccountId = accountId, Step = step }, cancel) == 1;
    }

    private static async Task<RecoveryCodes> NewCodesAsync(Transaction work, Guid accountId, CancellationToken cancel)
    {
        await work.ExecuteAsync("delete from recovery_codes where account_id = @AccountId", new { AccountId = accountId }, cancel);
        var codes = new List<string>();
        for (var i = 0; i < RecoveryCodes; i++)
        {
            var (shown, hash) = OneTimeCode.Create();
            await work.ExecuteAsync("insert into recovery_codes (hash, account_id) values (@Hash, @AccountId)", new { Hash = hash, AccountId = accountId }, cancel);
            codes.Add(shown);
        }

        return new RecoveryCodes(codes);
    }
}

/// <summary>What an account has beside its password.</summary>
internal sealed record SecondFactorView
{
    /// <summary>Since when an authenticator app; null without one.</summary>
    public DateTimeOffset? TotpSince { get; init; }

    /// <summary>A secret was shown, and no code of it has come yet.</summary>
    public bool TotpPending { get; init; }

    public long Passkeys { get; init; }

    public long RecoveryCodesLeft { get; init; }

    /// <summary>Its role needs a second factor.</summary>
    public bool Required { get; init; }

    /// <summary>The password alone does not let this account in.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasOne => TotpSince is not null || Passkeys > 0;
}

/// <summary>A secret for an authenticator app; shown once.</summary>
/// <param name="Secret">Base32.</param>
/// <param name="Uri">For a QR code.</param>
internal sealed record NewTotp(string Secret, string Uri);

/// <summary>Each is good once, instead of a code of the app; shown once.</summary>
internal sealed record RecoveryCodes(IReadOnlyList<string> Codes);
