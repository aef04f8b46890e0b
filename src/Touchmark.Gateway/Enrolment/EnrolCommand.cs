using System.Text;
using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.DeadMan;
using Touchmark.Gateway.Machine;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.Enrolment;

/// <summary><c>touchmark-gateway enrol</c>: reads the machine, makes its device key, presents both, and pins what the engine answers.</summary>
internal static class EnrolCommand
{
    public static async Task RunAsync(GatewayHome home, EnrolOptions options, TimeProvider time, TextWriter output, CancellationToken cancellationToken)
    {
        using var held = home.TryLock()
            ?? throw new GatewayError("ALREADY_RUNNING", $"A gateway runs in {home.Folder}.", "Stop it first, or give another folder with --home DIR.");
        if (options.InstallDeadMan)
        {
            await DeadManCommand.RunAsync(options.Printer, DeadManTask.Install, time, output, cancellationToken);
        }

        var name = options.Name ?? options.Printer.ToString();
        var machine = await ReadMachineAsync(options.Printer, name, time, cancellationToken);
        output.WriteLine($"printer: {machine.Profile.Kinematics}, {machine.Profile.Board}, Klipper {machine.Profile.Firmware}");

        using var device = P256.GenerateKey();
        using var engine = new EnrolmentClient(options.Engine);
        var answer = await engine.EnrolAsync(options.Code, name, device, machine.Profile, cancellationToken);
        home.ReplaceDeviceKey(device);
        if (answer.Trust.ValueKind != System.Text.Json.JsonValueKind.Undefined)
        {
            home.WriteTrust(Encoding.UTF8.GetBytes(answer.Trust.GetRawText()));
        }

        home.WriteSettings(new GatewaySettings
        {
            Engine = options.Engine.ToString(),
            Printer = options.Printer.ToString(),
            Name = name,
            PrinterId = answer.PrinterId,
            EngineKey = answer.EnginePublicKey,
            Profile = machine.Profile.Encode(),
        });
        output.WriteLine($"enrolled as printer {answer.PrinterId}");
        output.WriteLine($"settings and device key are in {home.Folder}");
    }

    private static async Task<MachineReading> ReadMachineAsync(MoonrakerAddress address, string model, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await using var printer = await MoonrakerClient.ConnectAsync(address, time, cancellationToken);
            var (klipper, reading) = await MachineReading.ReadAsync(printer, model, cancellationToken);
            return reading ?? throw GatewayError.From(Preflight.NotReady(klipper));
        }
        catch (MoonrakerException failure) when (failure.Failure is MoonrakerFailure.Refused && failure.Code is 503)
        {
            throw new GatewayError("NOT_READY", "Moonraker has no connection to Klipper.", "Start Klipper, or look in its log for why it stopped.");
        }
        catch (MoonrakerException failure) when (failure.Failure is MoonrakerFailure.Refused or MoonrakerFailure.Malformed)
        {
            throw GatewayError.From(Preflight.NotKlipper(address.ToString()));
        }
        catch (MoonrakerException failure)
        {
            throw new GatewayError("PRINTER_UNREACHABLE", failure.Message, "Switch the printer on and check its address; Moonraker usually listens on port 7125.");
        }
    }
}
