using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Identity;
using Touchmark.Engine.Accounts.Oidc;
using Touchmark.Engine.Accounts.Passkeys;
using Touchmark.Engine.Accounts.SecondFactors;

namespace Touchmark.Engine.Accounts;

/// <summary>Accounts, organisations, sign-in and tokens.</summary>
internal static class AccountsFeature
{
    public static void AddAccounts(this IServiceCollection services, EngineOptions options)
    {
        services.Configure<PasswordHasherOptions>(options => options.IterationCount = Passwords.Iterations);
        services.AddSingleton<Passwords>();
        services.AddSingleton<TokenBook>();
        services.AddSingleton<SetupToken>();
        services.AddHostedService(provider => provider.GetRequiredService<SetupToken>());
        services.AddSingleton<AccountDirectory>();
        services.AddSingleton<AccountAdministration>();
        services.AddSingleton<SignInAttempts>();
        services.AddSingleton<SignIn>();
        services.AddSingleton<OwnPassword>();
        services.AddSingleton<AccountDesk>();
        services.AddSingleton<OwnAccountDesk>();
        services.AddSecondFactors();
        services.AddPasskeys();
        var authentication = services.AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Api, null)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Pages, null);
        services.AddOidc(authentication, options);
        services.AddAuthorization();
    }

    public static void MapAccounts(this WebApplication app)
    {
        app.MapPost("/api/accounts", CreateAsync).Produces<AccountView>(StatusCodes.Status201Created)
            .WithSummary("Make an account: the first one with the setup token, every other one as an admin.");
        app.MapGet("/api/accounts", (AccountDirectory accounts, CancellationToken cancel) => accounts.ListAsync(cancel)).For(Role.Admin, Role.Auditor)
            .WithSummary("List all accounts.");
        app.MapPost("/api/accounts/{id:guid}/disable", async (Guid id, Caller caller, AccountAdministration accounts, CancellationToken cancel) =>
            (await accounts.DisableAsync(id, caller, cancel)).ToResult(Results.Ok)).For(Role.Admin).Produces<AccountView>()
            .WithSummary("Lock an account out, with every token that it holds.");
        app.MapPost("/api/accounts/{id:guid}/enable", async (Guid id, Caller caller, AccountAdministration accounts, CancellationToken cancel) =>
            (await accounts.EnableAsync(id, caller, cancel)).ToResult(Results.Ok)).For(Role.Admin).Produces<AccountView>()
            .WithSummary("Let a disabled account sign in again.");
        app.MapPost("/api/accounts/{id:guid}/role", async (Guid id, RoleChange request, Caller caller, AccountAdministration accounts, CancellationToken cancel) =>
            (await accounts.ChangeRoleAsync(id, request.Role, caller, cancel)).ToResult(Results.Ok)).For(Role.Admin).Produces<AccountView>()
            .WithSummary("Give an account another role.");
        app.MapPost("/api/accounts/{id:guid}/sign-out", async (Guid id, Caller caller, AccountAdministration accounts, CancellationToken cancel) =>
            (await accounts.RevokeTokensAsync(id, caller, cancel)).ToResult(Results.Ok)).For(Role.Admin).Produces<AccountView>()
            .WithSummary("Sign an account out everywhere.");
        app.MapPost("/api/accounts/{id:guid}/reset-password", async (Guid id, Caller caller, AccountAdministration accounts, CancellationToken cancel) =>
            (await accounts.ResetPasswordAsync(id, caller, cancel)).ToResult(Results.Ok)).For(Role.Admin).Produces<TemporaryPassword>()
            .WithSummary("Give an account a temporary password, shown once, and sign it out everywhere.");
        app.MapGet("/api/accounts/{id:guid}/tokens", (Guid id, TokenBook tokens, CancellationToken cancel) => tokens.ListAsync(id, null, cancel)).For(Role.Admin)
            .WithSummary("List where an account is signed in.");
        app.MapDelete("/api/accounts/{id:guid}/tokens/{token}", async (Guid id, string token, Caller caller, AccountAdministration accounts, CancellationToken cancel) =>
            (await accounts.RevokeTokenAsync(id, token, caller, cancel)).ToResult(_ => Results.NoContent())).For(Role.Admin)
            .Produces(StatusCodes.Status204NoContent).WithSummary("End one of an account's tokens.");
        app.MapPost("/api/me/password", ChangePasswordAsync).ForAnyRole().WithMetadata(OpenToUnfinished.Mark)
            .Produces(StatusCodes.Status204NoContent).WithSummary("Change your password; every other token of yours ends.");
        app.MapGet("/api/tokens", (HttpRequest http, Caller caller, TokenBook tokens, CancellationToken cancel) =>
            tokens.ListAsync(caller.AccountId, TokenAuthentication.Bearer(http), cancel)).ForAnyRole().WithSummary("List where your account is signed in.");
        app.MapDelete("/api/tokens/{id}", async (string id, Caller caller, AccountAdministration accounts, CancellationToken cancel) =>
            (await accounts.RevokeTokenAsync(caller.AccountId, id, caller, cancel)).ToResult(_ => Results.NoContent())).ForAnyRole()
            .Produces(StatusCodes.Status204NoContent).WithSummary("End one of your tokens.");
        app.MapGet("/api/organisations", (AccountDirectory accounts, CancellationToken cancel) => accounts.ListManufacturersAsync(cancel)).For(Role.Oem, Role.Admin, Role.Auditor)
            .WithSummary("List the organisations that a licence can be granted to.");
        app.MapGet("/api/organisations/all", (AccountDirectory accounts, CancellationToken cancel) => accounts.ListOrganisationsAsync(cancel)).For(Role.Admin, Role.Auditor)
            .WithSummary("List all organisations, and how many people of each may sign in.");
        app.MapPost("/api/tokens", SignInAsync).Produces<IssuedToken>(StatusCodes.Status201Created).WithSummary("Sign in: get a bearer token for 24 hours.");
        app.MapDelete("/api/tokens/current", async (HttpRequest request, TokenBook tokens, CancellationToken cancel) =>
        {
            await tokens.RevokeAsync(TokenAuthentication.Bearer(request)!, cancel);
            return Results.NoContent();
        }).ForAnyRole().WithMetadata(OpenToUnfinished.Mark).WithSummary("Sign out: revoke the token that this request carries.");
        app.MapGet("/api/me", async (Caller caller, AccountDirectory accounts, CancellationToken cancel) => await accounts.FindAsync(caller.AccountId, cancel)).ForAnyRole().WithMetadata(OpenToUnfinished.Mark)
            .WithSummary("Show the account that asks.");
        app.MapSecondFactors();
        app.MapPasskeys();
        app.MapOidc();
        app.MapAccountPages();
        app.MapOwnAccountPages();
    }

    /// <summary>Demands a bearer token of an account with one of these roles; none implies another.</summary>
    public static TBuilder For<TBuilder>(this TBuilder endpoint, params Role[] roles)
        where TBuilder : IEndpointConventionBuilder => endpoint.RequireAuthorization(Policy(roles));

    /// <summary>Demands a bearer token, whatever the role.</summary>
    public static TBuilder ForAnyRole<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.For(Enum.GetValues<Role>());

    private static AuthorizationPolicy Policy(Role[] roles) =>
        new AuthorizationPolicyBuilder(TokenAuthentication.Api).RequireAuthenticatedUser().RequireRole(roles.Select(role => role.ToString())).Build();

    // The only address that works with and without a token, so it asks for one itself.
    private static async Task<IResult> CreateAsync(NewAccount request, HttpContext context, AccountDirectory accounts, CancellationToken cancel)
    {
        var user = await context.AuthenticateAsync(TokenAuthentication.Api);
        var caller = user.Principal is { } principal ? Caller.From(principal) : null;
        return (await accounts.CreateAsync(request, caller, cancel)).ToResult(account => Results.Created($"/api/accounts/{account.Id:D}", account));
    }

    private static async Task<IResult> SignInAsync(Credentials request, HttpContext context, SignIn signIn, TokenBook tokens, CancellationToken cancel) =>
        (await signIn.FindAsync(context, request.Email, request.Password, request.Code, cancel)).Has(out var account, out var refusal)
            ? Results.Created("/api/tokens/current", await tokens.IssueAsync(account.Id, Origin.Of(context), cancel))
            : refusal;

    private static async Task<IResult> ChangePasswordAsync(PasswordChange request, HttpContext context, Caller caller, OwnPassword password, CancellationToken cancel) =>
        (await password.ChangeAsync(request, TokenAuthentication.Bearer(context.Request)!, context, caller, cancel)).ToResult(_ => Results.NoContent());
}

/// <param name="Email">Of the account.</param>
/// <param name="Password">Of the account.</param>
/// <param name="Code">Of the authenticator app, or a recovery code, where the account has a second factor.</param>
internal sealed record Credentials(string Email, string Password, string? Code = null);
