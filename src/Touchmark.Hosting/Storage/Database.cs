using System.Data.Common;
using Dapper;

namespace Touchmark.Hosting.Storage;

/// <summary>
/// The one way to the database. Reading, or a single statement: <see cref="OpenAsync"/> and Dapper. Several statements that belong together:
/// <see cref="BeginAsync"/>. SQL is written once for both databases (see <see cref="Dialect"/>); parameters are <c>@Name</c>.
/// </summary>
public sealed class Database(Dialect dialect)
{
    static Database() => SqlTypes.Register();

    public Dialect Dialect => dialect;

    /// <summary>An open connection, which the caller disposes.</summary>
    public Task<DbConnection> OpenAsync(CancellationToken cancel) => dialect.OpenAsync(cancel);

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args, CancellationToken cancel)
    {
        await using var connection = await OpenAsync(cancel);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, args, cancellationToken: cancel))).AsList();
    }

    public async Task<T?> FirstOrDefaultAsync<T>(string sql, object? args, CancellationToken cancel)
    {
        await using var connection = await OpenAsync(cancel);
        return await connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, args, cancellationToken: cancel));
    }

    /// <summary>Runs one statement that changes something, on its own, and answers with the number of rows that it touched.</summary>
    public async Task<int> ExecuteAsync(string sql, object? args, CancellationToken cancel)
    {
        using var turn = await dialect.EnterWriteAsync(cancel);
        await using var connection = await OpenAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(sql, args, cancellationToken: cancel));
    }

    /// <summary>Begins a transaction that writes. Disposed without <see cref="Transaction.CommitAsync"/>, nothing of it has happened.</summary>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="isRelaxed">The commit waits for no disk: for tables that are made anew from elsewhere (<see cref="Dialect.OpenRelaxedAsync"/>).</param>
    public async Task<Transaction> BeginAsync(CancellationToken cancel, bool isRelaxed = false)
    {
        var turn = await dialect.EnterWriteAsync(cancel);
        DbConnection? connection = null;
        try
        {
            connection = await (isRelaxed ? dialect.OpenRelaxedAsync(cancel) : OpenAsync(cancel));
            return new Transaction(connection, await connection.BeginTransactionAsync(cancel), turn);
        }
        catch
        {
            if (connection is not null)
            {
                await connection.DisposeAsync();
            }

            turn?.Dispose();
            throw;
        }
    }

    /// <summary>True when the error is a second row with the same unique key.</summary>
    public bool IsDuplicate(DbException error) => dialect.IsDuplicate(error);
}

/// <summary>Statements that happen all or not at all.</summary>
public sealed class Transaction(DbConnection connection, DbTransaction transaction, IDisposable? turn) : IAsyncDisposable
{
    private bool released;

    /// <summary>What the commit waits for when all is done and nothing is held any more. It does not fail.</summary>
    public Func<Task>? Afterwards { get; set; }

    public Task<int> ExecuteAsync(string sql, object? args, CancellationToken cancel) =>
        connection.ExecuteAsync(new CommandDefinition(sql, args, transaction, cancellationToken: cancel));

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args, CancellationToken cancel) =>
        (await connection.QueryAsync<T>(new CommandDefinition(sql, args, transaction, cancellationToken: cancel))).AsList();

    public Task<T?> FirstOrDefaultAsync<T>(string sql, object? args, CancellationToken cancel) =>
        connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, args, transaction, cancellationToken: cancel));

    public async Task CommitAsync(CancellationToken cancel)
    {
        await transaction.CommitAsync(cancel);
        if (Afterwards is { } wait)
        {
            // What is waited for may need the connection, or the turn.
            await DisposeAsync();
            await wait();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (released)
        {
            return;
        }

        released = true;
        try
        {
            try
            {
                await transaction.DisposeAsync();
            }
            catch (DbException)
            {
                // SQLite takes a transaction back by itself when the disk is full. What failed then is what the caller has to hear.
            }

            await connection.DisposeAsync();
        }
        finally
        {
            turn?.Dispose();
        }
    }
}
