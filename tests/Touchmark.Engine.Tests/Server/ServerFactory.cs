using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Tests.Server;

/// <summary>On which database a test runs: the storage tests run on each.</summary>
public enum StorageKind
{
    Sqlite,
    Postgres,
}

/// <summary>A real engine on a real port of the loopback, with a data folder of its own, a clock that a test moves, and every log line kept for inspection.</summary>
internal sealed partial class ServerFactory : IAsyncDisposable
{
    private readonly string[] arguments;
    private readonly Action<IServiceCollection>? replace;
    private string? database;
    private WebApplication app = null!;

    private ServerFactory(string[] arguments, Action<IServiceCollection>? replace)
    {
        this.arguments = arguments;
        this.replace = replace;
    }

    public static TheoryData<StorageKind> BothDatabases => [StorageKind.Sqlite, StorageKind.Postgres];

    public string Data { get; } = Directory.CreateTempSubdirectory("touchmark-test-").FullName;

    public FakeTime Time { get; private init; } = new();

    public KeptLog Log { get; } = new();

    public Uri Address { get; private set; } = null!;

    public IServiceProvider Services => app.Services;

    public Database Database => Services.GetRequiredService<Database>();

    public static async Task<ServerFactory> StartAsync(StorageKind storage = StorageKind.Sqlite, Action<IServiceCollection>? replace = null, string[]? arguments = null)
    {
        var server = new ServerFactory(arguments ?? [], replace);
        try
        {
            server.database = await MigratedDatabase.NewAsync(storage, server.Data);
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another engine node on the same database, with the same master key and the same time.</summary>
    public async Task<ServerFactory> StartNodeAsync()
    {
        var node = new ServerFactory(arguments, replace) { Time = Time, database = database };
        File.Copy(Path.Combine(Data, "master.key"), Path.Combine(node.Data, "master.key"));
        await node.StartAsync();
        return node;
    }

    /// <summary>Stops the engine and starts it again on the same data.</summary>
    public Task RestartAsync() => RestartAsync(_ => Task.CompletedTask);

    /// <summary>The same, and does something to its database in between.</summary>
    public async Task RestartAsync(Func<Database, Task> meanwhile)
    {
        await StopAsync();
        await using (var dialect = Dialect.For(database, Data))
        {
            await meanwhile(new Database(dialect));
        }

        await StartAsync();
    }

    /// <summary>A client that has not signed in.</summary>
    public HttpClient Client() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };

    public async ValueTask DisposeAsync()
    {
        admin?.Dispose();
        if (app is not null)
        {
            await StopAsync();
        }

        Directory.Delete(Data, recursive: true);
    }

    /// <summary>Disposing alone does not wait for the jobs that are under way: they would still write into a folder that is being deleted.</summary>
    private async Task StopAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private async Task StartAsync()
    {
        string[] args = ["--data", Data, "--urls", "http://127.0.0.1:0", .. database is null ? Array.Empty<string>() : ["--database", database], .. arguments];
        app = Program.Create(args, services =>
        {
            services.AddSingleton<TimeProvider>(Time);
            services.AddLogging(logging => logging.ClearProviders().AddProvider(Log));
            // The tests sign in hundreds of times; what they prove does not hang on how slow the hash is.
            services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = 1000);
            replace?.Invoke(services);
        });
        await Services.GetRequiredService<Migrations>().RunAsync(CancellationToken.None);
        await app.StartAsync();
        Address = new Uri(app.Urls.Single());
    }
}

/// <summary>Keeps every log line of a server.</summary>
internal sealed class KeptLog : ILoggerProvider, ILogger
{
    private readonly Lock gate = new();
    private readonly List<string> lines = [];
    private readonly List<(string Text, TaskCompletionSource Seen)> watched = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (gate)
            {
                return [.. lines];
            }
        }
    }

    /// <summary>Returns when a line with this text is there.</summary>
    public Task SeenAsync(string text)
    {
        lock (gate)
        {
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            watched.Add((text, seen));
            lines.ForEach(Tell);
            return seen.Task;
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (gate)
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{logLevel}: {formatter(state, exception)} {exception}"));
            Tell(lines[^1]);
        }
    }

    public void Dispose()
    {
    }

    private void Tell(string line) => watched.RemoveAll(watcher => line.Contains(watcher.Text, StringComparison.Ordinal) && watcher.Seen.TrySetResult());
}
