using System.Buffers.Binary;
using System.Buffers.Text;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Touchmark.Engine.Tests.Accounts;

/// <summary>A passkey on a device of the test's own (WebAuthn level 3, ES256, attestation "none"), which says whatever a test wants it to say.</summary>
internal sealed class SoftPasskey : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] Id { get; init; } = RandomNumberGenerator.GetBytes(16);

    /// <summary>Whose it is, as the engine said when it was made.</summary>
    public string? UserHandle { get; private set; }

    /// <summary>How often it has signed.</summary>
    public uint Count { get; private set; }

    /// <summary>What the browser sends when a passkey was made.</summary>
    public string Make(JsonElement options, Said said)
    {
        UserHandle = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(options.GetProperty("user").GetProperty("id").GetString()));
        var authData = new List<byte>(AuthenticatorData(said, attested: true));
        authData.AddRange(new byte[16]);
        authData.AddRange([(byte)(Id.Length >> 8), (byte)Id.Length]);
        authData.AddRange(Id);
        authData.AddRange(CoseKey());
        var attestation = new CborWriter(CborConformanceMode.Ctap2Canonical);
        attestation.WriteStartMap(3);
        attestation.WriteTextString("fmt");
        attestation.WriteTextString("none");
        attestation.WriteTextString("attStmt");
        attestation.WriteStartMap(0);
        attestation.WriteEndMap();
        attestation.WriteTextString("authData");
        attestation.WriteByteString([.. authData]);
        attestation.WriteEndMap();
        return Credential(new Dictionary<string, object?>
        {
            ["clientDataJSON"] = Text(ClientData("webauthn.create", options, said)), ["attestationObject"] = Text(attestation.Encode()), ["transports"] = new[] { "internal" },
        });
    }

    /// <summary>What the browser sends when a passkey was asked for.</summary>
    public string Answer(JsonElement options, Said said)
    {
        Count++;
        var authData = AuthenticatorData(said, attested: false);
        var clientData = ClientData("webauthn.get", options, said);
        var signature = (said.Key ?? key).SignData([.. authData, .. SHA256.HashData(clientData)], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return Credential(new Dictionary<string, object?>
        {
            ["clientDataJSON"] = Text(clientData), ["authenticatorData"] = Text(authData), ["signature"] = Text(signature), ["userHandle"] = (said.UserHandle ?? UserHandle) is { Length: > 0 } handle ? Text(Encoding.UTF8.GetBytes(handle)) : null,
        });
    }

    public void Dispose() => key.Dispose();

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);

    private static byte[] ClientData(string type, JsonElement options, Said said) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        type = said.Type ?? type, challenge = said.Challenge ?? options.GetProperty("challenge").GetString(), origin = said.Origin, crossOrigin = said.CrossOrigin,
    });

    private byte[] AuthenticatorData(Said said, bool attested)
    {
        const byte Attested = 0x40;
        var data = new byte[37];
        SHA256.HashData(Encoding.UTF8.GetBytes(said.RpId), data);
        data[32] = (byte)(said.Flags | (attested ? Attested : 0));
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(33), said.Count ?? Count);
        return data;
    }

    private byte[] CoseKey()
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var cose = new CborWriter(CborConformanceMode.Ctap2Canonical);
        cose.WriteStartMap(5);
        foreach (var (label, value) in new[] { (1, 2), (3, -7), (-1, 1) })
        {
            cose.WriteInt32(label);
            cose.WriteInt32(value);
        }

        cose.WriteInt32(-2);
        cose.WriteByteString(point.X!);
        cose.WriteInt32(-3);
        cose.WriteByteString(point.Y!);
        cose.WriteEndMap();
        return cose.Encode();
    }

    private string Credential(Dictionary<string, object?> response) => JsonSerializer.Serialize(new { id = Text(Id), rawId = Text(Id), type = "public-key", clientExtensionResults = new { }, response });
}

/// <summary>What a device and its browser say; an honest one says what is set here.</summary>
internal sealed record Said
{
    public const byte UserPresent = 0x01;

    public const byte UserVerified = 0x04;

    public string Origin { get; init; } = "https://parts.example.com";

    public string RpId { get; init; } = "parts.example.com";

    public byte Flags { get; init; } = UserPresent | UserVerified;

    public bool CrossOrigin { get; init; }

    /// <summary>Instead of what it really is.</summary>
    public string? Type { get; init; }

    /// <inheritdoc cref="Type"/>
    public string? Challenge { get; init; }

    /// <inheritdoc cref="Type"/>
    public uint? Count { get; init; }

    /// <inheritdoc cref="Type"/>
    public string? UserHandle { get; init; }

    /// <inheritdoc cref="Type"/>
    public ECDsa? Key { get; init; }
}
