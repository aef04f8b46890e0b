using Touchmark.Hosting.Storage;
using Touchmark.Vault.Access;
using Touchmark.Vault.Bundles;
using Touchmark.Vault.Ceremony;
using Touchmark.Vault.Endorsements;
using Touchmark.Vault.Export;
using Touchmark.Vault.Firmware;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Officers;
using Touchmark.Vault.Operators;
using Touchmark.Vault.Posture;
using Touchmark.Vault.Review;
using Touchmark.Vault.Slicers;
using Touchmark.Vault.Twins;
using Touchmark.Vault.Verification;
using Touchmark.Vault.Web;

namespace Touchmark.Vault;

/// <summary>The vault process: a list of commands, and a list of features.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args) => args switch
    {
        ["ceremony", .. var rest] => CeremonyCommand.RunAsync(rest),
        ["token", .. var rest] => TokenCommand.RunAsync(rest),
        ["export", .. var rest] => ExportCommand.RunAsync(rest),
        ["index", .. var rest] => IndexCommand.RunAsync(rest),
        ["models", .. var rest] => ModelsCommand.RunAsync(rest),
        ["run", .. var rest] => RunAsync(rest),
        _ => RunAsync(args),
    };

    /// <summary>Builds the vault from its command line; what a command other than <c>run</c> needs of it is taken from its services.</summary>
    /// <param name="args">See <see cref="VaultOptions"/>.</param>
    /// <param name="replace">Lets a test put a clock, an HSM or a fault in the place of a service.</param>
    internal static WebApplication Create(string[] args, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        // Only the command line and our own variables count: a stray settings file in a folder changes nothing.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddEnvironmentVariables("TOUCHMARK_VAULT_").AddCommandLine(args);
        var options = VaultOptions.Read(builder.Configuration);
        var services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        builder.AddWeb(options);
        services.AddStorage();
        services.AddHsm();
        services.AddManifest();
        services.AddAccess();
        services.AddOperators();
        services.AddOfficers();
        services.AddSlicers();
        services.AddFirmware();
        services.AddTwins();
        services.AddReview();
        services.AddBundles();
        services.AddEndorsements();
        services.AddPosture();
        services.AddVerification();
        services.AddExport();

        replace?.Invoke(services);

        var app = builder.Build();
        app.MapWeb();
        app.MapBundles();
        app.MapEndorsements();
        app.MapPosture();
        app.MapVerification();
        app.MapSlicers();
        app.MapFirmware();
        app.MapOfficers();
        app.MapTwins();
        app.MapReview();
        return app;
    }

    private static async Task<int> RunAsync(string[] args)
    {
        await using var app = Create(args);
        // The token takes its time to be reached; folder, tables and listeners are made ready meanwhile.
        var hsm = Task.Run(app.Services.GetRequiredService<IVaultHsm>, CancellationToken.None);
        await StartAsync(app);
        await hsm;
        await app.WaitForShutdownAsync(CancellationToken.None);
        return 0;
    }

    /// <summary>Starts a vault that was built. Only one process writes a data folder, and it says so before it touches anything in there.</summary>
    internal static async Task StartAsync(WebApplication app)
    {
        await PrepareAsync(app);
        await app.StartAsync(CancellationToken.None);
    }

    /// <summary>Takes the data folder and brings its tables forward: what every command does first that writes the manifest.</summary>
    /// <exception cref="InvalidOperationException">Another process has the folder.</exception>
    internal static Task PrepareAsync(WebApplication app)
    {
        DataFolder.Create(app.Services.GetRequiredService<VaultOptions>().Data);
        app.Services.GetRequiredService<DataLock>().Take();
        return app.Services.GetRequiredService<Migrations>().RunAsync(CancellationToken.None);
    }

    private static void AddStorage(this IServiceCollection services)
    {
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<VaultOptions>();
            DataFolder.Create(options.Data);
            return Dialect.For(options.Database, options.Data);
        });
        services.AddSingleton<Database>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Migrations>(provider, typeof(Program).Assembly));
    }
}
