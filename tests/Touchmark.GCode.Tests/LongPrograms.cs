using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.GCode.Tests;

/// <summary>Toolpaths that every check accepts, with moves from short to very long, in all modes.</summary>
internal static class LongPrograms
{
    private sealed record Step(int Kind, int X, int Y, int Z, double Flow, int Feed);

    public static Arbitrary<string> Accepted { get; } =
        (from kind in Gen.Choose(0, 13)
         from x in Gen.Choose(0, 200_000)
         from y in Gen.Choose(0, 200_000)
         from z in Gen.Choose(0, 20_000)
         from flow in Gen.Elements(0, 0, 0.05, 0.0333333, -0.01)
         from feed in Gen.Elements(60, 300, 1200, 1200, 3600, 9000, 18000)
         select new Step(kind, x, y, z, flow, feed)).ListOf().Resize(30).Select(Write).ToArbitrary();

    private static string Write(IEnumerable<Step> steps)
    {
        var text = new StringBuilder("G28\nM104 S200\n");
        bool relative = false, relativeE = false;
        decimal x = 0, y = 0, z = 0, e = 0, originX = 0;
        foreach (Step step in steps)
        {
            switch (step.Kind)
            {
                case 0:
                    relative = step.X % 2 == 0;
                    text.Append(relative ? "G91\n" : "G90\n");
                    break;
                case 1:
                    relativeE = step.X % 2 == 0;
                    text.Append(relativeE ? "M83\n" : "M82\n");
                    break;
                case 2:
                    originX = x - 1.5m;
                    e = 0;
                    text.Append("G92 X1.5 E0\n");
                    break;
                case 3:
                    text.Append(CultureInfo.InvariantCulture, $"SET_VELOCITY_LIMIT ACCEL={300 + (step.Y / 100)} MINIMUM_CRUISE_RATIO=0.{step.X % 10}\n");
                    break;
                case 4:
                    text.Append(step.X % 2 == 0 ? "M220 S80\n" : "M106 S255\n");
                    break;
                default:
                    bool lifts = step.Kind > 11;
                    decimal toX = step.X / 1000m, toY = step.Kind == 5 ? y : step.Y / 1000m, toZ = lifts ? step.Z / 1000m : z;
                    double length = Math.Sqrt((double)(((toX - x) * (toX - x)) + ((toY - y) * (toY - y))));
                    decimal extruded = Math.Round((decimal)(length * step.Flow), 5);
                    decimal writtenE = relative || relativeE ? extruded : e + extruded;
                    text.Append(CultureInfo.InvariantCulture, $"G1 X{(relative ? toX - x : toX - originX)} Y{(relative ? toY - y : toY)}");
                    text.Append(lifts ? string.Create(CultureInfo.InvariantCulture, $" Z{(relative ? toZ - z : toZ)}") : "");
                    text.Append(extruded == 0 && step.Flow == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" E{writtenE}"));
                    text.Append(CultureInfo.InvariantCulture, $" F{step.Feed}\n");
                    (x, y, z, e) = (toX, toY, toZ, relative || relativeE ? e + extruded : writtenE);
                    break;
            }
        }

        return text.ToString();
    }
}
