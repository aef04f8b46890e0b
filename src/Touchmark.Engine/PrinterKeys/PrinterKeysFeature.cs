using Touchmark.Engine.Accounts;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.PrinterKeys;

/// <summary>Printers' keys: handed out to gateways, rotated and revoked by people.</summary>
internal static class PrinterKeysFeature
{
    public static void AddPrinterKeys(this IServiceCollection services) => services.AddSingleton<PrinterKeyring>();

    public static void MapPrinterKeys(this WebApplication app)
    {
        app.MapGet("/api/printer-keys", (PrinterCaller caller, PrinterKeyring keyring, CancellationToken cancel) => keyring.HandOutAsync(caller.Printer, cancel)).ForPrinters()
            .WithSummary("Get the keys of this printer's files (called by the gateway), sealed for its device key.");
        app.MapGet("/api/printers/{id:guid}/keys", async (Guid id, Caller caller, PrinterKeyring keyring, CancellationToken cancel) =>
            (await keyring.ListAsync(id, caller, cancel)).ToResult(keys => Results.Ok(keys.Select(PrinterKeyView.Of)))).For(Role.Manufacturer, Role.Admin)
            .WithSummary("List the versions of the key that a printer's files are sealed under.");
        app.MapPost("/api/printers/{id:guid}/keys/rotate", async (Guid id, Caller caller, PrinterKeyring keyring, CancellationToken cancel) =>
            (await keyring.RotateAsync(id, caller, cancel)).ToResult(key => Results.Ok(PrinterKeyView.Of(key)))).For(Role.Manufacturer, Role.Admin).Produces<PrinterKeyView>()
            .WithSummary("Seal new files for a printer under a new key; what was sealed before still prints.");
        app.MapPost("/api/printers/{id:guid}/keys/{version:int}/revoke", async (Guid id, int version, Caller caller, PrinterKeyring keyring, CancellationToken cancel) =>
            (await keyring.RevokeAsync(id, version, caller, cancel)).ToResult(key => Results.Ok(PrinterKeyView.Of(key)))).For(Role.Manufacturer, Role.Admin).Produces<PrinterKeyView>()
            .WithSummary("Revoke a version of a printer's key: nothing that was sealed under it prints any more.");
    }
}

/// <summary>A version of a printer's key as the API shows it to people: not the key.</summary>
internal sealed record PrinterKeyView(string KeyId, int Version, DateTimeOffset MadeAt, DateTimeOffset? RevokedAt)
{
    public static PrinterKeyView Of(PrinterKey key) => new(Psek.IdOf(key.PrinterId, key.Version), key.Version, key.MadeAt, key.RevokedAt);
}
