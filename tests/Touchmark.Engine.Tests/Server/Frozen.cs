using System.Globalization;

namespace Touchmark.Engine.Tests.Server;

/// <summary>Spells an enum out, for the tests that freeze persisted values.</summary>
internal static class Frozen
{
    public static string Text<T>()
        where T : struct, Enum => string.Join(' ', Enum.GetValues<T>().Select(value => string.Create(CultureInfo.InvariantCulture, $"{value}={Convert.ToInt64(value, CultureInfo.InvariantCulture)}")));
}
