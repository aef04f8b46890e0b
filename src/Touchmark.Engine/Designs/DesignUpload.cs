using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>Takes the multipart upload of a design.</summary>
internal static class DesignUpload
{
    private const int FieldBytes = 8 * 1024;
    private const int MaximumParts = 8;

    public static async Task<IResult> PostAsync(HttpContext context, Caller caller, DesignLibrary library, UploadQuota quota, EngineOptions options, CancellationToken cancel) =>
        (await ReadAsync(context, caller, library, quota, options, form: null, cancel)).ToResult(design => Results.Created($"/api/designs/{design.Id:D}", DesignView.Of(design)));

    /// <summary>Reads an upload and keeps its design.</summary>
    /// <param name="context">Of the request.</param>
    /// <param name="caller">Whose design it becomes.</param>
    /// <param name="library">Keeps it.</param>
    /// <param name="quota">Limits it.</param>
    /// <param name="options">Limit it, too.</param>
    /// <param name="form">For a page's form: its first part has to be the form's token.</param>
    /// <param name="cancel">Ends it; nothing is kept.</param>
    public static async Task<Outcome<Design>> ReadAsync(HttpContext context, Caller caller, DesignLibrary library, UploadQuota quota, EngineOptions options, IAntiforgery? form, CancellationToken cancel)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = options.DesignBytes + MultipartBody.Overhead;
        if (context.Request.ContentLength > options.DesignBytes + MultipartBody.Overhead)
        {
            return DesignLibrary.TooLarge(options.DesignBytes);
        }

        if (MultipartBody.Open(context.Request) is not { } reader)
        {
            return Refusal.Invalid("MULTIPART_EXPECTED", "A design is sent as multipart/form-data.", "Send the parts file, name and, if you like, description.");
        }

        if (!(await quota.BeginAsync(caller, context.Request.ContentLength, cancel)).Has(out var counted, out var exceeded))
        {
            return exceeded;
        }

        using var upload = counted;
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        ReceivedModel? model = null;
        try
        {
            if (form is not null && !await IsRightAsync(form, context, reader, cancel))
            {
                return Refusal.Invalid("FORM_TOO_OLD", "The form was too old.", "Choose the file once more.");
            }

            for (var parts = 0; await reader.ReadNextSectionAsync(cancel) is { } section; parts++)
            {
                var name = MultipartBody.NameOf(section);
                if (parts == MaximumParts || name is not ("file" or "name" or "description") || fields.ContainsKey(name) || (name == "file" && model is not null))
                {
                    return Refusal.Invalid("MULTIPART_PART", "The upload has a part that is unknown, nameless or sent twice.", "Send the parts file, name and, if you like, description, once each.");
                }

                if (name != "file")
                {
                    fields[name] = await MultipartBody.ReadTextAsync(section, FieldBytes, cancel);
                }
                else if (!(await library.ReceiveAsync(section.Body, cancel)).Has(out model, out var refusal))
                {
                    return refusal;
                }
            }

            return await KeepAsync(model, fields, caller, library, cancel);
        }
        catch (BadHttpRequestException error) when (MultipartBody.IsTooLarge(error))
        {
            return DesignLibrary.TooLarge(options.DesignBytes);
        }
        catch (Exception error) when (MultipartBody.IsDamaged(error))
        {
            return Refusal.Invalid("MULTIPART_DAMAGED", "The upload ends too early or is no valid multipart/form-data.", "Send it again.");
        }
        finally
        {
            if (model is not null)
            {
                await model.DisposeAsync();
            }
        }
    }

    /// <summary>The token is the first part, so that nothing else is looked at where it is wrong. The framework would look for it in a form that it reads whole; in a header it takes it as well.</summary>
    private static async Task<bool> IsRightAsync(IAntiforgery form, HttpContext context, MultipartReader reader, CancellationToken cancel)
    {
        var expected = form.GetTokens(context);
        if (await reader.ReadNextSectionAsync(cancel) is not { } section || MultipartBody.NameOf(section) != expected.FormFieldName || expected.HeaderName is not { } header)
        {
            return false;
        }

        context.Request.Headers[header] = await MultipartBody.ReadTextAsync(section, FieldBytes, cancel);
        return await form.IsRequestValidAsync(context);
    }

    private static async Task<Outcome<Design>> KeepAsync(ReceivedModel? model, Dictionary<string, string> fields, Caller caller, DesignLibrary library, CancellationToken cancel)
    {
        if (model is null)
        {
            return Refusal.Invalid("FILE_MISSING", "The upload has no part named file.", "Send the STL or 3MF as the part file.");
        }

        return ReadTexts(fields.GetValueOrDefault("name"), fields.GetValueOrDefault("description")).Has(out var texts, out var refusal)
            ? await library.AddAsync(model, texts.Name, texts.Description, caller, cancel) : refusal;
    }

    /// <summary>What a design is called, and a line about it.</summary>
    public static Outcome<DesignTexts> ReadTexts(string? name, string? description)
    {
        if (!PlainText.TryAccept(name, 100, out var called))
        {
            return PlainText.Refuse("name", 100);
        }

        if (string.IsNullOrWhiteSpace(description))
        {
            return new DesignTexts(called, "");
        }

        // People write it in lines; it is kept as one.
        return PlainText.TryAccept(description.ReplaceLineEndings(" "), 2000, out var told) ? new DesignTexts(called, told) : PlainText.Refuse("description", 2000);
    }
}

/// <summary>What people read of a design.</summary>
internal sealed record DesignTexts(string Name, string Description);
