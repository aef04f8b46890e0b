using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Streaming.Wire;

namespace Touchmark.Gateway.Vault;

/// <summary>The vault beside the printer, over its Unix socket: the kernel tells it who asks, so that no secret is needed, and nothing leaves this host.</summary>
internal sealed class VaultClient : IDisposable
{
    private const int LargestAnswer = 1 << 20;

    private readonly string _socket;
    private readonly HttpClient _http;

    public VaultClient(string socket)
    {
        _socket = socket;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectCallback = ConnectAsync };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://vault"), MaxResponseContentBufferSize = LargestAnswer, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Has a bundle signed, or gets the one that was signed before; its statement.</summary>
    /// <exception cref="VaultException">The vault did not.</exception>
    public async Task<byte[]> SignBundleAsync(BundleOrder order, IReadOnlyDictionary<string, SensorRange> sensors, CancellationToken cancel)
    {
        using var form = new MemoryStream();
        using (var json = new Utf8JsonWriter(form))
        {
            json.WriteStartObject();
            json.WriteString("job_id", order.JobId.ToString("D"));
            json.WriteString("gcode_sha256", Convert.ToHexStringLower(order.GCodeSha256.Span));
            json.WriteNumber("gcode_bytes", order.GCodeBytes);
            json.WriteStartObject("slicer");
            json.WriteString("name", order.Slicer);
            json.WriteEndObject();
            json.WriteString("material", order.Material);
            json.WriteString("started_at", order.Started);
            json.WriteString("ended_at", order.Ended);
            json.WriteStartObject("sensors");
            foreach (var (channel, range) in sensors)
            {
                json.WriteStartObject(channel);
                json.WriteNumber("min", range.Min);
                json.WriteNumber("max", range.Max);
                json.WriteNumber("mean", range.Mean);
                json.WriteString("unit", range.Unit);
                json.WriteNumber("samples", range.Samples);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        using var answer = JsonDocument.Parse(await PostAsync("v3/bundles", form.ToArray(), cancel));
        if (!answer.RootElement.TryGetProperty("bundle_id", out var id) || !id.TryGetGuid(out var bundleId))
        {
            throw new VaultException("VAULT_ANSWER", "The vault's answer names no bundle.");
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, $"v3/bundles/{bundleId:D}");
        return Read(await SendAsync(request, EvidenceFile.MediaType, cancel)).Subject.Envelope.ToArray();
    }

    /// <summary>Has a certificate counter-signed; the statement, and that of the vault's own certificate.</summary>
    /// <exception cref="VaultException">The vault did not.</exception>
    public async Task<(byte[] Endorsement, byte[] Certificate)> EndorseAsync(EndorsementOrder order, CancellationToken cancel)
    {
        using var form = new MemoryStream();
        using (var json = new Utf8JsonWriter(form))
        {
            json.WriteStartObject();
            json.WriteString("certificate_id", order.CertificateId);
            json.WriteString("certificate_sha256", Convert.ToHexStringLower(order.CertificateSha256.Span));
            json.WriteString("bundle_sha256", Convert.ToHexStringLower(order.BundleSha256.Span));
            json.WriteEndObject();
        }

        var file = Read(await PostAsync("v3/endorsements", form.ToArray(), cancel));
        foreach (var part in file.Related)
        {
            if (Statement.TryParse(part.Envelope, out var statement, out _) && statement.ContentType == VaultCertificate.ContentType)
            {
                return (file.Subject.Envelope.ToArray(), part.Envelope.ToArray());
            }
        }

        throw new VaultException("VAULT_ANSWER", "The vault's answer lacks its certificate.");
    }

    /// <summary>Has what an auditor made of a finding entered; the signed decision.</summary>
    /// <exception cref="VaultException">The vault did not take it.</exception>
    public async Task<byte[]> ReviewAsync(ReviewOrder order, CancellationToken cancel)
    {
        using var form = new MemoryStream();
        using (var json = new Utf8JsonWriter(form))
        {
            json.WriteStartObject();
            json.WriteString("decision", order.Accepts ? "accept" : "reject");
            json.WriteString("comment", order.Comment);
            json.WriteString("for", order.Who);
            json.WriteEndObject();
        }

        using var answer = JsonDocument.Parse(await PostAsync($"v3/findings/{order.BundleId:D}/{Uri.EscapeDataString(order.Signal)}", form.ToArray(), cancel));
        return answer.RootElement.TryGetProperty("statement", out var statement) && statement.ValueKind == JsonValueKind.String && statement.TryGetBytesFromBase64(out var bytes) ? bytes
            : throw new VaultException("VAULT_ANSWER", "The vault's answer lacks its signed decision.");
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static EvidenceFile Read(byte[] file) =>
        EvidenceFile.TryDecode(file, out var decoded, out var problem) ? decoded : throw new VaultException("VAULT_ANSWER", $"The vault's answer is no evidence file: {problem}.");

    private async Task<byte[]> PostAsync(string path, byte[] form, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(form) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await SendAsync(request, "*/*", cancel);
    }

    private async Task<byte[]> SendAsync(HttpRequestMessage request, string accept, CancellationToken cancel)
    {
        request.Headers.Accept.ParseAdd(accept);
        try
        {
            using var answer = await _http.SendAsync(request, cancel);
            var body = await answer.Content.ReadAsByteArrayAsync(cancel);
            return answer.IsSuccessStatusCode ? body : throw Refused(answer.StatusCode, body);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            throw new VaultException("VAULT_UNREACHABLE", $"The vault at {_socket} does not answer: {failure.GetBaseException().Message}");
        }
    }

    private static VaultException Refused(HttpStatusCode status, byte[] body)
    {
        try
        {
            using var problem = JsonDocument.Parse(body);
            return new VaultException(problem.RootElement.GetProperty("code").GetString()!, problem.RootElement.GetProperty("detail").GetString()!);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return new VaultException("VAULT_REFUSED", $"The vault answered {(int)status}.");
        }
    }
}

/// <summary>The vault did not sign.</summary>
/// <param name="code">Stable code.</param>
/// <param name="text">A sentence.</param>
internal sealed class VaultException(string code, string text) : Exception(text)
{
    public string Code => code;
}
