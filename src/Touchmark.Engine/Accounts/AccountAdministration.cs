using Touchmark.Engine.Audit;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Accounts;

/// <summary>What admins change about accounts, and people about their own; each change is written down in the transaction that makes it.</summary>
internal sealed class AccountAdministration(Database database, AccountDirectory accounts, Passwords passwords, AuditTrail trail, TimeProvider time)
{
    /// <summary>Locks an account out at once, with every token that it holds. Its record stays.</summary>
    public Task<Outcome<AccountView>> DisableAsync(Guid id, Caller caller, CancellationToken cancel) => ChangeAsync(id, caller, Acts.AccountDisabled, [], async work =>
    {
        await TokenBook.RevokeAllAsync(work, id, cancel);
        return await work.ExecuteAsync("update accounts set disabled_at = @Now where id = @Id and disabled_at is null", new { Id = id, Now = time.GetUtcNow() }, cancel);
    }, cancel);

    /// <summary>Lets a disabled account sign in again, with its old password.</summary>
    public Task<Outcome<AccountView>> EnableAsync(Guid id, Caller caller, CancellationToken cancel) => ChangeAsync(id, caller, Acts.AccountEnabled, [],
        work => work.ExecuteAsync("update accounts set disabled_at = null where id = @Id and disabled_at is not null", new { Id = id }, cancel), cancel);

    /// <summary>Gives an account another role, from its next request on.</summary>
    public async Task<Outcome<AccountView>> ChangeRoleAsync(Guid id, Role role, Caller caller, CancellationToken cancel)
    {
        var before = (await accounts.FindAsync(id, cancel))?.Role.ToString().ToLowerInvariant() ?? "";
        return await ChangeAsync(id, caller, Acts.AccountRoleChanged, [new("from", before), new("to", role.ToString().ToLowerInvariant())],
            work => work.ExecuteAsync("update accounts set role = @Role where id = @Id and role <> @Role", new { Id = id, Role = role }, cancel), cancel);
    }

    /// <summary>Gives an account a temporary password, which is shown once, and signs it out everywhere. Whoever signs in with it chooses another one first.</summary>
    public async Task<Outcome<TemporaryPassword>> ResetPasswordAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        var password = OneTimeCode.Create().Shown;
        var outcome = await ChangeAsync(id, caller, Acts.AccountPasswordReset, [], async work =>
        {
            await TokenBook.RevokeAllAsync(work, id, cancel);
            return await work.ExecuteAsync("update accounts set password_hash = @Hash, password_temporary = 1 where id = @Id", new { Id = id, Hash = passwords.Hash(password) }, cancel);
        }, cancel);
        return outcome.Has(out _, out var refusal) ? new TemporaryPassword(password) : refusal;
    }

    /// <summary>Signs an account out everywhere.</summary>
    public async Task<Outcome<AccountView>> RevokeTokensAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (await accounts.FindAsync(id, cancel) is not { } account)
        {
            return Refusal.NotFound("account");
        }

        await using var work = await database.BeginAsync(cancel);
        var revoked = await TokenBook.RevokeAllAsync(work, id, cancel);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.TokensRevoked, About(id), Count(revoked)), cancel);
        await work.CommitAsync(cancel);
        return account;
    }

    /// <summary>Ends one of an account's tokens, by the id under which it is listed.</summary>
    public async Task<Outcome<bool>> RevokeTokenAsync(Guid accountId, string tokenId, Caller caller, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        if (!await TokenBook.RevokeAsync(work, accountId, tokenId, cancel))
        {
            return Refusal.NotFound("token");
        }

        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.TokensRevoked, About(accountId), Count(1)), cancel);
        await work.CommitAsync(cancel);
        return true;
    }

    /// <summary>Changes the caller's own password, and signs every other place out that holds a token.</summary>
    public async Task<Outcome<bool>> ChangePasswordAsync(PasswordChange request, string currentToken, Caller caller, CancellationToken cancel)
    {
        if (AccountDirectory.CheckPassword(request.NewPassword) is { } refusal)
        {
            return refusal;
        }

        var hash = await database.FirstOrDefaultAsync<string>("select password_hash from accounts where id = @AccountId", new { caller.AccountId }, cancel);
        if (!passwords.Matches(hash, request.CurrentPassword))
        {
            await trail.RecordRefusalAsync(AuditedAct.By(caller, Acts.AccountPasswordChanged, About(caller.AccountId)), "PASSWORD_WRONG", cancel);
            return new Refusal(StatusCodes.Status403Forbidden, "PASSWORD_WRONG", "The current password is wrong.", "Send the password that you sign in with as current_password.");
        }

        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("update accounts set password_hash = @Hash, password_temporary = 0 where id = @AccountId", new { caller.AccountId, Hash = passwords.Hash(request.NewPassword) }, cancel);
        var revoked = await TokenBook.RevokeAllAsync(work, caller.AccountId, cancel, except: currentToken);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.AccountPasswordChanged, About(caller.AccountId), Count(revoked)), cancel);
        await work.CommitAsync(cancel);
        return true;
    }

    private static string About(Guid id) => $"account/{id:D}";

    private static Evidence.Documents.AuditDetail Count(int tokens) => new("tokens_revoked", tokens.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A change that an admin makes to another account, so that there is always an admin left. What is so already is answered, and not written down again.</summary>
    private async Task<Outcome<AccountView>> ChangeAsync(
        Guid id, Caller caller, string act, Evidence.Documents.AuditDetail[] details, Func<Transaction, Task<int>> change, CancellationToken cancel)
    {
        var audited = AuditedAct.By(caller, act, About(id), details);
        if (id == caller.AccountId)
        {
            await trail.RecordRefusalAsync(audited, "OWN_ACCOUNT", cancel);
            return Refusal.Conflict("OWN_ACCOUNT", "An admin cannot disable the account that asks, or change its role.", "Let another admin do it.");
        }

        await using (var work = await database.BeginAsync(cancel))
        {
            // One change after the other, on every node: two admins who take each other's role at once must not both succeed.
            await work.ExecuteAsync(database.Dialect.LockAudit, null, cancel);
            if (await change(work) > 0)
            {
                if (await work.FirstOrDefaultAsync<long>("select count(*) from accounts where role = @Admin and disabled_at is null", new { Role.Admin }, cancel) == 0)
                {
                    return Refusal.Conflict("LAST_ADMIN", "This is the last account that administers the engine.", "Make another admin first.");
                }

                await trail.RecordAsync(work, audited, cancel);
                await work.CommitAsync(cancel);
            }
        }

        return await accounts.FindAsync(id, cancel) is { } account ? account : Refusal.NotFound("account");
    }
}

/// <summary>A new password for the account that asks.</summary>
internal sealed record PasswordChange(string CurrentPassword, string NewPassword);

/// <summary>A password that an admin hands over, good until its owner has chosen another one.</summary>
/// <param name="Password">Shown once and kept nowhere.</param>
internal sealed record TemporaryPassword(string Password);

/// <summary>Another role for an account.</summary>
internal sealed record RoleChange(Role Role);
