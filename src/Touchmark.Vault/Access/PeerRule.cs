using System.Globalization;
using Touchmark.Cryptography;

namespace Touchmark.Vault.Access;

/// <summary>Who of the local users and groups has a role: <c>--signer user:klipper,group:print,uid:1000,gid:1000</c>.</summary>
/// <param name="Role">What they may do.</param>
/// <param name="IsGroup">Whether <paramref name="Id"/> is a group's.</param>
/// <param name="Id">The kernel's number.</param>
internal sealed record PeerRule(Role Role, bool IsGroup, uint Id)
{
    private const string Users = "/etc/passwd";
    private const string Groups = "/etc/group";

    /// <summary>Whether the rule is about this peer.</summary>
    public bool Fits(PeerCredentials peer) => IsGroup ? peer.Gids.Contains(Id) : peer.Uid == Id;

    /// <exception cref="InvalidOperationException">An entry names nobody.</exception>
    public static IEnumerable<PeerRule> ParseAll(Role role, string option, string? text) =>
        (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(entry => Parse(role, entry)
            ?? throw new InvalidOperationException($"The option --{option} names {entry}, which is none of uid:N, gid:N, user:NAME and group:NAME of this computer."));

    private static PeerRule? Parse(Role role, string entry)
    {
        var (kind, name) = entry.Split(':', 2) is [var before, var behind] ? (before, behind) : ("", "");
        var id = kind switch
        {
            "uid" or "gid" => Number(name),
            "user" => Find(Users, name),
            "group" => Find(Groups, name),
            _ => null,
        };
        return id is { } number ? new PeerRule(role, kind is "gid" or "group", number) : null;
    }

    /// <summary>The third field of the line that begins with the name (passwd(5), group(5)).</summary>
    private static uint? Find(string file, string name) =>
        File.ReadLines(file).Select(line => line.Split(':')).Where(fields => fields.Length > 2 && fields[0] == name && name.Length > 0).Select(fields => Number(fields[2])).FirstOrDefault();

    private static uint? Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
