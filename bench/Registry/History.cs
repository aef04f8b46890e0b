using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Bench.Registry;

/// <summary>A part that is printed on the virtual printer, passes through seven hands and is used: twenty events, by seven custodians.</summary>
internal static class History
{
    public const int Events = 20;
    private const int Handovers = 6;

    public static async Task<PartId> MakeAsync(Started engine, string data, string gatewayHome)
    {
        using var printer = await Started.VirtualPrinterAsync("--speed", "20", "--gcode-store-size", "0");
        using var shop = await Shop.OpenAsync(new Uri(engine.Address), data, Block.Stl(12, 12, 2.8f), prints: 1);
        var program = Path.Combine(Started.Root(), "src/Touchmark.Gateway/bin/Release/net10.0/touchmark-gateway");
        await Started.Run(program, "enrol", "--home", gatewayHome, "--engine", engine.Address, "--code", await shop.PairingCodeAsync(), "--printer", printer.Address, "--no-snapshot").ExitedAsync();
        using var gateway = Started.Run(program, "run", "--home", gatewayHome);
        var part = await PrintAsync(shop);
        using var http = new HttpClient { BaseAddress = new Uri(engine.Address) };
        var code = (await shop.PostAsMakerAsync($"api/parts/{part.Value}/invitations", new { role = "manufacturer" })).GetProperty("code").GetString();
        var holder = new Holder(http, part);
        await holder.EnrolAsync("manufacturer", code);
        await holder.SayAsync(CustodyEventKind.Manufactured);
        for (var handover = 0; handover < Handovers; handover++)
        {
            var next = new Holder(http, part);
            await holder.SayAsync(CustodyEventKind.Transferred, next.Keys.Pseudonym);
            await next.EnrolAsync("owner", null);
            await next.SayAsync(CustodyEventKind.Received);
            holder.Keys.Dispose();
            holder = next;
        }

        for (var number = 1 + (2 * Handovers); number < Events; number++)
        {
            await holder.SayAsync(CustodyEventKind.Maintained);
        }

        holder.Keys.Dispose();
        return part;
    }

    private static async Task<PartId> PrintAsync(Shop shop)
    {
        var job = await shop.OrderAsync(await shop.PrinterAsync());
        JsonElement now = default;
        await Started.UntilAsync(async () => (now = await shop.JobAsync(job)).GetProperty("state").GetString() is "done" or "failed" or "cancelled");
        var certificate = now.TryGetProperty("certificate_id", out var id) ? await shop.CertificateAsync(id.GetString()!) : throw new InvalidOperationException($"The print failed: {now}");
        return PartId.TryParse(certificate.GetProperty("part_id").GetString(), out var part, out var problem) ? part : throw new InvalidOperationException(problem.Text);
    }

    /// <summary>A custodian with a root of its own.</summary>
    private sealed class Holder(HttpClient http, PartId part)
    {
        public CustodianKeys Keys { get; } = CustodianKeys.Derive(RandomNumberGenerator.GetBytes(CustodianKeys.RootSize), part);

        public async Task EnrolAsync(string role, string? invitation)
        {
            var now = TimeProvider.System.GetUtcNow();
            var request = Keys.Signer.Sign(new CustodianAdmission
            {
                PartId = part, Pseudonym = Keys.Pseudonym, Role = Enum.Parse<CustodianRole>(role, ignoreCase: true), Region = "EU", Ed25519Key = Keys.Ed25519Key, MlDsa65Key = Keys.MlDsa65Key, AdmittedAt = now,
            }, now).Envelope.ToArray();
            await PostAsync("custodians", new { request, invitation });
        }

        public async Task SayAsync(CustodyEventKind kind, string? to = null)
        {
            var proposal = await PostAsync("events/proposal", new { kind = CustodyEvent.NameOf(kind), custodian = Keys.Pseudonym, to });
            var link = new CustodyEvent
            {
                EventId = proposal.GetProperty("event_id").GetGuid(), PartId = part, Number = proposal.GetProperty("number").GetInt64(), Kind = kind, At = proposal.GetProperty("at").GetDateTimeOffset(),
                Previous = Convert.FromHexString(proposal.GetProperty("previous").GetString()!), Custodian = Keys.Pseudonym, To = to,
            };
            await PostAsync("events", new { statement = Keys.Signer.Sign(link, TimeProvider.System.GetUtcNow()).Envelope.ToArray() });
        }

        private Task<JsonElement> PostAsync(string path, object body) => Shop.PostAsync(http, $"api/parts/{part.Value}/{path}", body);
    }
}
