namespace Touchmark.Vault.Web;

/// <summary>What form of an answer a caller wants.</summary>
internal static class Accepted
{
    /// <summary>Whether JSON is what it accepts best (RFC 9110, 12.5.1). Whoever says nothing gets the bytes that verify.</summary>
    public static bool PrefersJson(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        var json = Quality("application/json");
        return json > 0 && json >= Math.Max(Quality("application/cbor"), Quality(Evidence.Statements.EvidenceFile.MediaType));

        double Quality(string type) => accepted.Where(range => range.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase)).Select(range => range.Quality ?? 1).DefaultIfEmpty(0).Max();
    }
}
