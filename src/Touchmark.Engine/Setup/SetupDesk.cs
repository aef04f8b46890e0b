using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Setup;

/// <summary>Shows how far an engine is set up, and adds its first people.</summary>
internal sealed class SetupDesk(EngineOptions options, Database database, AccountDirectory accounts, EngineStatements statements)
{
    /// <summary>Whether nobody has made the first account yet.</summary>
    public async Task<bool> IsEmptyAsync(CancellationToken cancel) => await database.FirstOrDefaultAsync<long>("select count(*) from bootstrap", null, cancel) == 0;

    /// <summary>Whether there is an owner, a manufacturer and a printer.</summary>
    public async Task<bool> IsDoneAsync(CancellationToken cancel) =>
        await FirstAsync(Role.Oem, cancel) is not null && await FirstAsync(Role.Manufacturer, cancel) is not null && await FirstPrinterAsync(cancel) is not null;

    /// <summary>The oldest organisation that may own printers.</summary>
    public Task<Guid?> FirstShopAsync(CancellationToken cancel) =>
        database.FirstOrDefaultAsync<Guid?>("select organisation_id from accounts where role = @Manufacturer and disabled_at is null order by id limit 1", new { Role.Manufacturer }, cancel);

    /// <summary>The form of the first account; where there is one already, the way in.</summary>
    public async Task<IResult> BeginAsync(HttpContext http, AccountFields typed, Refusal? refusal, CancellationToken cancel)
    {
        http.Response.Headers.CacheControl = "no-store";
        return await IsEmptyAsync(cancel)
            ? new RazorComponentResult<BeginPage>(new
            {
                Token = PagesFeature.Token(http, http.RequestServices.GetRequiredService<IAntiforgery>()),
                File = Path.Combine(options.Data, "setup-token"),
                Typed = typed,
                Problem = PageProblem.Of(refusal),
            }) { StatusCode = refusal?.Status ?? StatusCodes.Status200OK }
            : Results.Redirect("/sign-in");
    }

    public async Task<IResult> ShowAsync(Visit visit, CancellationToken cancel, Refusal? refusal = null, SetupSecret? secret = null, PairingCode? code = null, AccountFields? typed = null) => visit.Show<SetupPage>(
        new SetupModel(
            options.PublicUrl ?? visit.Address, [.. statements.Trust.Keys.Select(key => new SetupKey(key.Algorithm == SignatureAlgorithm.MlDsa65 ? "ML-DSA-65" : key.Algorithm.ToString(), key.KeyIdText))], Path.Combine(options.Data, "master.key"),
            await FirstAsync(Role.Oem, cancel), await FirstAsync(Role.Manufacturer, cancel),
            await FirstPrinterAsync(cancel), secret, code?.Code, code?.ExpiresAt,
            [.. (await accounts.ListOrganisationsAsync(cancel)).Select(one => one.Name)], typed), refusal);

    /// <summary>Adds the first person with this role.</summary>
    public async Task<IResult> AddAsync(Role role, HttpContext http, Visit visit, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var password = OneTimeCode.Create().Shown;
        var typed = new AccountFields(form["email"].ToString(), form["name"].ToString(), form["organisation"].ToString(), "");
        var request = new NewAccount(typed.Email, password, typed.Name, typed.Organisation, role, Temporary: true);
        return (await accounts.CreateAsync(request, visit.Caller, cancel)).Has(out var made, out var refusal)
            ? await ShowAsync(visit, cancel, secret: new(made.Email, password)) : await ShowAsync(visit, cancel, refusal, typed: typed);
    }

    private Task<string?> FirstPrinterAsync(CancellationToken cancel) => database.FirstOrDefaultAsync<string>("select name from printers order by id limit 1", null, cancel);

    private Task<string?> FirstAsync(Role role, CancellationToken cancel) => database.FirstOrDefaultAsync<string>(
        "select organisations.name from accounts join organisations on organisations.id = accounts.organisation_id where accounts.role = @Role and accounts.disabled_at is null order by accounts.id limit 1", new { Role = role }, cancel);
}
