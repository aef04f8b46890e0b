using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts.SecondFactors;

/// <summary>
/// The second step of a sign-in. Whoever has come to it knows the password, so the wait after wrong codes holds for the account from everywhere: nobody else can drive it up, and at the longest wait
/// a hundred guesses a day fall on a million codes.
/// </summary>
internal sealed class SecondStep(AccountDirectory accounts, SecondFactorBook factors, SignInAttempts attempts, IDataProtectionProvider protection, TimeProvider time)
{
    private const int Free = 5;

    /// <summary>How long the form of the second step is good after the password.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly Throttle wrong = new(time, Free, SignInAttempts.LongestWait);
    private readonly IDataProtector tickets = protection.CreateProtector("second-step");

    /// <summary>What says, sealed, that somebody knew the password of this account a moment ago.</summary>
    public string Ticket(AccountView account) =>
        tickets.Protect(string.Create(CultureInfo.InvariantCulture, $"{account.Id:D} {(time.GetUtcNow() + Lifetime).ToUnixTimeSeconds()}"));

    /// <summary>Whose ticket it is; null when it is none, or too old.</summary>
    public async Task<AccountView?> ReadAsync(string ticket, CancellationToken cancel)
    {
        try
        {
            var parts = tickets.Unprotect(ticket).Split(' ');
            return parts is [var id, var until] && long.Parse(until, CultureInfo.InvariantCulture) > time.GetUtcNow().ToUnixTimeSeconds()
                && await accounts.FindAsync(Guid.Parse(id), cancel) is { DisabledAt: null } account ? account : null;
        }
        catch (Exception error) when (error is CryptographicException or FormatException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The account, when the code is right.</summary>
    public async Task<Outcome<AccountView>> FinishAsync(HttpContext context, AccountView account, string code, CancellationToken cancel)
    {
        var outcome = await LimitAsync(account.Id, async () => await factors.UseAsync(account.Id, code, cancel) ? account : (Outcome<AccountView>)SecondFactorBook.CodeRefused());
        if (outcome.Refusal is null)
        {
            attempts.Succeed(context, account.Email);
        }

        return outcome;
    }

    /// <summary>Null when the code of somebody who is signed in is right: before recovery codes are made anew, or the app is removed.</summary>
    public async Task<Refusal?> CheckAsync(Guid accountId, string code, CancellationToken cancel) =>
        (await LimitAsync(accountId, async () => await factors.UseAsync(accountId, code, cancel) ? true : (Outcome<bool>)SecondFactorBook.CodeRefused())).Refusal;

    /// <summary>Does what needs a right code of this account; each refusal makes the next attempt wait longer.</summary>
    public async Task<Outcome<T>> LimitAsync<T>(Guid accountId, Func<Task<Outcome<T>>> attempt)
    {
        var key = accountId.ToString("D");
        if (wrong.Begin(key) is { } refusal)
        {
            return refusal;
        }

        var outcome = await attempt();
        if (outcome.Refusal is null)
        {
            wrong.Clear(key);
        }

        return outcome;
    }
}
