using System.Data.Common;
using System.Runtime.CompilerServices;
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

    /// <summary>What people call this database.</summary>
    public abstract string Name { get; }

    /// <summary>A query for the bytes that the database takes.</summary>
    public abstract string SizeQuery { get; }

    /// <summary>A condition: the column has one of the values of an array parameter.</summary>
    public abstract string IsAnyOf(string column, string parameter);

    public abstract Task<DbConnection> OpenAsync(CancellationToken cancel);

    /// <summary>A connection whose last transactions a power cut may undo, whole ones: for tables that are made anew from elsewhere. Its commits wait for no disk, but for one in some hundred.</summary>
    public abstract Task<DbConnection> OpenRelaxedAsync(CancellationToken cancel);

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

        private const string Settings = "pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000; pragma secure_delete = on";

        // What is in the log beside the database is moved into it once for 32 MB, and not for 4: whoever commits then waits for the disk.
        private const string RelaxedSettings = Settings + "; pragma synchronous = normal; pragma wal_autocheckpoint = 8192";

        private readonly string connectionString;

        // Another text, so that such connections have a pool of their own.
        private readonly string relaxedConnectionString;

        // Connections come from a pool: those that were set up before stay as they are.
        private readonly ConditionalWeakTable<object, object> ready = [];
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

            var connection = new SqliteConnectionStringBuilder { DataSource = file, ForeignKeys = true, DefaultTimeout = 10 };
            connectionString = connection.ConnectionString;
            connection.Cache = SqliteCacheMode.Private;
            relaxedConnectionString = connection.ConnectionString;
        }

        public override string Blob => "blob";

        public override string Name => "SQLite";

        public override string SizeQuery => "select page_count * page_size from pragma_page_count(), pragma_page_size()";

        public override string LockSchema => "select 1";

        public override string LockAudit => "select 1";

        // Dapper writes the array out.
        public override string IsAnyOf(string column, string parameter) => $"{column} in {parameter}";

        public override Task<DbConnection> OpenAsync(CancellationToken cancel) => OpenAsync(connectionString, Settings, cancel);

        public override Task<DbConnection> OpenRelaxedAsync(CancellationToken cancel) => OpenAsync(relaxedConnectionString, RelaxedSettings, cancel);

        private async Task<DbConnection> OpenAsync(string to, string settings, CancellationToken cancel)
        {
            var connection = new SqliteConnection(to);
            try
            {
                await connection.OpenAsync(cancel);
                if (connection.Handle is { } handle && !ready.TryGetValue(handle, out _))
                {
                    await connection.ExecuteAsync(settings);
                    ready.AddOrUpdate(handle, settings);
                }

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
            foreach (var pool in (string[])[connectionString, relaxedConnectionString])
            {
                using var connection = new SqliteConnection(pool);
                SqliteConnection.ClearPool(connection);
            }

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

        public override string Name => "PostgreSQL";

        public override string SizeQuery => "select pg_database_size(current_database())";

        public override string LockSchema => "select pg_advisory_xact_lock(7817261)";

        public override string LockAudit => "select pg_advisory_xact_lock(7817262)";

        public override string IsAnyOf(string column, string parameter) => $"{column} = any({parameter})";

        public override async Task<DbConnection> OpenAsync(CancellationToken cancel) => await source.OpenConnectionAsync(cancel);

        public override async Task<DbConnection> OpenRelaxedAsync(CancellationToken cancel)
        {
            var connection = await source.OpenConnectionAsync(cancel);
            try
            {
                // Until the connection goes back to its pool, which resets it.
                await connection.ExecuteAsync(new CommandDefinition("set synchronous_commit = off", cancellationToken: cancel));
                return connection;
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        }

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
