using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Certificates;
using Touchmark.Engine.Transparency;
using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Pages;

/// <summary>A few pages, rendered on the server and usable without any script: sign-in, a home that lists by role, and a certificate.</summary>
internal static class PagesFeature
{
    private static readonly AuthorizationPolicy SignedIn = new AuthorizationPolicyBuilder(TokenAuthentication.Pages).RequireAuthenticatedUser().Build();

    /// <summary>The largest form that a page takes, bytes.</summary>
    private static readonly RequestSizeLimitAttribute FormSize = new(16 * 1024);

    public static void AddPages(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddRazorComponents();
        services.AddSingleton<HomeTables>();
        services.AddDataProtection().SetApplicationName("touchmark-engine");
        services.AddSingleton<PageKeys>();
        services.AddOptions<KeyManagementOptions>().Configure<PageKeys>((options, keys) => options.XmlRepository = keys);
        // It warns that keys are stored in the clear: it cannot know that PageKeys wraps them.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = "touchmark-form";
            options.Cookie.SameSite = SameSiteMode.Strict;
            options.SuppressXFrameOptionsHeader = true;
        });
    }

    public static void MapPages(this WebApplication app)
    {
        var pages = app.MapGroup("").ExcludeFromDescription();
        pages.MapGet("/site.css", () => Css("site.css"));
        pages.MapGet("/", HomeAsync).RequireAuthorization(SignedIn);
        pages.MapGet("/certificates/{id:guid}", CertificateAsync).RequireAuthorization(SignedIn);
        pages.MapGet("/certificates/{id:guid}/file", async (Guid id, Caller caller, CertificateOffice office, EvidenceFiles files, CancellationToken cancel) =>
            await office.FindAsync(id, caller, cancel) is { } certificate ? await CertificatesFeature.FileAsync(certificate, files, cancel) : Results.NotFound())
            .RequireAuthorization(SignedIn);
        pages.MapGet("/sign-in", (HttpContext context, IAntiforgery antiforgery) => SignInPage(context, antiforgery, null, null));
        pages.MapPost("/sign-in", SignInAsync).WithMetadata(FormSize);
        pages.MapPost("/sign-out", SignOutAsync).RequireAuthorization(SignedIn).WithMetadata(FormSize);
    }

    /// <summary>The token that the page's forms carry; its cookie goes with the answer.</summary>
    internal static PageToken Token(HttpContext context, IAntiforgery antiforgery)
    {
        var tokens = antiforgery.GetAndStoreTokens(context);
        return new PageToken(tokens.FormFieldName, tokens.RequestToken!);
    }

    /// <summary>A style sheet that is built into this assembly.</summary>
    internal static FileStreamHttpResult Css(string name) =>
        TypedResults.Stream(typeof(PagesFeature).Assembly.GetManifestResourceStream(name)!, "text/css; charset=utf-8", entityTag: new Microsoft.Net.Http.Headers.EntityTagHeaderValue($"\"{typeof(PagesFeature).Module.ModuleVersionId:N}\""));

    private static async Task<IResult> HomeAsync(HttpContext context, Caller caller, AccountDirectory accounts, HomeTables tables, IAntiforgery antiforgery, CancellationToken cancel)
    {
        var account = await accounts.FindAsync(caller.AccountId, cancel);
        return Page(context, antiforgery, account!, account!.Organisation, await tables.ForAsync(caller, cancel));
    }

    private static async Task<IResult> CertificateAsync(
        Guid id, HttpContext context, Caller caller, AccountDirectory accounts, CertificateOffice office, IAntiforgery antiforgery, CancellationToken cancel)
    {
        if (await office.FindAsync(id, caller, cancel) is not { } stored)
        {
            return Results.NotFound();
        }

        if (!Document.TryDecode<PrintCertificate>(stored.Document, out var document, out var problem))
        {
            throw new InvalidDataException($"The stored certificate {id:D} is damaged: {problem}.");
        }

        var account = await accounts.FindAsync(caller.AccountId, cancel);
        return Page(context, antiforgery, account!, $"Certificate of {stored.Part}", CertificatePage.Tables(CertificateView.Of(document, stored)));
    }

    private static RazorComponentResult<TablesPage> Page(HttpContext context, IAntiforgery antiforgery, AccountView account, string title, IReadOnlyList<PageTable> tables) => new(new
    {
        Title = title,
        Visitor = $"{account.Name}, {account.Role.ToString().ToLowerInvariant()}",
        Token = Token(context, antiforgery),
        Tables = tables,
    });

    private static RazorComponentResult<SignInPage> SignInPage(HttpContext context, IAntiforgery antiforgery, string? problem, string? email, int status = StatusCodes.Status200OK) =>
        new(new { Token = Token(context, antiforgery), Problem = problem, Email = email }) { StatusCode = status };

    private static async Task<IResult> SignInAsync(HttpContext context, IAntiforgery antiforgery, AccountDirectory accounts, TokenBook tokens, SignInAttempts attempts, CancellationToken cancel)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return SignInPage(context, antiforgery, "The form was too old. Please try again.", null, StatusCodes.Status400BadRequest);
        }

        var form = await context.Request.ReadFormAsync(cancel);
        var (email, password) = (form["email"].ToString(), form["password"].ToString());
        if (attempts.Begin(context, email) is { } refusal)
        {
            return SignInPage(context, antiforgery, $"{refusal.Text} {refusal.Fix}", email, refusal.Status);
        }

        if (await accounts.SignInAsync(email, password, cancel) is not { } account)
        {
            return SignInPage(context, antiforgery, "The e-mail address or the password is wrong.", email, StatusCodes.Status401Unauthorized);
        }

        attempts.Succeed(context, email);
        var token = await tokens.IssueAsync(account.Id, cancel);
        context.Response.Cookies.Append(TokenAuthentication.Cookie, token.Token, new CookieOptions
        {
            HttpOnly = true,
            Secure = context.Request.IsHttps,
            SameSite = SameSiteMode.Lax,
            Expires = token.ExpiresAt,
            IsEssential = true,
        });
        return Results.Redirect("/");
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, IAntiforgery antiforgery, TokenBook tokens, CancellationToken cancel)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return Results.Redirect("/");
        }

        await tokens.RevokeAsync(context.Request.Cookies[TokenAuthentication.Cookie]!, cancel);
        context.Response.Cookies.Delete(TokenAuthentication.Cookie);
        return Results.Redirect("/sign-in");
    }
}
