using Touchmark.Engine.Audit;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Accounts.Oidc;

/// <summary>Which account is whose at the identity provider. None comes into being by itself: an account is there, and its owner links it, or the provider's word for their e-mail address does where the engine was told so.</summary>
internal sealed class ProviderIdentities(EngineOptions options, Database database, AccountDirectory accounts, AuditTrail trail, TimeProvider time)
{
    /// <summary>Who an account's owner is at the provider; null when it is not linked.</summary>
    public async Task<ProviderIdentityView?> FindAsync(Guid accountId, CancellationToken cancel) => options.IdentityProvider is not { } provider ? null
        : await database.FirstOrDefaultAsync<ProviderIdentityView>(
            "select issuer, subject, email, linked_at, used_at from provider_identities where account_id = @AccountId and issuer = @Issuer", new { AccountId = accountId, provider.Issuer }, cancel);

    /// <summary>The account that somebody signs in to; null when there is none that is linked, or it is disabled.</summary>
    public async Task<AccountView?> SignInAsync(ProviderSubject who, CancellationToken cancel)
    {
        var provider = options.IdentityProvider!;
        var key = new { provider.Issuer, who.Subject, Now = time.GetUtcNow() };
        var owner = await database.FirstOrDefaultAsync<Guid?>("select account_id from provider_identities where issuer = @Issuer and subject = @Subject", key, cancel);
        if (owner is null && provider.ByEmail && who is { EmailVerified: true, Email: { } email } && await accounts.FindByEmailAsync(email, cancel) is { DisabledAt: null } known
            && (await LinkAsync(known.Id, who, AuditedAct.By($"account/{known.Id:D}", Acts.IdentityLinked, $"account/{known.Id:D}", new AuditDetail("by", "e-mail")), null, cancel)).Refusal is null)
        {
            owner = known.Id;
        }

        if (owner is null || await accounts.FindAsync(owner.Value, cancel) is not { DisabledAt: null } account)
        {
            return null;
        }

        await database.ExecuteAsync("update provider_identities set used_at = @Now where issuer = @Issuer and subject = @Subject", key, cancel);
        return account;
    }

    /// <summary>Links the caller's own account. All other sessions end.</summary>
    public Task<Outcome<bool>> LinkAsync(ProviderSubject who, string token, Caller caller, CancellationToken cancel) =>
        LinkAsync(caller.AccountId, who, AuditedAct.By(caller, Acts.IdentityLinked, $"account/{caller.AccountId:D}", new AuditDetail("by", "owner")), token, cancel);

    /// <summary>Ends the link of an account, which is signed out everywhere, or everywhere but here.</summary>
    public async Task<bool> UnlinkAsync(Guid accountId, string? token, Caller caller, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        if (await work.ExecuteAsync("delete from provider_identities where account_id = @AccountId", new { AccountId = accountId }, cancel) == 0)
        {
            return false;
        }

        await TokenBook.RevokeAllAsync(work, accountId, cancel, except: token);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.IdentityUnlinked, $"account/{accountId:D}"), cancel);
        await work.CommitAsync(cancel);
        return true;
    }

    /// <summary>For somebody who lost it: an admin ends the link of their account.</summary>
    public async Task<Outcome<AccountView>> RemoveOfAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (await accounts.FindAsync(id, cancel) is not { } account)
        {
            return Refusal.NotFound("account");
        }

        await UnlinkAsync(id, token: null, caller, cancel);
        return account;
    }

    private async Task<Outcome<bool>> LinkAsync(Guid accountId, ProviderSubject who, AuditedAct act, string? token, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        if (await work.ExecuteAsync(
            "insert into provider_identities (issuer, subject, account_id, email, linked_at) values (@Issuer, @Subject, @AccountId, @Email, @Now) on conflict do nothing",
            new { options.IdentityProvider!.Issuer, who.Subject, AccountId = accountId, Email = PlainText.TryAccept(who.Email, 254, out var email) ? email : null, Now = time.GetUtcNow() }, cancel) == 0)
        {
            return Refusal.Conflict("IDENTITY_LINKED", "This account, or this person at the provider, is linked already.", "End that link first; an admin can.");
        }

        await TokenBook.RevokeAllAsync(work, accountId, cancel, except: token);
        await trail.RecordAsync(work, act with { Details = [.. act.Details, new AuditDetail("issuer", options.IdentityProvider.Issuer)] }, cancel);
        await work.CommitAsync(cancel);
        return true;
    }
}

/// <summary>Who somebody is at the identity provider.</summary>
internal sealed record ProviderIdentityView
{
    public string Issuer { get; init; } = "";

    public string Subject { get; init; } = "";

    public string? Email { get; init; }

    public DateTimeOffset LinkedAt { get; init; }

    public DateTimeOffset? UsedAt { get; init; }
}
