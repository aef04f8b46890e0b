using System.Net;

namespace Touchmark.Moonraker;

/// <summary>
/// Moonraker's file manager over HTTP (<c>/server/files</c>): whole small files of one root. Its Unix socket has no such thing, so this needs an address with
/// a host.
/// </summary>
public sealed class MoonrakerFiles : IDisposable
{
    /// <summary>A printer's configuration is some tens of kilobytes.</summary>
    private const int LongestFile = 4 * 1024 * 1024;

    private readonly HttpClient _http;
    private readonly string _root;

    /// <param name="address">A printer that is reached over TCP.</param>
    /// <param name="root">Such as <c>config</c>.</param>
    public MoonrakerFiles(MoonrakerAddress address, string root)
    {
        if (address.Transport == MoonrakerTransport.UnixSocket)
        {
            throw new ArgumentException("Files need an address with a host.", nameof(address));
        }

        _root = root;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
        {
            BaseAddress = new Uri(address + "/"),
            Timeout = MoonrakerClient.UsualTimeout,
            MaxResponseContentBufferSize = LongestFile,
        };
    }

    /// <summary>A file's bytes; null when there is none.</summary>
    /// <exception cref="MoonrakerException">Nothing useful answers there, or the request is refused.</exception>
    public Task<byte[]?> ReadAsync(string path, CancellationToken cancellationToken) => ExchangeAsync(HttpMethod.Get, Place(path), null, cancellationToken);

    /// <summary>Writes a file, in place of one that is there.</summary>
    /// <exception cref="MoonrakerException">Nothing useful answers there, or the request is refused.</exception>
    public async Task WriteAsync(string path, byte[] content, CancellationToken cancellationToken)
    {
        var folder = path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";
        using var form = new MultipartFormDataContent
        {
            { new StringContent(_root), "root" },
            { new StringContent(folder), "path" },
            { new ByteArrayContent(content), "file", path[(path.LastIndexOf('/') + 1)..] },
        };
        await ExchangeAsync(HttpMethod.Post, "server/files/upload", form, cancellationToken);
    }

    /// <summary>Deletes a file that is there.</summary>
    /// <exception cref="MoonrakerException">Nothing useful answers there, or the request is refused.</exception>
    public Task DeleteAsync(string path, CancellationToken cancellationToken) => ExchangeAsync(HttpMethod.Delete, Place(path), null, cancellationToken);

    public void Dispose() => _http.Dispose();

    private string Place(string path) => $"server/files/{_root}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}";

    private async Task<byte[]?> ExchangeAsync(HttpMethod method, string place, HttpContent? content, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, place) { Content = content };
            using var answer = await _http.SendAsync(request, cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            }

            return answer.StatusCode == HttpStatusCode.NotFound && method == HttpMethod.Get
                ? null
                : throw new MoonrakerException(MoonrakerFailure.Refused, $"Moonraker refused {method} of {place} with status {(int)answer.StatusCode}.", (int)answer.StatusCode);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new MoonrakerException(MoonrakerFailure.Unreachable, $"No Moonraker answers at {_http.BaseAddress}: {failure.GetBaseException().Message}", inner: failure);
        }
    }
}
