using QRCoder;
using Touchmark.Engine.Accounts.Oidc;
using Touchmark.Engine.Accounts.Passkeys;
using Touchmark.Engine.Accounts.SecondFactors;
using Touchmark.Engine.Pages;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>What people see and change of their own account: the password, the second factor, and where they are signed in.</summary>
internal static class OwnAccountPages
{
    public static void MapOwnAccountPages(this WebApplication app)
    {
        var pages = app.MapPagesFor();
        pages.MapGet("/account", (Visit visit, HttpContext http, OwnAccountDesk desk, CancellationToken cancel) => desk.ShowAsync(visit, http, cancel)).WithMetadata(OpenToUnfinished.Mark);
        pages.MapPost("/account/password", ChangePasswordAsync).AsForm().WithMetadata(OpenToUnfinished.Mark);
        pages.MapPost("/account/sessions/{id}/end", async (string id, Visit visit, HttpContext http, AccountAdministration accounts, OwnAccountDesk desk, CancellationToken cancel) =>
            (await accounts.RevokeTokenAsync(visit.Caller.AccountId, id, visit.Caller, cancel)).Has(out _, out var refusal) ? Results.Redirect("/account#sessions") : await desk.ShowAsync(visit, http, cancel, refusal)).AsForm();
        pages.MapPost("/account/second-factor/begin", async (Visit visit, HttpContext http, SecondFactorDesk factors, OwnAccountDesk desk, CancellationToken cancel) =>
            (await factors.BeginAsync(await FieldAsync(http, "password", cancel), http, visit.Caller, cancel)).Has(out var made, out var refusal)
                ? await desk.ShowAsync(visit, http, cancel, made: made) : await desk.ShowAsync(visit, http, cancel, refusal)).AsForm().WithMetadata(OpenToUnfinished.Mark);
        pages.MapPost("/account/second-factor/confirm", async (Visit visit, HttpContext http, SecondFactorDesk factors, OwnAccountDesk desk, CancellationToken cancel) =>
            (await factors.ConfirmAsync(await FieldAsync(http, "password-code", cancel), http.Request.Cookies[TokenAuthentication.Cookie]!, visit.Caller, cancel)).Has(out var codes, out var refusal)
                ? await desk.ShowAsync(visit, http, cancel, codes: codes) : await desk.ShowAsync(visit, http, cancel, refusal)).AsForm().WithMetadata(OpenToUnfinished.Mark);
        pages.MapPost("/account/second-factor/recovery-codes", async (Visit visit, HttpContext http, SecondFactorDesk factors, OwnAccountDesk desk, CancellationToken cancel) =>
            (await factors.RenewCodesAsync(await FieldAsync(http, "password-code", cancel), visit.Caller, cancel)).Has(out var codes, out var refusal)
                ? await desk.ShowAsync(visit, http, cancel, codes: codes) : await desk.ShowAsync(visit, http, cancel, refusal)).AsForm();
        pages.MapPost("/account/second-factor/remove", async (Visit visit, HttpContext http, SecondFactorDesk factors, OwnAccountDesk desk, CancellationToken cancel) =>
            (await factors.RemoveAsync(await FieldAsync(http, "password-code", cancel), http.Request.Cookies[TokenAuthentication.Cookie]!, visit.Caller, cancel)).Has(out _, out var refusal)
                ? Results.Redirect("/account") : await desk.ShowAsync(visit, http, cancel, refusal)).AsForm();
    }

    private static async Task<string> FieldAsync(HttpContext http, string name, CancellationToken cancel) => (await http.Request.ReadFormAsync(cancel))[name].ToString();

    private static async Task<IResult> ChangePasswordAsync(HttpContext http, Visit visit, OwnPassword password, OwnAccountDesk desk, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var request = new PasswordChange(form["password"].ToString(), form["new-password"].ToString());
        if (request.NewPassword != form["new-password-again"])
        {
            return await desk.ShowAsync(visit, http, cancel, Refusal.Invalid("PASSWORDS_DIFFER", "The new password was typed in two ways.", "Type the same one twice."));
        }

        return (await password.ChangeAsync(request, http.Request.Cookies[TokenAuthentication.Cookie]!, http, visit.Caller, cancel)).Has(out _, out var refusal)
            ? Results.Redirect("/account?changed=password") : await desk.ShowAsync(visit, http, cancel, refusal);
    }
}

