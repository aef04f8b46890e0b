using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Audit;

/// <summary>
/// Writes down at start what the operator of the engine did while it was not running: keys that are there for the first time, and settings that are others than at the last start.
/// </summary>
internal sealed class StartRecords(Database database, AuditTrail trail, EngineOptions options) : IHostedService
{
    private const string Engine = "engine";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(cancellationToken);
        await work.ExecuteAsync(database.Dialect.LockAudit, null, cancellationToken);
        foreach (var key in await work.QueryAsync<KeyRow>("select purpose, public_key from engine_keys order by purpose", null, cancellationToken))
        {
            await RecordChangeAsync(work, Acts.KeyMade, $"key/{key.Purpose}", [new("public_key_sha256", Convert.ToHexStringLower(SHA256.HashData(key.PublicKey)))], cancellationToken);
        }

        await RecordChangeAsync(work, Acts.SettingsChanged, "settings", Settings(), cancellationToken);
        await work.CommitAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task RecordChangeAsync(Transaction work, string act, string subject, AuditDetail[] details, CancellationToken cancel)
    {
        if (await AuditTrail.LastDetailsAsync(work, act, subject, cancel) is not { } last || !last.SequenceEqual(details))
        {
            await trail.RecordAsync(work, AuditedAct.By(Engine, act, subject, details), cancel);
        }
    }

    // What decides what the engine lets happen. Not where its data lie, and not the database's address, which may hold a password.
    private AuditDetail[] Settings() =>
    [
        new("issuer", options.Issuer),
        new("database", options.Database is null ? "sqlite" : "postgresql"),
        new("public_url", options.PublicUrl ?? ""),
        new("company_prefix", options.CompanyPrefix?.Digits ?? ""),
        new("lookup", options.PublicLookup ? "public" : "closed"),
        Number("design_bytes", options.DesignBytes),
        Number("organisation_bytes", options.OrganisationBytes),
        Number("uploads_per_day", options.UploadsPerDay),
        Number("requests_per_second", options.RequestsPerSecond),
        Number("request_burst", options.RequestBurst),
        Number("verify_bytes_per_second", options.VerifyBytesPerSecond),
        Number("verify_burst", options.VerifyBurstBytes),
        Number("request_seconds", options.RequestSeconds),
        Number("upload_seconds", options.UploadSeconds),
        Number("gateways_per_address", options.GatewaysPerAddress),
        Number("connections", options.Connections),
        new("proxies", string.Join(", ", options.Proxies)),
    ];

    private static AuditDetail Number(string name, long value) => new(name, value.ToString(CultureInfo.InvariantCulture));

    private sealed record KeyRow
    {
        public string Purpose { get; init; } = "";

        public byte[] PublicKey { get; init; } = [];
    }
}
