using System.Security.Claims;

namespace Touchmark.Engine.Accounts;

/// <summary>Who asks. An endpoint takes it as a parameter; <see cref="AccountsFeature.For"/> on the endpoint says who may.</summary>
internal sealed record Caller(Guid AccountId, Guid OrganisationId, Role Role)
{
    private const string OrganisationClaim = "organisation";

    /// <summary>Admins and auditors see what belongs to every organisation; all others see their own.</summary>
    public bool SeesEverything => Role is Role.Admin or Role.Auditor;

    public bool MaySee(Guid organisationId) => SeesEverything || OrganisationId == organisationId;

    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult(From(context.User));

    internal static Caller? From(ClaimsPrincipal user) =>
        Guid.TryParseExact(user.FindFirstValue(ClaimTypes.NameIdentifier), "D", out var account)
        && Guid.TryParseExact(user.FindFirstValue(OrganisationClaim), "D", out var organisation)
        && Enum.TryParse<Role>(user.FindFirstValue(ClaimTypes.Role), out var role)
            ? new Caller(account, organisation, role)
            : null;

    internal ClaimsPrincipal ToPrincipal(string scheme) => new(new ClaimsIdentity(
        [
            new Claim(ClaimTypes.NameIdentifier, AccountId.ToString("D")),
            new Claim(OrganisationClaim, OrganisationId.ToString("D")),
            new Claim(ClaimTypes.Role, Role.ToString()),
        ], scheme));
}
