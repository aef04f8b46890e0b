using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;
using Touchmark.Engine.Pages;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts.Oidc;

/// <summary>Sends browsers to the identity provider, and judges what they come back with. What the provider says stands for the password and no more: a second factor is asked for after it.</summary>
internal sealed class OidcDesk(ProviderIdentities identities, OwnPassword password, IDataProtectionProvider protection, TimeProvider time, ILogger<OidcDesk> log)
{
    private const string Link = "link";

    private const string To = "to";

    private const string Until = "until";

    /// <summary>How long somebody may take at the provider.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly IDataProtector tickets = protection.CreateProtector("oidc-link");

    /// <summary>Sends somebody there who wants to sign in. It is no attempt that is counted: any other site can make a browser ask for this address, and would lock its owner out.</summary>
    public IResult SendToSignIn(string? to) => Send(new Dictionary<string, string?> { [To] = KeptForm.LocalPath(to) });

    /// <summary>What says, sealed, that somebody who is signed in knew their password a moment ago.</summary>
    public string Ticket(Caller caller) => tickets.Protect(string.Create(CultureInfo.InvariantCulture, $"{caller.AccountId:D} {(time.GetUtcNow() + Lifetime).ToUnixTimeSeconds()}"));

    /// <summary>Sends somebody there who has a <see cref="Ticket"/>, to link their account.</summary>
    public IResult SendToLink(string ticket, Visit visit)
    {
        try
        {
            if (tickets.Unprotect(ticket).Split(' ') is [var account, var until] && account == visit.Caller.AccountId.ToString("D") && long.Parse(until, CultureInfo.InvariantCulture) > time.GetUtcNow().ToUnixTimeSeconds())
            {
                return Send(new Dictionary<string, string?> { [Link] = account });
            }
        }
        catch (CryptographicException)
        {
            // Made up, or of another engine.
        }

        return visit.Refuse(Refusal.Invalid("LINK_TOO_LATE", "That took too long.", "Begin again on the page of your account."));
    }

    /// <summary>Ends the link of the caller's account, for the password.</summary>
    public async Task<Outcome<bool>> UnlinkAsync(string currentPassword, string token, HttpContext http, Caller caller, CancellationToken cancel) =>
        await password.CheckAsync(currentPassword, http, caller, cancel) is { } refusal ? refusal
        : await identities.UnlinkAsync(caller.AccountId, token, caller, cancel) ? true : Refusal.NotFound("Your account is not linked.", "There is nothing to do.");

    /// <summary>Somebody comes back whom the provider knows.</summary>
    public async Task ArrivedAsync(TicketReceivedContext context)
    {
        var http = context.HttpContext;
        context.HandleResponse();
        var who = context.Properties!.GetParameter<ProviderSubject>(OidcHandler.Name)!;
        var items = context.Properties.Items;
        var result = long.Parse(items[Until]!, CultureInfo.InvariantCulture) < time.GetUtcNow().ToUnixTimeSeconds() ? Failed(http, "That took too long.")
            : items.TryGetValue(Link, out var account) ? await LinkAsync(who, account!, http) : await SignInAsync(who, items[To]!, http);
        await result.ExecuteAsync(http);
    }

    /// <summary>Somebody comes back without that, or with what is not ours.</summary>
    public Task FailedAsync(RemoteFailureContext context)
    {
        context.HandleResponse();
        var reason = context.Failure?.Message ?? "";
        log.LogWarning("The identity provider let nobody in: {Reason}", new string([.. reason.Where(letter => !char.IsControl(letter)).Take(300)]));
        return Failed(context.HttpContext, "The identity provider did not let you in, or this sign-in is not one that this browser began.").ExecuteAsync(context.HttpContext);
    }

    private IResult Send(Dictionary<string, string?> items)
    {
        items[Until] = (time.GetUtcNow() + Lifetime).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return Results.Challenge(new AuthenticationProperties(items), [OidcHandler.Name]);
    }

    private async Task<IResult> SignInAsync(ProviderSubject who, string to, HttpContext http) =>
        await identities.SignInAsync(who, http.RequestAborted) is { } account ? await SignInPages.GoOnAsync(http, account, to, [], http.RequestAborted)
        : Failed(http, "No account here is linked with you at the identity provider. Sign in with your password, and link it on the page of your account.");

    private async Task<IResult> LinkAsync(ProviderSubject who, string account, HttpContext http)
    {
        // Whoever began it has to be who is signed in now.
        if ((await http.AuthenticateAsync(TokenAuthentication.Pages)).Principal is not { } user || Caller.From(user) is not { } caller || caller.AccountId.ToString("D") != account)
        {
            return Failed(http, "Whoever began to link their account is not signed in here any more.");
        }

        http.User = user;
        return (await identities.LinkAsync(who, http.Request.Cookies[TokenAuthentication.Cookie]!, caller, http.RequestAborted)).Has(out _, out var refusal)
            ? Results.Redirect("/account#provider") : (await Visit.BindAsync(http))!.Refuse(refusal);
    }

    private static RazorComponentResult<SignInPage> Failed(HttpContext http, string text) => SignInPages.Page(http, "/", text, status: StatusCodes.Status401Unauthorized);
}
