using System.Globalization;
using System.Text;
using Touchmark.GCode;

namespace Touchmark.Streaming.Tests;

/// <summary>A small machine and small prints for it.</summary>
internal static class Toolpaths
{
    public static MachineLimits Limits { get; } = new()
    {
        MinX = 0, MaxX = 220, MinY = 0, MaxY = 220, MinZ = 0, MaxZ = 250, MaxNozzleC = 260, MaxBedC = 110, MaxVelocity = 300, MaxAcceleration = 3000,
        MaxZVelocity = 15, MaxZAcceleration = 100, AllowedMacros = new HashSet<string>(StringComparer.Ordinal) { "PRINT_START" },
    };

    /// <summary>Heats, homes, prints square layers with infill, pauses once, and ends with a wait.</summary>
    public static string Bracket(int layers = 2, double offset = 0)
    {
        var text = new StringBuilder("M140 S60\nM104 S210\nG28\nM190 S60\nM109 S210\nG90\nM83\nM106 S128\n");
        for (int layer = 0; layer < layers; layer++)
        {
            double z = 0.2 * (layer + 1);
            Add($"G1 Z{z} F600");
            Add($"G1 E-1 F2400");
            Add($"G1 X{80 + offset} Y{80 + offset} F9000");
            Add($"G1 E1 F2400");
            for (int ring = 0; ring < 3; ring++)
            {
                double a = 80 + offset + (0.45 * ring);
                double b = 110 + offset - (0.45 * ring);
                Add($"G1 X{b} Y{a} E1.1 F2400");
                Add($"G1 X{b} Y{b} E1.1");
                Add($"G1 X{a} Y{b} E1.1");
                Add($"G1 X{a} Y{a} E1.1");
            }
            for (int line = 0; line < 24; line++)
            {
                double y = 82 + offset + line;
                Add($"G1 X{(line % 2 == 0 ? 108 : 82) + offset} Y{y} E0.9 F4800");
                Add($"G1 X{(line % 2 == 0 ? 108 : 82) + offset} Y{y + 1} E0.04");
            }
            if (layer == 0)
            {
                text.Append("G4 P500\n");
            }
        }
        return text.Append("M400\nM104 S0\nM140 S0\nM107\n").ToString();

        void Add(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    public static async Task<List<Segment>> CutAsync(string text)
    {
        using var stream = new MemoryStream(Encoding.ASCII.GetBytes(text));
        using var segmenter = new Segmenter(stream, Limits);
        var segments = new List<Segment>();
        while (await segmenter.NextAsync() is { } segment)
        {
            segments.Add(segment);
        }
        return segments;
    }

    public static MachineProfile Profile { get; } = new()
    {
        CpuSerial = "10000000a3c2b1d0",
        McuId = "usb-Klipper_stm32f446xx_3A0031",
        Board = "stm32f446xx",
        Model = "Bench 220",
        Firmware = "v0.13.0-730",
        Kinematics = "cartesian",
        Limits = Limits,
    };
}
