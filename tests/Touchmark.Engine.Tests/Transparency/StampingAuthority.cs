using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Touchmark.Engine.Tests.Transparency;

/// <summary>A time-stamping authority (RFC 3161): OpenSSL's, behind HTTP.</summary>
internal sealed class StampingAuthority : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("touchmark-tsa-").FullName;
    private readonly WebApplication app;

    private StampingAuthority()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.MapPost("/", StampAsync);
    }

    public string Address => app.Urls.Single();

    public string CertificateFile => Path.Combine(folder, "tsa.crt");

    /// <summary>What it answers instead of a time stamp; null when it stamps.</summary>
    public byte[]? Nonsense { get; init; }

    public static async Task<StampingAuthority> StartAsync(byte[]? nonsense = null)
    {
        var authority = new StampingAuthority { Nonsense = nonsense };
        await File.WriteAllTextAsync(Path.Combine(authority.folder, "tsa.cnf"), """
            [tsa]
            default_tsa = t
            [t]
            serial = serial
            crypto_device = builtin
            signer_cert = tsa.crt
            certs = tsa.crt
            signer_key = tsa.key
            signer_digest = sha256
            default_policy = 1.2.3.4.1
            digests = sha256
            ess_cert_id_alg = sha256
            """);
        await authority.OpenSslAsync("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Test authority", "-addext", "extendedKeyUsage=critical,timeStamping", "-keyout", "tsa.key", "-out", "tsa.crt");
        await authority.app.StartAsync();
        return authority;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private async Task<IResult> StampAsync(HttpRequest request)
    {
        if (Nonsense is not null)
        {
            return Results.Bytes(Nonsense, "application/timestamp-reply");
        }

        await using (var query = File.Create(Path.Combine(folder, "query")))
        {
            await request.Body.CopyToAsync(query);
        }

        await OpenSslAsync("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply");
        return Results.Bytes(await File.ReadAllBytesAsync(Path.Combine(folder, "reply")), "application/timestamp-reply");
    }

    private async Task OpenSslAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        var (errors, output) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors + await output);
    }
}
