using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Accounts.Passkeys;
using Touchmark.Engine.Accounts.SecondFactors;
using Touchmark.Engine.Demonstration;
using Touchmark.Engine.Setup;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Pages;

/// <summary>The way in and out of the pages.</summary>
internal static class SignInPages
{
    public static void MapSignIn(this WebApplication app)
    {
        var open = app.MapGroup("").ExcludeFromDescription();
        open.MapGet("/sign-in", async (string? to, HttpContext context, SetupDesk setup, CancellationToken cancel) =>
            await setup.IsEmptyAsync(cancel) ? Results.Redirect("/setup/begin") : Page(context, KeptForm.LocalPath(to)));
        open.MapPost("/sign-in/code", SecondAsync).WithMetadata(PageRoutes.FormSize, PageRoutes.FormLimits).DisableAntiforgery();
        open.MapPost("/sign-in/passkey/begin", BeginPasskeyAsync).WithMetadata(PageRoutes.FormSize, PageRoutes.FormLimits).DisableAntiforgery();
        open.MapPost("/sign-in/passkey", PasskeyAsync).WithMetadata(PageRoutes.FormSize, PageRoutes.FormLimits).DisableAntiforgery();
        open.MapPost("/sign-in", InAsync).WithMetadata(PageRoutes.FormSize, PageRoutes.FormLimits).DisableAntiforgery();
        app.MapPagesFor().MapPost("/sign-out", OutAsync).AsForm().WithMetadata(OpenToUnfinished.Mark);
    }

    /// <summary>Asks somebody who has to be signed in to do so; what they were about to send is kept.</summary>
    public static async Task ChallengeAsync(HttpContext http)
    {
        var here = http.Request.Path + (HttpMethods.IsGet(http.Request.Method) ? http.Request.QueryString : default);
        if (await KeptForm.ReadAsync(http) is { Count: > 0 } fields)
        {
            await Page(http, here, kept: KeptForm.Wrap(fields), status: StatusCodes.Status401Unauthorized).ExecuteAsync(http);
        }
        else
        {
            var way = http.RequestServices.GetRequiredService<EngineOptions>().Demonstration ? DemonstrationFeature.Path : "/sign-in";
            http.Response.Redirect(here == "/" ? way : $"{way}?to={Uri.EscapeDataString(here)}");
        }
    }

    public static RazorComponentResult<SignInPage> Page(HttpContext http, string to, string? problem = null, string? email = null, IReadOnlyList<KeptField>? kept = null, int status = StatusCodes.Status200OK) => new(new
    {
        Token = PagesFeature.Token(http, http.RequestServices.GetRequiredService<IAntiforgery>()),
        Origin = PasskeyOrigin(http),
        Provider = http.RequestServices.GetRequiredService<EngineOptions>().IdentityProvider?.Name,
        Problem = problem,
        Email = email,
        To = to,
        Kept = kept ?? [],
    }) { StatusCode = status };

    private static string? PasskeyOrigin(HttpContext http) => http.RequestServices.GetRequiredService<PasskeyCeremony>() is var ceremony && ceremony.Refuse(http) is null ? ceremony.OriginOf(http) : null;

    private static async Task<IResult> InAsync(HttpContext http, IAntiforgery antiforgery, SignIn signIn, CancellationToken cancel)
    {
        // Not by the filter of other forms: a password is not kept.
        if (!await antiforgery.IsRequestValidAsync(http))
        {
            return Page(http, "/", "The form was too old. Please try again.", status: StatusCodes.Status400BadRequest);
        }

        var form = await http.Request.ReadFormAsync(cancel);
        var (email, password, to, kept) = (form["email"].ToString(), form["password"].ToString(), KeptForm.LocalPath(form["to"]), KeptForm.Unwrap(form));
        if (!(await signIn.CheckPasswordAsync(http, email, password, cancel)).Has(out var found, out var refusal))
        {
            return Page(http, to, $"{refusal.Text} {refusal.Fix}", email, KeptForm.Wrap(kept), refusal.Status);
        }

        return await GoOnAsync(http, found.Account, to, kept, cancel);
    }

