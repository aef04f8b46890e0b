using System.Globalization;

namespace Touchmark.Streaming.Files;

/// <summary>Why a sealed file is not opened: the table of spec/sealed-gcode.md.</summary>
internal static class FileRefusals
{
    private const string SealAgain = "Have the file sealed again.";
    private const string CopyAgain = "Copy the file again from where it was sealed.";

    public static Refusal NotSealed() => Make("FILE_NOT_SEALED", "This is not a sealed G-code file.", "Print it as the plain file that it may be.");

    public static Refusal Malformed(string problem) => Make("FILE_HEADER", $"The header of the sealed file is not readable: {problem}.", CopyAgain);

    public static Refusal CutOff(long expected, long found) =>
        Make("FILE_CUT_OFF", $"The sealed file is cut off: it has {found} of {expected} bytes.", CopyAgain, ("expected_bytes", Number(expected)), ("found_bytes", Number(found)));

    public static Refusal Appended(long expected, long found) =>
        Make("FILE_ALTERED", $"The sealed file was altered: {found - expected} bytes follow its end.", CopyAgain, ("expected_bytes", Number(expected)), ("found_bytes", Number(found)));

    public static Refusal Altered(string part) => Make("FILE_ALTERED", $"The sealed file was altered: its {part} does not open.", CopyAgain, ("part", part));

    public static Refusal OtherPrinter(Guid sealedFor, Guid here) =>
        Make("FILE_OTHER_PRINTER", "The file was sealed for another printer.", "Have it sealed for this printer.", ("sealed_for", $"{sealedFor:D}"), ("printer", $"{here:D}"));

    public static Refusal OtherKey(string needed, string here) =>
        Make("FILE_OTHER_KEY", "The file was sealed under another version of this printer's key.", SealAgain, ("needed", needed), ("key", here));

    public static Refusal KeyRefused(string part) => Make("FILE_KEY_REFUSED", $"The key of the file's {part} is not the right one.", SealAgain, ("part", part));

    public static Refusal KeyNotInside() => Make("FILE_KEY_NOT_INSIDE", "The file does not hold its content key: the engine releases it for each print.", "Connect the printer to its engine.");

    public static Refusal FromTheFuture(DateTimeOffset sealedAt, DateTimeOffset now) =>
        Make("FILE_FROM_THE_FUTURE", "The file was sealed later than the clock says it is now.", "Check the clock of this machine.", ("sealed_at", Time(sealedAt)), ("now", Time(now)));

    public static Refusal NotYetValid(DateTimeOffset from, DateTimeOffset now) =>
        Make("FILE_NOT_YET_VALID", "The file is not valid yet.", "Wait until it is, and check the clock of this machine.", ("valid_from", Time(from)), ("now", Time(now)));

    public static Refusal Expired(DateTimeOffset until, DateTimeOffset now) =>
        Make("FILE_EXPIRED", "The file is not valid any more.", "Have it sealed again, or check the clock of this machine.", ("valid_until", Time(until)), ("now", Time(now)));

    private static Refusal Make(string code, string text, string fix, params (string Name, string Value)[] figures) =>
        new(code, text, figures.ToDictionary(static figure => figure.Name, static figure => figure.Value, StringComparer.Ordinal), fix);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
