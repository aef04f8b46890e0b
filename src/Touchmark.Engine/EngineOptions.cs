using System.Globalization;
using System.Net;
using Touchmark.Engine.Accounts.Oidc;
using Touchmark.Engine.Demonstration;
using Touchmark.Engine.Gs1;
using Touchmark.Engine.Marketplace;

namespace Touchmark.Engine;

/// <summary>
/// What the engine is told at start: <c>--data DIR --urls http://127.0.0.1:PORT [--database "Host=…"]</c>,
/// or the same names as environment variables with the prefix <c>TOUCHMARK_</c>.
/// </summary>
internal sealed record EngineOptions
{
    /// <summary>The folder that holds the master key, the blobs and, without <see cref="Database"/>, the SQLite file.</summary>
    public required string Data { get; init; }

    /// <summary>A PostgreSQL connection string, or null for SQLite in the data folder.</summary>
    public string? Database { get; init; }

    /// <summary>The folder of the log's public objects, <c>log</c> in the data folder unless it is said: the nodes of an engine share one.</summary>
    public required string Log { get; init; }

    /// <summary>The file that names the log's witnesses and their quorum (<see cref="Transparency.Witnesses"/>); null for none.</summary>
    public string? Witnesses { get; init; }

    /// <summary>Days from one anchor of the log to the next (<see cref="Transparency.Anchors"/>); 0 for none.</summary>
    public int AnchorDays { get; init; } = 7;

    /// <summary>The time-stamping authority that stamps anchors (RFC 3161); null for none.</summary>
    public Uri? TimeStampAuthority { get; init; }

    /// <summary>The mirror node that external licences and <c>hedera://</c> URIs are looked up at, with a slash at the end; null for none.</summary>
    public Uri? MirrorNode { get; init; }

    /// <summary>The network of Hedera that it mirrors.</summary>
    public string HederaNetwork { get; init; } = HederaUri.Networks[0];

    /// <summary>Whether everybody may read the log's entries, which are the statements themselves; otherwise admins and auditors.</summary>
    public bool PublicEntries { get; init; }

    /// <summary>Whether everybody who knows a part's id may look it up; otherwise accounts alone.</summary>
    public bool PublicLookup { get; init; } = true;

    /// <summary>Whoever sits at this computer signs in as anybody by a click (<see cref="DemonstrationFeature"/>). Never where people work.</summary>
    public bool Demonstration { get; init; }

    /// <summary>The name that goes into statements as their issuer.</summary>
    public string Issuer { get; init; } = "touchmark-engine";

    /// <summary>Where the engine is found from outside (<c>https://parts.example.com</c>), without a slash at the end: what labels lead to. Null when it was not told.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>By which people sign in beside their passwords; null for none.</summary>
    public IdentityProvider? IdentityProvider { get; init; }

    /// <summary>The GS1 Company Prefix of whoever runs the engine, for parts of products without a GTIN.</summary>
    public CompanyPrefix? CompanyPrefix { get; init; }

    /// <summary>The folder with the fonts of labels (DejaVu).</summary>
    public string Fonts { get; init; } = "/usr/share/fonts/truetype/dejavu";

    /// <summary>The largest body of an ordinary request, in bytes. Uploads set their own limit.</summary>
    public int RequestBytes { get; init; } = 256 * 1024;

    /// <summary>The largest model file, in bytes.</summary>
    public long DesignBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>The models that one organisation may keep, in bytes.</summary>
    public long OrganisationBytes { get; init; } = 50L * 1024 * 1024 * 1024;

    /// <summary>Designs that one organisation may add within 24 hours.</summary>
    public int UploadsPerDay { get; init; } = 500;

    /// <summary>Requests that an address, and that an account, may send each second for long.</summary>
    public int RequestsPerSecond { get; init; } = 50;

    /// <summary>Requests that each of them may send at once.</summary>
    public int RequestBurst { get; init; } = 200;

    /// <summary>Bytes of evidence that the engine verifies for one address each second for long.</summary>
    public int VerifyBytesPerSecond { get; init; } = 512 * 1024;

    /// <summary>Bytes of evidence that it verifies for it at once.</summary>
    public int VerifyBurstBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Time for an ordinary request from its headers to its answer, s.</summary>
    public int RequestSeconds { get; init; } = 60;

    /// <summary>Time for the upload of a design, s.</summary>
    public int UploadSeconds { get; init; } = 1800;

    /// <summary>Gateways that may be connected from one address.</summary>
    public int GatewaysPerAddress { get; init; } = 1000;

    /// <summary>Connections of all kinds that are open at once.</summary>
    public int Connections { get; init; } = 20_000;

    /// <summary>The proxies, by address or network, whose word counts for where a request comes from; none without this option.</summary>
    public IReadOnlyList<IPNetwork> Proxies { get; init; } = [];

