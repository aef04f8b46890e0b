using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.Tests.SliceService;

/// <summary>Requests to the slice service, part by part.</summary>
internal static class SliceRequests
{
    public static (string, byte[]) Part(string name, string content) => (name, Encoding.UTF8.GetBytes(content));

    public static (string, byte[]) Data(object data) => ("data", JsonSerializer.SerializeToUtf8Bytes(data, Answer.Json));

    public static (string, byte[]) Model(byte[] content) => ("model", content);

    /// <summary>A request without any part.</summary>
    public static HttpContent Nothing()
    {
        var nothing = new ByteArrayContent("--x--\r\n"u8.ToArray());
        nothing.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=x");
        return nothing;
    }

    public static MultipartFormDataContent Form(params (string Name, byte[] Content)[] parts)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, content) in parts)
        {
            var part = new ByteArrayContent(content);
            part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            // Files have names, which nobody looks at.
            if (name == "model")
            {
                form.Add(part, name, "../../etc/passwd");
            }
            else
            {
                form.Add(part, name);
            }
        }

        return form;
    }

    public static async Task<Sliced> SliceAsync(this Person who, params (string Name, byte[] Content)[] parts) => await who.SliceAsync("/slice", Form(parts));

    public static async Task<Sliced> SliceAsync(this Person who, string path, HttpContent content)
    {
        using (content)
        using (var answer = await who.Http.PostAsync(new Uri(path, UriKind.Relative), content))
        {
            var bytes = await answer.Content.ReadAsByteArrayAsync();
            var problem = answer.Content.Headers.ContentType?.MediaType == "application/problem+json" ? JsonElement.Parse(bytes) : default;
            return new Sliced(answer.StatusCode, new Answer(answer.StatusCode, problem, Encoding.UTF8.GetString(bytes)), bytes, answer.Content.Headers, answer.Headers);
        }
    }
}

/// <summary>What the slice service answered.</summary>
internal sealed record Sliced(HttpStatusCode Status, Answer Answer, byte[] File, HttpContentHeaders Content, HttpResponseHeaders Headers)
{
    /// <summary>The header of the sealed file, which it is.</summary>
    public SealedGCodeHeader Sealed
    {
        get
        {
            Assert.True(Status == HttpStatusCode.OK, $"{Status}: {Answer.Text}");
            Assert.Equal("application/octet-stream", Content.ContentType?.MediaType);
            using var file = new MemoryStream(File);
            return SealedGCode.TryRead(file, out var refusal)?.Header ?? throw new InvalidDataException(refusal?.Text);
        }
    }

    public string? this[string header] => Headers.TryGetValues(header, out var values) ? values.Single() : null;
}
