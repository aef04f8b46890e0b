using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Storage;

namespace Touchmark.Bench.Web;

/// <summary>
/// Fills the database of an engine that is not running: rows like the one that is there, under ids of their own. Designs, a licence of each, printers, prints, certificates and parts, their times spread over a year; the prints
/// evenly over all designs and printers, three in twenty without a part. The statements inside the copied certificates are cut to 64 bytes: no list reads them, and a million whole ones are 10 GB.
/// </summary>
internal sealed class ManyRows : IDisposable
{
    /// <summary>States of jobs, as the engine writes them.</summary>
    private const long Done = 6, Failed = 7, Cancelled = 8;

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
        var (designIds, licenceIds, printerIds, ids, certificateIds) = (rows.Ids(designs), rows.Ids(designs), rows.Ids(printers), rows.Ids(certificates), rows.Ids(certificates));
        rows.Copy("designs", designs, new() { ["id"] = number => designIds[number], ["name"] = number => $"Bracket {number}" });
        // Each design is licensed to the shop.
        rows.Copy("licences", designs, new() { ["id"] = number => licenceIds[number], ["design_id"] = number => designIds[number] });
        rows.Copy("licence_scopes", designs, new() { ["licence_id"] = number => licenceIds[number] });
        rows.Copy("printers", printers, new() { ["id"] = number => printerIds[number], ["name"] = number => $"Printer {number}", ["device_public_key"] = _ => RandomNumberGenerator.GetBytes(65) });
        // The factors have no divisor in common with the numbers: each design and printer in turn, and each design on other printers.
        Func<int, object> design = number => designIds[number * 7919L % designs], licence = number => licenceIds[number * 7919L % designs], printer = number => printerIds[((number * 337L) + (number / designs)) % printers];
        // Of twenty prints two fail, one of them before it began, and one is cancelled; each design comes to each of them.
        Func<int, int> lot = number => (number + (number / designs)) % 20;
        rows.Copy("jobs", certificates, new()
        {
            ["id"] = number => ids[number], ["design_id"] = design, ["licence_id"] = licence, ["printer_id"] = printer, ["created_at"] = rows.At(certificates), ["ended_at"] = rows.At(certificates),
            ["state"] = number => lot(number) switch { 0 or 1 => Failed, 2 => Cancelled, _ => Done }, ["started_at"] = number => lot(number) == 1 ? DBNull.Value : rows.At(certificates)(number),
            ["failure_code"] = number => lot(number) < 2 ? $"BENCH_{number / 20 % 12}" : DBNull.Value,
        });
        object cut = new byte[64];
        rows.Copy("certificates", certificates, new()
        {
            ["id"] = number => certificateIds[number], ["job_id"] = number => ids[number], ["issued_at"] = rows.At(certificates), ["envelope"] = _ => cut, ["document"] = _ => cut,
            ["licence_statement"] = _ => cut, ["enrolment_statement"] = _ => cut, ["slice_statement"] = _ => cut,
        });
        rows.Copy("parts", certificates, new()
        {
            ["id"] = _ => PartId.Create().Value, ["certificate_id"] = number => certificateIds[number], ["job_id"] = number => ids[number], ["design_id"] = design, ["printer_id"] = printer,
            ["made_at"] = rows.At(certificates), ["started_at"] = rows.At(certificates), ["last_at"] = rows.At(certificates),
        });
        rows.Recount();
        transaction.Commit();
    }

    public void Dispose() => connection.Dispose();

    /// <summary>The first is a year old, the last an hour.</summary>
    private DateTimeOffset Time(int number, int count) => now - TimeSpan.FromHours(1) - (TimeSpan.FromDays(365) * (1 - ((number + 1.0) / count)));

    private object[] Ids(int count) => [.. Enumerable.Range(0, count).Select(number => (object)Guid.CreateVersion7(Time(number, count)).ToString("D"))];

    /// <summary>Unix time, microseconds.</summary>
    private Func<int, object> At(int count) => number => Time(number, count).ToUnixTimeMilliseconds() * 1000;

    /// <summary>As if the engine had counted each job when it ended; its migrations do the same (0250-print-weeks.sql, 0261-print-names-spans.sql).</summary>
    private void Recount() => Execute(
        """
        delete from print_weeks where outcome <> 'alert';
        insert into print_weeks (side, whose, week, outcome, code, count)
        select side, whose, week, outcome, code, count(*) from counted_jobs where outcome is not null group by side, whose, week, outcome, code;
        delete from print_names;
        insert into print_names (weeks, side, whose, kind, named, printed, failed, stopped, refused, ended)
        select weeks, side, whose, kind, named, count(case when outcome = 'printed' then 1 end), count(case when outcome = 'failed' then 1 end), count(case when outcome = 'stopped' then 1 end),
            count(case when outcome = 'refused' then 1 end), count(*)
        from counted_names join print_spans on ended_at >= since * 604800000000 + 345600000000 group by weeks, side, whose, kind, named;
        """);

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
