using System.Globalization;

namespace Touchmark.Engine.Pages;

/// <summary>Figures as people read them, each with its unit.</summary>
public static class Say
{
    /// <summary>Of a bounding box, mm.</summary>
    public static string Size(double x, double y, double z) => Invariant($"{x:0.#} × {y:0.#} × {z:0.#} mm");

    /// <param name="mm3">mm³.</param>
    public static string Volume(double mm3) => Invariant($"{mm3 / 1000:0.##} cm³");

    public static string Bytes(long bytes) => bytes switch
    {
        < 1000 => Invariant($"{bytes} bytes"),
        < 1_000_000 => Invariant($"{bytes / 1e3:0.#} kB"),
        < 1_000_000_000 => Invariant($"{bytes / 1e6:0.#} MB"),
        _ => Invariant($"{bytes / 1e9:0.##} GB"),
    };

    public static string Celsius(double? celsius) => celsius is { } degrees ? Invariant($"{degrees:0.#} °C") : "–";

    /// <param name="seconds">A duration, s.</param>
    public static string Duration(double seconds) => TimeSpan.FromSeconds(seconds) switch
    {
        { TotalMinutes: < 1 } => Invariant($"{seconds:0.#} s"),
        { TotalHours: < 1 } span => Invariant($"{span.Minutes} min {span.Seconds} s"),
        var span => Invariant($"{(int)span.TotalHours} h {span.Minutes} min"),
    };

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A measured figure in its own unit, <c>s</c> or <c>mm</c>.</summary>
    public static string Measure(double value, string unit) => unit == "mm" ? Invariant($"{value:0.000} mm") : Invariant($"{value:0.0} {unit}");

    /// <param name="share">1: all of it.</param>
    public static string Percent(double share) => Invariant($"{share * 100:0} %").Replace("-", "−", StringComparison.Ordinal);

    public static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
