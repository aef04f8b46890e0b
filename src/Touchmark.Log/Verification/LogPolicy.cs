using System.Diagnostics.CodeAnalysis;
using Touchmark.Log.Notes;

namespace Touchmark.Log.Verification;

/// <summary>A log that is believed.</summary>
/// <param name="Origin">The first line of its checkpoints, and the name of its keys.</param>
/// <param name="Keys">Every one of them has to sign its checkpoints.</param>
public sealed record PolicyLog(string Origin, IReadOnlyList<NoteKey> Keys);

/// <summary>A witness that is believed.</summary>
/// <param name="Name">Within the policy; groups and quorum refer to it.</param>
/// <param name="Key">Of type <see cref="NoteKeyType.Cosignature"/>.</param>
/// <param name="Url">Where it takes checkpoints; null when the policy does not say.</param>
public sealed record PolicyWitness(string Name, NoteKey Key, string? Url);

/// <summary>Witnesses and groups of which a number has to have seen a checkpoint.</summary>
/// <param name="Name">Within the policy.</param>
/// <param name="Threshold">How many of the members.</param>
/// <param name="Members">Names of witnesses and of groups that stand before this one.</param>
public sealed record PolicyGroup(string Name, int Threshold, IReadOnlyList<string> Members);

/// <summary>
/// Which logs are believed, and how many witnesses have to have seen a checkpoint (C2SP tlog-policy). We read it more strictly than its specification in one point:
/// of several keys that one log has, all have to sign, not any (spec/log.md, Policy).
/// </summary>
/// <param name="Logs">By origin.</param>
/// <param name="Witnesses">In the order of the file.</param>
/// <param name="Groups">In the order of the file.</param>
/// <param name="Quorum">The name of a witness or group, or null for <c>none</c>.</param>
public sealed record LogPolicy(IReadOnlyList<PolicyLog> Logs, IReadOnlyList<PolicyWitness> Witnesses, IReadOnlyList<PolicyGroup> Groups, string? Quorum)
{
    /// <summary>A policy of one log that no witness watches.</summary>
    public static LogPolicy Of(IReadOnlyList<NoteKey> logKeys)
    {
        ArgumentOutOfRangeException.ThrowIfZero(logKeys.Count);
        return new([new(logKeys[0].Name, logKeys)], [], [], null);
    }

    /// <summary>The log of this origin, or null.</summary>
    public PolicyLog? Find(string origin) => Logs.FirstOrDefault(log => log.Origin == origin);

    /// <summary>Whether the quorum is met when these witnesses have seen a checkpoint.</summary>
    public bool IsMet(IReadOnlySet<string> witnesses)
    {
        ArgumentNullException.ThrowIfNull(witnesses);
        if (Quorum is null)
        {
            return true;
        }
        // Groups only refer to what stands before them, so one pass settles them all.
        var seen = new HashSet<string>(witnesses, StringComparer.Ordinal);
        foreach (var group in Groups)
        {
            if (group.Members.Count(seen.Contains) >= group.Threshold)
            {
                seen.Add(group.Name);
            }
        }
        return seen.Contains(Quorum);
    }

    /// <summary>Reads a policy file strictly; false and a problem in words, with its line, for anything that is not one.</summary>
    public static bool TryParse(ReadOnlySpan<byte> file, [NotNullWhen(true)] out LogPolicy? policy, [NotNullWhen(false)] out string? problem)
    {
        var parser = new PolicyParser();
        problem = parser.Parse(file);
        policy = problem is null ? parser.Policy : null;
        return policy is not null;
    }
}
