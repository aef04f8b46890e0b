using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Printers;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Setup;

/// <summary>
/// Leads the admin of an empty engine from the setup token to the first printer. Which steps are done is read from what is there, so it can be left and gone on with at any time, and what was done by
/// command or API counts as well.
/// </summary>
internal static class SetupFeature
{
    public const string Path = "/setup";

    public static void AddSetup(this IServiceCollection services) => services.AddSingleton<SetupDesk>();

    public static void MapSetup(this WebApplication app)
    {
        var open = app.MapGroup("").ExcludeFromDescription();
        open.MapGet("/setup/begin", (HttpContext http, SetupDesk desk, CancellationToken cancel) => desk.BeginAsync(http, new("", "", "", ""), null, cancel));
        open.MapPost("/setup/begin", BeginAsync).AsForm();
        var admins = app.MapPagesFor(Role.Admin);
        admins.MapGet(Path, (Visit visit, SetupDesk desk, CancellationToken cancel) => desk.ShowAsync(visit, cancel));
        admins.MapPost("/setup/owner", (HttpContext http, Visit visit, SetupDesk desk, CancellationToken cancel) => desk.AddAsync(Role.Oem, http, visit, cancel)).AsForm();
        admins.MapPost("/setup/shop", (HttpContext http, Visit visit, SetupDesk desk, CancellationToken cancel) => desk.AddAsync(Role.Manufacturer, http, visit, cancel)).AsForm();
        admins.MapPost("/setup/printer", async (Visit visit, SetupDesk desk, PairingCodes codes, CancellationToken cancel) => await desk.FirstShopAsync(cancel) is not { } shop
            ? await desk.ShowAsync(visit, cancel, Refusal.Conflict("SHOP_MISSING", "There is no organisation yet that could own a printer.", "Add the first manufacturer."))
            : (await codes.IssueAsync(visit.Caller, cancel, shop)).Has(out var code, out var refusal) ? await desk.ShowAsync(visit, cancel, code: code) : await desk.ShowAsync(visit, cancel, refusal)).AsForm();
    }

    /// <summary>The first account: whoever has the file with the setup token makes it, and is signed in.</summary>
    private static async Task<IResult> BeginAsync(HttpContext http, SetupDesk desk, AccountDirectory accounts, TokenBook tokens, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var typed = new AccountFields(form["email"].ToString(), form["name"].ToString(), form["organisation"].ToString(), "");
        var request = new NewAccount(typed.Email, form["password"].ToString(), typed.Name, typed.Organisation, SetupToken: form["setup-password"].ToString().Trim());
        if (request.Password != form["password-again"])
        {
            return await desk.BeginAsync(http, typed, Refusal.Invalid("PASSWORDS_DIFFER", "The password was typed in two ways.", "Type the same one twice."), cancel);
        }

        if (!(await accounts.CreateAsync(request, null, cancel)).Has(out var account, out var refusal))
        {
            return await desk.BeginAsync(http, typed, refusal, cancel);
        }

        await PageSession.StartAsync(http, tokens, account, cancel);
        return Results.Redirect(Path);
    }
}

/// <summary>How far an engine is set up.</summary>
public sealed record SetupModel(
    string Engine, IReadOnlyList<SetupKey> Keys, string MasterKey, string? Owner, string? Shop, string? Printer, SetupSecret? Secret, string? Code, DateTimeOffset? CodeUntil, IReadOnlyList<string> Organisations, AccountFields? Typed)
{
    /// <summary>The step that comes next: 2 the owner, 3 the shop, 4 the printer, 5 none.</summary>
    public int Next => Owner is null ? 2 : Shop is null ? 3 : Printer is null ? 4 : 5;
}

/// <summary>A public key of the engine, as others pin it.</summary>
public sealed record SetupKey(string Algorithm, string Id);

/// <summary>A temporary password that was made just now.</summary>
public sealed record SetupSecret(string Email, string Password);
