using Touchmark.Engine.Accounts;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Engine.Web;

namespace Touchmark.Engine.SliceService;

/// <summary>The slice service: a model, a licence or a URI in, a sealed file for one printer out.</summary>
internal static class SliceServiceFeature
{
    public static void AddSliceService(this IServiceCollection services)
    {
        services.AddSingleton<SliceServices>();
        services.AddSingleton<SliceDesk>();
    }

    public static void MapSliceService(this WebApplication app)
    {
        // The second address is the one that marketplaces' programs know.
        foreach (var path in (string[])["/api/slice", "/slice"])
        {
            app.MapPost(path, SliceUpload.PostAsync).ForPrintersOr(Role.Manufacturer, Role.Operator).WithRequestTimeout(RequestTime.Upload)
                .WithSummary("Slice a model, a licensed design or what a hedera:// URI leads to (multipart/form-data: data, machine_settings, process_settings, filament, model), and get it as a file that only this printer prints.");
        }
    }
}
