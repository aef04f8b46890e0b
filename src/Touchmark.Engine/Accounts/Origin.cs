using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>From where and with what somebody signs in, as they recognise it in the list of their sessions.</summary>
/// <param name="Place">The IP address.</param>
/// <param name="Client">Such as "Firefox on Linux".</param>
internal sealed record Origin(string Place, string Client)
{
    private const int LongestName = 60;

    // The first that fits: browsers name each other, and the one that is meant comes last in this sense.
    private static readonly (string Mark, string Name)[] Programs =
        [("touchmark", "touchmark"), ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl/", "curl")];

    private static readonly (string Mark, string Name)[] Systems = [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")];

    public static Origin Of(HttpContext http)
    {
        var address = http.Connection.RemoteIpAddress;
        return new(address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString(), Describe(http.Request.Headers.UserAgent.ToString()));
    }

    /// <summary>A program and its system in a few words; what is not known is named as it names itself, shortened.</summary>
    internal static string Describe(string userAgent)
    {
        var (program, system) = (Find(Programs, userAgent), Find(Systems, userAgent));
        return program is not null ? system is null ? program : $"{program} on {system}"
            : userAgent.Length > 0 && PlainText.TryAccept(userAgent.Length > LongestName ? userAgent[..LongestName] : userAgent, LongestName, out var name) ? name : "unknown program";
    }

    private static string? Find((string Mark, string Name)[] known, string userAgent) => known.FirstOrDefault(one => userAgent.Contains(one.Mark, StringComparison.Ordinal)).Name;
}
