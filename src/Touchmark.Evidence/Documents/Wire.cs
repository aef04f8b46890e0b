namespace Touchmark.Evidence.Documents;

/// <summary>Names on the wire of enum values.</summary>
internal static class Wire
{
    public static string NameOf<T>(ReadOnlySpan<(T Value, string Name)> names, T value)
        where T : struct, Enum
    {
        foreach (var entry in names)
        {
            if (EqualityComparer<T>.Default.Equals(entry.Value, value))
            {
                return entry.Name;
            }
        }
        throw new ArgumentOutOfRangeException(nameof(value), value, "Has no name on the wire.");
    }
}
