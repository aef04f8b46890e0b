using System.Globalization;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Vault.Access;

/// <summary><c>touchmark-vault token add --role signer[,auditor] --name NAME [--days N]</c>, <c>token list</c>, <c>token end ID</c>: for whoever may write the data folder.</summary>
internal static class TokenCommand
{
    private const int MostDays = 3650;

    public static async Task<int> RunAsync(string[] args)
    {
        await using var app = Program.Create([.. args.SkipWhile(argument => !argument.StartsWith("--", StringComparison.Ordinal))]);
        await app.Services.GetRequiredService<Migrations>().RunAsync(CancellationToken.None);
        var tokens = app.Services.GetRequiredService<AccessTokens>();
        return args switch
        {
            ["add", ..] => await AddAsync(tokens, app.Configuration),
            ["list", ..] => await ListAsync(tokens),
            ["end", var id, ..] => await EndAsync(tokens, id),
            _ => Wrong("say token add, token list or token end ID"),
        };
    }

    private static async Task<int> AddAsync(AccessTokens tokens, IConfiguration options)
    {
        if (Roles.Read(options["role"] ?? "") is not { } roles)
        {
            return Wrong($"--role is one or more of {string.Join(", ", Roles.All.Select(role => role.Name))}, with commas between");
        }

        if (!PlainText.TryAccept(options["name"], 64, out var name))
        {
            return Wrong("--name is one line of at most 64 characters, by which logs and reviews call the holder");
        }

        TimeSpan? lifetime = null;
        if (options["days"] is { } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) || days is < 1 or > MostDays)
            {
                return Wrong($"--days is a whole number from 1 to {MostDays}");
            }

            lifetime = TimeSpan.FromDays(days);
        }

        var (token, id) = await tokens.AddAsync(name, roles, lifetime, CancellationToken.None);
        await Console.Error.WriteLineAsync($"token {id} for {name} ({Roles.Write(roles)}), shown once:");
        Console.WriteLine(token);
        return 0;
    }

    private static async Task<int> ListAsync(AccessTokens tokens)
    {
        foreach (var token in await tokens.ListAsync(CancellationToken.None))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{token.Id}  {Roles.Write((Role)token.Roles),-32}  {token.CreatedAt:u}  {(token.EndedAt is { } ended ? $"ended {ended:u}" : token.ExpiresAt is { } expires ? $"until {expires:u}" : "no end"),-26}  {token.Name}"));
        }

        return 0;
    }

    private static async Task<int> EndAsync(AccessTokens tokens, string id) => await tokens.EndAsync(id, CancellationToken.None) ? 0 : Wrong($"no token in use has the id {id}");

    private static int Wrong(string what)
    {
        Console.Error.WriteLine($"error: {what}");
        return 2;
    }
}
