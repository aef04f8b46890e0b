using System.Runtime.InteropServices;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.DeadMan;
using Touchmark.Gateway.Engine;
using Touchmark.Gateway.Machine;
using Touchmark.Gateway.OnPrinter;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Enrolment;

/// <summary><c>touchmark-gateway enrol</c>: measures the machine, makes its device key, presents both, and pins what the engine answers; or presents it again.</summary>
/// <param name="home">The gateway's folder.</param>
/// <param name="repeats">How often the machine's behaviour is measured; 0 leaves it out.</param>
/// <param name="time">The clock.</param>
/// <param name="input">Where a pairing code is read from.</param>
/// <param name="output">For people.</param>
internal sealed class EnrolCommand(GatewayHome home, int repeats, TimeProvider time, TextReader input, TextWriter output)
{
    private const int LongestPassword = 1024;

    /// <summary>A machine does not change much in this time, and a new pairing code is quickly got.</summary>
    private static readonly TimeSpan MeasuredFor = TimeSpan.FromMinutes(30);

    /// <param name="options">Of a first enrolment; null presents the enrolled machine again.</param>
    /// <exception cref="GatewayError">It came to nothing.</exception>
    public async Task RunAsync(EnrolOptions? options)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        using var held = home.TryLock()
            ?? throw new GatewayError("ALREADY_RUNNING", $"A gateway runs in {home.Folder}.", "Stop it first, or give another folder with --home DIR.");
        try
        {
            await (options is null ? AgainAsync(stop.Token) : FirstAsync(options, stop.Token));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw new GatewayError("STOPPED", "Stopped; the printer is not enrolled.", "Run it again.");
        }

        void Stop(PosixSignalContext context)
        {
            // The process ends by itself once the heaters are off.
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private async Task FirstAsync(EnrolOptions options, CancellationToken cancellationToken)
    {
        if (options.InstallDeadMan)
        {
            await DeadManCommand.RunAsync(options.Printer, DeadManTask.Install, time, output, cancellationToken);
        }

        var name = options.Name ?? options.Printer.ToString();
        var profile = await ReadMachineAsync(options.Printer, name, mayReuse: true, cancellationToken);
        using var device = P256.GenerateKey();
        using var engine = new EnrolmentClient(options.Engine, time);
        using var password = options.PasswordFile is { } file ? ReadPassword(file) : null;
        var credential = password is null ? new EnrolmentCredential(options.Code ?? AskForCode()) : new EnrolmentCredential(options.Email!, password);
        var answer = await engine.EnrolAsync(credential, name, device, profile, cancellationToken);
        home.ReplaceDeviceKey(device);
        home.DropPrinter(PrinterKeys.PsekSuffix);
        if (answer.PrinterToken is { } token)
        {
            TokenKeeper.Keep(home, token, answer.PrinterTokenExpiresAt, engine.EngineTime);
        }

        new PrinterKeys(home, device, answer.PrinterId).Replace(answer.PrinterKeys ?? []);
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
            Profile = profile.Encode(),
        });
        home.DropMeasured();
        output.WriteLine($"enrolled as printer {answer.PrinterId}");
        output.WriteLine($"settings and device key are in {home.Folder}");
    }

    private async Task AgainAsync(CancellationToken cancellationToken)
    {
        var settings = home.ReadSettings();
        if (!MoonrakerAddress.TryParse(settings.Printer, out var address) || MachineProfile.TryDecode(settings.Profile, out _) is not { } enrolled)
        {
            throw new GatewayError("SETTINGS_UNREADABLE", "The printer's address or profile in the settings cannot be read.", "Enrol this gateway under a new pairing code.");
        }

        var profile = await ReadMachineAsync(address, enrolled.Model, mayReuse: false, cancellationToken);
        using var device = home.ReadDeviceKey();
        using var engine = new EnrolmentClient(new Uri(settings.Engine), time);
        var answer = await engine.PresentAsync(settings.PrinterId, device, profile, time.GetUtcNow(), cancellationToken);

        // The engine decides which machine counts. This copy only tells early when another one is connected.
        home.WriteSettings(settings with { Profile = profile.Encode() });
        home.DropMeasured();
        if (answer.EnrolmentId is not { } enrolment)
        {
            output.WriteLine("nothing differs from the enrolment; there is nothing to accept");
            return;
        }

        output.WriteLine("presented as changed:");
        foreach (var difference in answer.Differences ?? [])
        {
            output.WriteLine($"  {difference}");
        }

        output.WriteLine($"nothing is printed here until an admin, or the owner whose licences name this printer, runs: touchmark printer accept {enrolment}");
    }

    private async Task<MachineProfile> ReadMachineAsync(MoonrakerAddress address, string model, bool mayReuse, CancellationToken cancellationToken)
    {
        try
        {
            await using var printer = await MoonrakerClient.ConnectAsync(address, time, cancellationToken);
            var (klipper, reading) = await MachineReading.ReadAsync(printer, model, cancellationToken);
            if (reading is null)
            {
                throw GatewayError.From(Preflight.NotReady(klipper));
            }

            output.WriteLine($"printer: {reading.Profile.Kinematics}, {reading.Profile.Board}, Klipper {reading.Profile.Firmware}");
            return await MeasureAsync(printer, reading, mayReuse, cancellationToken);
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

    private async Task<MachineProfile> MeasureAsync(MoonrakerClient printer, MachineReading reading, bool mayReuse, CancellationToken cancellationToken)
    {
        if (repeats == 0)
        {
            output.WriteLine("its behaviour is not measured; the enrolment will say so, and a print will not compare it");
            return reading.Profile;
        }

        if (mayReuse && home.ReadMeasured(time.GetUtcNow(), MeasuredFor) is { } kept && MachineProfile.TryDecode(kept, out _) is { Behaviour: { } measured } former
            && former.MachineId().Span.SequenceEqual(reading.Profile.MachineId().Span))
        {
            output.WriteLine($"this machine was measured less than {MeasuredFor.TotalMinutes:0} minutes ago; that is used");
            return reading.Profile with { Behaviour = measured };
        }

        if (Preflight.Busy(reading) is { } busy)
        {
            throw GatewayError.From(busy);
        }

        var snapshot = await new SnapshotTaker(printer, reading, repeats, output, time).TakeAsync(cancellationToken);
        var profile = reading.Profile with { Behaviour = snapshot.Names.Count == 0 ? null : snapshot };
        home.KeepMeasured(profile.Encode());
        return profile;
    }

    /// <summary>The first line of the file.</summary>
    private static LockedBuffer ReadPassword(string file)
    {
        using var text = new LockedBuffer(LongestPassword + 2);
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var read = text.Span[..stream.ReadAtLeast(text.Span, text.Length, throwOnEndOfStream: false)];
            var line = read.IndexOfAny((byte)'\r', (byte)'\n') is var end and >= 0 ? read[..end] : read;
            return line.Length is > 0 and <= LongestPassword && System.Text.Unicode.Utf8.IsValid(line)
                ? LockedBuffer.CopyOf(line)
                : throw new GatewayError("PASSWORD_UNREADABLE", $"The first line of {file} is no password: 1 to {LongestPassword} bytes of UTF-8.", "Give a file whose first line is the account's password.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new GatewayError("PASSWORD_UNREADABLE", $"{file} cannot be read: {failure.Message}", "Check its path and permissions.");
        }
    }

    private string AskForCode()
    {
        output.Write("pairing code: ");
        return input.ReadLine() is { Length: > 0 } code ? code : throw new GatewayError("CODE_MISSING", "No pairing code was given.", "Get one with touchmark printer pair; what was measured is kept for half an hour.");
    }
}
