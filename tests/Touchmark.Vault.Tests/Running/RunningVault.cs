using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Tests;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Running;

/// <summary>The real process with a real token of SoftHSM, after a ceremony without people.</summary>
internal sealed class RunningVault : IDisposable
{
    private readonly Customer customer = new();
    private readonly string program;
    private readonly string? token;
    private Process? process;

    private RunningVault(string folder, string program, string? token)
    {
        (Data, Socket) = (folder, Path.Combine(folder, "vault.sock"));
        this.program = program;
        this.token = token;
    }

    public string Data { get; }

    public VaultCertificate Certificate { get; private set; } = null!;

    public string Socket { get; set; }

    /// <summary>What starts the program, in front of it; empty for nothing.</summary>
    public IReadOnlyList<string> Launcher { get; set; } = [];

    /// <summary>What it is told beside its folder, its callers and its token.</summary>
    public IReadOnlyList<string> More { get; set; } = [];

    /// <summary>Makes keys in a new token and a certificate for them.</summary>
    /// <param name="folder">The data folder; its path has to be short enough for a socket.</param>
    /// <param name="program">The file of <c>touchmark-vault</c>.</param>
    public static RunningVault Prepare(string folder, string program)
    {
        var vault = new RunningVault(folder, program, SoftHsm.Instance.NewToken());
        Directory.CreateDirectory(folder);
        File.WriteAllText(vault.PinFile, SoftHsm.UserPin);
        File.SetUnixFileMode(vault.PinFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var hsm = VaultHsm.Open(new HsmOptions { Module = SoftHsm.Instance.ModulePath, TokenLabel = vault.token, PinFile = vault.PinFile }, _ => SoftHsm.Instance.Module);
        vault.Certificate = vault.customer.Certify(folder, hsm.CreateKeys("g1"), TimeProvider.System.GetUtcNow());
        return vault;
    }

    /// <summary>A vault whose manifest is there, without an HSM: it hands out, and signs nothing.</summary>
    public static RunningVault WithoutToken(string folder, string program) => new(folder, program, null);

    /// <summary>Starts the process; returns when it listens.</summary>
    public async Task StartAsync()
    {
        var output = Start();
        while (await output.ReadLineAsync() is { } line)
        {
            if (line.Contains("Application started", StringComparison.Ordinal))
            {
                // What it says from now on is read, and dropped: a full pipe would stop it.
                _ = output.BaseStream.CopyToAsync(Stream.Null);
                return;
            }
        }

        throw new InvalidOperationException("The vault ended before it listened.");
    }

    /// <summary>Starts the process, and waits for nothing.</summary>
    /// <returns>What it says.</returns>
    public StreamReader Start()
    {
        var me = string.Create(CultureInfo.InvariantCulture, $"uid:{GetUid()}");
        string[] command =
        [
            .. Launcher, program, "run", "--data", Data, "--socket", Socket, "--signer", me, "--auditor", me, .. More,
            .. token is null ? Array.Empty<string>() : ["--module", SoftHsm.Instance.ModulePath, "--token", token, "--pin-file", PinFile],
        ];
        process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        return process.StandardOutput;
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        if (process is { } running)
        {
            process = null;
            running.Kill();
            await running.WaitForExitAsync();
            running.Dispose();
        }
    }

    /// <summary>SIGTERM, as a service is stopped.</summary>
    public async Task StopAsync()
    {
        if (process is { } running)
        {
            process = null;
            using (var signal = Process.Start("kill", [running.Id.ToString(CultureInfo.InvariantCulture)]))
            {
                await signal.WaitForExitAsync();
            }

            await running.WaitForExitAsync();
            running.Dispose();
        }
    }

    /// <summary>A client over the socket; each of its connections is one more.</summary>
    public HttpClient Client() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    }) { BaseAddress = new Uri("http://vault") };

    /// <summary>Signs a job; null when the process died meanwhile.</summary>
    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public static async Task<JsonElement?> TrySignAsync(HttpClient client, string jobId, ReadOnlyMemory<byte> toolpath)
    {
        using var gcode = new ReadOnlyMemoryContent(toolpath);
        gcode.Headers.ContentType = new MediaTypeHeaderValue("text/x.gcode");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v3/bundles") { Content = gcode };
        request.Headers.Add("Idempotency-Key", jobId);
        try
        {
            using var response = await client.SendAsync(request);
            return response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<JsonElement>() : throw new InvalidOperationException(await response.Content.ReadAsStringAsync());
        }
        catch (Exception died) when (died is HttpRequestException or IOException or SocketException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        process?.Kill();
        process?.Dispose();
        customer.Dispose();
    }

    private string PinFile => Path.Combine(Data, "pin");

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "getuid")]
    private static extern uint GetUid();
}
