namespace Touchmark.VirtualPrinter;

/// <summary>What stays when the Klipper host restarts: iron, heat, the microcontroller and the record of what was moved.</summary>
internal sealed class Machine : IDisposable
{
    public Machine(PrinterOptions options, Reactor reactor)
    {
        Options = options;
        Reactor = reactor;
        Identity = new Identity(options.Seed);
        Config = PrinterConfig.Create(options, Identity);
        Noise = new Noise(options.Seed ^ 0x70726E74);
        TruePosition = Identity.StartPosition;
        Nozzle = new ThermalBody(32 * Identity.HeaterScatter, 12.7 / Identity.HeaterScatter, 0.6);
        Bed = new ThermalBody(5.6 * Identity.BedScatter, 25 / Identity.BedScatter, 0.9);
        if (options.RecordFile is not null)
        {
            Record = new StreamWriter(options.RecordFile) { AutoFlush = true };
            Record.WriteLine("start,end,x,y,z,e");
        }
    }

    public static double Ambient => 25;

    public PrinterOptions Options { get; }

    public Reactor Reactor { get; }

    public Identity Identity { get; }

    public PrinterConfig Config { get; }

    public Noise Noise { get; }

    public ThermalBody Nozzle { get; }

    public ThermalBody Bed { get; }

    public TextWriter? Record { get; }

    /// <summary>Where the axes truly are while no host moves them, mm from the endstops.</summary>
    public Position TruePosition { get; set; }

    /// <summary>Why the microcontroller refuses orders until it is reset; null when it does not.</summary>
    public bool IsMcuShutDown { get; set; }

    public void Dispose() => Record?.Dispose();
}
