using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts.SecondFactors;

/// <summary>What people do to their own second factor, by API or page: an app is added for the password and taken away for a code, so that a stolen session does neither.</summary>
internal sealed class SecondFactorDesk(SecondFactorBook book, SecondStep step, OwnPassword password, AccountDirectory accounts)
{
    public async Task<Outcome<NewTotp>> BeginAsync(string currentPassword, HttpContext http, Caller caller, CancellationToken cancel) =>
        await password.CheckAsync(currentPassword, http, caller, cancel) is { } refusal ? refusal : await book.BeginAsync((await accounts.FindAsync(caller.AccountId, cancel))!, cancel);

    public async Task<Outcome<RecoveryCodes>> ConfirmAsync(string code, string token, Caller caller, CancellationToken cancel) =>
        await step.LimitAsync(caller.AccountId, () => book.ConfirmAsync(code, token, caller, cancel));

    public async Task<Outcome<RecoveryCodes>> RenewCodesAsync(string code, Caller caller, CancellationToken cancel) =>
        await step.CheckAsync(caller.AccountId, code, cancel) is { } refusal ? refusal : await book.RenewCodesAsync(caller, cancel);

    public async Task<Outcome<bool>> RemoveAsync(string code, string token, Caller caller, CancellationToken cancel) =>
        await step.CheckAsync(caller.AccountId, code, cancel) is { } refusal ? refusal : await book.RemoveAppAsync(caller, token, cancel);

    /// <summary>For somebody who lost theirs: an admin makes sure that it is really them, as no program can.</summary>
    public async Task<Outcome<AccountView>> RemoveOfAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (await accounts.FindAsync(id, cancel) is not { } account)
        {
            return Refusal.NotFound("account");
        }

        if (id == caller.AccountId)
        {
            return Refusal.Conflict("OWN_ACCOUNT", "An admin removes the own second factor with a code.", "Do it under your account, or let another admin do it.");
        }

        await book.RemoveAllAsync(id, caller, cancel);
        return account;
    }
}
