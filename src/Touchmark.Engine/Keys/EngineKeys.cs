using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.Keys;

/// <summary>
/// The engine's own keys: Ed25519 and ML-DSA-65 sign its statements, another pair its log, P-256 proves it to gateways, another P-256 key signs their tokens. Made once per database, kept wrapped under the
/// <see cref="MasterKey"/>, in the clear in locked memory only.
/// </summary>
internal sealed class EngineKeys(EngineOptions options, Database database, TimeProvider time, ILogger<EngineKeys> log) : IHostedService, IDisposable
{
    private MasterKey? master;
    private Ed25519Signer? ed25519;
    private MlDsa65Signer? mlDsa65;
    private Ed25519Signer? logEd25519;
    private MlDsa65Signer? logMlDsa65;
    private P256PrivateKey? transport;
    private P256PrivateKey? printerTokens;

    public ISigner Ed25519 => ed25519 ?? throw NotStarted();

    public ISigner MlDsa65 => mlDsa65 ?? throw NotStarted();

    public ISigner LogEd25519 => logEd25519 ?? throw NotStarted();

    public ISigner LogMlDsa65 => logMlDsa65 ?? throw NotStarted();

    /// <summary>The key that gateways pin at enrolment.</summary>
    public P256PrivateKey Transport => transport ?? throw NotStarted();

    /// <summary>The key that signs the tokens of printers, and nothing else.</summary>
    public P256PrivateKey PrinterTokens => printerTokens ?? throw NotStarted();

    /// <summary>When the signing keys were made, in whole seconds as statements count them.</summary>
    public DateTimeOffset ValidFrom { get; private set; }

    private MasterKey Master => master ?? throw NotStarted();

    /// <summary>Seals a key under the master key, for what the context names.</summary>
    public byte[] Wrap(ReadOnlySpan<byte> secret, string context) => Master.Wrap(secret, context);

    /// <summary>Opens what <see cref="Wrap(ReadOnlySpan{byte}, string)"/> sealed for the same context.</summary>
    public LockedBuffer Unwrap(ReadOnlySpan<byte> wrapped, string context) => Master.Unwrap(wrapped, context);

    /// <summary>Seals a version of a printer's key under the master key.</summary>
    public byte[] Wrap(Psek key) => Master.Wrap(key);

    /// <summary>Opens what <see cref="Wrap(Psek)"/> sealed for the same printer and version.</summary>
    public Psek Unwrap(ReadOnlySpan<byte> wrapped, Guid printerId, int version) => Master.Unwrap(wrapped, printerId, version);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        ProcessHardening.Apply();
        var any = await database.FirstOrDefaultAsync<long>("select count(*) from engine_keys", null, cancellationToken) > 0;
        master = MasterKey.Open(options.Data, mayCreate: !any);

        (ed25519, mlDsa65) = await OpenPairAsync("statements", cancellationToken);
        (logEd25519, logMlDsa65) = await OpenPairAsync("log", cancellationToken);
        var made = await database.FirstOrDefaultAsync<long>("select min(created_at) from engine_keys", null, cancellationToken);
        ValidFrom = DateTimeOffset.FromUnixTimeSeconds(CborTime.FromMicroseconds(made).ToUnixTimeSeconds());

        transport = await OpenP256Async("transport", cancellationToken);
        printerTokens = await OpenP256Async("printer-tokens", cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        ed25519?.Dispose();
        mlDsa65?.Dispose();
        logEd25519?.Dispose();
        logMlDsa65?.Dispose();
        transport?.Dispose();
        printerTokens?.Dispose();
        master?.Dispose();
    }

    private static InvalidOperationException NotStarted() => new("The engine's keys are opened when the host starts.");

    private static LockedBuffer NewP256()
    {
        using var key = P256PrivateKey.Generate();
        return key.ExportPkcs8();
    }

    private static byte[] PublicKeyOf(LockedBuffer der)
    {
        using var key = P256PrivateKey.FromPkcs8(der.Span);
        return key.PublicKey.ToArray();
    }

    private static byte[] Read<T>(T signer)
        where T : ISigner, IDisposable
    {
        using (signer)
        {
            return signer.PublicKey.ToArray();
        }
    }

    private async Task<(Ed25519Signer Ed25519, MlDsa65Signer MlDsa65)> OpenPairAsync(string use, CancellationToken cancel)
    {
        using var first = await OpenAsync($"{use}/ed25519", Cryptography.Ed25519.Generate, seed => Read(new Ed25519Signer(seed.Span)), cancel);
        using var second = await OpenAsync($"{use}/ml-dsa-65", Cryptography.MlDsa65.Generate, seed => Read(new MlDsa65Signer(seed.Span)), cancel);
        return (new Ed25519Signer(first.Span), new MlDsa65Signer(second.Span));
    }

    private async Task<P256PrivateKey> OpenP256Async(string use, CancellationToken cancel)
    {
        using var pkcs8 = await OpenAsync($"{use}/p256", NewP256, PublicKeyOf, cancel);
        return P256PrivateKey.FromPkcs8(pkcs8.Span);
    }

    /// <summary>Reads a key, or makes it; when two nodes make it at once, the first one wins and both use that.</summary>
    private async Task<LockedBuffer> OpenAsync(string purpose, Func<LockedBuffer> generate, Func<LockedBuffer, byte[]> publicKey, CancellationToken cancel)
    {
        const string find = "select wrapped from engine_keys where purpose = @Purpose";
        var wrapped = await database.FirstOrDefaultAsync<byte[]>(find, new { Purpose = purpose }, cancel);
        if (wrapped is null)
        {
            using var fresh = generate();
            var row = new { Purpose = purpose, PublicKey = publicKey(fresh), Wrapped = Wrap(fresh.Span, $"engine/{purpose}"), CreatedAt = time.GetUtcNow() };
            await database.ExecuteAsync(
                "insert into engine_keys (purpose, public_key, wrapped, created_at) values (@Purpose, @PublicKey, @Wrapped, @CreatedAt) on conflict (purpose) do nothing", row, cancel);
            wrapped = await database.FirstOrDefaultAsync<byte[]>(find, row, cancel);
            log.LogInformation("Key {Purpose} made", purpose);
        }

        return Unwrap(wrapped, $"engine/{purpose}");
    }
}
