using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
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
        var request = new EnrolmentRequest(code, name, device.PublicKey.ToArray(), encoded, Sign(device, ProofMessage(code, device.PublicKey, encoded)));
        var answer = await PostAsync("api/enrolments", request, EnrolmentJson.Default.EnrolmentRequest, EnrolmentJson.Default.EnrolmentAnswer, cancellationToken);
        return answer.EnginePublicKey is { } key && P256.IsPublicKey(key) ? answer : throw Unreadable("the engine's public key is missing or is not a P-256 point");
    }

    /// <summary>Presents the machine of an enrolment as it is now; its device key proves the gateway (<c>POST /api/enrolments/again</c>).</summary>
    /// <exception cref="GatewayError">The engine cannot be reached or refuses.</exception>
    public Task<PresentationAnswer> PresentAsync(Guid printerId, P256PrivateKey device, MachineProfile profile, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var encoded = profile.Encode();
        // As exact as it travels.
        var at = CborTime.FromMicroseconds(now.ToMicroseconds());
        var proof = Sign(device, DeterministicCbor.Encode(
            CborArray.Of("touchmark enrolment again v1", (ReadOnlyMemory<byte>)printerId.ToByteArray(bigEndian: true), at.ToMicroseconds(), (ReadOnlyMemory<byte>)encoded)));
        return PostAsync("api/enrolments/again", new PresentationRequest(printerId, at, encoded, proof), EnrolmentJson.Default.PresentationRequest, EnrolmentJson.Default.PresentationAnswer, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static byte[] Sign(P256PrivateKey device, ReadOnlySpan<byte> message)
    {
        var proof = new byte[Es256.SignatureSize];
        new Es256Signer(device).Sign(message, proof);
        return proof;
    }

    private async Task<TAnswer> PostAsync<TRequest, TAnswer>(
        string path, TRequest request, JsonTypeInfo<TRequest> written, JsonTypeInfo<TAnswer> read, CancellationToken cancellationToken)
    {
        var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, written));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await _http.PostAsync(path, body, cancellationToken);
            var content = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                throw Refused(response.StatusCode, content);
            }

            return JsonSerializer.Deserialize(content, read) ?? throw Unreadable("it is empty");
        }
        catch (JsonException failure)
        {
            throw Unreadable(failure.Message);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new GatewayError("ENGINE_UNREACHABLE", $"{_http.BaseAddress} does not answer: {failure.Message}", "Check the engine's address and the network.");
        }
    }

    private static GatewayError Unreadable(string why) =>
        new("ENGINE_ANSWER", $"The engine's answer cannot be read: {why}", "Check that the engine's address is a Touchmark engine.");

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

internal sealed record PresentationRequest(Guid PrinterId, DateTimeOffset PresentedAt, byte[] Profile, byte[] Proof);

/// <summary>What the engine says to a machine that is presented again; no id when nothing differs.</summary>
internal sealed record PresentationAnswer(Guid? EnrolmentId, IReadOnlyList<string>? Differences);

/// <summary>Problem details (RFC 9457) with the members that Touchmark adds.</summary>
internal sealed record Problem(string? Title, string? Detail, string? Code, string? Fix);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EnrolmentRequest))]
[JsonSerializable(typeof(EnrolmentAnswer))]
[JsonSerializable(typeof(PresentationRequest))]
[JsonSerializable(typeof(PresentationAnswer))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class EnrolmentJson : JsonSerializerContext;
