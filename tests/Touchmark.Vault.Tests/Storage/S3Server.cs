using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Touchmark.Hosting.Storage;

[assembly: AssemblyFixture(typeof(Touchmark.Vault.Tests.Storage.SharedS3))]

namespace Touchmark.Vault.Tests.Storage;

/// <summary>A server of S3 (s3rver of npm) in a process of its own, on the loopback. It knows one account, and does not look at its signatures of version 4.</summary>
internal sealed class S3Server : IDisposable
{
    /// <summary>The account's access key and secret.</summary>
    public const string Account = "S3RVER";

    private const string Bucket = "vault-tests";

    // ./test has done it by now; whoever runs these tests alone waits for it once.
    private static readonly Lazy<Task> Installed = new(InstallAsync);

    private readonly string folder = Directory.CreateTempSubdirectory("touchmark-s3-").FullName;
    private readonly int port = FreePort();
    private Process? process;
    private int places;

    /// <summary>The credentials' file as AWS's tools have it.</summary>
    public string Credentials => Path.Combine(folder, "credentials");

    public Uri Endpoint => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    public static async Task<S3Server> StartNewAsync()
    {
        await Installed.Value;
        var server = new S3Server();
        WriteCredentials(server.Credentials, Account, Account);
        await server.StartAsync();
        return server;
    }

    public static void WriteCredentials(string file, string key, string secret)
    {
        File.WriteAllText(file, $"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>A place in it that nobody has used yet.</summary>
    public S3Place NewPlace() => new(Bucket, string.Create(CultureInfo.InvariantCulture, $"place-{Interlocked.Increment(ref places)}/")) { Endpoint = Endpoint, Credentials = Credentials };

    /// <summary>A place as a vault's command line says it.</summary>
    public string[] NewArguments() => ["--objects", $"s3://{Bucket}/{NewPlace().Prefix}", "--s3-endpoint", Endpoint.AbsoluteUri, "--s3-credentials", Credentials];

    /// <summary>Starts it, again with what was in it; returns when it listens.</summary>
    public async Task StartAsync()
    {
        // It ends when nobody holds its standard input any more, however this process ends. It encrypts its continuation tokens with DES.
        process = Process.Start(new ProcessStartInfo("node",
            ["--openssl-legacy-provider", Path.Combine(Package, "server.js"), Path.Combine(folder, "data"), port.ToString(CultureInfo.InvariantCulture), Bucket])
            { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("listening", StringComparison.Ordinal))
            {
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                return;
            }
        }

        throw new InvalidOperationException("s3rver ended before it listened.");
    }

    public void Stop()
    {
        if (process is { } running)
        {
            process = null;
            running.Kill();
            running.WaitForExit();
            running.Dispose();
        }
    }

    public void Dispose()
    {
        Stop();
        Directory.Delete(folder, recursive: true);
    }

    private static string Package
    {
        get
        {
            var up = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(up, "tests/s3/package.json")))
            {
                up = Path.GetDirectoryName(up) ?? throw new InvalidOperationException("The tests do not lie in the repository.");
            }

            return Path.Combine(up, "tests/s3");
        }
    }

    private static async Task InstallAsync()
    {
        if (File.Exists(Path.Combine(Package, "node_modules/.package-lock.json")))
        {
            return;
        }

        using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund"]) { WorkingDirectory = Package, RedirectStandardOutput = true, UseShellExecute = false })!;
        await npm.StandardOutput.ReadToEndAsync();
        await npm.WaitForExitAsync();
        if (npm.ExitCode != 0)
        {
            throw new InvalidOperationException("The S3 server of the tests could not be installed: run `npm ci` in tests/s3.");
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>One for all tests that do not stop it; started on first use.</summary>
public sealed class SharedS3 : IAsyncDisposable
{
    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static S3Server? server;

    internal static async Task<S3Server> GetAsync()
    {
        await Gate.WaitAsync();
        try
        {
            return server ??= await S3Server.StartNewAsync();
        }
        finally
        {
            Gate.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        server?.Dispose();
        return ValueTask.CompletedTask;
    }
}
