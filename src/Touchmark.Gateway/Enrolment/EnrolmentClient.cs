using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Gateway.Engine;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Enrolment;

/// <summary>What an enrolment is authenticated by: a one-time pairing code, or an account.</summary>
/// <param name="Name">The code, or the account's e-mail address: what the device key signs with the rest.</param>
/// <param name="Password">Of the account, in UTF-8; null with a code.</param>
internal sealed record EnrolmentCredential(string Name, LockedBuffer? Password = null);

/// <summary>Presents a machine and its device key to the engine (<c>POST /api/enrolments</c>).</summary>
internal sealed class EnrolmentClient(Uri engine, TimeProvider time) : IDisposable
{
    private readonly EngineApi _api = new(engine, time);

    /// <summary>The engine's clock, as its last answer told it.</summary>
    public DateTimeOffset EngineTime => _api.Now;

    /// <summary>The bytes that the device key signs: they bind credential, key and profile, so that none of them can be swapped on the way.</summary>
    public static byte[] ProofMessage(string credential, ReadOnlyMemory<byte> devicePublicKey, ReadOnlyMemory<byte> profile) =>
        DeterministicCbor.Encode(CborArray.Of("touchmark enrolment v1", credential, devicePublicKey, profile));

    /// <exception cref="GatewayError">The engine cannot be reached or refuses.</exception>
    public async Task<EnrolmentAnswer> EnrolAsync(EnrolmentCredential credential, string name, P256PrivateKey device, MachineProfile profile, CancellationToken cancellationToken)
    {
        var encoded = profile.Encode();
        var request = Write(credential, name, device, encoded, DeviceProof.Sign(device, ProofMessage(credential.Name, device.PublicKey, encoded)));
        try
        {
            var answer = await _api.PostAsync("api/enrolments", request, EngineJson.Default.EnrolmentAnswer, token: null, cancellationToken);
            return answer.EnginePublicKey is { } key && P256.IsPublicKey(key) ? answer : throw EngineApi.Unreadable("the engine's public key is missing or is not a P-256 point");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(request);
        }
    }

    /// <summary>Presents the machine of an enrolment as it is now; its device key proves the gateway (<c>POST /api/enrolments/again</c>).</summary>
    /// <exception cref="GatewayError">The engine cannot be reached or refuses.</exception>
    public Task<PresentationAnswer> PresentAsync(Guid printerId, P256PrivateKey device, MachineProfile profile, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var encoded = profile.Encode();
        // As exact as it travels.
        var at = CborTime.FromMicroseconds(now.ToMicroseconds());
        var proof = DeviceProof.Sign(device, DeterministicCbor.Encode(
            CborArray.Of("touchmark enrolment again v1", (ReadOnlyMemory<byte>)printerId.ToByteArray(bigEndian: true), at.ToMicroseconds(), (ReadOnlyMemory<byte>)encoded)));
        return _api.PostAsync(
            "api/enrolments/again", new PresentationRequest(printerId, at, encoded, proof), EngineJson.Default.PresentationRequest, EngineJson.Default.PresentationAnswer, token: null, cancellationToken);
    }

    public void Dispose() => _api.Dispose();

    /// <summary>By hand, because a password gets into no string.</summary>
    private static byte[] Write(EnrolmentCredential credential, string name, P256PrivateKey device, byte[] profile, byte[] proof)
    {
        // Room for all of it, so that no copy is left behind when it grows.
        var body = new ArrayBufferWriter<byte>(2048 + (6 * (Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(credential.Name) + (credential.Password?.Length ?? 0))) + (2 * profile.Length));
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString(credential.Password is null ? "code" : "email", credential.Name);
            if (credential.Password is { } password)
            {
                json.WriteString("password", password.Span);
            }

            json.WriteString("name", name);
            json.WriteBase64String("device_public_key", device.PublicKey.Span);
            json.WriteBase64String("profile", profile);
            json.WriteBase64String("proof", proof);
            json.WriteEndObject();
        }

        var request = body.WrittenSpan.ToArray();
        body.Clear();
        return request;
    }
}
