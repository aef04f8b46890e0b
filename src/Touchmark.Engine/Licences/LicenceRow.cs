using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Licences;

/// <summary>A licence in a list.</summary>
public sealed record LicenceRow(Guid Id, Guid DesignId, string Design, string Owner, string For, string Left, string Materials, DateTimeOffset? Until, string State, string Tone)
{
    /// <summary>The state of a licence under which something can be printed now.</summary>
    internal const string Usable = "granted";

    internal static LicenceRow Of(Licence licence, DateTimeOffset now)
    {
        var (state, tone) = licence switch
        {
            { RevokedAt: not null } => ("revoked", "bad"),
            { ExpiresAt: { } until } when until <= now => ("expired", "caution"),
            _ when licence.Taken >= licence.Prints => ("used up", "quiet"),
            _ => (Usable, "good"),
        };
        return new(
            licence.Id, licence.DesignId, licence.DesignName, licence.Organisation, Names(licence), string.Create(CultureInfo.InvariantCulture, $"{licence.Prints - licence.Taken} of {licence.Prints}"),
            Any(licence.Of(LicenceScope.Material)), licence.ExpiresAt, state, tone);
    }

    /// <summary>As somebody sees it: who else may print is nobody's business but the owner's.</summary>
    internal static LicenceRow SeenBy(Licence licence, Caller caller, DateTimeOffset now) =>
        Of(licence, now) is var row && caller.MaySee(licence.OrganisationId) ? row : row with { For = "your organisation" };

    internal static string Any(IEnumerable<string> values) => string.Join(", ", values) is { Length: > 0 } text ? text : "any";

    /// <summary>What revoking it does to prints that run.</summary>
    internal static string Says(RevocationPolicy policy) => policy == RevocationPolicy.AtOnce ? "stops prints that run, at once" : "lets prints that run finish";

    private static string Names(Licence licence)
    {
        var printers = licence.Of(LicenceScope.Printer).Count();
        var named = licence.Scopes.Where(scope => scope.Kind == LicenceScope.Manufacturer).Select(scope => scope.Name ?? scope.Value).ToList();
        return string.Join(", ", printers == 0 ? named : [.. named, printers == 1 ? "1 printer" : $"{printers} printers"]);
    }
}
