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

    /// <summary>The name that goes into statements as their issuer.</summary>
    public string Issuer { get; init; } = "touchmark-engine";

    /// <summary>The largest body of an ordinary request, in bytes. Uploads set their own limit.</summary>
    public int RequestBytes { get; init; } = 256 * 1024;

    /// <summary>The largest model file, in bytes.</summary>
    public long DesignBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Reads the options from the host's configuration.</summary>
    public static EngineOptions Read(IConfiguration configuration)
    {
        var defaults = new EngineOptions { Data = "touchmark-data" };
        return defaults with
        {
            Data = Path.GetFullPath(Text("data") ?? defaults.Data),
            Database = Text("database"),
            Issuer = Text("issuer") ?? defaults.Issuer,
            DesignBytes = configuration.GetValue("design-bytes", defaults.DesignBytes),
        };

        string? Text(string key) => string.IsNullOrWhiteSpace(configuration[key]) ? null : configuration[key];
    }
}
