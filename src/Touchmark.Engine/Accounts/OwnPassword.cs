using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>Changing one's own password, by API or page: whoever found an unlocked screen may guess the current one no faster than anybody else.</summary>
internal sealed class OwnPassword(AccountDirectory directory, AccountAdministration accounts, SignInAttempts attempts)
{
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
