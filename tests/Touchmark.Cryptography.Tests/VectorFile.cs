using System.Security.Cryptography;
using System.Text.Json;

namespace Touchmark.Cryptography.Tests;

/// <summary>Reads vector files (spec/vectors and the folder Acvp), in which bytes stand in hexadecimal.</summary>
internal static class VectorFile
{
    internal static JsonElement Read(string path) => ReadBesideTests(Path.Combine("spec", path));

    /// <param name="path">From the folder the tests run in.</param>
    internal static JsonElement ReadBesideTests(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, path)));
        return document.RootElement.Clone();
    }

    internal static IEnumerable<JsonElement> Cases(this JsonElement file) => file.GetProperty("cases").EnumerateArray();

    internal static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    internal static byte[] Bytes(this JsonElement element, string name) => Convert.FromHexString(element.Text(name));

    internal static byte[][] List(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(e => Convert.FromHexString(e.GetString()!))];

    /// <summary>A P-256 key from its scalar, by way of PKCS#8 as the product reads keys.</summary>
    internal static P256PrivateKey PrivateKey(byte[] scalar)
    {
        using var key = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = scalar });
        return P256PrivateKey.FromPkcs8(key.ExportPkcs8PrivateKey());
    }

    internal static bool TryDeriveAsEngine(JsonElement engine, out SessionKeys? keys)
    {
        using P256PrivateKey ephemeral = PrivateKey(engine.Bytes("ephemeral_private"));
        return SessionKeys.TryDeriveAsEngine(
            ephemeral, engine.Bytes("gateway_ephemeral_public"), engine.Bytes("device_public"), engine.Bytes("transcript"), engine.Bytes("mip"), out keys);
    }

    internal static bool TryDeriveAsGateway(JsonElement gateway, out SessionKeys? keys)
    {
        using P256PrivateKey ephemeral = PrivateKey(gateway.Bytes("ephemeral_private"));
        using P256PrivateKey device = PrivateKey(gateway.Bytes("device_private"));
        return SessionKeys.TryDeriveAsGateway(
            ephemeral, device, gateway.Bytes("engine_ephemeral_public"), gateway.Bytes("transcript"), gateway.Bytes("mip"), out keys);
    }
}
