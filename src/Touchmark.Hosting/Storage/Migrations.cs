using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Touchmark.Hosting.Storage;

/// <summary>
/// Brings the database forward. Each feature keeps its tables in <c>NNNN-name.sql</c> files beside its code; they are embedded and run once each, in the order of
/// their numbers, at start. Forward only: a file that has run is never changed, and a database that is newer than the program, or that ran another text, stops the start.
/// </summary>
/// <param name="owner">The program, whose SQL files are run.</param>
/// <param name="database">What is brought forward.</param>
/// <param name="time">Tells when.</param>
/// <param name="log">Hears of each file that is run.</param>
public sealed partial class Migrations(Assembly owner, Database database, TimeProvider time, ILogger<Migrations> log)
{
    public async Task RunAsync(CancellationToken cancel)
    {
        var known = Read(owner);
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync(database.Dialect.LockSchema, null, cancel);
        await work.ExecuteAsync(
            "create table if not exists schema_migrations (number bigint primary key, name text not null, sha256 text not null, applied_at bigint not null)", null, cancel);
        var applied = (await work.QueryAsync<Applied>("select number, name, sha256 from schema_migrations", null, cancel)).ToDictionary(row => row.Number);

        foreach (var row in applied.Values.Where(row => known.All(migration => migration.Number != row.Number)))
        {
            throw new InvalidOperationException($"The database has migration {row.Name}, which this version of the program does not know. Start the newer program instead.");
        }

        foreach (var migration in known)
        {
            if (applied.TryGetValue(migration.Number, out var row))
            {
                if (row.Sha256 != migration.Sha256)
                {
                    throw new InvalidOperationException($"Migration {migration.Name} was changed after it had run on this database. Put the text back and add a new migration.");
                }

                continue;
            }

            await work.ExecuteAsync(migration.Sql.Replace("{blob}", database.Dialect.Blob, StringComparison.Ordinal), null, cancel);
            await work.ExecuteAsync(
                "insert into schema_migrations (number, name, sha256, applied_at) values (@Number, @Name, @Sha256, @Now)",
                new { migration.Number, migration.Name, migration.Sha256, Now = time.GetUtcNow() }, cancel);
            log.LogInformation("Migration {Migration} applied", migration.Name);
        }

        await work.CommitAsync(cancel);
    }

    private static List<Migration> Read(Assembly assembly)
    {
        var migrations = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            if (FileName().Match(resource) is not { Success: true } match)
            {
                continue;
            }

            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            var sql = reader.ReadToEnd();
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
            migrations.Add(new(long.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture), match.Value, sql, sha256));
        }

        migrations.Sort((a, b) => a.Number.CompareTo(b.Number));
        if (migrations.GroupBy(migration => migration.Number).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new InvalidOperationException($"Two migrations have the number {twice.Key}: {string.Join(", ", twice.Select(migration => migration.Name))}.");
        }

        return migrations;
    }

    [GeneratedRegex(@"(?<number>[0-9]{4})-[a-z0-9-]+\.sql$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FileName();

    private sealed record Migration(long Number, string Name, string Sql, string Sha256);

    private sealed record Applied
    {
        public long Number { get; init; }

        public string Name { get; init; } = "";

        public string Sha256 { get; init; } = "";
    }
}