/// <summary>Shows somebody their own account.</summary>
internal sealed class OwnAccountDesk(TokenBook tokens, SecondFactorBook factors, PasskeyBook passkeys, PasskeyCeremony ceremony, ProviderIdentities identities, EngineOptions options)
{
    public async Task<IResult> ShowAsync(Visit visit, HttpContext http, CancellationToken cancel, Refusal? refusal = null, NewTotp? made = null, RecoveryCodes? codes = null, PasskeyDraft? renaming = null)
    {
        var second = await factors.FindAsync(visit.Caller.AccountId, cancel);
        var identity = await identities.FindAsync(visit.Caller.AccountId, cancel);
        return visit.Show<OwnAccountPage>(new OwnAccountModel(
            visit.Account.Email, visit.Account.PasswordTemporary, http.Request.Query["changed"] == "password",
            new(second.TotpSince, second.TotpPending, second.Passkeys > 0, second.RecoveryCodesLeft, second.Required, made?.Secret, made is null ? null : Picture(made.Uri), codes?.Codes ?? []),
            new([.. (await passkeys.ListAsync(visit.Caller.AccountId, cancel)).Select(one => new PasskeyRow(one.Id, one.Name, one.BackedUp, one.CreatedAt, one.UsedAt))], ceremony.OriginOf(http), PageProblem.Of(ceremony.Refuse(http)), renaming),
            options.IdentityProvider is { } provider ? new(provider.Name, identity?.LinkedAt, identity?.UsedAt, identity?.Email) : null,
            SessionRow.Of(await tokens.ListAsync(visit.Caller.AccountId, http.Request.Cookies[TokenAuthentication.Cookie], cancel)), Theme.Of(http) ?? "system"), refusal);
    }

    // In the page itself: the secret is at no address that could be asked for again.
    private static string Picture(string text)
    {
        using var generator = new QRCodeGenerator();
        using var code = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.M);
        using var png = new PngByteQRCode(code);
        return $"data:image/png;base64,{Convert.ToBase64String(png.GetGraphic(5))}";
    }
}

/// <summary>Somebody's own account.</summary>
public sealed record OwnAccountModel(string Email, bool PasswordTemporary, bool PasswordChanged, SecondFactorModel Second, PasskeysModel Passkeys, OidcModel? Provider, IReadOnlyList<SessionRow> Sessions, string Theme)
{
    /// <summary>Nothing has to be done first.</summary>
    public bool IsFinished => !PasswordTemporary && (Second.HasOne || !Second.IsRequired);
}

/// <summary>A second factor; <paramref name="Secret"/>, <paramref name="Picture"/> and <paramref name="Codes"/> are of one that was made just now.</summary>
public sealed record SecondFactorModel(DateTimeOffset? Since, bool IsPending, bool HasPasskey, long CodesLeft, bool IsRequired, string? Secret, string? Picture, IReadOnlyList<string> Codes)
{
    /// <summary>The password alone does not let its owner in.</summary>
    public bool HasOne => Since is not null || HasPasskey;
}

/// <summary>Somebody's passkeys, the address whose pages may ask for them, and why there are none at this one.</summary>
public sealed record PasskeysModel(IReadOnlyList<PasskeyRow> Rows, string Origin, PageProblem? Problem, PasskeyDraft? Renaming);

/// <summary>A name that was typed for a passkey and not taken.</summary>
public sealed record PasskeyDraft(Guid Id, string Name);

/// <summary>A passkey in the list.</summary>
public sealed record PasskeyRow(Guid Id, string Name, bool IsShared, DateTimeOffset CreatedAt, DateTimeOffset? UsedAt);

/// <summary>A place at which somebody is signed in.</summary>
public sealed record SessionRow(string Id, string Client, string Place, DateTimeOffset Since, DateTimeOffset Used, bool IsHere)
{
    internal static IReadOnlyList<SessionRow> Of(IReadOnlyList<HeldToken> tokens) => [.. tokens.Select(token => new SessionRow(token.Id, token.Client, token.Place, token.CreatedAt, token.UsedAt, token.Current))];
}
