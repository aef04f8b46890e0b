namespace Touchmark.Streaming.Wire;

/// <summary>What a gateway wants on the certificate, as it stands in accept and ended: one array of code, text, code, text.</summary>
internal static class Warnings
{
    private const int MaxCode = 64;

    private const int MaxText = 512;

    public static void Write(ref WireWriter writer, IReadOnlyList<PreflightWarning> warnings)
    {
        int count = Math.Min(warnings.Count, PreflightNotes.MaxWarnings);
        writer.Array(2 * count);
        foreach (var (code, text) in warnings.Take(count))
        {
            writer.Text(Units.Cut(code, MaxCode));
            writer.Text(Units.Cut(text, MaxText));
        }
    }

    public static IReadOnlyList<PreflightWarning> Read(ref WireReader reader)
    {
        int items = reader.ArrayUpTo(2 * PreflightNotes.MaxWarnings);
        if (items % 2 != 0)
        {
            reader.Fail();
        }
        var warnings = new List<PreflightWarning>();
        for (int i = 0; i < items && !reader.Failed; i += 2)
        {
            string code = reader.Text(MaxCode);
            warnings.Add(new PreflightWarning(code, reader.Text(MaxText)));
        }
        return warnings;
    }
}
