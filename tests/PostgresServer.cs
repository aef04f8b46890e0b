using System.Diagnostics;
using System.Globalization;
using Npgsql;

[assembly: AssemblyFixture(typeof(Touchmark.Tests.PostgresServer))]

namespace Touchmark.Tests;

/// <summary>
/// A PostgreSQL of this test run's own: a temporary folder, a Unix socket, no TCP; started on first use and stopped at the end.
/// <c>initdb</c> refuses root, so root runs it as the package's user.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static string? folder;
    private static int databases;

    /// <summary>The connection string of a new database: empty, or a copy of the one with the connection string <paramref name="like"/>, which nobody may be connected to.</summary>
    internal static async Task<string> NewDatabaseAsync(string? like = null)
    {
        await Gate.WaitAsync();
        try
        {
            folder ??= await StartAsync();
            var name = string.Create(CultureInfo.InvariantCulture, $"test_{++databases}");
            await using var connection = new NpgsqlConnection(ConnectionString(folder, "postgres"));
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = like is null ? $"create database {name}" : $"create database {name} template {new NpgsqlConnectionStringBuilder(like).Database}";
            await command.ExecuteNonQueryAsync();
            return ConnectionString(folder, name);
        }
        finally
        {
            Gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (folder is not null)
        {
            await RunAsync("pg_ctl", "-D", $"{folder}/data", "-m", "immediate", "stop");
            Directory.Delete(folder, recursive: true);
            folder = null;
        }
    }

    private static string ConnectionString(string socketFolder, string database) =>
        $"Host={socketFolder};Username=postgres;Database={database};Maximum Pool Size=20";

    private static async Task<string> StartAsync()
    {
        var made = Directory.CreateTempSubdirectory("touchmark-pg-").FullName;
        if (Environment.IsPrivilegedProcess)
        {
            await ExecuteAsync("chown", "postgres", made);
        }

        await RunAsync("initdb", "-D", $"{made}/data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C");
        await RunAsync("pg_ctl", "-D", $"{made}/data", "-l", $"{made}/log", "-w", "-o", $"-k {made} -c listen_addresses= -c fsync=off -c max_connections=200", "start");
        return made;
    }

    private static Task RunAsync(string program, params string[] arguments)
    {
        var path = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => $"{version}/bin/{program}").Where(File.Exists).Order().LastOrDefault() ?? program
            : program;
        return Environment.IsPrivilegedProcess
            ? ExecuteAsync("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", path, .. arguments])
            : ExecuteAsync(path, arguments);
    }

    private static async Task ExecuteAsync(string program, params string[] arguments)
    {
        // pg_ctl leaves the server behind with our streams open, so nothing is redirected that somebody would wait on.
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", program, .. arguments]) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}. The tests need Debian's postgresql-15.");
        }
    }
}
