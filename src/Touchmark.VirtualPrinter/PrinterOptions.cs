using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>What the command line says of the printer to play.</summary>
internal sealed record PrinterOptions
{
    public int Port { get; init; } = 7125;

    /// <summary>Printer seconds per second.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Identity: serial numbers, scatter of heaters and homing.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Build volume, mm.</summary>
    public Position Volume { get; init; } = new(220, 220, 250, 0);

    public double NozzleMax { get; init; } = 300;

    public double BedMax { get; init; } = 130;

    public bool NoBed { get; init; }

    public double MaxVelocity { get; init; } = 300;

    public double MaxAccel { get; init; } = 5000;

    public string? ConfigFile { get; init; }

    public string? RecordFile { get; init; }

    public int GCodeStoreSize { get; init; } = 1000;

    public bool NotReady { get; init; }

    /// <summary>A folder on the disk (absolute) that holds the G-code files too; null keeps them in memory alone.</summary>
    public string? GCodeFolder { get; init; }

    /// <summary>The gateway's printer socket; the printer then has the <c>[touchmark]</c> extra.</summary>
    public string? TouchmarkSocket { get; init; }

    /// <summary>One of <see cref="Behaviours"/>.</summary>
    public string Behave { get; init; } = Behaviours.Honest;

    /// <summary>How late the telemetry of 'laggy' is, s.</summary>
    public double Lag { get; init; } = 2;

    /// <summary>What 'replay' plays: a file that <c>--record</c> wrote.</summary>
    public string? ReplayFile { get; init; }

    /// <summary>Power of the nozzle's heater against the one that belongs to the seed, share: the same serial numbers on another machine.</summary>
    public double HeaterPower { get; init; } = 1;

    /// <summary>Homing speeds against those of the configuration, share.</summary>
    public double HomingSpeed { get; init; } = 1;

    public static string Usage =>
        $"""
        virtual-printer: a Moonraker-compatible printer with motion and heat
          --port N              port on 127.0.0.1 (7125; 0 picks a free one)
          --speed N             printer seconds per second (1)
          --seed N              identity: serial numbers, scatter of heaters and homing (1)
          --bed XxYxZ           build volume in mm (220x220x250)
          --nozzle-max C        highest nozzle temperature (300)
          --bed-max C           highest bed temperature (130)
          --no-bed              no heated bed
          --max-velocity N      mm/s (300)
          --max-accel N         mm/s2 (5000)
          --config FILE         Klipper sections to add, such as [delayed_gcode NAME]
          --record FILE         write the motion as it was carried out: start,end,x,y,z,e
          --gcode-store-size N  entries of server.gcode_store (1000; 0 keeps none)
          --heater-power SHARE  of the nozzle, against this seed's own (1): another machine with the same serial numbers
          --homing-speed SHARE  against the configured one (1)
          --gcodes DIR          keep the G-code files in this folder too, which must exist
          --touchmark SOCKET    have Touchmark's extra, client of the gateway's printer socket; needs --gcodes
          --not-ready           stay in state 'startup'
          --replay FILE         what 'replay' plays: written by --record of another print (nested squares)
          --lag S               how late the telemetry of 'laggy' is (2)
          --behave NAME         what kind of printer to play (honest):
        {Behaviours.Help}
        """;

    /// <summary>Reads the arguments; a sentence for people when they make no sense.</summary>
    public static (PrinterOptions? Options, string? Error) Parse(string[] args)
    {
        var options = new PrinterOptions();
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i];
            if (name is "--no-bed")
            {
                options = options with { NoBed = true };
                continue;
            }

            if (name is "--not-ready")
            {
                options = options with { NotReady = true };
                continue;
            }

            if (i + 1 >= args.Length)
                return (null, $"{name}: a value is missing, or the option is unknown.");
            var value = args[++i];
            var isNumber = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && number >= 0;
            PrinterOptions? next = name switch
            {
                "--port" when isNumber && number <= 65535 => options with { Port = (int)number },
                "--speed" when isNumber && number is > 0 and <= 1000 => options with { Speed = number },
                "--seed" when ulong.TryParse(value, CultureInfo.InvariantCulture, out var seed) => options with { Seed = seed },
                "--bed" when TryVolume(value, out var volume) => options with { Volume = volume },
                "--nozzle-max" when isNumber => options with { NozzleMax = number },
                "--bed-max" when isNumber => options with { BedMax = number },
                "--max-velocity" when isNumber && number > 0 => options with { MaxVelocity = number },
                "--max-accel" when isNumber && number > 0 => options with { MaxAccel = number },
                "--heater-power" when isNumber && number is >= 0.1 and <= 10 => options with { HeaterPower = number },
                "--homing-speed" when isNumber && number is >= 0.1 and <= 10 => options with { HomingSpeed = number },
                "--config" when File.Exists(value) => options with { ConfigFile = value },
                "--behave" when Behaviours.Exists(value) => options with { Behave = value },
                "--lag" when isNumber && number <= 60 => options with { Lag = number },
                "--replay" when File.Exists(value) => options with { ReplayFile = value },
                "--gcodes" when Directory.Exists(value) => options with { GCodeFolder = Path.GetFullPath(value) },
                "--touchmark" => options with { TouchmarkSocket = Path.GetFullPath(value) },
                "--record" => options with { RecordFile = value },
                "--gcode-store-size" when isNumber && number <= 1_000_000 => options with { GCodeStoreSize = (int)number },
                _ => null,
            };
            if (next is null)
                return (null, $"{name} {value}: unknown option, or a value that it cannot have.");
            options = next;
        }

        return options is { TouchmarkSocket: not null, GCodeFolder: null } ? (null, "--touchmark: --gcodes is missing, where the gateway finds the files.") : (options, null);
    }

    private static bool TryVolume(string text, out Position volume)
    {
        volume = default;
        var parts = text.Split('x');
        Span<double> size = stackalloc double[3];
        if (parts.Length != 3)
            return false;
        for (var i = 0; i < 3; i++)
        {
            if (!double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out size[i]) || size[i] is not (> 0 and < 10_000))
                return false;
        }

        volume = new Position(size[0], size[1], size[2], 0);
        return true;
    }
}

/// <summary>What is this machine's alone, drawn from its seed.</summary>
internal sealed class Identity
{
    public Identity(ulong seed)
    {
        var noise = new Noise(seed);
        CpuSerial = noise.Hex(16).ToLowerInvariant();
        McuSerialPath = $"/dev/serial/by-id/usb-Klipper_stm32f446xx_{noise.Hex(24)}-if00";
        MacAddress = string.Join(':', Enumerable.Range(0, 6).Select(i => i == 0 ? "02" : noise.Hex(2).ToLowerInvariant()));
        HostName = "voron-" + noise.Hex(4).ToLowerInvariant();
        HeaterScatter = noise.Between(0.92, 1.08);
        BedScatter = noise.Between(0.92, 1.08);
        HomingScatter = noise.Between(0.98, 1.02);
        StartPosition = new Position(noise.Between(5, 60), noise.Between(5, 60), noise.Between(2, 20), 0);
    }

    public string CpuSerial { get; }

    public string McuSerialPath { get; }

    public string MacAddress { get; }

    public string HostName { get; }

    /// <summary>Factor on the nozzle's time constant and power.</summary>
    public double HeaterScatter { get; }

    public double BedScatter { get; }

    public double HomingScatter { get; }

    /// <summary>Where the axes were left when the power came on, mm from the endstops.</summary>
    public Position StartPosition { get; }
}
