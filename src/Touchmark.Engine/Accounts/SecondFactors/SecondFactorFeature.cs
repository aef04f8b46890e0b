
namespace Touchmark.Engine.Accounts.SecondFactors;

/// <summary>Second factors by API: one's own, and which roles need one.</summary>
internal static class SecondFactorFeature
{
    public static void AddSecondFactors(this IServiceCollection services)
    {
        services.AddSingleton<SecondFactorBook>();
        services.AddSingleton<SecondFactorRules>();
        services.AddSingleton<SecondStep>();
        services.AddSingleton<SecondFactorDesk>();
    }

    public static void MapSecondFactors(this WebApplication app)
    {
        var own = app.MapGroup("/api/me/second-factor").ForAnyRole().WithMetadata(OpenToUnfinished.Mark);
        own.MapGet("", (Caller caller, SecondFactorBook book, CancellationToken cancel) => book.FindAsync(caller.AccountId, cancel)).WithSummary("Show your second factor.");
        own.MapPost("/begin", async (PasswordAgain request, HttpContext http, Caller caller, SecondFactorDesk desk, CancellationToken cancel) =>
            (await desk.BeginAsync(request.CurrentPassword, http, caller, cancel)).ToResult(Results.Ok)).Produces<NewTotp>()
            .WithSummary("Make a secret for an authenticator app, shown once. It counts when a code of the app has come.");
        own.MapPost("/confirm", async (CodeGiven request, HttpRequest http, Caller caller, SecondFactorDesk desk, CancellationToken cancel) =>
            (await desk.ConfirmAsync(request.Code, TokenAuthentication.Bearer(http)!, caller, cancel)).ToResult(Results.Ok)).Produces<RecoveryCodes>()
            .WithSummary("Send the first code of the app: from now on you sign in with one. Every other token of yours ends; the recovery codes are shown once.");
        own.MapPost("/recovery-codes", async (CodeGiven request, Caller caller, SecondFactorDesk desk, CancellationToken cancel) =>
            (await desk.RenewCodesAsync(request.Code, caller, cancel)).ToResult(Results.Ok)).Produces<RecoveryCodes>()
            .WithSummary("Make new recovery codes, for a code; the old ones are good for nothing any more.");
        own.MapPost("/remove", async (CodeGiven request, HttpRequest http, Caller caller, SecondFactorDesk desk, CancellationToken cancel) =>
            (await desk.RemoveAsync(request.Code, TokenAuthentication.Bearer(http)!, caller, cancel)).ToResult(_ => Results.NoContent())).Produces(StatusCodes.Status204NoContent)
            .WithSummary("Remove your authenticator app, for a code.");
        app.MapPost("/api/accounts/{id:guid}/remove-second-factor", async (Guid id, Caller caller, SecondFactorDesk desk, CancellationToken cancel) =>
            (await desk.RemoveOfAsync(id, caller, cancel)).ToResult(Results.Ok)).For(Role.Admin).Produces<AccountView>()
            .WithSummary("Remove app and passkeys of somebody who lost them, and sign them out everywhere.");
        app.MapGet("/api/second-factor-roles", async (SecondFactorRules rules, CancellationToken cancel) => new RolesNeeding(await rules.ListAsync(cancel))).For(Role.Admin, Role.Auditor)
            .WithSummary("List the roles whose accounts need a second factor.");
        app.MapPut("/api/second-factor-roles", async (RolesNeeding request, Caller caller, SecondFactorRules rules, CancellationToken cancel) =>
            (await rules.SetAsync(request.Roles, caller, cancel)).ToResult(roles => Results.Ok(new RolesNeeding(roles)))).For(Role.Admin).Produces<RolesNeeding>()
            .WithSummary("Say which roles need a second factor. Who has none sets one up before anything else.");
    }
}

/// <summary>The caller's password, once more.</summary>
internal sealed record PasswordAgain(string CurrentPassword);

/// <param name="Code">Of the authenticator app, or a recovery code.</param>
internal sealed record CodeGiven(string Code);

internal sealed record RolesNeeding(IReadOnlyList<Role> Roles);
