using System.Globalization;
using System.Net;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Access;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault;

/// <summary>
/// What the vault is told at start: <c>--data DIR [--socket FILE] [--listen http://127.0.0.1:PORT] --module FILE --token LABEL --pin-file FILE</c> and more,
/// or the same names as environment variables with the prefix <c>TOUCHMARK_VAULT_</c>.
/// </summary>
internal sealed record VaultOptions
{
    /// <summary>The folder that holds the manifest, the certificate and, without <see cref="Database"/>, the index.</summary>
    public required string Data { get; init; }

    /// <summary>The Unix socket that it listens on.</summary>
    public required string Socket { get; init; }

    /// <summary>The loopback address that it listens on, too; null for none.</summary>
    public IPEndPoint? Loopback { get; init; }

    /// <summary>A PostgreSQL connection string for the index, or null for SQLite in the data folder.</summary>
    public string? Database { get; init; }

    /// <summary>The S3 bucket that the manifest and the documents beside it lie in, or null for the data folder.</summary>
    public S3Place? Objects { get; init; }

    /// <summary>The HSM; without a module the vault starts, and signs nothing.</summary>
    public required HsmOptions Hsm { get; init; }

    /// <summary>Who may do what over the socket, by the credentials that the kernel tells.</summary>
    public IReadOnlyList<PeerRule> Peers { get; init; } = [];

    /// <summary>The largest toolpath, in bytes.</summary>
    public long GCodeBytes { get; init; } = 1L << 30;

    /// <summary>Minutes from one anchor of the manifest to the next.</summary>
    public int AnchorMinutes { get; init; } = 60;

    /// <summary>Hours after which <c>/v3/verify</c> refuses a manifest as too old.</summary>
    public int ManifestHours { get; init; } = 24;

    /// <summary>A vault in this folder, with what is usual.</summary>
    public static VaultOptions In(string data) => new() { Data = data, Socket = Path.Combine(data, "vault.sock"), Hsm = new HsmOptions() };

    /// <summary>Reads the options from the host's configuration.</summary>
    /// <exception cref="InvalidOperationException">One of them is not what it has to be; the message says which, and what it takes.</exception>
    public static VaultOptions Read(IConfiguration configuration)
    {
        var data = Path.GetFullPath(Text("data") ?? "vault-data");
        var defaults = In(data);
        return defaults with
        {
            Socket = Text("socket") is { } socket ? Path.GetFullPath(socket) : defaults.Socket,
            Loopback = Text("listen") is { } url ? Address(url) : null,
            Database = Text("database"),
            Objects = Text("objects") is { } objects ? ObjectsAt(objects) : null,
            Hsm = new HsmOptions
            {
                Module = Text("module"),
                TokenLabel = Text("token"),
                TokenSerial = Text("token-serial"),
                TakeOver = Text("take-over") is "true",
                PinFile = Text("pin-file"),
                TpmCounter = Text("tpm-counter"),
            },
            Peers = [.. Roles.All.SelectMany(role => PeerRule.ParseAll(role.Role, role.Name, Text(role.Name)))],
            GCodeBytes = Number("gcode-bytes", defaults.GCodeBytes, long.MaxValue),
            AnchorMinutes = (int)Number("anchor-minutes", defaults.AnchorMinutes, 7 * 24 * 60),
            ManifestHours = (int)Number("manifest-hours", defaults.ManifestHours, 100 * 365 * 24),
        };

        long Number(string key, long usual, long highest) => Text(key) is not { } text ? usual
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= highest ? number
            : throw new InvalidOperationException($"The option --{key} is a whole number from 1 to {highest}, not {text}.");

        S3Place ObjectsAt(string text)
        {
            try
            {
                var place = S3Place.Parse(text, Text("s3-endpoint")) with { Credentials = Text("s3-credentials") };
                return place with { Region = Text("s3-region") ?? place.Region };
            }
            catch (FormatException wrong)
            {
                throw new InvalidOperationException($"The option --objects: {wrong.Message}.", wrong);
            }
        }

        // Tokens travel in the clear here, which is right on the loopback and nowhere else.
        static IPEndPoint Address(string text) =>
            Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http", UserInfo: "", PathAndQuery: "/", Fragment: "" }
            && IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)
                ? new IPEndPoint(address, url.Port)
                : throw new InvalidOperationException($"The option --listen is an address of the loopback such as http://127.0.0.1:7430, not {text}.");

        string? Text(string key) => string.IsNullOrWhiteSpace(configuration[key]) ? null : configuration[key];
    }
}
