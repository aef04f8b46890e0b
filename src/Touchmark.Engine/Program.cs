using Touchmark.Engine.Accounts;
using Touchmark.Engine.Analytics;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Certificates;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Demonstration;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Epcis;
using Touchmark.Engine.Gs1;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Labels;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Marketplace;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Parts;
using Touchmark.Engine.Previews;
using Touchmark.Engine.PrinterFiles;
using Touchmark.Engine.PrinterKeys;
using Touchmark.Engine.Printers;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Engine.Recalls;
using Touchmark.Engine.Regulators;
using Touchmark.Engine.Search;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Setup;
using Touchmark.Engine.SliceService;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Storage;
using Touchmark.Engine.SystemHealth;
using Touchmark.Engine.Transparency;
using Touchmark.Engine.Uploads;
using Touchmark.Engine.Vaults;
using Touchmark.Engine.Verification;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine;

/// <summary>The engine process: a list of features, and nothing else.</summary>
internal static class Program
{
    private static async Task Main(string[] args)
    {
        await using var app = Create(args);
        await app.Services.GetRequiredService<Migrations>().RunAsync(CancellationToken.None);
        await app.RunAsync();
    }

    /// <summary>Builds the engine from its command line.</summary>
    /// <param name="args">See <see cref="EngineOptions"/>.</param>
    /// <param name="replace">Lets a test put a clock or a fault in the place of a service.</param>
    internal static WebApplication Create(string[] args, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        // Only the command line and our own variables count: a stray settings file in a folder changes nothing.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddEnvironmentVariables("TOUCHMARK_").AddCommandLine(args);
        var options = EngineOptions.Read(builder.Configuration);
        var services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        builder.AddWeb(options);
        services.AddStorage();
        services.AddDemonstration(options);
        services.AddKeys();
        services.AddTransparency();
        services.AddAudit();
        services.AddAccounts(options);
        services.AddDesigns();
        services.AddUploads();
        services.AddPrinters();
        services.AddPrinterTokens();
        services.AddPrinterKeys();
        services.AddLicences();
        services.AddMarketplace();
        builder.AddPages();
        services.AddSlicing();
        services.AddPrinterFiles();
        services.AddSessions();
        services.AddVaults();
        services.AddCertificates();
        services.AddAnalytics();
        services.AddParts();
        services.AddCustody();
        services.AddRecalls();
        services.AddGs1();
        services.AddLabels();
        services.AddVerification();
        services.AddRegulators();
        services.AddSearch();
        services.AddJobs();
        services.AddSliceService();
        services.AddSetup();
        services.AddSystemHealth();
        services.AddPreviews();

        replace?.Invoke(services);

        var app = builder.Build();
        app.MapWeb();
        app.MapKeys();
        app.MapTransparency();
        app.MapAudit();
        app.MapAccounts();
        app.MapDesigns();
        app.MapUploads();
        app.MapPrinters();
        app.MapPrinterTokens();
        app.MapPrinterKeys();
        app.MapPrinterKeyPages();
        app.MapPrinterFiles();
        app.MapLicences();
        app.MapPages();
        app.MapSessions();
        app.MapJobs();
        app.MapSliceService();
        app.MapPreviews();
        app.MapCertificates();
        app.MapAnalytics();
        app.MapParts();
        app.MapCustody();
        app.MapRecalls();
        app.MapGs1();
        app.MapEpcis();
        app.MapLabels();
        app.MapVerification();
        app.MapRegulators();
        app.MapDemonstration();
        app.MapSetup();
        app.MapSearch();
        app.MapVaults();
        app.MapSystemHealth();
        return app;
    }
}
