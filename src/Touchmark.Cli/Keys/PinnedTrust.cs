using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Keys;

/// <summary>The keys that this computer believes: <c>trust.json</c> in <see cref="Home.Folder"/>, or another file that the caller names.</summary>
internal static class PinnedTrust
{
    public const string FileName = "trust.json";

    public const string HowToGetIt =
        "pin the engine's keys: touchmark login https://ENGINE …, or, with a file that the engine's operator gave you, touchmark keys trust add FILE";

    public static string DefaultPath => Path.Combine(Home.Folder, FileName);

    /// <summary>The pinned keys; none when nothing was pinned yet.</summary>
    public static TrustStore Load() => File.Exists(DefaultPath) ? Read(DefaultPath) : TrustStore.Empty;

    /// <exception cref="CliFailure">The file cannot be read, or is no trust store.</exception>
    public static TrustStore Read(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"the trust store {path} cannot be read.", "check its path and permissions", exitCode: 2);
        }
    }

    /// <param name="json">What a file or an engine says.</param>
    /// <param name="source">Where it is from, for the message.</param>
    /// <exception cref="CliFailure">It is no trust store.</exception>
    public static TrustStore Parse(ReadOnlySpan<byte> json, string source) =>
        TrustStore.TryParse(json, out var trust, out var problem) ? trust
        : throw new CliFailure($"{source} is no trust store: {problem}.", "spec/certificate.md says what one looks like", exitCode: 2);

    public static void Save(TrustStore trust) => Home.Write(FileName, trust.ToJson());

    /// <summary>Pins what an engine offers on first use. Later, other keys under a name that is known are an alarm and not an update.</summary>
    /// <exception cref="CliFailure">The engine offers other keys than the pinned ones, and nobody said that this is right.</exception>
    public static void Pin(TrustStore offered, bool acceptNew)
    {
        var pinned = Load();
        var fresh = offered.Keys.Where(key => pinned.Find(key.Algorithm, key.KeyId.Span) is null).ToList();
        if (!acceptNew && fresh.Find(key => pinned.Keys.Any(known => known.Name == key.Name)) is { } surprise)
        {
            throw new CliFailure(
                $"the engine offers a key of {surprise.Name} that is not the pinned one: {surprise.KeyIdText}.",
                "ask the engine's operator, over another channel, for the ids of its keys; if they are these, sign in with --trust-new-keys");
        }

        if (!acceptNew && pinned.Log is { } log && offered.Log is { } other && other.Text != log.Text)
        {
            throw new CliFailure(
                "the engine offers another policy of its log than the pinned one.",
                "ask the engine's operator, over another channel, for the policy of its log; if it is this one, sign in with --trust-new-keys");
        }

        Save(pinned.With(offered.Keys) with { Log = offered.Log ?? pinned.Log });
        foreach (var key in fresh)
        {
            Screen.Line($"Pinned {Describe(key)}");
        }
    }

    public static string Describe(TrustedKey key) => $"{key.KeyIdText}  {key.Algorithm}  {key.Name}";
}
