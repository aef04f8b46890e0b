using Touchmark.Log.Storage;

namespace Touchmark.Hosting.Storage;

/// <summary>A place in an S3 bucket, and how to get there.</summary>
/// <param name="Bucket">Its name.</param>
/// <param name="Prefix">What the keys of all objects begin with: empty, or a path that ends with a slash.</param>
public sealed record S3Place(string Bucket, string Prefix)
{
    private const string Scheme = "s3://";

    /// <summary>Where the store answers; null for Amazon's own in <see cref="Region"/>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The region that requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>A file of the form that AWS's tools use, readable by its owner alone; null: <c>AWS_ACCESS_KEY_ID</c>, <c>AWS_SECRET_ACCESS_KEY</c> and <c>AWS_SESSION_TOKEN</c> of the environment.</summary>
    public string? Credentials { get; init; }

    /// <summary>What one operation may take, with all its attempts.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>As people write it.</summary>
    public override string ToString() => $"{Scheme}{Bucket}/{Prefix}{(Endpoint is null ? "" : $" at {Endpoint.GetLeftPart(UriPartial.Authority)}")}";

    /// <summary>Reads <c>s3://bucket/prefix</c>.</summary>
    /// <exception cref="FormatException">It is none; the message is for the end of a sentence.</exception>
    public static S3Place Parse(string text, string? endpoint)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            throw new FormatException($"an object store is s3://BUCKET/PREFIX, not {text}");
        }

        var parts = text[Scheme.Length..].TrimEnd('/').Split('/', 2);
        if (parts[0].Length is < 3 or > 63 || !parts[0].All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.'))
        {
            throw new FormatException($"a bucket has a name of 3 to 63 lower-case letters, digits, points and hyphens, not {parts[0]}");
        }

        if (parts.Length == 2 && !LogPaths.IsObject(parts[1]))
        {
            throw new FormatException($"a prefix has names of letters, digits, points, hyphens and underscores with slashes between them, not {parts[1]}");
        }

        return new S3Place(parts[0], parts.Length == 2 ? parts[1] + "/" : "") { Endpoint = endpoint is null ? null : ParseEndpoint(endpoint) };
    }

    // What is signed cannot be altered, and can be read by everybody on the way.
    private static Uri ParseEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { UserInfo: "", PathAndQuery: "/", Fragment: "" } && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            ? url
            : throw new FormatException($"an S3 endpoint is an address such as https://s3.example, plain http on the loopback alone, not {text}");
}
