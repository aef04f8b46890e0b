using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Touchmark.Hosting.Storage;

/// <summary>Everything in which SQLite and PostgreSQL differ. One SQL text serves both: text, bigint, {blob}, times as UTC microseconds, keys made by the program.</summary>
public abstract class Dialect : IAsyncDisposable
{
    /// <summary>PostgreSQL where there is a connection string, else SQLite in a file of this folder.</summary>
    public static Dialect For(string? connection, string folder) =>
        connection is not null ? new Postgres(connection) : new Sqlite(Path.Combine(folder, "touchmark.db"));

    /// <summary>The word that stands for <c>{blob}</c> in migrations.</summary>
    public abstract string Blob { get; }

    /// <summary>A statement that makes other nodes wait until this transaction, which changes the schema, has ended.</summary>
    public abstract string LockSchema { get; }

    /// <summary>A statement that makes other transactions that add to the audit trail wait until this one has ended.</summary>
    public abstract string LockAudit { get; }

    /// <summary>A statement after which a power cut may undo the last transactions of a connection, whole ones: for tables that are made anew from elsewhere.</summary>
    public abstract string Relax { get; }

    /// <summary>A condition: the column has one of the values of an array parameter.</summary>
    public abstract string IsAnyOf(string column, string parameter);

    public abstract Task<DbConnection> OpenAsync(CancellationToken cancel);

    /// <summary>Waits for the right to write, where the database has one writer at a time.</summary>
    public virtual ValueTask<IDisposable?> EnterWriteAsync(CancellationToken cancel) => default;

    /// <summary>The right to write the log, until it is disposed or its holder dies; null while another engine on this database has it.</summary>
    public abstract Task<IAsyncDisposable?> TryHoldLogAsync(CancellationToken cancel);

    public abstract bool IsDuplicate(DbException error);

    public abstract bool IsFull(DbException error);

    public abstract ValueTask DisposeAsync();

    private sealed class Sqlite : Dialect
    {
        private const int Busy = 5;

        private readonly string connectionString;
        private readonly string logLock;

        // SQLite has one writer. Waiting here in line is fair and cheap; its own busy handler polls, and is only needed against other processes.
        private readonly SemaphoreSlim writer = new(1, 1);

        public Sqlite(string file)
        {
            NativeSqlite.Use();
            logLock = file + ".log-writer";
            if (!File.Exists(file))
            {
                // SQLite gives the files beside it the mode of the database.
                DataFolder.CreateFile(file).Dispose();
            }

            connectionString = new SqliteConnectionStringBuilder { DataSource = file, ForeignKeys = true, DefaultTimeout = 10 }.ConnectionString;
        }

        public override string Blob => "blob";

        public override string LockSchema => "select 1";

        public override string LockAudit => "select 1";

        public override string Relax => "pragma synchronous = normal";

        // Dapper writes the array out.
        public override string IsAnyOf(string column, string parameter) => $"{column} in {parameter}";

        public override async Task<DbConnection> OpenAsync(CancellationToken cancel)
        {
            var connection = new SqliteConnection(connectionString);
            try
            {
                await connection.OpenAsync(cancel);
                await connection.ExecuteAsync("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000; pragma secure_delete = on");
                return connection;
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        }

        public override async ValueTask<IDisposable?> EnterWriteAsync(CancellationToken cancel)
        {
            await writer.WaitAsync(cancel);
            return new Turn(writer);
        }

        public override async Task<IAsyncDisposable?> TryHoldLogAsync(CancellationToken cancel)
        {
            // A database that is never written, for its lock: the one of a file would keep those who copy the folder from reading it.
            var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = logLock, Pooling = false, DefaultTimeout = 1 }.ConnectionString);
            try
            {
                await connection.OpenAsync(cancel);
                await connection.ExecuteAsync("begin exclusive");
                return connection;
            }
            catch (SqliteException error) when (error.SqliteErrorCode == Busy)
            {
                await connection.DisposeAsync();
                return null;
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        }

        public override bool IsDuplicate(DbException error) => error is SqliteException { SqliteExtendedErrorCode: 1555 or 2067 };

        public override bool IsFull(DbException error) => error is SqliteException { SqliteErrorCode: 13 };

        public override ValueTask DisposeAsync()
        {
            using var connection = new SqliteConnection(connectionString);
            SqliteConnection.ClearPool(connection);
            return ValueTask.CompletedTask;
        }

        private sealed class Turn(SemaphoreSlim writer) : IDisposable
        {
            private SemaphoreSlim? held = writer;

            public void Dispose() => Interlocked.Exchange(ref held, null)?.Release();
        }
    }

    private sealed class Postgres(string connectionString) : Dialect
    {
        private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);

        public override string Blob => "bytea";

        public override string LockSchema => "select pg_advisory_xact_lock(7817261)";

        public override string LockAudit => "select pg_advisory_xact_lock(7817262)";

        public override string Relax => "set synchronous_commit = off";

        public override string IsAnyOf(string column, string parameter) => $"{column} = any({parameter})";

        public override async Task<DbConnection> OpenAsync(CancellationToken cancel) => await source.OpenConnectionAsync(cancel);

        public override async Task<IAsyncDisposable?> TryHoldLogAsync(CancellationToken cancel)
        {
            // A connection of its own: one of the pool would keep the lock when it is given back.
            var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
            try
            {
                await connection.OpenAsync(cancel);
                if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select pg_try_advisory_lock(7817263)", cancellationToken: cancel)))
                {
                    return connection;
                }
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }

            await connection.DisposeAsync();
            return null;
        }

        public override bool IsDuplicate(DbException error) => error is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

        public override bool IsFull(DbException error) => error is PostgresException { SqlState: PostgresErrorCodes.DiskFull };

        public override ValueTask DisposeAsync() => source.DisposeAsync();
    }
}
