using System.Globalization;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Review.Learning;

namespace Touchmark.Vault.Review;

/// <summary>Operator context: who usually works at this printer, in which roles, by which provider, on what, and at which hours of working days and weekends (UTC).</summary>
internal sealed class OperatorHistory
{
    public const string Version = "2";

    private const int MostOperators = 64;
    private const int Hours = 48;
    private const double Fading = 0.995;

    // Habits keep texts of at most 512 characters.
    private const int LongestRole = 500;
    private const string Nobody = "nobody who signed in";

    private readonly Habits _operators;
    private readonly Habits _providers;
    private readonly Habits _roles;
    private readonly SortedDictionary<string, double[]> _shifts = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Habits> _materials = new(StringComparer.Ordinal);

    public OperatorHistory()
        : this(new(), new(), new())
    {
    }

    private OperatorHistory(Habits operators, Habits providers, Habits roles) => (_operators, _providers, _roles) = (operators, providers, roles);

    public ReviewSignal Judge(EvidenceBundle bundle)
    {
        if (_operators.Count < Habits.Enough)
        {
            return Signals.Of(Signals.OperatorContext, $"Learning: {_operators.Count} of {Habits.Enough} jobs are known.", []);
        }

        var who = Who(bundle);
        var doubts = new List<Doubt> { new("operator", 0.7 * _operators.Surprise(who), $"{who} was never at this printer") };
        if (bundle.OperatorBinding is { Idp: var provider } operation)
        {
            var role = RoleOf(operation);
            doubts.Add(new Doubt("provider", 0.8 * _providers.Surprise(provider), $"{provider} vouches for the operator, which it never did here"));
            doubts.Add(new Doubt("role", 0.6 * _roles.Surprise(role), $"{who} works here {role}, as nobody did before (usually {_roles.Usual})"));
        }

        if (Shift(bundle, who) is { } shift)
        {
            doubts.Add(shift);
        }

        if (bundle.Material is { } material && _materials.GetValueOrDefault(who) is { } usual)
        {
            doubts.Add(new Doubt("material", 0.45 * usual.Surprise(material), $"{who} never printed {material} before (usually {usual.Usual})"));
        }

        return Signals.Of(Signals.OperatorContext, "Operator, role, hour and material are as usual here.", doubts);
    }

    /// <summary>Takes a job as normal.</summary>
    public void Learn(EvidenceBundle bundle)
    {
        var who = Who(bundle);
        _operators.Learn(who);
        if (bundle.OperatorBinding is { } binding)
        {
            _providers.Learn(binding.Idp);
            _roles.Learn(RoleOf(binding));
        }

        if (!_shifts.TryGetValue(who, out var hours))
        {
            if (_shifts.Count == MostOperators)
            {
                var forgotten = _shifts.MinBy(known => known.Value.Sum()).Key;
                _shifts.Remove(forgotten);
                _materials.Remove(forgotten);
            }

            _shifts[who] = hours = new double[Hours];
            _materials[who] = new Habits();
        }

        for (var i = 0; i < Hours; i++)
        {
            hours[i] *= Fading;
        }

        hours[Hour(bundle)]++;
        if (bundle.Material is { } material)
        {
            _materials[who].Learn(material);
        }
    }

    public CborMap ToCbor() => CborMap.Of(
        ("version", Version),
        ("operators", _operators.ToCbor()),
        ("providers", _providers.ToCbor()),
        ("roles", _roles.ToCbor()),
        ("known", new CborArray([.. _shifts.Select(known => CborMap.Of(
            ("who", known.Key),
            ("hours", PackedNumbers.Of(state => Array.ForEach(known.Value, state.Put))),
            ("materials", _materials[known.Key].ToCbor())))])));

    public static OperatorHistory Read(CborFields fields)
    {
        if (fields.Text("version") != Version)
        {
            fields.Refuse("version", "of another version");
        }

        var history = new OperatorHistory(fields.Map("operators", Habits.Read), fields.Map("providers", Habits.Read), fields.Map("roles", Habits.Read));
        foreach (var (who, hours, materials) in fields.Maps("known", MostOperators, ReadKnown))
        {
            (history._shifts[who], history._materials[who]) = (hours, materials);
        }

        return history;
    }

    private static (string, double[], Habits) ReadKnown(CborFields fields)
    {
        var state = new PackedNumbers(fields.Bytes("hours", 0, Hours * sizeof(double)).Span);
        var hours = Enumerable.Range(0, Hours).Select(_ => state.Take()).ToArray();
        if (!state.IsWhole)
        {
            fields.Refuse("hours", "not one number for each hour");
        }

        return (fields.Text("who", 600), hours, fields.Map("materials", Habits.Read));
    }

    /// <summary>An hour at which the operator hardly ever works, by what the hours around it had; more so where nobody does.</summary>
    private Doubt? Shift(EvidenceBundle bundle, string who)
    {
        var hour = Hour(bundle);
        var own = _shifts.GetValueOrDefault(who);
        var everybody = Enumerable.Range(0, Hours).Select(i => _shifts.Values.Sum(hours => hours[i])).ToArray();
        var (site, person) = (Around(everybody, hour), own is null ? double.NaN : Around(own, hour));
        var score = site < 0.02 ? 0.7 : person < 0.02 ? 0.5 : 0;
        var when = string.Create(CultureInfo.InvariantCulture, $"{hour % 24:00} h UTC on a {(hour < 24 ? "working day" : "weekend")}");
        return score == 0 ? null : new Doubt("shift", score, site < 0.02
            ? $"nobody usually works here at {when}"
            : string.Create(CultureInfo.InvariantCulture, $"{who} usually does not work at {when} ({100 * person:F0} % of the jobs were then)"));
    }

    /// <summary>The part of the jobs in this hour and the ones before and after it; not a number while there are too few.</summary>
    private static double Around(double[] hours, int hour)
    {
        var (day, at) = (hour / 24 * 24, hour % 24);
        return hours.Sum() < 12 ? double.NaN : (hours[hour] + hours[day + ((at + 1) % 24)] + hours[day + ((at + 23) % 24)]) / hours.Sum();
    }

    private static int Hour(EvidenceBundle bundle)
    {
        var at = (bundle.StartedAt ?? bundle.SignedAt).UtcDateTime;
        return at.Hour + (at.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? 24 : 0);
    }

    /// <summary>All roles together: who may do more than before is somebody else at this printer.</summary>
    private static string RoleOf(OperatorBinding binding)
    {
        var roles = string.Join(" and ", binding.Roles);
        return roles.Length == 0 ? "without a role" : roles.Length <= LongestRole ? $"as {roles}" : $"as {roles[..LongestRole]}…";
    }

    private static string Who(EvidenceBundle bundle) => bundle.OperatorBinding is { } binding ? $"{binding.Subject} of {binding.Idp}" : Nobody;
}
