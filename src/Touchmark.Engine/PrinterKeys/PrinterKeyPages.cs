using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Printers;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.PrinterKeys;

/// <summary>What a printer's page has of its keys.</summary>
internal static class PrinterKeyPages
{
    public static void MapPrinterKeyPages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Manufacturer, Role.Admin);
        pages.MapPost("/printers/{id:guid}/keys/rotate", (Guid id, Visit visit, PrinterKeyring keyring, PrinterDesk desk, CancellationToken cancel) =>
            ActAsync(id, visit, desk, keyring.RotateAsync(id, visit.Caller, cancel), cancel)).AsForm();
        pages.MapPost("/printers/{id:guid}/keys/{version:int}/revoke", (Guid id, int version, Visit visit, PrinterKeyring keyring, PrinterDesk desk, CancellationToken cancel) =>
            ActAsync(id, visit, desk, keyring.RevokeAsync(id, version, visit.Caller, cancel), cancel)).AsForm();
    }

    private static async Task<IResult> ActAsync(Guid id, Visit visit, PrinterDesk desk, Task<Outcome<PrinterKey>> act, CancellationToken cancel) =>
        (await act).Has(out _, out var refusal) ? Results.Redirect($"/printers/{id:D}#keys") : await desk.ShowAsync(id, visit, refusal, cancel);
}

/// <summary>A version of a printer's key.</summary>
public sealed record KeyRow(string KeyId, int Version, DateTimeOffset MadeAt, DateTimeOffset? RevokedAt, bool IsNewest)
{
    /// <param name="keys">All versions, oldest first.</param>
    internal static IReadOnlyList<KeyRow> Of(IReadOnlyList<PrinterKey> keys) =>
        [.. keys.Select(key => PrinterKeyView.Of(key)).Select(key => new KeyRow(key.KeyId, key.Version, key.MadeAt, key.RevokedAt, key.Version == keys[^1].Version)).Reverse()];
}
