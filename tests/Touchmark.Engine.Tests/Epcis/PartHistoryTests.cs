using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using Touchmark.Engine.Epcis;
using Touchmark.Engine.Tests.Custody;
using Touchmark.Engine.Tests.Gs1;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Engine.Tests.Epcis;

/// <summary>A part's history as an EPCIS document: in words of ours and of somebody else's implementation, which knows GS1's JSON schema.</summary>
[SupportedOSPlatform("linux")]
public sealed class PartHistoryTests(LabelledPart labelled) : IClassFixture<LabelledPart>
{
    /// <summary>What may stand in an ObjectEvent, beside extensions (EPCIS-JSON-Schema.json, ObjectEvent and common-event-properties).</summary>
    private static readonly string[] Fields =
    [
        "eventID", "type", "eventTime", "eventTimeZoneOffset", "certificationInfo", "epcList", "action", "bizStep", "disposition", "persistentDisposition", "readPoint", "sourceList", "destinationList",
    ];

    private static readonly string[] BizSteps = ["commissioning", "accepting", "shipping", "receiving", "installing", "inspecting", "removing", "repairing", "destroying"];
    private static readonly string[] Dispositions = ["active", "in_transit", "in_progress", "conformant", "non_conformant", "recalled", "destroyed"];

    private readonly PrintBench bench = labelled.Bench;

    [Fact]
    public async Task Every_kind_of_event_has_its_words_in_the_vocabulary()
    {
        var part = (await bench.PrintPartAsync()).PartId;
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var clinic = await maker.PassOnAsync(bench.Server, part);
        using var fitter = new Custodian(bench.Server, part, CustodianRole.Maintainer, "CH");
        (await fitter.EnrolAsync(await bench.Manufacturer.InviteAsync(part, CustodianRole.Maintainer))).IsGood();
        (await clinic.SayAsync(CustodyEventKind.Installed, into: "Scanner 4, gantry")).IsGood();
        (await fitter.SayAsync(CustodyEventKind.Maintained)).IsGood();
        (await bench.Oem.PostAsync("/api/recalls", new { reason = "The material may be brittle.", licence_id = bench.LicenceId })).IsGood();
        (await clinic.SayAsync(CustodyEventKind.Inspected, outcome: InspectionOutcome.Failed)).IsGood();
        (await clinic.SayAsync(CustodyEventKind.Inspected, outcome: InspectionOutcome.Passed)).IsGood();
        (await clinic.SayAsync(CustodyEventKind.Removed)).IsGood();
        (await clinic.SayAsync(CustodyEventKind.Scrapped)).IsGood();

        var document = await DocumentAsync(part);

        var events = document.GetProperty("epcisBody").GetProperty("eventList").EnumerateArray().ToList();
        Assert.Equal(
            [
                ("ADD", "commissioning", "active"), ("OBSERVE", "accepting", "active"), ("OBSERVE", "shipping", "in_transit"), ("OBSERVE", "receiving", "in_progress"), ("OBSERVE", "installing", null),
                ("OBSERVE", "repairing", null), ("OBSERVE", null, "recalled"), ("OBSERVE", "inspecting", "non_conformant"), ("OBSERVE", "inspecting", "conformant"), ("OBSERVE", "removing", null),
                ("DELETE", "destroying", "destroyed"),
            ],
            events.Select(happened => (Text(happened, "action"), Text(happened, "bizStep"), Text(happened, "disposition"))));
        Assert.All(events, HasTheFormOfTheSchema);
        var judged = await EpcisPeer.JudgeAsync(document.GetRawText());
        Assert.True(judged.GetProperty("success").GetBoolean(), judged.GetProperty("errors").GetRawText());
        Assert.Equal(events.Select(happened => Text(happened, "eventID")), judged.GetProperty("ids").EnumerateArray().Select(id => id.GetString()));
        Assert.All(events, happened => Assert.Equal($"https://id.gs1.org/01/09520123456788/21/{part.Value}", happened.GetProperty("epcList")[0].GetString()));
        Assert.Equal(events.Count, events.Select(happened => Text(happened, "eventID")).Distinct().Count());
        Assert.Equal([null, "DE", "DE", "FR", "FR", "CH", null, "FR", "FR", "FR", "FR"], events.Select(RegionOf));
        Assert.Equal((Urn(maker), Urn(clinic)), (Party(events[2], "sourceList", "source"), Party(events[2], "destinationList", "destination")));
        Assert.Equal((Urn(maker), Urn(clinic)), (Party(events[3], "sourceList", "source"), Party(events[3], "destinationList", "destination")));
        Assert.Equal("Scanner 4, gantry", Text(events[4], "touchmark:into"));
        Assert.Equal("The material may be brittle.", Text(events[6], "touchmark:reason"));
        Assert.Equal("recalled", events[6].GetProperty("persistentDisposition").GetProperty("set")[0].GetString());
        Assert.False(events[7].TryGetProperty("persistentDisposition", out _));
        Assert.Equal("recalled", events[8].GetProperty("persistentDisposition").GetProperty("unset")[0].GetString());
    }

