using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;
using Touchmark.Log.Notes;
using Touchmark.Log.Proofs;

namespace Touchmark.Engine.Transparency;

/// <summary>
/// The log explorer for auditors: its entries, one entry with its statement and the proof that it is in the log, and its checkpoints with their witnesses and the proof that it only grew. What the
/// server shows is its word; the pages' script verifies entry, proof and growth in the reader's browser.
/// </summary>
internal static class LogPages
{
    /// <summary>Of a page: a quarter of a bundle of entries, so that no page needs two.</summary>
    private const int Rows = 64;

    public static void MapLogPages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Auditor, Role.Admin);
        pages.MapGet("/log", EntriesAsync);
        pages.MapGet("/log/entries/{index:long}", EntryAsync);
        pages.MapGet("/log/entries/{index:long}/statement", (long index, Visit visit, PublicLog log, CancellationToken cancel) =>
            FileAsync(index, visit, log, proof => log.TreeOf(proof.Checkpoint.Checkpoint).EntryAsync(index, cancel), "cose", "application/cose", cancel));
        pages.MapGet("/log/entries/{index:long}/proof", (long index, Visit visit, PublicLog log, CancellationToken cancel) =>
            FileAsync(index, visit, log, proof => ValueTask.FromResult<ReadOnlyMemory<byte>>(proof.Encode()), "tlog-proof", "text/plain; charset=utf-8", cancel));
        pages.MapGet("/log/checkpoints", CheckpointsAsync);
    }

    private static async Task<IResult> EntriesAsync(long? page, string? q, Visit visit, PublicLog log, Outbox outbox, CancellationToken cancel)
    {
        if (!string.IsNullOrWhiteSpace(q))
        {
            return await SoughtAsync(q.Trim(), outbox, cancel) is { } found ? Results.Redirect(string.Create(CultureInfo.InvariantCulture, $"/log/entries/{found}"))
                : visit.Show<LogPage>(new LogModel(log.Origin, 0, [], q, null, null), Refusal.NotFound("There is no such entry in the log.", "Type the number of an entry, or the SHA-256 of a statement, whole."));
        }

        if (await log.CheckpointAsync(cancel) is not { Checkpoint: var head } || head.Size == 0)
        {
            return visit.Show<LogPage>(new LogModel(log.Origin, 0, [], "", null, null));
        }

        var last = (head.Size - 1) / Rows;
        var shown = page is { } asked && asked >= 0 && asked <= last ? asked : last;
        var entries = await log.TreeOf(head).EntriesAsync(shown * Rows, cancel);
        var rows = entries.Take(Rows).Select((entry, at) => LogLine.Of((shown * Rows) + at, entry)).Reverse().ToList();
        return visit.Show<LogPage>(new LogModel(log.Origin, head.Size, rows, "", shown < last ? "/log" : null, shown > 0 ? string.Create(CultureInfo.InvariantCulture, $"/log?page={shown - 1}") : null));
    }

    /// <summary>The entry that is meant by a number or by the SHA-256 of its statement.</summary>
    private static async Task<long?> SoughtAsync(string question, Outbox outbox, CancellationToken cancel) =>
        question.Length == 64 && question.All(char.IsAsciiHexDigit) ? (await outbox.FindAsync(Convert.FromHexString(question), cancel))?.LogIndex
            : long.TryParse(question, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static async Task<IResult> EntryAsync(long index, Visit visit, PublicLog log, CancellationToken cancel)
    {
        if (index < 0 || await log.ProveAsync(index, cancel) is not { } proof)
        {
            return visit.Refuse(NoEntry);
        }

        var head = proof.Checkpoint.Checkpoint;
        var entry = await log.TreeOf(head).EntryAsync(index, cancel);
        // The envelope is decoded as far as it can be; a payload behind a hash is not in the log.
        var text = Statement.TryParse(entry, out _, out _) ? Encoding.UTF8.GetString(EvidenceJson.Write(new StatementPart(entry, null))) : Encoding.UTF8.GetString(entry.Span);
        return visit.Show<LogEntryPage>(new LogEntryModel(
            LogLine.Of(index, entry), head.Size, head.Root.ToString(), text, [.. proof.Hashes.Select(hash => hash.ToString())], index > 0 ? index - 1 : null, index + 1 < head.Size ? index + 1 : null));
    }

    private static async Task<IResult> FileAsync(
        long index, Visit visit, PublicLog log, Func<LogProof, ValueTask<ReadOnlyMemory<byte>>> read, string extension, string type, CancellationToken cancel) =>
        index >= 0 && await log.ProveAsync(index, cancel) is { } proof
            ? Results.Bytes((await read(proof)).ToArray(), type, string.Create(CultureInfo.InvariantCulture, $"entry-{index}.{extension}")) : visit.Refuse(NoEntry);

    private static async Task<IResult> CheckpointsAsync(long? old, Visit visit, PublicLog log, Anchors anchors, CancellationToken cancel)
    {
        if (await log.CheckpointAsync(cancel) is not { Checkpoint: var head } signed)
        {
            return visit.Refuse(NoEntry);
        }

        var policy = log.Policy.Policy;
        var signatures = (policy.Find(head.Origin)?.Keys ?? []).Select(key => Sign(signed, key, key.Type == NoteKeyType.Ed25519 ? "the log, Ed25519" : "the log, ML-DSA-65")).Concat(policy.Witnesses.Select(witness => Sign(signed, witness.Key, "a witness"))).ToList();
        var earlier = (await anchors.ListAsync(cancel)).Select(row => new LogAnchorLine(row.Size, Convert.ToBase64String(row.Root), row.MadeAt, row.Stamped == 1, $"/api/log/anchors/{row.Id:D}")).ToList();
        var model = new CheckpointsModel(head.Origin, head.Size, head.Root.ToString(), Encoding.UTF8.GetString(signed.Encode()), signatures, policy.Quorum, earlier, null);
        if (old is not { } size)
        {
            return visit.Show<CheckpointsPage>(model);
        }

        if (size < 0 || size > head.Size)
        {
            return visit.Show<CheckpointsPage>(model, Refusal.Invalid("LOG_SIZE", $"The log has {head.Size} entries, and a smaller tree of it has fewer.", "Type a number of entries that it had before.").With("size", head.Size));
        }

        var (root, proof) = await log.TreeOf(head).ConsistencyAsync(size, cancel);
        // What was signed at that size, where an anchor tells it; else what the log says now that it was.
        var anchor = earlier.Find(one => one.Size == size);
        return visit.Show<CheckpointsPage>(model with { Growth = new LogGrowth(size, anchor?.Root ?? root.ToString(), anchor is not null, [.. proof.Select(hash => hash.ToString())]) });
    }

    private static LogSigner Sign(SignedCheckpoint signed, NoteKey key, string who)
    {
        var check = signed.Note.Check(key);
        return new(key.Name, who, check.State switch { NoteSignatureState.Valid => "signed", NoteSignatureState.Wrong => "wrong signature", _ => "has not signed" },
            check.State switch { NoteSignatureState.Valid => "good", NoteSignatureState.Wrong => "bad", _ => "quiet" }, check.Time, key.Text);
    }

    private static Refusal NoEntry => Refusal.NotFound("There is no such entry in the log.", "The list of its entries says which there are.");
}

