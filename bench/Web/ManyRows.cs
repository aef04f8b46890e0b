using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Touchmark.Hosting.Storage;

namespace Touchmark.Bench.Web;

/// <summary>
/// Fills the database of an engine that is not running: rows like the one that is there, under ids of their own. Designs, printers, prints and certificates, their times spread over a year.
/// The statements inside the copied certificates are cut to 64 bytes: no list reads them, and a million whole ones are 10 GB.
/// </summary>
internal sealed class ManyRows : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly DateTimeOffset now = TimeProvider.System.GetUtcNow();

    private ManyRows(string file)
    {
        NativeSqlite.Use();
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, ForeignKeys = false, Pooling = false }.ConnectionString);
        connection.Open();
        // Enough to hold the indexes while they grow, KiB; and nobody minds if this file is lost.
        Execute("pragma cache_size = -1000000; pragma synchronous = off");
    }

    public static void Enter(string file, int designs, int printers, int certificates)
    {
        using var rows = new ManyRows(file);
        using var transaction = rows.connection.BeginTransaction();
        rows.Copy("designs", designs, new() { ["id"] = rows.Id(designs), ["name"] = number => $"Bracket {number}" });
        rows.Copy("printers", printers, new() { ["id"] = rows.Id(printers), ["name"] = number => $"Printer {number}", ["device_public_key"] = _ => RandomNumberGenerator.GetBytes(65) });
        var ids = Enumerable.Range(0, certificates).Select(number => (object)rows.Id(certificates)(number)).ToArray();
        rows.Copy("jobs", certificates, new() { ["id"] = number => ids[number], ["created_at"] = rows.At(certificates), ["ended_at"] = rows.At(certificates) });
        object cut = new byte[64];
        rows.Copy("certificates", certificates, new()
        {
            ["id"] = rows.Id(certificates), ["job_id"] = number => ids[number], ["issued_at"] = rows.At(certificates), ["envelope"] = _ => cut, ["document"] = _ => cut,
            ["licence_statement"] = _ => cut, ["enrolment_statement"] = _ => cut, ["slice_statement"] = _ => cut,
        });
        transaction.Commit();
        // As the engine's own housekeeping would have it by then.
        rows.Execute("analyze");
    }

    public void Dispose() => connection.Dispose();

    /// <summary>The first is a year old, the last an hour.</summary>
    private DateTimeOffset Time(int number, int count) => now - TimeSpan.FromHours(1) - (TimeSpan.FromDays(365) * (1 - ((number + 1.0) / count)));

    private Func<int, object> Id(int count) => number => Guid.CreateVersion7(Time(number, count)).ToString("D");

    /// <summary>Unix time, microseconds.</summary>
    private Func<int, object> At(int count) => number => Time(number, count).ToUnixTimeMilliseconds() * 1000;

    private void Copy(string table, int count, Dictionary<string, Func<int, object>> changes)
    {
        var columns = Columns(table);
        using var insert = connection.CreateCommand();
        insert.CommandText =
            $"insert into {table} ({string.Join(", ", columns)}) select {string.Join(", ", columns.Select(column => changes.ContainsKey(column) ? "@" + column : column))} from {table} where rowid = (select min(rowid) from {table})";
        var parameters = changes.ToDictionary(change => insert.Parameters.Add(new SqliteParameter("@" + change.Key, null)), change => change.Value);
        for (var number = 0; number < count; number++)
        {
            foreach (var (parameter, value) in parameters)
            {
                parameter.Value = value(number);
            }

            insert.ExecuteNonQuery();
        }
    }

    private List<string> Columns(string table)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"select name from pragma_table_info('{table}')";
        using var reader = command.ExecuteReader();
        var columns = new List<string>();
        while (reader.Read())
        {
            columns.Add(reader.GetString(0));
        }

        return columns;
    }

    private void Execute(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