    [Fact]
    public async Task The_other_implementation_refuses_what_is_not_of_the_schema()
    {
        var text = (await DocumentAsync(labelled.Part)).GetRawText();

        Assert.False((await EpcisPeer.JudgeAsync(text.Replace("\"active\"", "\"sunny\"", StringComparison.Ordinal))).GetProperty("success").GetBoolean());
        Assert.False((await EpcisPeer.JudgeAsync(text.Replace("\"eventTimeZoneOffset\"", "\"touchmark:offset\"", StringComparison.Ordinal))).GetProperty("success").GetBoolean());
    }

    [Fact]
    public async Task Nobody_and_nothing_is_named_but_the_part()
    {
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, labelled.Part);
        var organisations = await bench.Server.Database.QueryAsync<string>("select name from organisations where name <> 'Touchmark'", null, default);

        var text = (await DocumentAsync(labelled.Part)).GetRawText();

        Assert.Contains(maker.Pseudonym, text, StringComparison.Ordinal);
        Assert.NotEmpty(organisations);
        Assert.All(organisations, name => Assert.DoesNotContain(name, text, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(bench.PrinterId.ToString("D"), text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(bench.Manufacturer.Email, text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_first_event_names_the_certificate_and_comes_again_with_the_same_id()
    {
        var part = (await bench.PrintPartAsync()).PartId;
        using var stranger = bench.Server.Stranger();
        var shown = (await stranger.GetAsync($"/api/parts/{part}")).IsGood();

        var first = (await DocumentAsync(part)).GetProperty("epcisBody").GetProperty("eventList")[0];
        bench.Server.Time.Advance(TimeSpan.FromMinutes(1));
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        var again = (await DocumentAsync(part)).GetProperty("epcisBody").GetProperty("eventList")[0];

        Assert.Equal($"urn:uuid:{shown["certificate_id"].GetGuid():D}", Text(first, "touchmark:certificate"));
        Assert.Matches("^ni:///sha-256;[A-Za-z0-9_-]{43}$", Text(first, "certificationInfo"));
        Assert.Equal(first.GetRawText(), again.GetRawText());
    }

    [Fact]
    public async Task Unknown_parts_and_strangers_to_a_closed_deployment_get_no_document()
    {
        using var stranger = bench.Server.Stranger();
        (await stranger.GetAsync($"/api/parts/{PartId.Create()}/epcis")).IsRefused(HttpStatusCode.NotFound, "PART_UNKNOWN");

        await using var closed = await ResolverTests.OpenAsync("--lookup", "closed");
        using var outsider = closed.Server.Stranger();
        (await outsider.GetAsync($"/api/parts/{(await closed.PrintPartAsync()).PartId}/epcis")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    private static string Urn(Custodian custodian) => $"urn:touchmark:custodian:{custodian.Pseudonym}";

    private static string? Text(JsonElement happened, string name) => happened.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static string? Party(JsonElement happened, string list, string name) => happened.GetProperty(list)[0].GetProperty(name).GetString();

    private static string? RegionOf(JsonElement happened) => happened.TryGetProperty("readPoint", out var place) ? place.GetProperty("id").GetString()!.Split(':')[^1] : null;

    private static void HasTheFormOfTheSchema(JsonElement happened)
    {
        Assert.All(happened.EnumerateObject(), member => Assert.True(Fields.Contains(member.Name) || (member.Name.StartsWith("touchmark:", StringComparison.Ordinal) && member.Value.ValueKind == JsonValueKind.String), member.Name));
        Assert.Equal("ObjectEvent", Text(happened, "type"));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$", Text(happened, "eventTime"));
        Assert.Equal("+00:00", Text(happened, "eventTimeZoneOffset"));
        Assert.Matches(@"^ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0$", Text(happened, "eventID"));
        Assert.All(happened.GetProperty("epcList").EnumerateArray(), epc => Assert.True(Uri.IsWellFormedUriString(epc.GetString(), UriKind.Absolute)));
        Assert.True(Text(happened, "bizStep") is not { } step || BizSteps.Contains(step));
        Assert.True(Text(happened, "disposition") is not { } disposition || Dispositions.Contains(disposition));
        if (happened.TryGetProperty("persistentDisposition", out var persistent))
        {
            Assert.All(persistent.EnumerateObject(), member => Assert.True(member.Name is "set" or "unset" && member.Value.GetArrayLength() == 1));
        }

        foreach (var (list, name) in new[] { ("sourceList", "source"), ("destinationList", "destination") })
        {
            Assert.All(happened.TryGetProperty(list, out var parties) ? parties.EnumerateArray().ToList() : [], party => Assert.Equal(["type", name], party.EnumerateObject().Select(member => member.Name)));
        }
    }

    private async Task<JsonElement> DocumentAsync(PartId part)
    {
        using var http = bench.Server.Client();
        using var answer = await http.GetAsync(new Uri($"/api/parts/{part}/epcis", UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, "application/ld+json", "*"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, answer.Headers.GetValues("Access-Control-Allow-Origin").Single()));
        var document = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal(("EPCISDocument", "2.0", EpcisEvent.Namespace), (Text(document, "type"), Text(document, "schemaVersion"), document.GetProperty("@context")[1].GetProperty("touchmark").GetString()));
        return document;
    }
}
