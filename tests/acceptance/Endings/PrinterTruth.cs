using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>What is true of the virtual printer, whatever anybody was told (<c>/virtual/state</c>). Lengths in mm, temperatures in °C, times in s of its clock.</summary>
internal sealed record PrinterTruth(
    double Time, string Klippy, double X, double Y, double Z, double E, double NozzleC, double NozzleTarget, double NozzlePower, double BedTarget, double BedPower,
    double Fan, double Queued, bool[] Motors, double? Armed, string Homed)
{
    /// <summary>Safe-rest (protocol.md): heaters off, fan full, lifted by 10 mm and parked, motors off except Z, nothing queued.</summary>
    /// <param name="z">Where the head was when the print ended, mm: maybe on a hop of up to 1 mm above the part.</param>
    public bool IsAtRest(double z) =>
        NozzleTarget == 0 && BedTarget == 0 && NozzlePower == 0 && BedPower == 0 && Fan == 1 && Queued == 0 && Z >= z + 9
        && Math.Abs(X - 5) < 0.01 && Math.Abs(Y - 215) < 0.01 && Motors is [false, false, true, false];

    /// <summary>What a micro-controller does that shuts itself down: all outputs off, the head where it was.</summary>
    public bool IsShutDown => NozzlePower == 0 && BedPower == 0 && Fan == 0 && Queued == 0 && Motors is [false, false, false, false];

    public static async Task<PrinterTruth> OfAsync(HttpClient printer)
    {
        var state = JsonElement.Parse(await printer.GetByteArrayAsync("/virtual/state"));
        state = state.TryGetProperty("result", out var inner) ? inner : state;
        var position = state.GetProperty("position");
        var (nozzle, bed) = (state.GetProperty("nozzle"), state.GetProperty("bed"));
        return new PrinterTruth(
            Number(state, "eventtime"), state.GetProperty("klippy_state").GetString()!, position[0].GetDouble(), position[1].GetDouble(), position[2].GetDouble(), position[3].GetDouble(),
            Number(nozzle, "temperature"), Number(nozzle, "target"), Number(nozzle, "power"), Number(bed, "target"), Number(bed, "power"),
            Number(state, "fan_speed"), Number(state, "queued_seconds"), [.. state.GetProperty("motors").EnumerateObject().Select(motor => motor.Value.GetBoolean())],
            state.GetProperty("armed").TryGetProperty("touchmark_deadman", out var left) ? left.GetDouble() : null,
            state.GetProperty("homed_axes").GetString()!);
    }

    private static double Number(JsonElement of, string name) => of.GetProperty(name).GetDouble();
}
