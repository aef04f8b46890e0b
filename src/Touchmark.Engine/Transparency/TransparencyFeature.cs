using Touchmark.Engine.Accounts;
using Touchmark.Engine.Parts;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Receipts;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Problems;
using Touchmark.Log.Proofs;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;

namespace Touchmark.Engine.Transparency;

/// <summary>
/// The log: every statement goes through it, everybody may read its hashes (C2SP tlog-tiles under <c>/log/</c>), and whoever knows a statement may ask for its proof. The entries are
/// the statements themselves, which name customers, machines and accounts: they are for auditors, unless the operator opens them.
/// </summary>
internal static class TransparencyFeature
{
    private const string Text = "text/plain; charset=utf-8";

    public static void AddTransparency(this IServiceCollection services)
    {
        services.AddSingleton<Outbox>();
        services.AddSingleton<Witnesses>();
        services.AddSingleton<PublicLog>();
        services.AddSingleton<EvidenceFiles>();
        services.AddHostedService<LogKeeper>();
        services.AddSingleton<TimeStampAuthority>();
        services.AddSingleton<Anchors>();
        services.AddHostedService(provider => provider.GetRequiredService<Anchors>());
    }

    public static void MapTransparency(this WebApplication app)
    {
        MapAnchors(app);
        app.MapLogPages();
        app.MapGet("/log/checkpoint", CheckpointAsync).ForLookup().WithSummary("The log's newest checkpoint: how large it is, its root, signed (C2SP tlog-checkpoint).");
        var entries = app.MapGet("/log/tile/entries/{**rest}", (string rest, HttpResponse response, PublicLog log, CancellationToken cancel) =>
            ObjectAsync($"tile/entries/{rest}", isEntries: true, response, log, cancel)).WithSummary("A bundle of the log's entries: for admins and auditors, unless the engine runs with --log-entries public.");
        if (!app.Services.GetRequiredService<EngineOptions>().PublicEntries)
        {
            entries.For(Role.Admin, Role.Auditor);
        }

        app.MapGet("/log/tile/{**rest}", (string rest, HttpResponse response, PublicLog log, CancellationToken cancel) => ObjectAsync($"tile/{rest}", isEntries: false, response, log, cancel)).ForLookup()
            .WithSummary("A tile of the log: 256 hashes of one level of its tree (C2SP tlog-tiles).");
        app.MapGet("/api/log/statements/{sha256}", async (string sha256, Outbox outbox, PublicLog log, CancellationToken cancel) =>
            (await FindAsync(sha256, outbox, cancel)).ToResult(entry => Results.Ok(new LoggedStatement(sha256, log.Origin, entry.LogIndex)))).ForLookup().Produces<LoggedStatement>()
            .WithSummary("Where in the log the statement with this SHA-256 is; without index while it is on its way there.");
        app.MapGet("/api/log/statements/{sha256}/proof", async (string sha256, Outbox outbox, PublicLog log, CancellationToken cancel) =>
            (await LoggedAsync(sha256, outbox, log.ProveAsync, cancel)).ToResult(proof => Results.Bytes(proof.Encode(), Text, sha256 + LogProof.FileExtension))).ForLookup()
            .WithSummary("The proof that the statement with this SHA-256 is in the log: a .tlog-proof file, which verifies offline.");
        app.MapGet("/api/log/statements/{sha256}/receipt", async (string sha256, Outbox outbox, PublicLog log, CancellationToken cancel) =>
            (await LoggedAsync(sha256, outbox, log.TransparentAsync, cancel)).ToResult(statement => Results.Bytes(statement, TransparentStatement.MediaType, sha256 + ".cose"))).ForAnyRole()
            .WithSummary("The statement with this SHA-256 itself, with COSE receipts by both keys of the log (RFC 9942).");
    }

