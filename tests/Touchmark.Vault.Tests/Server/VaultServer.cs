using System.Globalization;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Touchmark.Tests;
using Touchmark.Vault.Access;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Tests.Storage;

namespace Touchmark.Vault.Tests.Server;

/// <summary>Where a vault keeps what it has: the storage tests run on each.</summary>
public enum StorageKind
{
    /// <summary>Files of the data folder, and SQLite.</summary>
    Folder,

    /// <summary>Files of the data folder, and PostgreSQL.</summary>
    Postgres,

    /// <summary>A bucket of S3, and SQLite.</summary>
    S3,
}

/// <summary>A real vault on a real socket, with a data folder of its own, an HSM in memory and a clock that a test moves.</summary>
internal sealed class VaultServer : IAsyncDisposable
{
    private readonly string[] arguments;
    private readonly Action<IServiceCollection>? replace;
    private WebApplication? app;

    private VaultServer(string[] arguments, Action<IServiceCollection>? replace)
    {
        this.arguments = arguments;
        this.replace = replace;
    }

    public static TheoryData<StorageKind> AllStorages => [StorageKind.Folder, StorageKind.Postgres, StorageKind.S3];

    public string Data { get; } = Directory.CreateTempSubdirectory("touchmark-vault-").FullName;

    public FakeTime Time { get; } = new();

    public MemoryHsm Hsm { get; } = new();

    public Customer Customer { get; } = new();

    /// <summary>What it is told beside its data folder.</summary>
    public IReadOnlyList<string> Arguments => arguments;

    public IServiceProvider Services => app!.Services;

    public ManifestBook Manifest => Services.GetRequiredService<ManifestBook>();

    public string Socket => Path.Combine(Data, "vault.sock");

    public Uri Loopback => new(app!.Urls.Single(url => url.StartsWith("http://127", StringComparison.Ordinal)));

    /// <summary>A vault after its ceremony, whose manifest is open; the test's own user has the roles.</summary>
    public static async Task<VaultServer> StartAsync(string roles = "signer,reviewer,auditor,admin", Action<IServiceCollection>? replace = null, params string[] more)
    {
        var me = string.Create(CultureInfo.InvariantCulture, $"uid:{GetUid()}");
        var server = new VaultServer(["--listen", "http://127.0.0.1:0", .. roles.Split(',', StringSplitOptions.RemoveEmptyEntries).SelectMany(role => new[] { $"--{role}", me }), .. more], replace);
        server.Customer.Certify(server.Data, server.Hsm.AllKeys, server.Time.GetUtcNow());
        await server.StartAsync();
        return server;
    }

    /// <summary>The same, with its storage elsewhere.</summary>
    public static async Task<VaultServer> StartAsync(StorageKind storage, Action<IServiceCollection>? replace = null) => await StartAsync(replace: replace, more: storage switch
    {
        StorageKind.Postgres => ["--database", await PostgresServer.NewDatabaseAsync()],
        StorageKind.S3 => (await SharedS3.GetAsync()).NewArguments(),
        _ => [],
    });

    public async Task StartAsync()
    {
        app = Create();
        await Program.StartAsync(app);
        // The keeper opens the manifest beside the start; whoever has the turn next finds it open, or why it is not.
        if ((await Manifest.EnterAsync(CancellationToken.None)).Has(out var turn, out _))
        {
            await turn.DisposeAsync();
        }
    }

    /// <summary>Another vault on the same folder, which was not started.</summary>
    public WebApplication Create() => Program.Create(["--data", Data, .. arguments], services =>
    {
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IVaultHsm>(Hsm);
        services.AddLogging(logging => logging.ClearProviders());
        replace?.Invoke(services);
    });

    public async Task StopAsync()
    {
        if (app is { } running)
        {
            app = null;
            await running.StopAsync();
            await running.DisposeAsync();
        }
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>A caller over the Unix socket: the user of this process.</summary>
    public Caller Local() => new(new HttpClient(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    }) { BaseAddress = new Uri("http://vault") });

    /// <summary>A caller over TCP, with a token of these roles or without one.</summary>
    public async Task<Caller> RemoteAsync(Role roles)
    {
        var http = new HttpClient { BaseAddress = Loopback };
        if (roles != Role.None)
        {
            var (token, _) = await Services.GetRequiredService<AccessTokens>().AddAsync("a test", roles, TimeSpan.FromDays(1), CancellationToken.None);
            http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }

        return new Caller(http);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Hsm.Dispose();
        Customer.Dispose();
        Directory.Delete(Data, recursive: true);
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "getuid")]
    private static extern uint GetUid();
}
