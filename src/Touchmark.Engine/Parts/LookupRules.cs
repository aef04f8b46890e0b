using Microsoft.AspNetCore.Authorization;
using Touchmark.Engine.Accounts;

namespace Touchmark.Engine.Parts;

/// <summary>
/// Who may look up parts, their evidence and the log. With <c>--lookup public</c> everybody who knows a part's id; with <c>--lookup closed</c> accounts alone: admins and auditors all,
/// owners of designs and manufacturers what is theirs, custodians the parts whose ids they know.
/// </summary>
internal sealed class LookupRules(EngineOptions options)
{
    public bool IsPublic => options.PublicLookup;

    /// <summary>Whether this caller, or a stranger where it is null, may look anything up at all.</summary>
    public bool MayAsk(Caller? caller) => IsPublic || caller is not null;

    /// <summary>Whether this caller may see this part.</summary>
    public bool MaySee(Caller? caller, Part part) => IsPublic || (caller is not null && (caller.Role == Role.Custodian || caller.MaySee(part.OwnerId) || caller.MaySee(part.OrganisationId)));
}

internal static class LookupPolicy
{
    /// <summary>
    /// An endpoint that everybody may call unless the engine's look-up is closed. It takes its caller as a <c>Caller?</c>, which is null for strangers, and asks
    /// <see cref="LookupRules.MaySee"/> about a part, or <see cref="PartRegistry.LookUpAsync"/>, which does.
    /// </summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="scheme"><see cref="TokenAuthentication.Api"/>, or <see cref="TokenAuthentication.Pages"/> for a page.</param>
    public static TBuilder ForLookup<TBuilder>(this TBuilder endpoint, string scheme = TokenAuthentication.Api)
        where TBuilder : IEndpointConventionBuilder => endpoint.RequireAuthorization(new AuthorizationPolicyBuilder(scheme).RequireAssertion(MayAsk).Build());

    private static bool MayAsk(AuthorizationHandlerContext context) =>
        context.Resource is HttpContext http && http.RequestServices.GetRequiredService<LookupRules>().MayAsk(Caller.From(http.User));
}
