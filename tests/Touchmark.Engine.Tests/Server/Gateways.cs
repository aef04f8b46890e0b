using System.Net;
using System.Net.Http.Headers;
using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Server;

/// <summary>What a gateway does to enrol a printer.</summary>
internal static class Gateways
{
    public static MachineProfile Profile(string mcu = "usb-Klipper_stm32f446xx_1") => new()
    {
        CpuSerial = "10000000abcdef01",
        McuId = mcu,
        Board = "stm32f446xx",
        Model = "Bench Printer",
        Firmware = "v0.13.0-730",
        Kinematics = "cartesian",
        Limits = new MachineLimits
        {
            MinX = 0, MaxX = 250, MinY = 0, MaxY = 210, MinZ = 0, MaxZ = 220,
            MaxNozzleC = 280, MaxBedC = 110, MaxVelocity = 300, MaxAcceleration = 3000,
            AllowedMacros = new HashSet<string>(),
        },
    };

    public static async Task<string> PairingCodeAsync(this Person manufacturer) => (await manufacturer.PostAsync("/api/pairing-codes")).IsGood()["code"].GetString()!;

    /// <summary>The request of an honest gateway, whose fields a test may replace.</summary>
    public static Dictionary<string, object?> Enrolment(P256PrivateKey device, string code, byte[]? profile = null)
    {
        profile ??= Profile().Encode();
        var proof = new byte[Es256.SignatureSize];
        Es256.Sign(device, Engine.Printers.Enrolment.ProofMessage(code, device.PublicKey, profile), proof);
        return new() { ["code"] = code, ["name"] = "Bench 1", ["device_public_key"] = device.PublicKey.ToArray(), ["profile"] = profile, ["proof"] = proof };
    }

    /// <summary>The request of an honest gateway whose owner gave e-mail address and password.</summary>
    public static Dictionary<string, object?> EnrolmentBy(Person account, P256PrivateKey device, string password = Person.Password)
    {
        var request = Enrolment(device, account.Email);
        request.Remove("code");
        (request["email"], request["password"]) = (account.Email, password);
        return request;
    }

    /// <summary>A repaired or changed machine, as its gateway presents it.</summary>
    public static Dictionary<string, object?> Presentation(P256PrivateKey device, Guid printer, MachineProfile profile, DateTimeOffset at)
    {
        var proof = new byte[Es256.SignatureSize];
        Es256.Sign(device, Engine.Printers.ChangedPrinters.ProofMessage(printer, at, profile.Encode()), proof);
        return new() { ["printer_id"] = printer, ["presented_at"] = at, ["profile"] = profile.Encode(), ["proof"] = proof };
    }

    public static Task<Answer> PresentAsync(this ServerFactory server, P256PrivateKey device, Guid printer, MachineProfile profile) =>
        server.PresentAsync(Presentation(device, printer, profile, server.Time.GetUtcNow()));

    public static async Task<Answer> PresentAsync(this ServerFactory server, Dictionary<string, object?> request)
    {
        using var gateway = server.Stranger();
        return await gateway.PostAsync("/api/enrolments/again", request);
    }

    /// <summary>The request for a printer's token that a gateway makes with its device key.</summary>
    public static Dictionary<string, object?> TokenRequest(P256PrivateKey device, Guid printer, DateTimeOffset at)
    {
        var proof = new byte[Es256.SignatureSize];
        Es256.Sign(device, Engine.PrinterTokens.PrinterTokenDesk.ProofMessage(printer, at), proof);
        return new() { ["printer_id"] = printer, ["at"] = at, ["proof"] = proof };
    }

    /// <summary>Somebody with this token, and no account.</summary>
    public static Person Bearing(this ServerFactory server, string token)
    {
        var person = server.Stranger();
        person.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return person;
    }

    /// <summary>A printer of this manufacturer, enrolled by a gateway.</summary>
    public static async Task<Guid> EnrolPrinterAsync(this ServerFactory server, Person manufacturer)
    {
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();
        var answer = await gateway.PostAsync("/api/enrolments", Enrolment(device, await manufacturer.PairingCodeAsync()));
        Assert.Equal(HttpStatusCode.Created, answer.Status);
        return answer["printer_id"].GetGuid();
    }
}
