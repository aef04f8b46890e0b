using Microsoft.AspNetCore.Identity;
using Touchmark.Engine.Accounts.SecondFactors;
using Touchmark.Engine.Audit;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Accounts.Passkeys;

/// <summary>The passkeys of accounts. Each one is a second factor, and a way in by itself.</summary>
internal sealed class PasskeyBook(Database database, AuditTrail trail, TimeProvider time)
{
    /// <summary>Of one account.</summary>
    public const int Most = 20;

    private const string Stored = "select credential_id, public_key, sign_count, backup_eligible, backed_up, transports, created_at from passkeys ";

    public Task<IReadOnlyList<PasskeyView>> ListAsync(Guid accountId, CancellationToken cancel) =>
        database.QueryAsync<PasskeyView>("select id, name, backed_up, created_at, used_at from passkeys where account_id = @AccountId order by created_at, id", new { AccountId = accountId }, cancel);

    /// <summary>The account that may sign in by this passkey; null when nobody may.</summary>
    public Task<Guid?> FindOwnerAsync(byte[] credentialId, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<Guid?>("select account_id from passkeys where credential_id = @CredentialId", new { CredentialId = credentialId }, cancel);

    /// <summary>An account's passkeys, or the one that is asked for, as the check of a signature needs them.</summary>
    public async Task<IReadOnlyList<UserPasskeyInfo>> ReadAsync(Guid accountId, byte[]? credentialId, CancellationToken cancel)
    {
        var rows = await database.QueryAsync<StoredRow>(Stored + (credentialId is null ? "where account_id = @AccountId" : "where account_id = @AccountId and credential_id = @CredentialId"), new { AccountId = accountId, CredentialId = credentialId }, cancel);
        return [.. rows.Select(row => new UserPasskeyInfo(
            row.CredentialId, row.PublicKey, row.CreatedAt, (uint)row.SignCount, row.Transports.Split(' ', StringSplitOptions.RemoveEmptyEntries), isUserVerified: true, row.BackupEligible, row.BackedUp, [], []))];
    }

    /// <summary>Adds a passkey. All other sessions end, and whoever has no recovery codes gets some.</summary>
    public async Task<Outcome<AddedPasskey>> AddAsync(string name, UserPasskeyInfo passkey, string token, Caller caller, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        var row = new
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()), caller.AccountId, passkey.CredentialId, passkey.PublicKey, SignCount = (long)passkey.SignCount, BackupEligible = passkey.IsBackupEligible ? 1 : 0,
            BackedUp = passkey.IsBackedUp ? 1 : 0, Transports = string.Join(' ', (passkey.Transports ?? []).Where(IsTransport).Take(8)), Name = name, Now = time.GetUtcNow(),
        };
        if (await work.FirstOrDefaultAsync<long>("select count(*) from passkeys where account_id = @AccountId", row, cancel) >= Most)
        {
            return TooMany();
        }

        if (await work.ExecuteAsync(
            """
            insert into passkeys (id, account_id, credential_id, public_key, sign_count, backup_eligible, backed_up, transports, name, created_at)
            values (@Id, @AccountId, @CredentialId, @PublicKey, @SignCount, @BackupEligible, @BackedUp, @Transports, @Name, @Now) on conflict (credential_id) do nothing
            """, row, cancel) == 0)
        {
            return Refusal.Conflict("PASSKEY_EXISTS", "This passkey is there already.", "Use another device, or remove the passkey first.");
        }

        var codes = await SecondFactorBook.NewCodesIfNoneAsync(work, caller.AccountId, cancel);
        await TokenBook.RevokeAllAsync(work, caller.AccountId, cancel, except: token);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.PasskeyAdded, $"account/{caller.AccountId:D}", new AuditDetail("passkey", $"{row.Id:D}"), new AuditDetail("name", name)), cancel);
        await work.CommitAsync(cancel);
        return new AddedPasskey(row.Id, codes);
    }

    /// <summary>Takes a passkey away. All other sessions end; with the last second factor the recovery codes go.</summary>
    public async Task<bool> RemoveAsync(Guid id, string token, Caller caller, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        if (await work.ExecuteAsync("delete from passkeys where id = @Id and account_id = @AccountId", new { Id = id, caller.AccountId }, cancel) == 0)
        {
            return false;
        }

        await SecondFactorBook.DropCodesOfNothingAsync(work, caller.AccountId, cancel);
        await TokenBook.RevokeAllAsync(work, caller.AccountId, cancel, except: token);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.PasskeyRemoved, $"account/{caller.AccountId:D}", new AuditDetail("passkey", $"{id:D}")), cancel);
        await work.CommitAsync(cancel);
        return true;
    }

    /// <summary>Gives a passkey another name; false when the account has no such one.</summary>
    public async Task<bool> RenameAsync(Guid id, string name, Caller caller, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        var row = new { Id = id, caller.AccountId, Name = name };
        if (await work.FirstOrDefaultAsync<string>("select name from passkeys where id = @Id and account_id = @AccountId", row, cancel) is not { } former)
        {
            return false;
        }

        if (former != name)
        {
            await work.ExecuteAsync("update passkeys set name = @Name where id = @Id and account_id = @AccountId", row, cancel);
            await trail.RecordAsync(
                work, AuditedAct.By(caller, Acts.PasskeyRenamed, $"account/{caller.AccountId:D}", new AuditDetail("passkey", $"{id:D}"), new AuditDetail("former_name", former), new AuditDetail("name", name)), cancel);
            await work.CommitAsync(cancel);
        }

        return true;
    }

    /// <summary>Notes that a passkey was used; false when it is gone meanwhile, or when another use had this count or a higher one.</summary>
    public async Task<bool> UseAsync(UserPasskeyInfo passkey, CancellationToken cancel) => await database.ExecuteAsync(
        "update passkeys set sign_count = @Count, backed_up = @BackedUp, used_at = @Now where credential_id = @CredentialId and (sign_count < @Count or (sign_count = 0 and @Count = 0))",
        new { passkey.CredentialId, Count = (long)passkey.SignCount, BackedUp = passkey.IsBackedUp ? 1 : 0, Now = time.GetUtcNow() }, cancel) == 1;

    public static Refusal TooMany() => Refusal.Conflict("PASSKEYS_FULL", $"An account has at most {Most} passkeys.", "Remove one that you do not use any more.").With("most", Most);

    // The names that the standard has or may get: lower-case words.
    private static bool IsTransport(string name) => name is { Length: > 0 and <= 20 } && name.All(letter => char.IsAsciiLetterLower(letter) || letter == '-');

    private sealed record StoredRow
    {
        public byte[] CredentialId { get; init; } = [];

        public byte[] PublicKey { get; init; } = [];

        public long SignCount { get; init; }

        public bool BackupEligible { get; init; }

        public bool BackedUp { get; init; }

        public string Transports { get; init; } = "";

        public DateTimeOffset CreatedAt { get; init; }
    }
}

/// <summary>A passkey, as its owner sees it.</summary>
internal sealed record PasskeyView
{
    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    /// <summary>Its owner's other devices have it, too.</summary>
    public bool BackedUp { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? UsedAt { get; init; }
}

/// <summary>A passkey that was added just now.</summary>
/// <param name="Id">To remove it by.</param>
/// <param name="Codes">Recovery codes, where the account had none; shown once.</param>
internal sealed record AddedPasskey(Guid Id, RecoveryCodes? Codes);