    /// <summary>Reads the options from the host's configuration.</summary>
    public static EngineOptions Read(IConfiguration configuration)
    {
        var data = Path.GetFullPath(Text("data") ?? "touchmark-data");
        var defaults = new EngineOptions { Data = data, Log = Path.Combine(data, "log") };
        var options = defaults with
        {
            Log = Path.GetFullPath(Text("log") ?? defaults.Log),
            Witnesses = Text("witnesses"),
            AnchorDays = Text("anchor-days") is not { } days ? defaults.AnchorDays
                : int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 3650 ? number
                : throw new InvalidOperationException($"The option --anchor-days is a whole number from 0 to 3650, not {days}."),
            TimeStampAuthority = Text("time-stamp-authority") is not { } authority ? null
                : Uri.TryCreate(authority, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address
                : throw new InvalidOperationException($"The option --time-stamp-authority is an http or https address, not {authority}."),
            MirrorNode = Text("mirror-node") is { } mirror ? new Uri(Address("mirror-node", mirror) + "/") : null,
            HederaNetwork = Text("hedera-network") is not { } network ? defaults.HederaNetwork
                : HederaUri.Networks.Contains(network) ? network
                : throw new InvalidOperationException($"The option --hedera-network is {string.Join(", ", HederaUri.Networks)}, not {network}."),
            PublicEntries = Text("log-entries") switch
            {
                null or "auditors" => false,
                "public" => true,
                var other => throw new InvalidOperationException($"The option --log-entries is auditors or public, not {other}."),
            },
            Database = Text("database"),
            PublicLookup = Text("lookup") switch
            {
                null or "public" => true,
                "closed" => false,
                var other => throw new InvalidOperationException($"The option --lookup is public or closed, not {other}."),
            },
            Demonstration = Text("demonstration") switch
            {
                null or "off" => false,
                "on" => true,
                var other => throw new InvalidOperationException($"The option --demonstration is on or off, not {other}."),
            },
            Issuer = Text("issuer") ?? defaults.Issuer,
            PublicUrl = Text("public-url") is { } url ? Address("public-url", url) : null,
            IdentityProvider = IdentityProvider.Read(Text),
            CompanyPrefix = Text("company-prefix") is { } prefix
                ? CompanyPrefix.Parse(prefix) ?? throw new InvalidOperationException($"The option --company-prefix is 4 to 12 digits, not {prefix}.") : null,
            Fonts = Text("fonts") ?? defaults.Fonts,
            DesignBytes = Number("design-bytes", defaults.DesignBytes),
            OrganisationBytes = Number("organisation-bytes", defaults.OrganisationBytes),
            UploadsPerDay = (int)Number("uploads-per-day", defaults.UploadsPerDay),
            RequestsPerSecond = (int)Number("requests-per-second", defaults.RequestsPerSecond),
            RequestBurst = (int)Number("request-burst", defaults.RequestBurst),
            VerifyBytesPerSecond = (int)Number("verify-bytes-per-second", defaults.VerifyBytesPerSecond),
            VerifyBurstBytes = (int)Number("verify-burst", defaults.VerifyBurstBytes),
            RequestSeconds = (int)Number("request-seconds", defaults.RequestSeconds),
            UploadSeconds = (int)Number("upload-seconds", defaults.UploadSeconds),
            GatewaysPerAddress = (int)Number("gateways-per-address", defaults.GatewaysPerAddress),
            Connections = (int)Number("connections", defaults.Connections),
            Proxies = [.. (Text("proxies") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Network)],
        };
        if (options.Demonstration)
        {
            RefuseOpenDemonstration();
        }

        return options is { PublicLookup: false, PublicEntries: true }
            ? throw new InvalidOperationException("With --lookup closed nothing is looked up by strangers, and --log-entries public would show them every statement. Leave out one of both.") : options;

        // Everybody may be anybody there, so nobody else may reach it.
        void RefuseOpenDemonstration()
        {
            var open = (Text("urls") ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .FirstOrDefault(url => !Uri.TryCreate(url, UriKind.Absolute, out var address) || !DemonstrationFeature.IsLoopback(address.Host));
            var wrong = open is not null ? $"--urls {open}" : Text("public-url") is not null ? "--public-url" : Text("proxies") is not null ? "--proxies" : Text("database") is not null ? "--database" : null;
            if (wrong is not null)
            {
                throw new InvalidOperationException($"A demonstration lets everybody in, so it stays on the loopback with a data folder of its own: {wrong} does not go with --demonstration on.");
            }
        }

        long Number(string key, long usual)
        {
            var highest = key.EndsWith("-bytes", StringComparison.Ordinal) ? long.MaxValue : int.MaxValue;
            return Text(key) is not { } text ? usual
                : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= highest ? number
                : throw new InvalidOperationException($"The option --{key} is a whole number from 1 to {highest}, not {text}.");
        }

        static string Address(string key, string text) =>
            Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url is { UserInfo: "", Query: "", Fragment: "" }
                ? $"{url.Scheme}://{url.IdnHost}{(url.IsDefaultPort ? "" : $":{url.Port}")}{url.AbsolutePath.TrimEnd('/')}"
                : throw new InvalidOperationException($"The option --{key} is an address such as https://parts.example.com, not {text}.");

        static IPNetwork Network(string text) =>
            IPNetwork.TryParse(text, out var network) ? network
            : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128)
            : throw new InvalidOperationException($"The option --proxies names {text}, which is neither an address nor a network such as 10.0.0.0/8.");

        string? Text(string key) => string.IsNullOrWhiteSpace(configuration[key]) ? null : configuration[key];
    }
}
