using Microsoft.Data.Sqlite;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Storage;

namespace Touchmark.Bench.Registry;

/// <summary>Fills the table of parts of an engine that is not running: rows like that of a part that was printed, under ids of their own. They have no certificates: they are there to be looked up among.</summary>
internal static class ManyParts
{
    public static IReadOnlyList<PartId> Enter(string file, int count, PartId original)
    {
        NativeSqlite.Use();
        var ids = Enumerable.Range(0, count).Select(_ => PartId.Create()).OrderBy(part => part.Value, StringComparer.Ordinal).ToList();
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, ForeignKeys = false, Pooling = false }.ConnectionString);
        connection.Open();
        using (var settings = connection.CreateCommand())
        {
            // Enough to hold the indexes while they grow, KiB; and nobody minds if this file is lost.
            settings.CommandText = "pragma cache_size = -1000000; pragma synchronous = off";
            settings.ExecuteNonQuery();
        }

        using var transaction = connection.BeginTransaction();
        using var insert = connection.CreateCommand();
        insert.Transaction = transaction;
        insert.CommandText =
            """
            insert into parts (id, certificate_id, design_id, licence_id, printer_id, job_id, owner_id, organisation_id, material, material_key, started_at, made_at, events, head, last_at, is_recalled, is_scrapped)
            select @Id, @Certificate, design_id, licence_id, printer_id, job_id, owner_id, organisation_id, material, material_key, started_at, made_at, 0, head, last_at, 0, 0 from parts where id = @Original
            """;
        var id = insert.Parameters.Add("@Id", SqliteType.Text);
        var certificate = insert.Parameters.Add("@Certificate", SqliteType.Text);
        insert.Parameters.AddWithValue("@Original", original.Value);
        insert.Prepare();
        foreach (var part in ids)
        {
            id.Value = part.Value;
            certificate.Value = Guid.CreateVersion7().ToString("D");
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
        return ids;
    }
}
