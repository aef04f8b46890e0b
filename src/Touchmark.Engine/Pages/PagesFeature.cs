using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Touchmark.Engine.Pages;

/// <summary>What all pages share: their frame, style and scripts, the way in and out, and the overview. Each feature puts its own pages up.</summary>
internal static class PagesFeature
{
    public static void AddPages(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddRazorComponents();
        services.AddSingleton<Overview>();
        services.AddSingleton<SentOnce>();
        services.AddDataProtection().SetApplicationName("touchmark-engine");
        services.AddSingleton<PageKeys>();
        services.AddOptions<KeyManagementOptions>().Configure<PageKeys>((options, keys) => options.XmlRepository = keys);
        // It warns that keys are stored in the clear: it cannot know that PageKeys wraps them.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = "touchmark-form";
            options.Cookie.SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Strict;
            options.SuppressXFrameOptionsHeader = true;
        });
    }

    public static void MapPages(this WebApplication app)
    {
        var open = app.MapGroup("").ExcludeFromDescription();
        open.MapGet("/site.css", () => BuiltIn("site.css", "text/css; charset=utf-8"));
        open.MapGet("/mark.svg", () => BuiltIn("mark.svg", "image/svg+xml"));
        open.MapGet("/assets/{name}", PageAssets.Answer);
        app.MapSignIn();
        app.MapTheme();
        app.MapPagesFor().MapGet("/", async (Visit visit, Overview overview, CancellationToken cancel) => visit.Show<OverviewPage>(await overview.ForAsync(visit.Caller, cancel)));
    }

    /// <summary>The token that the page's forms carry; its cookie goes with the answer.</summary>
    internal static PageToken Token(HttpContext context, IAntiforgery antiforgery)
    {
        var tokens = antiforgery.GetAndStoreTokens(context);
        return new PageToken(tokens.FormFieldName, tokens.RequestToken!);
    }

    /// <summary>A file that is built into this assembly.</summary>
    internal static FileStreamHttpResult BuiltIn(string name, string type) =>
        TypedResults.Stream(typeof(PagesFeature).Assembly.GetManifestResourceStream(name)!, type, entityTag: new EntityTagHeaderValue($"\"{typeof(PagesFeature).Module.ModuleVersionId:N}\""));
}
