using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Touchmark.Engine.Accounts;

namespace Touchmark.Engine.Tests.Server;

/// <summary>Somebody at the API: a client, and who it is signed in as.</summary>
internal sealed class Person(HttpClient http, string email, Guid organisationId) : IDisposable
{
    public const string Password = "correct horse battery staple";

    public HttpClient Http => http;

    public string Email => email;

    public Guid OrganisationId => organisationId;

    public string Token => http.DefaultRequestHeaders.Authorization!.Parameter!;

    public async Task<Answer> GetAsync(string path) => await Answer.ReadAsync(await http.GetAsync(new Uri(path, UriKind.Relative)));

    public async Task<Answer> PostAsync(string path, object? body = null) =>
        await Answer.ReadAsync(await http.PostAsync(new Uri(path, UriKind.Relative), body as HttpContent ?? (body is null ? null : JsonContent.Create(body, options: Answer.Json))));

    public async Task<Answer> PutAsync(string path, object body) => await Answer.ReadAsync(await http.PutAsync(new Uri(path, UriKind.Relative), JsonContent.Create(body, options: Answer.Json)));

    public async Task<Answer> DeleteAsync(string path) => await Answer.ReadAsync(await http.DeleteAsync(new Uri(path, UriKind.Relative)));

    /// <summary>The same person with the same token at another node of the engine.</summary>
    public Person At(ServerFactory node)
    {
        var client = node.Client();
        client.DefaultRequestHeaders.Authorization = http.DefaultRequestHeaders.Authorization;
        return new Person(client, email, organisationId);
    }

    public void Dispose() => http.Dispose();
}

/// <summary>What the engine answered.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonElement Body, string Text)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public string? Code => Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty("code", out var code) ? code.GetString() : null;

    public JsonElement this[string member] => Body.GetProperty(member);

    public Guid Id => Body.GetProperty("id").GetGuid();

    public static async Task<Answer> ReadAsync(HttpResponseMessage message)
    {
        using (message)
        {
            var text = await message.Content.ReadAsStringAsync();
            var json = message.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json" && text.Length > 0;
            return new Answer(message.StatusCode, json ? JsonElement.Parse(text) : default, text);
        }
    }

    /// <summary>The answer is a refusal with this code, and says what would help.</summary>
    public void IsRefused(HttpStatusCode status, string code)
    {
        Assert.Equal((status, code), (Status, Code));
        Assert.NotEmpty(this["detail"].GetString()!);
        Assert.NotEmpty(this["fix"].GetString()!);
        Assert.Equal(JsonValueKind.Object, this["figures"].ValueKind);
    }

    /// <summary>The answer is what was asked for.</summary>
    public Answer IsGood()
    {
        Assert.True((int)Status is >= 200 and < 300, $"{Status}: {Text}");
        return this;
    }
}

/// <summary>What people do, by name.</summary>
internal sealed partial class ServerFactory
{
    private Person? admin;

    public string SetupTokenFile => Path.Combine(Data, "setup-token");

    /// <summary>Somebody without a token.</summary>
    public Person Stranger() => new(Client(), "", Guid.Empty);

    /// <summary>The first account, made with the setup token on first use.</summary>
    public async Task<Person> AdminAsync()
    {
        if (admin is null)
        {
            using var stranger = Stranger();
            (await stranger.PostAsync("/api/accounts", NewAccount("admin@touchmark.test", null, "Touchmark", await File.ReadAllTextAsync(SetupTokenFile)))).IsGood();
            admin = await SignInAsync("admin@touchmark.test");
        }

        return admin;
    }

    /// <summary>A new account with this role, signed in. Accounts of one organisation share what they see.</summary>
    public async Task<Person> JoinAsync(Role role, string organisation)
    {
        var email = $"{role}.{Guid.CreateVersion7():N}@touchmark.test";
        (await (await AdminAsync()).PostAsync("/api/accounts", NewAccount(email, role, organisation))).IsGood();
        return await SignInAsync(email);
    }

    public async Task<Person> SignInAsync(string email)
    {
        var http = Client();
        var person = new Person(http, email, Guid.Empty);
        var token = (await person.PostAsync("/api/tokens", new { email, Person.Password })).IsGood();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token["token"].GetString());
        var me = (await person.GetAsync("/api/me")).IsGood();
        return new Person(http, email, me["organisation_id"].GetGuid());
    }

    public static object NewAccount(string email, Role? role, string organisation, string? setupToken = null) => new Dictionary<string, object?>
    {
        ["email"] = email,
        ["password"] = Person.Password,
        ["name"] = "A Person",
        ["organisation"] = organisation,
        ["role"] = role?.ToString().ToLowerInvariant(),
        ["setup_token"] = setupToken,
    };
}
