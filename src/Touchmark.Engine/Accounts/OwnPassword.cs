using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>Changing one's own password, by API or page: whoever found an unlocked screen may guess the current one no faster than anybody else.</summary>
internal sealed class OwnPassword(AccountDirectory directory, AccountAdministration accounts, SignInAttempts attempts)
{
    /// <summary>Null when this is the caller's password.</summary>
    public async Task<Refusal?> CheckAsync(string password, HttpContext context, Caller caller, CancellationToken cancel)
    {
        var email = (await directory.FindAsync(caller.AccountId, cancel))!.Email;
        if (attempts.Begin(context, email) is { } refusal)
        {
            return refusal;
        }

        if (await directory.SignInAsync(email, password, cancel) is null)
        {
            return new Refusal(StatusCodes.Status403Forbidden, "PASSWORD_WRONG", "The current password is wrong.", "Send the password that you sign in with as current_password.");
        }

        attempts.Succeed(context, email);
        return null;
    }

    /// <param name="request">The current password and the new one.</param>
    /// <param name="token">What the caller is signed in by; it stays good, all others end.</param>
    /// <param name="context">Tells where the request comes from.</param>
    /// <param name="caller">Whose password.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<Outcome<bool>> ChangeAsync(PasswordChange request, string token, HttpContext context, Caller caller, CancellationToken cancel)
    {
        var email = (await directory.FindAsync(caller.AccountId, cancel))!.Email;
        if (attempts.Begin(context, email) is { } refusal)
        {
            return refusal;
        }

        var outcome = await accounts.ChangePasswordAsync(request, token, caller, cancel);
        if (outcome.Refusal is null)
        {
            attempts.Succeed(context, email);
        }

        return outcome;
    }
}
