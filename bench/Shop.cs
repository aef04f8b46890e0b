using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Streaming;

namespace Touchmark.Bench;

/// <summary>A running engine with an owner, a design, a licence and a manufacturer, made over the engine's HTTP interface.</summary>
internal sealed class Shop : IDisposable
{
    private const string Manufacturer = "Bench Hall";
    private const string Owner = "Bench Works";

    /// <summary>The engine takes so many enrolments a minute from one address.</summary>
    private const int EnrolmentsPerAddress = 10;

    private readonly Uri address;
    private readonly HttpClient maker;
    private readonly HttpClient oem;
    private readonly HttpClient admin;
    private readonly string licence;

    private Shop(Uri address, HttpClient admin, HttpClient maker, HttpClient oem, string licence) => (this.address, this.admin, this.maker, this.oem, this.licence) = (address, admin, maker, oem, licence);

    /// <summary>What the owner of the design and the manufacturer are signed in with.</summary>
    public (string Owner, string Maker) Tokens => (TokenOf(oem), TokenOf(maker));

    public static async Task<Shop> OpenAsync(Uri address, string data, byte[] model, int prints)
    {
        var setup = (await File.ReadAllTextAsync(Path.Combine(data, "setup-token"))).Trim();
        var chief = await JoinAsync(address, null, "admin", null, "Bench", setup);
        var owner = await JoinAsync(address, chief, "oem", "oem", Owner, null);
        var hall = await JoinAsync(address, chief, "maker", "manufacturer", Manufacturer, null);
        using var upload = new MultipartFormDataContent { { new ByteArrayContent(model), "file", "model.stl" }, { new StringContent("Bench block"), "name" } };
        var design = Text(await ReadAsync(await owner.PostAsync(new Uri("api/designs", UriKind.Relative), upload)), "id");
        var granted = await PostAsync(owner, "api/licences", new { design_id = design, manufacturers = new[] { Manufacturer }, prints });
        return new Shop(address, chief, hall, owner, Text(granted, "id"));
    }

    public async Task<string> PairingCodeAsync() => Text(await PostAsync(maker, "api/pairing-codes", new { }), "code");

    /// <summary>Enrols printers as their gateways would, each batch from a loopback address of its own.</summary>
    public async Task<List<EnrolledPrinter>> EnrolAsync(int count, Func<int, MachineProfile> profile)
    {
        var printers = new List<EnrolledPrinter>(count);
        while (printers.Count < count)
        {
            var batch = printers.Count / EnrolmentsPerAddress;
            using var gateway = new HttpClient(From(new IPAddress([127, 1, (byte)(batch / 250), (byte)((batch % 250) + 1)]))) { BaseAddress = address };
            for (var within = 0; within < EnrolmentsPerAddress && printers.Count < count; within++)
            {
                printers.Add(await EnrolAsync(gateway, profile(printers.Count), await PairingCodeAsync()));
            }
        }

        return printers;
    }

    public async Task<Guid> OrderAsync(Guid printer, string quality = "draft") =>
        Guid.Parse(Text(await PostAsync(maker, "api/jobs", new { licence_id = licence, printer_id = printer, material = "PLA", quality }), "id"), CultureInfo.InvariantCulture);

    /// <summary>The only printer of the shop.</summary>
    public async Task<Guid> PrinterAsync() => (await GetAsync("api/printers")).EnumerateArray().Single().GetProperty("id").GetGuid();

    public async Task<Guid> NewestPrinterAsync() => (await GetAsync("api/printers")).EnumerateArray().Select(printer => printer.GetProperty("id").GetGuid()).Max();

    /// <summary>More people of the owner's, each signed in.</summary>
    public async Task<List<string>> ColleaguesAsync(int count)
    {
        var tokens = new List<string>(count);
        for (var number = 0; number < count; number++)
        {
            using var colleague = await JoinAsync(address, admin, $"oem{number}", "oem", Owner, null);
            tokens.Add(TokenOf(colleague));
        }

        return tokens;
    }

    /// <summary>Cancels or halts a job.</summary>
    public Task EndAsync(Guid job, string how) => PostAsync(maker, $"api/jobs/{job:D}/{how}", new { });

    /// <summary>Asks the engine for something as the manufacturer.</summary>
    public Task<JsonElement> PostAsMakerAsync(string path, object body) => PostAsync(maker, path, body);

    public Task<JsonElement> JobAsync(Guid job) => GetAsync($"api/jobs/{job:D}");

    public async Task<JsonElement> CertificateAsync(string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/certificates/{id}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        return await ReadAsync(await maker.SendAsync(request));
    }

    /// <summary>Prints that the licence has been charged for.</summary>
    public async Task<long> PrintsTakenAsync() => (await ReadAsync(await oem.GetAsync(new Uri($"api/licences/{licence}", UriKind.Relative)))).GetProperty("taken").GetInt64();

    public void Dispose()
    {
        admin.Dispose();
        maker.Dispose();
        oem.Dispose();
    }

    private async Task<JsonElement> GetAsync(string path) => await ReadAsync(await maker.GetAsync(new Uri(path, UriKind.Relative)));

    private static async Task<EnrolledPrinter> EnrolAsync(HttpClient gateway, MachineProfile profile, string code)
    {
        var device = P256.GenerateKey();
        var (key, encoded, proof) = (device.PublicKey.ToArray(), profile.Encode(), new byte[Es256.SignatureSize]);
        Es256.Sign(device, DeterministicCbor.Encode(CborArray.Of("touchmark enrolment v1", code, (ReadOnlyMemory<byte>)key, (ReadOnlyMemory<byte>)encoded)), proof);
        var answer = await PostAsync(gateway, "api/enrolments", new { code, name = profile.McuId, device_public_key = key, profile = encoded, proof });
        return new EnrolledPrinter(answer.GetProperty("printer_id").GetGuid(), device, answer.GetProperty("engine_public_key").GetBytesFromBase64(), profile);
    }

    /// <summary>Makes an account, the first one with the setup token and the others through the admin, and signs it in.</summary>
    private static async Task<HttpClient> JoinAsync(Uri address, HttpClient? admin, string name, string? role, string organisation, string? setup)
    {
        var client = new HttpClient { BaseAddress = address };
        var (email, password) = ($"{name}@example.com", Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));
        await PostAsync(admin ?? client, "api/accounts", new { email, password, name, organisation, role = role ?? "admin", setup_token = setup });
        var token = Text(await PostAsync(client, "api/tokens", new { email, password }), "token");
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public static async Task<JsonElement> PostAsync(HttpClient client, string path, object body) => await ReadAsync(await client.PostAsJsonAsync(new Uri(path, UriKind.Relative), body));

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            return answer.IsSuccessStatusCode ? JsonElement.Parse(text) : throw new InvalidOperationException($"{answer.RequestMessage!.RequestUri}: {(int)answer.StatusCode} {text}");
        }
    }

    private static string TokenOf(HttpClient person) => person.DefaultRequestHeaders.Authorization!.Parameter!;

    private static string Text(JsonElement answer, string property) => answer.GetProperty(property).GetString()!;

    private static SocketsHttpHandler From(IPAddress source) => new()
    {
        ConnectCallback = async (context, cancel) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                socket.Bind(new IPEndPoint(source, 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };
}

/// <summary>A printer that the engine knows, with what its gateway keeps.</summary>
internal sealed record EnrolledPrinter(Guid Id, P256PrivateKey Device, byte[] EngineKey, MachineProfile Profile);
