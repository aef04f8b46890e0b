using System.Globalization;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Licences;

/// <summary>An organisation that could print.</summary>
public sealed record LicenceShop(string Id, string Name);

/// <summary>A licence that is being written.</summary>
public sealed record NewLicenceModel(LicenceForm Form, string Design, IReadOnlyList<LicenceShop> Shops, IReadOnlyList<string> Materials, IReadOnlyList<string> Qualities, IReadOnlyList<LicenceRow> Granted);

/// <summary>The fields of a new licence, as they were typed; Known is how many licences of the design its page knew of.</summary>
public sealed record LicenceForm(
    Guid Design, string Prints, IReadOnlyList<string> Shops, string Printers, string Until, IReadOnlyList<string> Materials, IReadOnlyList<string> Qualities, string Exposure, string Outage, string Policy,
    bool ScriptStore, bool NoDeadMan, string Slowdown, string Trim, string Known)
{
    internal static LicenceForm Empty(Guid design) => new(design, "1", [], "", "", [], [], "", "", "at_once", false, false, "20", "5", "");

    internal static LicenceForm Read(IFormCollection form)
    {
        return new(
            Guid.TryParseExact(form["design"], "D", out var design) ? design : default, Text("prints"), Many("shop"), Text("printers"), Text("until"), Many("material"), Many("quality"), Text("exposure"), Text("outage"),
            Text("policy"), form.ContainsKey("script_store"), form.ContainsKey("no_dead_man"), Text("slowdown"), Text("trim"), Text("known"));

        string Text(string name) => form[name].ToString().Trim();

        List<string> Many(string name) => [.. form[name].Where(value => !string.IsNullOrWhiteSpace(value)).Select(value => value!)];
    }

    internal Outcome<GrantRequest> ToRequest()
    {
        if (!long.TryParse(Prints, NumberStyles.None, CultureInfo.InvariantCulture, out var prints))
        {
            return Unread("prints", Prints, "a whole number");
        }

        var printers = new List<Guid>();
        foreach (var text in Printers.Split([' ', ',', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Guid.TryParseExact(text, "D", out var printer))
            {
                return Unread("printers", text, "the id of a printer");
            }

            printers.Add(printer);
        }

        DateTimeOffset? until = null;
        if (Until.Length > 0)
        {
            if (!DateOnly.TryParseExact(Until, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                return Unread("last day", Until, "a date");
            }

            // The whole day counts, everywhere west of the date line.
            until = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddDays(1.5);
        }

        if (!Number(Exposure, out var exposure) || !Number(Outage, out var outage) || !Number(Slowdown, out var slowdown) || !Number(Trim, out var trim))
        {
            return Unread("limits", string.Join("; ", Exposure, Outage, Slowdown, Trim), "numbers");
        }

        return new GrantRequest(
            Design, prints, Shops, printers, until, Materials, Qualities, exposure, outage, Policy == "finish" ? RevocationPolicy.AfterPrint : RevocationPolicy.AtOnce, ScriptStore, NoDeadMan, slowdown, trim,
            long.TryParse(Known, NumberStyles.None, CultureInfo.InvariantCulture, out var known) ? known : null);
    }

    private static bool Number(string text, out double? number)
    {
        number = null;
        if (text.Length == 0)
        {
            return true;
        }

        // "NaN" and "∞" are read as numbers, too.
        var read = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value);
        number = value;
        return read;
    }

    private static Refusal Unread(string field, string typed, string wanted) =>
        Refusal.Invalid("FIELD_UNREADABLE", $"“{(typed.Length > 60 ? typed[..60] + "…" : typed)}” under {field} is not {wanted}.", "Mend it, and send the form again.").With("field", field);
}
