using System.Security.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Transparency;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Vaults;

/// <summary>
/// Hands an auditor's decision on a finding to the vault that signed the bundle, through the gateway beside it. It counts when the vault has signed it and entered it in its manifest, from which it
/// learns, and not before: nothing is kept here that the vault did not take.
/// </summary>
internal sealed class FindingDesk(FindingBook book, GatewayHub hub, Database database, Outbox outbox, AuditTrail trail, EngineOptions options, TimeProvider time)
{
    public const int MaxComment = 1024;

    public async Task<Outcome<VaultFinding>> DecideAsync(Guid bundleId, string signal, bool accepts, string? written, Caller caller, CancellationToken cancel)
    {
        if (!PlainText.TryAccept(written, MaxComment, out var comment))
        {
            return PlainText.Refuse("comment", MaxComment);
        }

        if (await book.FindAsync(bundleId, signal, cancel) is not { } finding)
        {
            return Unknown;
        }

        if (finding.State != 0)
        {
            return Refusal.Conflict("FINDING_DECIDED", "This finding was decided before.", "A decision stands in the vault's manifest and is not taken back; say what has changed in the review of a later one.");
        }

        if (hub.Find(finding.PrinterId) is not { } link || !hub.HasVault(finding.PrinterId))
        {
            return new Refusal(StatusCodes.Status503ServiceUnavailable, "VAULT_AWAY", $"The vault beside {finding.Printer} cannot be reached: its gateway is not connected, or has no vault. Nothing was decided.", "Try again when the printer is connected.");
        }

        var order = new ReviewOrder(Guid.CreateVersion7(time.GetUtcNow()), bundleId, signal, accepts, comment, $"account/{caller.AccountId:D} at {options.Issuer}");
        if (await link.AskVaultAsync(order.OrderId, order.Encode(), VaultDesk.BundleLimit, cancel) is not { } frame)
        {
            return new Refusal(StatusCodes.Status504GatewayTimeout, "VAULT_SILENT", "The printer's gateway did not hand on an answer of the vault in time.", "Try again. Should the vault say that it was decided before, then it had taken it.");
        }

        if (VaultRefusal.TryDecode(frame.Span) is { } refused)
        {
            return Refusal.Conflict("VAULT_REFUSED", $"The vault did not take it. {refused.Code}: {refused.Text}", refused.Code == "FORBIDDEN" ? "Whoever runs the vault lets its gateway hand on reviews with --reviewer." : "See what the vault says.").With("vault_code", refused.Code);
        }

        if (ReviewReport.TryDecode(frame.Span) is not { } report || VaultDesk.Read<FindingReview>(report.Statement) is not { } review || !IsOf(order, finding, review))
        {
            return Refusal.Conflict("VAULT_ANSWER", "What the gateway handed on is no signed decision on this finding.", "Tell whoever runs the printer.");
        }

        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync(
            "update vault_findings set state = @State, account_id = @AccountId, comment = @Comment, decided_at = @At, statement = @Statement where bundle_id = @BundleId and signal = @Signal and state = 0",
            new { State = accepts ? 1 : 2, caller.AccountId, Comment = comment, review.At, Statement = report.Statement.ToArray(), BundleId = bundleId, Signal = signal }, cancel);
        await outbox.EnterAsync(work, report.Statement, cancel);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.FindingReviewed, $"bundle/{bundleId:D}", new("signal", signal), new("decision", accepts ? "accept" : "reject"), new("statement_sha256", Convert.ToHexStringLower(SHA256.HashData(report.Statement.Span)))), cancel);
        await work.CommitAsync(cancel);
        return (await book.FindAsync(bundleId, signal, cancel))!;
    }

    public static Refusal Unknown => Refusal.NotFound("There is no such finding.", "The list of findings says which there are.");

    /// <summary>Whether it says what was ordered. Who signed it is for those to judge who have pinned the customer's root.</summary>
    private static bool IsOf(ReviewOrder order, VaultFinding finding, FindingReview review) =>
        review.BundleId == order.BundleId && review.Signal == order.Signal && review.Accepts == order.Accepts && review.Comment == order.Comment && review.BundleSha256.Span.SequenceEqual(finding.BundleSha256)
        && review.Reviewer.EndsWith(order.Who, StringComparison.Ordinal);
}
