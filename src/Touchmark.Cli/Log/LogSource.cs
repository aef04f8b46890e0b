using System.Net;
using System.Net.Http.Headers;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Verification;

namespace Touchmark.Cli.Log;

/// <summary>A log that a command looks at: a folder, or its address, such as <c>https://engine.example/log</c>.</summary>
internal static class LogSource
{
    /// <exception cref="CliFailure">It is neither.</exception>
    public static IObjectReader Open(string source)
    {
        if (Uri.TryCreate(source, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        {
            return new HttpObjects(ClientOf(address));
        }

        return Directory.Exists(source) ? new FolderStore(source)
            : throw new CliFailure($"{source} is neither a folder nor the address of a log.", "the log of an engine lies in its folder log/, and under https://ENGINE/log", exitCode: 2);
    }

    /// <summary>The logs and witnesses to believe: a policy file, or the one that is pinned with the engine's keys.</summary>
    public static LogPolicy Policy(FileInfo? file)
    {
        if (file is null)
        {
            return PinnedTrust.Load().Log?.Policy ?? throw new CliFailure("no log is pinned, so there are no keys to check it with.", PinnedTrust.HowToGetIt, exitCode: 2);
        }

        try
        {
            return LogPolicy.TryParse(File.ReadAllBytes(file.FullName), out var policy, out var problem) ? policy
                : throw new CliFailure($"{file} is no policy: {problem}.", "spec/log.md says what one looks like", exitCode: 2);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"the policy {file} cannot be read.", "check its path and permissions", exitCode: 2);
        }
    }

    /// <summary>The log's newest checkpoint, verified.</summary>
    /// <exception cref="CliFailure">There is none, or it is not to be believed.</exception>
    public static async Task<SignedCheckpoint> HeadAsync(IObjectReader objects, LogPolicy policy, CancellationToken cancel)
    {
        var bytes = await objects.ReadAsync(LogPaths.Checkpoint, cancel) ?? throw new CliFailure("the log has no checkpoint.", "is it the folder or address of a log?");
        if (!SignedCheckpoint.TryParse(bytes.Span, out var signed, out var problem))
        {
            throw new CliFailure($"the log's checkpoint cannot be read: {problem}.", "run touchmark log fsck");
        }

        var failed = LogVerifier.Verify(signed, policy, TimeProvider.System.GetUtcNow(), LogExpectations.None).Checks.FirstOrDefault(check => check.Outcome == LogCheckOutcome.Failed);
        return failed is null ? signed : throw new CliFailure($"the log's checkpoint is not to be believed: {failed.Words}", "is the policy the one of this log?");
    }

    // Entries are for auditors: who is signed in at the engine of this log shows that.
    private static string? TokenFor(Uri address)
    {
        try
        {
            var session = Home.Session();
            return session.Engine.Authority == address.Authority && session.Engine.Scheme == address.Scheme ? session.Token : null;
        }
        catch (CliFailure)
        {
            return null;
        }
    }

    private static HttpClient ClientOf(Uri log)
    {
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(log.AbsoluteUri.TrimEnd('/') + "/"),
            Timeout = TimeSpan.FromMinutes(1),
            // A bundle of 256 entries, each as long as they get.
            MaxResponseContentBufferSize = TileId.FullWidth * (EntryBundle.MaxEntrySize + 2L),
        };
        http.DefaultRequestHeaders.Authorization = TokenFor(log) is { } token ? new AuthenticationHeaderValue("Bearer", token) : null;
        return http;
    }

    private sealed class HttpObjects(HttpClient http) : IObjectReader
    {
        public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancel);
                return answer.StatusCode switch
                {
                    HttpStatusCode.OK => (ReadOnlyMemory<byte>?)await answer.Content.ReadAsByteArrayAsync(cancel),
                    HttpStatusCode.NotFound => null,
                    HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => throw new CliFailure(
                        $"{path} is kept from you.", "entries are for admins and auditors: touchmark login, or run it on the log's folder"),
                    var status => throw new IOException($"{path} was answered with status {(int)status}."),
                };
            }
            catch (HttpRequestException error)
            {
                throw new IOException($"{path} cannot be fetched: {error.Message}", error);
            }
        }
    }
}
