using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Transparency;

/// <summary>Asks a time-stamping authority (RFC 3161, over HTTP as its section 3.4 has it), if there is one.</summary>
internal sealed class TimeStampAuthority(EngineOptions options) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Patience, MaxResponseContentBufferSize = 4 * LogAnchor.MaxTimeStamp };

    /// <summary>A token over these bytes, DER; null when no authority was named.</summary>
    /// <exception cref="HttpRequestException">It cannot be reached, or does not stamp.</exception>
    /// <exception cref="CryptographicException">What it answered is no token over these bytes, or its signature is wrong. Whether its certificate is to be believed is for readers to say.</exception>
    public async Task<byte[]?> StampAsync(byte[] data, CancellationToken cancel)
    {
        if (options.TimeStampAuthority is not { } address)
        {
            return null;
        }

        var request = Rfc3161TimestampRequest.CreateFromData(data, HashAlgorithmName.SHA256, nonce: RandomNumberGenerator.GetBytes(8), requestSignerCertificates: true);
        using var content = new ByteArrayContent(request.Encode());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/timestamp-query");
        using var answer = await http.PostAsync(address, content, cancel);
        answer.EnsureSuccessStatusCode();
        // It refuses tokens over other bytes, or with another nonce.
        var token = request.ProcessResponse(await answer.Content.ReadAsByteArrayAsync(cancel), out _);
        var encoded = token.AsSignedCms().Encode();
        return !token.VerifySignatureForData(data, out _) ? throw new CryptographicException("The time stamp's signature is wrong, or its certificate is missing.")
            : encoded.Length > LogAnchor.MaxTimeStamp ? throw new CryptographicException($"The time stamp has {encoded.Length} bytes, at most {LogAnchor.MaxTimeStamp} are kept.")
            : encoded;
    }

    public void Dispose() => http.Dispose();
}
