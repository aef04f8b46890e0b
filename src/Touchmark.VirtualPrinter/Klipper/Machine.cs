namespace Touchmark.VirtualPrinter;

/// <summary>What stays when the Klipper host restarts: iron, heat, the microcontroller and the record of what was moved.</summary>
internal sealed class Machine : IDisposable
{
    public Machine(PrinterOptions options, Reactor reactor)
    {
        Options = options;
        Reactor = reactor;
        Behaviour = Behaviours.Create(options);
        Identity = new Identity(options.Seed);
        var text = options.ConfigFile is null ? "# What this virtual printer is made of is built in; sections in this file are added to it.\n"u8.ToArray() : File.ReadAllBytes(options.ConfigFile);
        ConfigFiles.Put(PrinterConfig.MainFile, new FileStore.StoredFile(text, reactor.UnixNow, "", []));
        Config = PrinterConfig.Create(options, Identity, ConfigFiles);
        Noise = new Noise(options.Seed ^ 0x70726E74);
        TruePosition = Identity.StartPosition;
        var (nozzle, bed) = Behaviour.IsIdeal ? (1, 1) : (Identity.HeaterScatter, Identity.BedScatter);
        Nozzle = new ThermalBody(32 * nozzle * options.HeaterPower, 12.7 / nozzle, 0.6);
        Bed = new ThermalBody(5.6 * bed, 25 / bed, 0.9);
        if (options.RecordFile is not null)
        {
            Record = new StreamWriter(options.RecordFile) { AutoFlush = true };
            Record.WriteLine("start,end,x,y,z,e");
        }
    }

    public static double Ambient => 25;

    public PrinterOptions Options { get; }

    public Reactor Reactor { get; }

    public Behaviour Behaviour { get; }

    public Identity Identity { get; }

    /// <summary>The <c>config</c> folder.</summary>
    public FileStore ConfigFiles { get; } = new();

    public PrinterConfig Config { get; private set; }

    public Noise Noise { get; }

    /// <summary>What a thermistor's next reading is off by, °C.</summary>
    public double SensorNoise() => Behaviour.IsIdeal ? 0 : Noise.Normal(0.01);

    public ThermalBody Nozzle { get; }

    public ThermalBody Bed { get; }

    public TextWriter? Record { get; }

    /// <summary>Where the axes truly are while no host moves them, mm from the endstops.</summary>
    public Position TruePosition { get; set; }

    /// <summary>Why the microcontroller refuses orders until it is reset; null when it does not.</summary>
    public bool IsMcuShutDown { get; set; }

    /// <summary>Reads the configuration again, as each start of the host does.</summary>
    /// <exception cref="CommandError">It cannot be used.</exception>
    public void Configure() => Config = PrinterConfig.Create(Options, Identity, ConfigFiles);

    /// <summary>Falls back to what is built in, for a host that only says what is wrong.</summary>
    public void ForgetConfiguration() => Config = PrinterConfig.Create(Options, Identity, files: null);

    public void Dispose() => Record?.Dispose();
}
