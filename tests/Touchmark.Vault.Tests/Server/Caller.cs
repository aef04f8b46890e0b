using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Touchmark.Vault.Tests.Server;

/// <summary>Somebody at the vault's API.</summary>
internal sealed class Caller(HttpClient http) : IDisposable
{
    public const string Toolpath = ";Generated with Cura_SteamEngine 5.0.0\nG28\nG1 X10 Y10 F1800\nG1 X20 E1.5\nM104 S0\n";

    public HttpClient Http => http;

    public async Task<Answer> GetAsync(string path, string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        return await Answer.ReadAsync(await http.SendAsync(request));
    }

    public async Task<Answer> PostAsync(string path, HttpContent? content, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        // Whoever is refused for the length of a body need not send it.
        request.Headers.ExpectContinue = content?.Headers.ContentLength > 4 << 20;
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return await Answer.ReadAsync(await http.SendAsync(request));
    }

    /// <summary>Signs a job: form and toolpath as two parts.</summary>
    public Task<Answer> SignAsync(object form, string toolpath = Toolpath) => PostAsync("/v3/bundles", Parts(Json(form), toolpath));

    public static MultipartFormDataContent Parts(HttpContent form, string toolpath)
    {
        var gcode = new StringContent(toolpath);
        gcode.Headers.ContentType = new MediaTypeHeaderValue("text/x.gcode");
        return new MultipartFormDataContent { { form, "bundle" }, { gcode, "gcode", "part.gcode" } };
    }

    public static StringContent Json(object body) => new(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    public static ByteArrayContent Cbor(byte[] body) => new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/cbor") } };

    public void Dispose() => http.Dispose();
}

/// <summary>What the vault answered.</summary>
internal sealed record Answer(HttpStatusCode Status, byte[] Bytes, JsonElement Body, HttpResponseHeaders Headers)
{
    public JsonElement this[string member] => Body.GetProperty(member);

    public Guid BundleId => this["bundle_id"].GetGuid();

    public static async Task<Answer> ReadAsync(HttpResponseMessage message)
    {
        using (message)
        {
            var bytes = await message.Content.ReadAsByteArrayAsync();
            var isJson = message.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json" && bytes.Length > 0;
            return new Answer(message.StatusCode, bytes, isJson ? JsonElement.Parse(bytes) : default, message.Headers);
        }
    }

    /// <summary>It is what was asked for.</summary>
    public Answer IsGood()
    {
        Assert.True((int)Status is >= 200 and < 300, $"{Status}: {Encoding.UTF8.GetString(Bytes)}");
        return this;
    }

    /// <summary>It is a refusal with this code, and says what would help.</summary>
    public Answer IsRefused(HttpStatusCode status, string code)
    {
        Assert.True(status == Status && Body.ValueKind == JsonValueKind.Object && this["code"].GetString() == code, $"{Status}: {Encoding.UTF8.GetString(Bytes)}");
        Assert.NotEmpty(this["detail"].GetString()!);
        Assert.NotEmpty(this["fix"].GetString()!);
        return this;
    }
}
