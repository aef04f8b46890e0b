using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Touchmark.Evidence.Statements;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Bundles;

/// <summary>What somebody needs who wants to check a bundle without believing this vault.</summary>
/// <param name="Root">Whose keys the verifier has to pin, and none other.</param>
/// <param name="Manifest">The log that every statement of the file is in.</param>
/// <param name="ManifestSize">Entries that it had.</param>
/// <param name="LogIndex">The bundle's place in it.</param>
/// <param name="Sha256">Of the bundle's statement.</param>
/// <param name="MediaType">What to ask for: the JSON is for reading, and verifies nothing.</param>
/// <param name="Command">What checks the file.</param>
internal sealed record VerifierHints(string? Root, string Manifest, long ManifestSize, long LogIndex, string Sha256, string MediaType, string Command)
{
    public static VerifierHints Of(ManifestEntry entry, EvidenceFile file, VaultIdentity? identity) => new(
        identity?.Trust.Keys[0].Name, file.Checkpoint!.Checkpoint.Origin, file.Checkpoint.Checkpoint.Size, entry.Index, Convert.ToHexStringLower(entry.Sha256), EvidenceFile.MediaType,
        "touchmark verify FILE --trust root.json");
}

/// <summary>The JSON view of an evidence file, with the hints beside it.</summary>
/// <param name="evidence">UTF-8 of a JSON object.</param>
/// <param name="hints">Beside it.</param>
internal sealed class BundleView(byte[] evidence, VerifierHints hints) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var options = httpContext.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        await using var writer = new Utf8JsonWriter(httpContext.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WritePropertyName("verifier");
        JsonSerializer.Serialize(writer, hints, options);
        writer.WritePropertyName("evidence");
        writer.WriteRawValue(evidence, skipInputValidation: true);
        writer.WriteEndObject();
        await writer.FlushAsync(httpContext.RequestAborted);
    }
}
