using System.Globalization;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.GCode;
using Touchmark.Streaming;
using Touchmark.Streaming.Files;

namespace Touchmark.Cli.PrinterTest;

/// <summary>A printer that exists on paper only: a device key, a profile, and what an engine gives a printer for them.</summary>
internal sealed class TestPrinter : IDisposable
{
    private const string Model = "touchmark printer-test";

    private readonly P256PrivateKey deviceKey;

    private TestPrinter(P256PrivateKey device, Guid id) => (deviceKey, Id) = (device, id);

    public static MachineLimits Limits { get; } = new()
    {
        MinX = 0, MaxX = 200, MinY = 0, MaxY = 200, MinZ = 0, MaxZ = 200, MaxNozzleC = 260, MaxBedC = 110,
        MaxVelocity = 300, MaxAcceleration = 3_000,
    };

    public Guid Id { get; }

    /// <summary>Null until it has one.</summary>
    public PrinterToken? Token { get; private set; }

    /// <summary>Registers it by an account, as <c>touchmark-gateway enrol</c> does by a pairing code. What the engine answered has its first token.</summary>
    public static async Task<(TestPrinter Printer, JsonElement Answer)> RegisterAsync(EngineClient engine, string email, string password, CancellationToken cancel)
    {
        var device = P256.GenerateKey();
        try
        {
            // Fresh identifiers: no engine takes it for a machine that it knows.
            var profile = new MachineProfile
            {
                CpuSerial = $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}", McuId = $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}", Board = "none",
                Model = Model, Firmware = "none", Kinematics = "cartesian", Limits = Limits,
            }.Encode();
            var answer = await engine.PostAsync("/api/enrolments", new
            {
                Email = email, Password = password, Name = Model, DevicePublicKey = device.PublicKey.ToArray(), Profile = profile,
                Proof = Sign(device, CborArray.Of("touchmark enrolment v1", email, device.PublicKey, (ReadOnlyMemory<byte>)profile)),
            }, cancel);
            return Guid.TryParse(Screen.Text(answer, "printer_id"), out var id)
                ? (new TestPrinter(device, id), answer)
                : throw new CliFailure("the engine's answer names no printer.");
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>From now on it shows this token, which has to be in order.</summary>
    public void Take(PrinterToken token)
    {
        token.Check(Id);
        Token = token;
    }

    /// <summary>A token for the device key alone, as a printer gets one that was off for a month.</summary>
    public async Task<PrinterToken> ProveAsync(EngineClient engine, CancellationToken cancel)
    {
        var at = CborTime.FromMicroseconds(TimeProvider.System.GetUtcNow().ToMicroseconds());
        var proof = Sign(deviceKey, CborArray.Of("touchmark printer token v1", (ReadOnlyMemory<byte>)Id.ToByteArray(bigEndian: true), at.ToMicroseconds()));
        return PrinterToken.Of(await engine.PostAsync("/api/printer-tokens", new { PrinterId = Id, At = at, Proof = proof }, cancel));
    }

    /// <summary>Opens one of the keys that the engine listed, with the device key; the caller disposes of it.</summary>
    public Psek Open(JsonElement key)
    {
        var id = Screen.Text(key, "key_id");
        return id.Split('/') is [var printer, var number] && printer == $"{Id:D}" && int.TryParse(number, CultureInfo.InvariantCulture, out var version) && version > 0
            && key.TryGetProperty("sealed", out var box) && box.ValueKind == JsonValueKind.String && box.TryGetBytesFromBase64(out var bytes) && Psek.TryOpen(bytes, deviceKey, Id, version) is { } psek
            ? psek
            : throw new CliFailure($"the printer's key {id} does not open with the device key.");
    }

    public void Dispose() => deviceKey.Dispose();

    private static byte[] Sign(P256PrivateKey device, CborArray message)
    {
        var proof = new byte[Es256.SignatureSize];
        Es256.Sign(device, DeterministicCbor.Encode(message), proof);
        return proof;
    }
}