    private static void MapAnchors(WebApplication app)
    {
        app.MapGet("/api/log/anchors", async (Anchors anchors, CancellationToken cancel) => (await anchors.ListAsync(cancel)).Select(row =>
            new AnchorView(row.Id, row.MadeAt, row.Size, Convert.ToHexStringLower(row.Root), row.Stamped == 1))).ForLookup().Produces<IReadOnlyList<AnchorView>>()
            .WithSummary("List the checkpoints that are statements of the log themselves, newest first.");
        app.MapGet("/api/log/anchors/{id:guid}", async (Guid id, Anchors anchors, EvidenceFiles files, CancellationToken cancel) => await anchors.FindAsync(id, cancel) is not { } row
            ? Refusal.NotFound("log/anchor")
            : (await files.BuildAsync(new StatementPart(row.Statement, null), [], cancel)).ToResult(file => Results.Bytes(file, EvidenceFile.MediaType, $"{id:D}.touchmark"))).ForLookup()
            .WithSummary("An anchor's evidence file, which verifies offline.");
    }

    private static async Task<IResult> CheckpointAsync(HttpResponse response, PublicLog log, CancellationToken cancel)
    {
        if (await log.Objects.ReadAsync(LogPaths.Checkpoint, cancel) is not { } checkpoint)
        {
            return Results.NotFound();
        }

        response.Headers.CacheControl = $"{Scope(response)}, max-age=1";
        return Results.Bytes(checkpoint.ToArray(), Text);
    }

    private static async Task<IResult> ObjectAsync(string path, bool isEntries, HttpResponse response, PublicLog log, CancellationToken cancel)
    {
        // A bundle is told by its path alone, which has one spelling: nothing else is looked for.
        if (!TileId.TryParse(path, out var id) || id.IsEntries != isEntries || await log.Objects.ReadAsync(id.Path, cancel) is not { } content)
        {
            return Results.NotFound();
        }

        response.Headers.CacheControl = $"{(isEntries ? "private" : Scope(response))}, max-age=604800, immutable";
        return Results.Bytes(content.ToArray(), "application/octet-stream");
    }

    // What accounts alone may read does not belong into caches that others share.
    private static string Scope(HttpResponse response) => response.HttpContext.RequestServices.GetRequiredService<LookupRules>().IsPublic ? "public" : "private";

    /// <summary>What the log says of an entry; a refusal while it says nothing.</summary>
    private static async Task<Outcome<T>> LoggedAsync<T>(string sha256, Outbox outbox, Func<long, CancellationToken, Task<T?>> say, CancellationToken cancel)
        where T : class
    {
        if (!(await FindAsync(sha256, outbox, cancel)).Has(out var entry, out var refusal))
        {
            return refusal;
        }

        // Whoever sees a statement may be faster than the log.
        if (entry.LogIndex is null && await outbox.SettledAsync(cancel))
        {
            entry = await outbox.FindAsync(entry.Sha256, cancel) ?? entry;
        }

        return entry.LogIndex is { } index && await say(index, cancel) is { } said ? said
            : EvidenceFiles.Behind;
    }

    private static async Task<Outcome<LogEntry>> FindAsync(string sha256, Outbox outbox, CancellationToken cancel)
    {
        var hash = new byte[32];
        // In lower case, as everything of ours writes it, so that an address has one spelling.
        return sha256.Length == 64 && sha256.All(char.IsAsciiHexDigitLower) && Convert.FromHexString(sha256, hash, out _, out _) == System.Buffers.OperationStatus.Done
            && await outbox.FindAsync(hash, cancel) is { } entry ? entry
            : new Refusal(StatusCodes.Status404NotFound, "NOT_FOUND", "This engine has made no statement with this SHA-256.", "Send the SHA-256 of the statement's envelope, 64 lower-case hexadecimal digits.");
    }
}

/// <param name="Id">Its id.</param>
/// <param name="At">When.</param>
/// <param name="Size">Entries that the log had.</param>
/// <param name="Root">The root of their tree, hexadecimal.</param>
/// <param name="TimeStamped">Whether an authority stamped it (RFC 3161).</param>
internal sealed record AnchorView(Guid Id, DateTimeOffset At, long Size, string Root, bool TimeStamped);

/// <param name="Sha256">Of the envelope.</param>
/// <param name="Origin">The log's name.</param>
/// <param name="Index">The statement's place in the log, from 0; absent while it is on its way.</param>
internal sealed record LoggedStatement(string Sha256, string Origin, long? Index);
