using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts.Passkeys;

/// <summary>Signing in by a passkey, which is both factors at once, and what people do to their own: one is added and taken away for the password, so that a stolen session does neither.</summary>
internal sealed class PasskeyDesk(PasskeyCeremony ceremony, PasskeyChallenges challenges, PasskeyBook book, AccountDirectory accounts, OwnPassword password, SignInAttempts attempts)
{
    private const int LongestName = 60;

    private const string SignIn = "sign-in";

    /// <summary>What the browser is told to make a passkey by, as JSON.</summary>
    public async Task<Outcome<string>> BeginAddingAsync(string name, string currentPassword, HttpContext http, Caller caller, CancellationToken cancel)
    {
        if ((ceremony.Refuse(http) ?? CheckName(name)) is { } refusal)
        {
            return refusal;
        }

        var account = (await accounts.FindAsync(caller.AccountId, cancel))!;
        if (account.PasswordTemporary)
        {
            // Whoever handed it over could otherwise leave a way in behind.
            return OpenToUnfinished.Refuse(Unfinished.Password);
        }

        if ((await book.ListAsync(account.Id, cancel)).Count >= PasskeyBook.Most)
        {
            return PasskeyBook.TooMany();
        }

        if (await password.CheckAsync(currentPassword, http, caller, cancel) is { } wrong)
        {
            return wrong;
        }

        var made = await ceremony.BeginMakingAsync(account, http);
        challenges.Give(http, Adding(caller), made.AttestationState!);
        return made.CreationOptionsJson;
    }

    /// <summary>Takes the passkey that the browser has made.</summary>
    public async Task<Outcome<AddedPasskey>> AddAsync(string name, string credential, string token, HttpContext http, Caller caller, CancellationToken cancel)
    {
        if (CheckName(name) is { } refusal)
        {
            return refusal;
        }

        if (await challenges.TakeAsync(http, Adding(caller), cancel) is not { } state)
        {
            return TooLate();
        }

        return await ceremony.FinishMakingAsync(credential, state, http) is { } passkey ? await book.AddAsync(name.Trim(), passkey, token, caller, cancel)
            : Refusal.Invalid("PASSKEY_REFUSED", "What the browser sent is no passkey for this engine.", "Begin again, and let the device verify that it is you.");
    }

    /// <summary>Takes no password: a name lets nobody in.</summary>
    public async Task<Outcome<bool>> RenameAsync(Guid id, string name, Caller caller, CancellationToken cancel) =>
        CheckName(name) is { } refusal ? refusal : await book.RenameAsync(id, name.Trim(), caller, cancel) ? true : Unknown();

    public async Task<Outcome<bool>> RemoveAsync(Guid id, string currentPassword, string token, HttpContext http, Caller caller, CancellationToken cancel) =>
        await password.CheckAsync(currentPassword, http, caller, cancel) is { } refusal ? refusal
        : await book.RemoveAsync(id, token, caller, cancel) ? true : Unknown();

    /// <summary>What the browser is told to ask for a passkey by, as JSON.</summary>
    public async Task<Outcome<string>> BeginSignInAsync(HttpContext http)
    {
        if (ceremony.Refuse(http) is { } refusal)
        {
            return refusal;
        }

        var asked = await ceremony.BeginAskingAsync(http);
        challenges.Give(http, SignIn, asked.AssertionState!);
        return asked.RequestOptionsJson;
    }

    /// <summary>Whose passkey has signed. Attempts are counted by place: nobody guesses a key, and an answer costs us a signature.</summary>
    public async Task<Outcome<AccountView>> SignInAsync(string credential, HttpContext http, CancellationToken cancel)
    {
        if (attempts.BeginWithKey(http) is { } refusal)
        {
            return refusal;
        }

        if (await challenges.TakeAsync(http, SignIn, cancel) is not { } state)
        {
            return TooLate();
        }

        if (await ceremony.FinishAskingAsync(credential, state, http) is not { Passkey: { } passkey, User: { } account } || !await book.UseAsync(passkey, cancel))
        {
            return new Refusal(StatusCodes.Status401Unauthorized, "PASSKEY_REFUSED", "This passkey does not let anybody in here.", "Use another one, or your password; an admin can remove passkeys that were lost.");
        }

        attempts.SucceedWithKey(http);
        return account;
    }

    private static string Adding(Caller caller) => $"add/{caller.AccountId:D}";

    private static Refusal? CheckName(string name) => PlainText.TryAccept(name, LongestName, out _) ? null : PlainText.Refuse("name", LongestName);

    private static Refusal Unknown() => Refusal.NotFound("You have no such passkey.", "List yours: on the page /account, by GET /api/me/passkeys or touchmark passkey list.");

    private static Refusal TooLate() => Refusal.Invalid("PASSKEY_TOO_LATE", "That took longer than five minutes, or was sent twice.", "Begin again.");
}