/// <summary>An entry in the list.</summary>
public sealed record LogLine(long Index, string Kind, string Subject, string Issuer, DateTimeOffset? IssuedAt, string Sha256, int Bytes)
{
    internal static LogLine Of(long index, ReadOnlyMemory<byte> entry)
    {
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(entry.Span));
        return Statement.TryParse(entry, out var statement, out _)
            ? new(index, KindOf(statement.ContentType), statement.Subject, statement.Issuer, statement.IssuedAt, sha256, entry.Length)
            : new(index, index == 0 ? "the log's own first entry" : "no statement", "", "", null, sha256, entry.Length);
    }

    private static string KindOf(string type) => type.Replace("application/vnd.touchmark.", "", StringComparison.Ordinal).Replace("+cbor", "", StringComparison.Ordinal).Replace('-', ' ');
}

/// <summary>A page of the entries, the newest first.</summary>
public sealed record LogModel(string Origin, long Size, IReadOnlyList<LogLine> Rows, string Question, string? Newer, string? Older);

/// <summary>One entry, as the server reads it, with its proof.</summary>
public sealed record LogEntryModel(LogLine Line, long Size, string Root, string Text, IReadOnlyList<string> Proof, long? Before, long? After);

/// <summary>The head of the log: who signed it, and heads that were entered in the log itself.</summary>
public sealed record CheckpointsModel(string Origin, long Size, string Root, string Text, IReadOnlyList<LogSigner> Signatures, string? Quorum, IReadOnlyList<LogAnchorLine> Earlier, LogGrowth? Growth);

/// <summary>Somebody whose signature under a checkpoint is asked for.</summary>
public sealed record LogSigner(string Name, string Who, string State, string Tone, DateTimeOffset? At, string Key);

/// <summary>An earlier head; its root in base64.</summary>
public sealed record LogAnchorLine(long Size, string Root, DateTimeOffset MadeAt, bool Stamped, string File);

/// <summary>That the tree of <paramref name="Size"/> entries is the beginning of the present one.</summary>
public sealed record LogGrowth(long Size, string Root, bool Anchored, IReadOnlyList<string> Proof);
