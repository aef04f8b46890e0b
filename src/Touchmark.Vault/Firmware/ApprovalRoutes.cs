using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Access;
using Touchmark.Vault.Officers;

namespace Touchmark.Vault.Firmware;

/// <summary>Dual control of firmware: two officers' approvals come in one by one, and everybody sees them.</summary>
internal static class ApprovalRoutes
{
    public static void MapApprovals(this WebApplication app)
    {
        var approvals = app.MapGroup("/v3/firmware/approvals").WithTags("firmware");
        approvals.MapPost("", (HttpContext context, StatementDesk desk, CancellationToken cancel) =>
                OfficersFeature.TakeAsync(context, desk.ApproveAsync, entered => ApprovalLine.Of(entered.Entry.Sha256, entered.Entry.Index, entered.Document, entered.Entry.Statement.Issuer), cancel))
            .For(Role.Admin).WithSummary("Enters an officer's approval of a firmware image. Two different officers make it approved.").TakesStatement().Produces<ApprovalLine>(StatusCodes.Status201Created);
        approvals.MapGet("", async (OfficerBook book, TimeProvider time, CancellationToken cancel) =>
                (await book.RollAsync(cancel)).VerifiedApprovals(time.GetUtcNow()).Select(approved => ApprovalLine.Of(approved.Entry.Sha256, approved.Entry.Index, approved.Approval, approved.Officer.Appointment.Name)))
            .For(Role.Any).WithSummary("All approvals that count, oldest first.");
    }

    /// <summary>An approval in a list.</summary>
    internal sealed record ApprovalLine(string Statement, long LogIndex, string ImageSha256, string Name, string Version, string? Board, IReadOnlyList<Guid> PrinterIds, string Officer, DateTimeOffset ApprovedAt)
    {
        public static ApprovalLine Of(byte[] sha256, long index, FirmwareApproval approval, string officer) => new(
            Convert.ToHexStringLower(sha256), index, Convert.ToHexStringLower(approval.ImageSha256.Span), approval.Name, approval.Version, approval.Board, approval.PrinterIds, officer, approval.ApprovedAt);
    }
}
