using System.Net.Http.Headers;

namespace Touchmark.Engine.Tests.Server;

/// <summary>What an OEM does with designs and licences.</summary>
internal static class Uploads
{
    public static async Task<Answer> UploadAsync(this Person oem, byte[] file, string? name = "Bracket", string fileName = "bracket.stl", string description = "Holds things")
    {
        using var content = new MultipartFormDataContent { { Part(file), "file", fileName }, { new StringContent(description), "description" } };
        if (name is not null)
        {
            content.Add(new StringContent(name), "name");
        }

        return await oem.PostAsync("/api/designs", content);
    }

    public static async Task<Guid> NewDesignAsync(this Person oem) => (await oem.UploadAsync(Designs.Models.BinaryStl())).IsGood().Id;

    public static Task<Answer> GrantAsync(this Person oem, Guid design, Person manufacturer, long prints = 3) =>
        oem.PostAsync("/api/licences", new { design_id = design, manufacturers = new[] { manufacturer.OrganisationId }, prints });

    private static ByteArrayContent Part(byte[] file)
    {
        var part = new ByteArrayContent(file);
        part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return part;
    }
}
