using Touchmark.Engine.Accounts.SecondFactors;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>Tells who somebody is by e-mail address and password, and by the code of their second factor where they have one, wherever the API asks for them: guessing is slowed down everywhere alike.</summary>
internal sealed class SignIn(AccountDirectory accounts, SignInAttempts attempts, SecondFactorBook factors, SecondStep step)
{
    /// <summary>Both steps at once.</summary>
    public async Task<Outcome<AccountView>> FindAsync(HttpContext context, string email, string password, string? code, CancellationToken cancel)
    {
        if (!(await CheckPasswordAsync(context, email, password, cancel)).Has(out var found, out var refusal))
        {
            return refusal;
        }

        return !found.NeedsCode ? found.Account : code is not null ? await step.FinishAsync(context, found.Account, code, cancel)
            : new Refusal(StatusCodes.Status401Unauthorized, "SECOND_FACTOR_NEEDED", "This account signs in with a code, too.", "Send the code of your authenticator app, or one of your recovery codes, as code; touchmark login takes it as --code. A passkey works in a browser alone: set up an app on the page /account. A printer is enrolled by a pairing code.");
    }

    /// <summary>The first step.</summary>
    public async Task<Outcome<KnownPassword>> CheckPasswordAsync(HttpContext context, string email, string password, CancellationToken cancel)
    {
        if (attempts.Begin(context, email) is { } refusal)
        {
            return refusal;
        }

        if (await accounts.SignInAsync(email, password, cancel) is not { } account)
        {
            return new Refusal(StatusCodes.Status401Unauthorized, "SIGN_IN_REFUSED", "The e-mail address or the password is wrong.", "Check both; an admin can make a new account.");
        }

        var needsCode = await factors.HasAsync(account.Id, cancel);
        if (needsCode)
        {
            // Not wrong, but no sign-in either: what was held against this place before stays.
            attempts.Uncount(context, email);
        }
        else
        {
            attempts.Succeed(context, email);
        }

        return new KnownPassword(account, needsCode);
    }
}

/// <summary>Somebody who knows the password of this account.</summary>
internal sealed record KnownPassword(AccountView Account, bool NeedsCode);
