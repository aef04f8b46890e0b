using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>Tells who somebody is by e-mail address and password, wherever the API asks for them: guessing is slowed down everywhere alike.</summary>
internal sealed class SignIn(AccountDirectory accounts, SignInAttempts attempts)
{
    public async Task<Outcome<AccountView>> FindAsync(HttpContext context, string email, string password, CancellationToken cancel)
    {
        if (attempts.Begin(context, email) is { } refusal)
        {
            return refusal;
        }

        if (await accounts.SignInAsync(email, password, cancel) is not { } account)
        {
            return new Refusal(StatusCodes.Status401Unauthorized, "SIGN_IN_REFUSED", "The e-mail address or the password is wrong.", "Check both; an admin can make a new account.");
        }

        attempts.Succeed(context, email);
        return account;
    }
}
