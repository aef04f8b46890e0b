using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.SliceService;

/// <summary>Takes the multipart request of the slice service: <c>data</c> first, then settings, the model last, so that everything is judged before the large part is read.</summary>
internal static class SliceUpload
{
    private const string Data = "data";
    private const string Model = "model";

    private static readonly IReadOnlyList<string> Settings = ["machine_settings", "process_settings", "filament"];

    public static async Task<IResult> PostAsync(
        HttpContext context, PrinterCaller? printer, Caller? person, SliceDesk desk, EngineOptions options, IOptions<JsonOptions> json, CancellationToken cancel)
    {
        var limit = options.DesignBytes + MultipartBody.Overhead + SliceOrder.MaxBytes + (Settings.Count * SettingsText.MaxBytes);
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = limit;
        if (context.Request.ContentLength > limit)
        {
            return DesignLibrary.TooLarge(options.DesignBytes);
        }

        if (!(await desk.BeginAsync(printer, person, cancel)).Has(out var begun, out var refusal))
        {
            return refusal;
        }

        await using var work = begun;
        try
        {
            return await ReadAsync(context.Request, work, json.Value.SerializerOptions, cancel) is { } problem ? problem
                : (await work.MakeAsync(cancel)).Has(out var made, out refusal) ? made.Answer(context.Response, cancel)
                : refusal;
        }
        catch (BadHttpRequestException error) when (MultipartBody.IsTooLarge(error))
        {
            return DesignLibrary.TooLarge(options.DesignBytes);
        }
        catch (Exception error) when (MultipartBody.IsDamaged(error) && !context.Response.HasStarted)
        {
            return Refusal.Invalid("MULTIPART_DAMAGED", "The request ends too early, has a part that is too long, or is no valid multipart/form-data.", "Send it again.")
                .With("data_limit_bytes", SliceOrder.MaxBytes).With("settings_limit_bytes", SettingsText.MaxBytes);
        }
    }

    private static async Task<Refusal?> ReadAsync(HttpRequest request, SliceWork work, System.Text.Json.JsonSerializerOptions json, CancellationToken cancel)
    {
        if (MultipartBody.Open(request) is not { } reader)
        {
            return Refusal.Invalid("MULTIPART_EXPECTED", "The slice service takes multipart/form-data.", $"Send the parts {Data}, {string.Join(", ", Settings)} and {Model}; only {Data} is always needed.");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadNextSectionAsync(cancel) is { } section)
        {
            if (MultipartBody.NameOf(section) is not { } name || (name is not (Data or Model) && !Settings.Contains(name)) || !seen.Add(name))
            {
                return Refusal.Invalid("MULTIPART_PART", "The request has a part that is unknown, nameless or sent twice.", $"Send the parts {Data}, {string.Join(", ", Settings)} and {Model}, each at most once.");
            }

            if (name == Data != (seen.Count == 1) || (name != Model && seen.Contains(Model)))
            {
                return Refusal.Invalid("MULTIPART_ORDER", $"The part {name} is not where it belongs.", $"Send {Data} first and {Model} last.").With("part", name.ToString());
            }

            var problem = name switch
            {
                Data => SliceOrder.Read(await MultipartBody.ReadTextAsync(section, SliceOrder.MaxBytes, cancel), json).Has(out var order, out var refusal) ? work.Take(order) : refusal,
                Model => await work.PlanAsync(settings, hasModel: true, cancel) ?? await work.ReceiveAsync(section.Body, request.ContentLength, cancel),
                _ => SettingsText.Read(name, await MultipartBody.ReadTextAsync(section, SettingsText.MaxBytes, cancel), settings),
            };
            if (problem is not null)
            {
                return problem;
            }
        }

        return seen.Count == 0 ? Refusal.Invalid("DATA_MISSING", $"The request has no part {Data}.", $"Send {Data} first: a JSON object.")
            : seen.Contains(Model) ? null
            : await work.PlanAsync(settings, hasModel: false, cancel);
    }
}
