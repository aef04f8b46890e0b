namespace Touchmark.Vault.Access;

/// <summary>The names of roles, as they are written in options and commands.</summary>
internal static class Roles
{
    public static IReadOnlyList<(Role Role, string Name)> All { get; } = [(Role.Signer, "signer"), (Role.Reviewer, "reviewer"), (Role.Auditor, "auditor"), (Role.Admin, "admin")];

    /// <summary>The names of all roles that are held, with commas between.</summary>
    public static string Write(Role roles) => string.Join(',', All.Where(role => roles.HasFlag(role.Role)).Select(role => role.Name));

    /// <summary>Reads names with commas between; null when one of them is none, or there is none.</summary>
    public static Role? Read(string text)
    {
        var roles = Role.None;
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var role = All.FirstOrDefault(known => known.Name == name).Role;
            if (role == Role.None)
            {
                return null;
            }

            roles |= role;
        }

        return roles;
    }
}
