using System.Security.Claims;
using Touchmark.Engine.Printers;

namespace Touchmark.Engine.PrinterTokens;

/// <summary>The printer that asks, through its gateway. An endpoint takes it as a parameter; <see cref="PrinterTokensFeature.ForPrinters"/> on the endpoint demands its token.</summary>
/// <param name="Printer">As it stands now; not revoked.</param>
internal sealed record PrinterCaller(EnrolledPrinter Printer)
{
    /// <summary>No account has it.</summary>
    internal const string Role = "Printer";

    public static ValueTask<PrinterCaller?> BindAsync(HttpContext context) => ValueTask.FromResult(Of(context));

    internal static PrinterCaller? Of(HttpContext context) => context.Features.Get<PrinterCaller>();

    internal static ClaimsPrincipal ToPrincipal(string scheme) => new(new ClaimsIdentity([new Claim(ClaimTypes.Role, Role)], scheme));
}
