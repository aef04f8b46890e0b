using System.Security.Cryptography;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Tests.Custody;

/// <summary>Somebody who has parts: a root of its own, no account, and the keys that follow from it for one part.</summary>
internal sealed class Custodian(ServerFactory server, PartId part, CustodianRole role, string region) : IDisposable
{
    private readonly HttpClient http = server.Client();

    public CustodianKeys Keys { get; } = CustodianKeys.Derive(RandomNumberGenerator.GetBytes(CustodianKeys.RootSize), part);

    public Person Person => new(http, "", Guid.Empty);

    public string Pseudonym => Keys.Pseudonym;

    public CustodianAdmission Wanted => new()
    {
        PartId = part, Pseudonym = Pseudonym, Role = role, Region = region, Ed25519Key = Keys.Ed25519Key, MlDsa65Key = Keys.MlDsa65Key, AdmittedAt = server.Time.GetUtcNow(),
    };

    public Task<Answer> EnrolAsync(string? invitation = null) => EnrolAsync(Request(), invitation);

    public Task<Answer> EnrolAsync(byte[] request, string? invitation = null) => Person.PostAsync($"/api/parts/{part.Value}/custodians", new { request, invitation });

    public byte[] Request() => Sign(Wanted);

    public byte[] Sign<T>(T document)
        where T : class, IDocument<T> => Keys.Signer.Sign(document, server.Time.GetUtcNow()).Envelope.ToArray();

    /// <summary>Asks for a proposal, signs it and sends it.</summary>
    public async Task<Answer> SayAsync(CustodyEventKind kind, string? to = null, string? into = null, InspectionOutcome? outcome = null)
    {
        var answer = await ProposeAsync(kind, to, into, outcome);
        return answer.Code is null ? await SendAsync(Sign(Event(answer, to, into, outcome))) : answer;
    }

    public Task<Answer> ProposeAsync(CustodyEventKind kind, string? to = null, string? into = null, InspectionOutcome? outcome = null) => Person.PostAsync(
        $"/api/parts/{part.Value}/events/proposal",
        new { kind = CustodyEvent.NameOf(kind), custodian = Pseudonym, to, into, outcome = outcome?.ToString().ToLowerInvariant() });

    public Task<Answer> SendAsync(byte[] statement) => Person.PostAsync($"/api/parts/{part.Value}/events", new { statement });

    /// <summary>The event that a proposal is.</summary>
    public CustodyEvent Event(Answer proposal, string? to = null, string? into = null, InspectionOutcome? outcome = null) => new()
    {
        EventId = proposal["event_id"].GetGuid(),
        PartId = part,
        Number = proposal["number"].GetInt64(),
        Kind = Enum.Parse<CustodyEventKind>(proposal["kind"].GetString()!, ignoreCase: true),
        At = proposal["at"].GetDateTimeOffset(),
        Previous = Convert.FromHexString(proposal["previous"].GetString()!),
        Custodian = Pseudonym,
        To = to,
        Into = into,
        Outcome = outcome,
    };

    public void Dispose()
    {
        Keys.Dispose();
        http.Dispose();
    }
}

/// <summary>What happens to parts in tests.</summary>
internal static class Handovers
{
    /// <summary>Makes the manufacturer a custodian of the part, who then says that it was manufactured.</summary>
    public static async Task<Custodian> ManufactureAsync(this Person maker, ServerFactory server, PartId part)
    {
        var custodian = new Custodian(server, part, CustodianRole.Manufacturer, "DE");
        (await custodian.EnrolAsync(await maker.InviteAsync(part, CustodianRole.Manufacturer))).IsGood();
        (await custodian.SayAsync(CustodyEventKind.Manufactured)).IsGood();
        return custodian;
    }

    public static async Task<string> InviteAsync(this Person person, PartId part, CustodianRole role) =>
        (await person.PostAsync($"/api/parts/{part.Value}/invitations", new { role = CustodianAdmission.NameOf(role) })).IsGood()["code"].GetString()!;

    /// <summary>Offers the part to a new custodian, who enrols because of that and receives it.</summary>
    public static async Task<Custodian> PassOnAsync(this Custodian holder, ServerFactory server, PartId part, CustodianRole role = CustodianRole.Owner, string region = "FR")
    {
        var next = new Custodian(server, part, role, region);
        (await holder.SayAsync(CustodyEventKind.Transferred, to: next.Pseudonym)).IsGood();
        (await next.EnrolAsync()).IsGood();
        (await next.SayAsync(CustodyEventKind.Received)).IsGood();
        return next;
    }

    /// <summary>The verdict of whoever has the evidence file of a part and nothing else.</summary>
    public static async Task<EvidenceVerdict> VerdictAsync(this ServerFactory server, PartId part)
    {
        using var stranger = server.Client();
        var file = await stranger.GetByteArrayAsync(new Uri($"/api/parts/{part.Value}/evidence", UriKind.Relative));
        Assert.True(TrustStore.TryParse(await stranger.GetByteArrayAsync(new Uri("/api/trust", UriKind.Relative)), out var trust, out _));
        return EvidenceVerifier.Verify(file, trust, server.Time.GetUtcNow());
    }

    /// <summary>The same, and it has to be valid.</summary>
    public static async Task<CustodyRecord> ValidHistoryAsync(this ServerFactory server, PartId part)
    {
        var verdict = await server.VerdictAsync(part);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed)));
        return verdict.Custody!;
    }
}
