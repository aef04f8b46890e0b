using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Enrolment;

/// <summary>What the engine answers to an enrolment; <see cref="Trust"/> is kept as it came, for offline verification.</summary>
internal sealed record EnrolmentAnswer(Guid PrinterId, byte[] EnginePublicKey, JsonElement Trust);

/// <summary>Presents a machine and its device key to the engine under a one-time pairing code (<c>POST /api/enrolments</c>).</summary>
internal sealed class EnrolmentClient : IDisposable
{
    private const int LongestAnswer = 1024 * 1024;

    private readonly HttpClient _http;

    public EnrolmentClient(Uri engine) => _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        BaseAddress = engine,
        Timeout = TimeSpan.FromSeconds(30),
        MaxResponseContentBufferSize = LongestAnswer,
    };

    /// <summary>The bytes that the device key signs: they bind code, key and profile, so that none of them can be swapped on the way.</summary>
    public static byte[] ProofMessage(string code, ReadOnlyMemory<byte> devicePublicKey, ReadOnlyMemory<byte> profile) =>
        DeterministicCbor.Encode(CborArray.Of("touchmark enrolment v1", code, devicePublicKey, profile));

    /// <exception cref="GatewayError">The engine cannot be reached or refuses.</exception>
    public async Task<EnrolmentAnswer> EnrolAsync(string code, string name, P256PrivateKey device, MachineProfile profile, CancellationToken cancellationToken)
    {
        var encoded = profile.Encode();
        var proof = new byte[Es256.SignatureSize];
        new Es256Signer(device).Sign(ProofMessage(code, device.PublicKey, encoded), proof);
        var request = new EnrolmentRequest(code, name, device.PublicKey.ToArray(), encoded, proof);
        var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, EnrolmentJson.Default.EnrolmentRequest));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await _http.PostAsync("api/enrolments", body, cancellationToken);
            var content = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                throw Refused(response.StatusCode, content);
            }

            var answer = JsonSerializer.Deserialize(content, EnrolmentJson.Default.EnrolmentAnswer);
            return answer is { EnginePublicKey: { } key } && P256.IsPublicKey(key)
                ? answer
                : throw new JsonException("the engine's public key is missing or is not a P-256 point");
        }
        catch (JsonException failure)
        {
            throw new GatewayError("ENGINE_ANSWER", $"The engine's answer cannot be read: {failure.Message}", "Check that the engine's address is a Touchmark engine.");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new GatewayError("ENGINE_UNREACHABLE", $"{_http.BaseAddress} does not answer: {failure.Message}", "Check the engine's address and the network.");
        }
    }

    public void Dispose() => _http.Dispose();

    private static GatewayError Refused(HttpStatusCode status, byte[] content)
    {
        Problem? problem = null;
        try
        {
            problem = JsonSerializer.Deserialize(content, EnrolmentJson.Default.Problem);
        }
        catch (JsonException)
        {
            // Not problem details: some proxy answered. The status must do.
        }

        return new GatewayError(
            problem?.Code ?? "ENROLMENT_REFUSED",
            problem?.Detail ?? problem?.Title ?? $"The engine answered with status {(int)status}.",
            problem?.Fix ?? "Ask for a new pairing code and try again.");
    }
}

internal sealed record EnrolmentRequest(string Code, string Name, byte[] DevicePublicKey, byte[] Profile, byte[] Proof);

/// <summary>Problem details (RFC 9457) with the members that Touchmark adds.</summary>
internal sealed record Problem(string? Title, string? Detail, string? Code, string? Fix);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EnrolmentRequest))]
[JsonSerializable(typeof(EnrolmentAnswer))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class EnrolmentJson : JsonSerializerContext;