    private static async Task<IResult> SecondAsync(HttpContext http, IAntiforgery antiforgery, SecondStep step, SecondFactorBook factors, TokenBook tokens, CancellationToken cancel)
    {
        if (!await antiforgery.IsRequestValidAsync(http))
        {
            return Page(http, "/", "The form was too old. Please try again.", status: StatusCodes.Status400BadRequest);
        }

        var form = await http.Request.ReadFormAsync(cancel);
        var (ticket, to, kept) = (form["password-ticket"].ToString(), KeptForm.LocalPath(form["to"]), KeptForm.Unwrap(form));
        if (await step.ReadAsync(ticket, cancel) is not { } account)
        {
            return Page(http, to, "That took too long. Please sign in again.", kept: KeptForm.Wrap(kept), status: StatusCodes.Status401Unauthorized);
        }

        return (await step.FinishAsync(http, account, form["password-code"].ToString(), cancel)).Has(out _, out var refusal)
            ? await EnterAsync(http, tokens, account, to, kept, cancel) : SecondPage(http, ticket, await factors.FindAsync(account.Id, cancel), to, kept, refusal);
    }

    private static RazorComponentResult<SecondStepPage> SecondPage(HttpContext http, string ticket, SecondFactorView second, string to, IReadOnlyList<KeptField> kept, Refusal? refusal = null) => new(new
    {
        Token = PagesFeature.Token(http, http.RequestServices.GetRequiredService<IAntiforgery>()),
        Ticket = ticket,
        HasApp = second.TotpSince is not null,
        Origin = second.Passkeys > 0 ? PasskeyOrigin(http) : null,
        To = to,
        Kept = KeptForm.Wrap(kept),
        Problem = PageProblem.Of(refusal),
    }) { StatusCode = refusal?.Status ?? StatusCodes.Status200OK };

    private static async Task<IResult> BeginPasskeyAsync(HttpContext http, IAntiforgery antiforgery, PasskeyDesk passkeys) => !await antiforgery.IsRequestValidAsync(http)
        ? Refusal.Invalid("FORM_TOO_OLD", "This page is too old.", "Load it again.") : (await passkeys.BeginSignInAsync(http)).ToResult(options => Results.Text(options, "application/json"));

    private static async Task<IResult> PasskeyAsync(HttpContext http, IAntiforgery antiforgery, PasskeyDesk passkeys, TokenBook tokens, CancellationToken cancel)
    {
        if (!await antiforgery.IsRequestValidAsync(http))
        {
            return Page(http, "/", "The form was too old. Please try again.", status: StatusCodes.Status400BadRequest);
        }

        var form = await http.Request.ReadFormAsync(cancel);
        var (to, kept) = (KeptForm.LocalPath(form["to"]), KeptForm.Unwrap(form));
        return (await passkeys.SignInAsync(form["password-credential"].ToString(), http, cancel)).Has(out var account, out var refusal)
            ? await EnterAsync(http, tokens, account, to, kept, cancel) : Page(http, to, $"{refusal.Text} {refusal.Fix}", kept: KeptForm.Wrap(kept), status: refusal.Status);
    }

    /// <summary>The first step of a sign-in is done, by password or by somebody else's word: the second one follows where the account has one.</summary>
    public static async Task<IResult> GoOnAsync(HttpContext http, AccountView account, string to, IReadOnlyList<KeptField> kept, CancellationToken cancel)
    {
        var services = http.RequestServices;
        var second = await services.GetRequiredService<SecondFactorBook>().FindAsync(account.Id, cancel);
        return second.HasOne ? SecondPage(http, services.GetRequiredService<SecondStep>().Ticket(account), second, to, kept) : await EnterAsync(http, services.GetRequiredService<TokenBook>(), account, to, kept, cancel);
    }

    private static async Task<IResult> EnterAsync(HttpContext http, TokenBook tokens, AccountView account, string to, IReadOnlyList<KeptField> kept, CancellationToken cancel)
    {
        await PageSession.StartAsync(http, tokens, account, cancel);
        return kept.Count == 0 ? Results.Redirect(to) : KeptForm.Page(http, to, kept, StatusCodes.Status200OK);
    }

    private static async Task<IResult> OutAsync(HttpContext http, TokenBook tokens, CancellationToken cancel)
    {
        await tokens.RevokeAsync(http.Request.Cookies[TokenAuthentication.Cookie]!, cancel);
        http.Response.Cookies.Delete(TokenAuthentication.Cookie);
        return Results.Redirect(http.RequestServices.GetRequiredService<EngineOptions>().Demonstration ? DemonstrationFeature.Path : "/sign-in");
    }
}
