using Touchmark.GCode;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.SliceService;

/// <summary>Settings of a caller, checked for a machine and written anew.</summary>
/// <param name="Values">PrusaSlicer's names and values.</param>
/// <param name="Kinds">What they are about.</param>
/// <param name="Material">What <c>filament_type</c> says, which chooses among our materials; null when it is not there.</param>
internal sealed record SliceSettings(IReadOnlyDictionary<string, string> Values, IReadOnlySet<SettingKind> Kinds, string? Material)
{
    private const int MostNamed = 20;

    /// <summary>Refusals: SETTING_REFUSED (all that are, up to 20), SETTING_INVALID, SETTING_RANGE.</summary>
    public static Outcome<SliceSettings> Check(IReadOnlyDictionary<string, string> sent, MachineLimits limits)
    {
        var rules = new SettingRules(limits);
        var refused = sent.Keys.Where(key => rules.Find(key) is null).Order(StringComparer.Ordinal).ToList();
        if (refused.Count > 0)
        {
            return Refuse(refused, rules);
        }

        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var kinds = new HashSet<SettingKind>();
        foreach (var (key, text) in sent)
        {
            var rule = rules.Find(key)!;
            if (rule.Rewrite(text, out var inRange) is not { } value)
            {
                return Refusal.Invalid(
                    "SETTING_INVALID", rule.Words is null ? $"The setting {key} takes {(rule.Whole ? "a whole number" : "a number")}." : $"The setting {key} does not take this value.",
                    rule.Words is null ? "Send the number alone." : $"Choose one of: {string.Join(", ", rule.Words)}.").With("setting", key);
            }

            if (!inRange)
            {
                return OutOfRange(rule, value);
            }

            values.Add(key, value);
            if (key != SettingRules.FilamentType)
            {
                kinds.Add(rule.Kind);
            }
        }

        values.Remove(SettingRules.FilamentType, out var material);
        return new SliceSettings(values, kinds, material);
    }

    private static Refusal Refuse(List<string> refused, SettingRules rules)
    {
        var commands = refused.FirstOrDefault(RunsCommands);
        return Refusal.Invalid(
            "SETTING_REFUSED",
            commands is not null ? $"The setting {commands} would put commands of its own into the toolpath or run a program; no caller may." : $"The setting {refused[0]} is not one that a caller may choose.",
            $"Leave it out. These may be chosen: {string.Join(", ", rules.Names)}.")
            .With("settings", refused.Take(MostNamed).ToList()).With("refused", refused.Count);
    }

    private static bool RunsCommands(string key) =>
        key.EndsWith("_gcode", StringComparison.Ordinal) || key.StartsWith("gcode_", StringComparison.Ordinal) || key == "post_process";

    private static Refusal OutOfRange(SettingRule rule, string value)
    {
        var unit = rule.Unit.Length > 0 ? " " + rule.Unit : "";
        return Refusal.Invalid(
            "SETTING_RANGE",
            rule.Maximum < rule.Minimum ? $"This printer cannot do any {rule.Key}." : FormattableString.Invariant($"The setting {rule.Key} is {rule.Minimum:0.###} to {rule.Maximum:0.###}{unit} on this printer, not {value}."),
            "Choose a value in between, or leave it out.")
            .With("setting", rule.Key).With("value", value).With("minimum", rule.Minimum).With("maximum", rule.Maximum).With("unit", rule.Unit);
    }
}
