using System.Net;
using System.Runtime.Versioning;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;

namespace Touchmark.Engine.Tests.Custody;

/// <summary>A part's history as custodians write it through the API, and as anybody replays it without the engine.</summary>
[SupportedOSPlatform("linux")]
public sealed class CustodyTests
{
    private static readonly string[] Unlimited = ["--requests-per-second", "100000", "--request-burst", "100000"];

    [Theory]
    [MemberData(nameof(ServerFactory.BothDatabases), MemberType = typeof(ServerFactory))]
    public async Task A_part_goes_from_its_maker_to_a_clinic_and_whoever_has_the_file_can_replay_it(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        var part = (await bench.PrintPartAsync()).PartId;
        var server = bench.Server;
        using var maker = await bench.Manufacturer.ManufactureAsync(server, part);
        using var dealer = await maker.PassOnAsync(server, part, CustodianRole.Dealer, "DE");
        using var clinic = await dealer.PassOnAsync(server, part);
        using var inspector = new Custodian(server, part, CustodianRole.Inspector, "AT");
        (await inspector.EnrolAsync(await bench.Oem.InviteAsync(part, CustodianRole.Inspector))).IsGood();
        (await inspector.SayAsync(CustodyEventKind.Inspected, outcome: InspectionOutcome.Passed)).IsGood();
        (await clinic.SayAsync(CustodyEventKind.Installed, into: "Scanner 4, gantry")).IsGood();

        var history = await server.ValidHistoryAsync(part);

        Assert.Equal(
            [CustodyEventKind.Manufactured, CustodyEventKind.Transferred, CustodyEventKind.Received, CustodyEventKind.Transferred, CustodyEventKind.Received, CustodyEventKind.Inspected, CustodyEventKind.Installed],
            history.Events.Select(step => step.Event.Kind));
        Assert.Equal((clinic.Pseudonym, CustodianRole.Owner, "FR"), (history.Holder!.Pseudonym, history.Holder.Role, history.Holder.Region));
        using var stranger = server.Stranger();
        var shown = (await stranger.GetAsync($"/api/parts/{part}/events")).IsGood();
        Assert.Equal(("installed", "Scanner 4, gantry", "owner"), (shown["part"].GetProperty("standing").GetString(), shown["part"].GetProperty("installed_into").GetString(), shown["holder"].GetProperty("role").GetString()));
        Assert.Equal((4, 7), (shown["custodians"].GetArrayLength(), shown["events"].GetArrayLength()));
    }

    [Fact]
    public async Task What_the_engine_keeps_of_a_custodian_is_the_admission_and_nothing_about_who_it_is()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var clinic = await maker.PassOnAsync(bench.Server, part);

        var rows = await bench.Server.Database.QueryAsync<byte[]>("select statement from custodians", null, default);

        Assert.Equal(2, rows.Count);
        Assert.Equal(0, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from custody_invitations", null, default));
        foreach (var line in bench.Server.Log.Lines)
        {
            Assert.DoesNotContain(clinic.Pseudonym, line, StringComparison.Ordinal);
        }

        var trail = (await (await bench.Server.AdminAsync()).GetAsync("/api/audit?limit=500")).IsGood().Text;
        Assert.DoesNotContain(clinic.Pseudonym, trail, StringComparison.Ordinal);
        Assert.DoesNotContain(maker.Pseudonym, trail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_becomes_a_custodian_without_an_invitation_or_an_offer()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        var server = bench.Server;
        using var maker = await bench.Manufacturer.ManufactureAsync(server, part);
        using var thief = new Custodian(server, part, CustodianRole.Owner, "XX");
        using var inspector = new Custodian(server, part, CustodianRole.Inspector, "AT");
        using var second = new Custodian(server, part, CustodianRole.Inspector, "AT");
        using var otherMaker = await server.JoinAsync(Role.Manufacturer, "Another maker");
        using var otherOwner = await server.JoinAsync(Role.Oem, "Another owner");

        (await thief.EnrolAsync()).IsRefused(HttpStatusCode.Forbidden, "CUSTODIAN_NOT_EXPECTED");
        (await thief.EnrolAsync("0000-0000-0000-0000")).IsRefused(HttpStatusCode.Forbidden, "INVITATION_REFUSED");
        var code = await bench.Manufacturer.InviteAsync(part, CustodianRole.Inspector);
        (await thief.EnrolAsync(code)).IsRefused(HttpStatusCode.Forbidden, "INVITATION_REFUSED");
        (await inspector.EnrolAsync(code)).IsGood();
        (await inspector.EnrolAsync(code)).IsGood();
        (await second.EnrolAsync(code)).IsRefused(HttpStatusCode.Forbidden, "INVITATION_REFUSED");
        var late = await bench.Manufacturer.InviteAsync(part, CustodianRole.Inspector);
        await server.Database.ExecuteAsync("update custody_invitations set expires_at = @Now", new { Now = server.Time.GetUtcNow() }, default);
        (await second.EnrolAsync(late)).IsRefused(HttpStatusCode.Forbidden, "INVITATION_REFUSED");
        (await maker.SayAsync(CustodyEventKind.Transferred, to: second.Pseudonym)).IsGood();
        (await second.EnrolAsync()).IsRefused(HttpStatusCode.Forbidden, "CUSTODIAN_ROLE");
        foreach (var person in new[] { otherMaker, otherOwner })
        {
            (await person.PostAsync($"/api/parts/{part.Value}/invitations", new { role = "owner" })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        }

        (await bench.Oem.PostAsync($"/api/parts/{part.Value}/invitations", new { role = "manufacturer" })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task The_rules_hold_for_whoever_signs_and_are_told_before_and_after_signing()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        var server = bench.Server;
        using var maker = await bench.Manufacturer.ManufactureAsync(server, part);
        using var stranger = new Custodian(server, part, CustodianRole.Owner, "FR");
        using var clinic = await maker.PassOnAsync(server, part);

        (await stranger.ProposeAsync(CustodyEventKind.Scrapped)).IsRefused(HttpStatusCode.Conflict, "CUSTODIAN_UNKNOWN");
        (await maker.ProposeAsync(CustodyEventKind.Installed, into: "Rig")).IsRefused(HttpStatusCode.Conflict, "CUSTODY_SIGNER");
        (await clinic.ProposeAsync(CustodyEventKind.Removed)).IsRefused(HttpStatusCode.Conflict, "CUSTODY_NOT_INSTALLED");
        (await clinic.ProposeAsync(CustodyEventKind.Installed)).IsRefused(HttpStatusCode.BadRequest, "CUSTODY_EVENT_INVALID");
        var kept = await clinic.ProposeAsync(CustodyEventKind.Installed, into: "Rig");
        (await clinic.SayAsync(CustodyEventKind.Scrapped)).IsGood();
        (await clinic.ProposeAsync(CustodyEventKind.Installed, into: "Rig")).IsRefused(HttpStatusCode.Conflict, "CUSTODY_SCRAPPED");
        var unasked = clinic.Event(kept.IsGood(), into: "Rig") with { Number = 5, Previous = (await server.ValidHistoryAsync(part)).Events[^1].Sha256 };
        (await clinic.SendAsync(clinic.Sign(unasked))).IsRefused(HttpStatusCode.Conflict, "CUSTODY_SCRAPPED");
    }

    [Fact]
    public async Task Events_that_are_swapped_left_out_or_of_others_are_refused()
    {
        await using var bench = await PrintBench.OpenAsync();
        var (part, other) = ((await bench.PrintPartAsync()).PartId, (await bench.PrintPartAsync()).PartId);
        var server = bench.Server;
        using var maker = await bench.Manufacturer.ManufactureAsync(server, part);
        using var otherMaker = await bench.Manufacturer.ManufactureAsync(server, other);
        var first = maker.Event((await maker.ProposeAsync(CustodyEventKind.Maintained)).IsGood());
        var second = first with { EventId = Guid.CreateVersion7(), Number = 3, Previous = System.Security.Cryptography.SHA256.HashData(maker.Sign(first)) };

        (await maker.SendAsync(maker.Sign(second))).IsRefused(HttpStatusCode.Conflict, "CUSTODY_NUMBER");
        (await maker.SendAsync(maker.Sign(first with { Previous = second.Previous }))).IsRefused(HttpStatusCode.Conflict, "CUSTODY_PREVIOUS");
        (await maker.SendAsync(maker.Sign(first with { At = first.At - TimeSpan.FromDays(1) }))).IsRefused(HttpStatusCode.Conflict, "CUSTODY_BEFORE_ADMISSION");
        (await maker.SendAsync(maker.Sign(first with { At = first.At + TimeSpan.FromDays(1) }))).IsRefused(HttpStatusCode.Conflict, "CUSTODY_FUTURE");
        (await maker.SendAsync(maker.Sign(first with { PartId = other }))).IsRefused(HttpStatusCode.Conflict, "CUSTODY_PART");
        (await maker.SendAsync(otherMaker.Sign(first))).IsRefused(HttpStatusCode.BadRequest, "CUSTODY_SIGNATURE");
        (await maker.SendAsync(otherMaker.Sign(first with { Custodian = otherMaker.Pseudonym }))).IsRefused(HttpStatusCode.Conflict, "CUSTODIAN_UNKNOWN");
        (await maker.SendAsync(maker.Sign(first with { Kind = CustodyEventKind.Recalled, Custodian = Pseudonym.Registry, Recall = second.Previous }))).IsRefused(HttpStatusCode.Conflict, "CUSTODIAN_UNKNOWN");
        (await maker.SendAsync([1, 2, 3])).IsRefused(HttpStatusCode.BadRequest, "CUSTODY_UNREADABLE");
        var good = maker.Sign(first);
        var entered = (await maker.SendAsync(good)).IsGood();
        Assert.Equal(entered.Text, (await maker.SendAsync(good)).IsGood().Text);
        Assert.Equal(2, (await server.ValidHistoryAsync(part)).Events.Count);
    }

    [Fact]
    public async Task No_altered_byte_and_no_missing_signature_of_an_event_or_an_enrolment_passes()
    {
        await using var bench = await PrintBench.OpenAsync(arguments: Unlimited);
        var part = (await bench.PrintPartAsync()).PartId;
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var inspector = new Custodian(bench.Server, part, CustodianRole.Inspector, "AT");
        var code = await bench.Manufacturer.InviteAsync(part, CustodianRole.Inspector);
        var good = maker.Sign(maker.Event((await maker.ProposeAsync(CustodyEventKind.Transferred, to: inspector.Pseudonym)).IsGood(), to: inspector.Pseudonym));
        var request = inspector.Request();

        foreach (var altered in Altered(good, maker.Keys))
        {
            var answer = await maker.SendAsync(altered);
            Assert.True(answer.Code is not null, $"An altered event was taken: {answer.Text}");
        }

        foreach (var altered in Altered(request, inspector.Keys))
        {
            var answer = await inspector.EnrolAsync(altered, code);
            Assert.True(answer.Code is not null, $"An altered request was taken: {answer.Text}");
        }

        Assert.Equal(1, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from custody_events", null, default));
        (await maker.SendAsync(good)).IsGood();
        (await inspector.EnrolAsync(request, code)).IsGood();
    }

    [Fact]
    public async Task Of_two_nodes_that_add_to_one_chain_at_once_one_wins_and_the_chain_has_no_fork()
    {
        await using var bench = await PrintBench.OpenAsync(StorageKind.Postgres, arguments: Unlimited);
        var part = (await bench.PrintPartAsync()).PartId;
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        await using var node = await bench.Server.StartNodeAsync();
        var proposal = (await maker.ProposeAsync(CustodyEventKind.Maintained)).IsGood();
        var rivals = Enumerable.Range(0, 8).Select(_ => maker.Sign(maker.Event(proposal) with { EventId = Guid.CreateVersion7() })).ToList();
        using var there = node.Stranger();

        var answers = await Task.WhenAll(rivals.Select((statement, index) => index % 2 == 0 ? maker.SendAsync(statement) : there.PostAsync($"/api/parts/{part.Value}/events", new { statement })));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.Created), answer => answer.IsRefused(HttpStatusCode.Conflict, "CUSTODY_NUMBER"));
        Assert.Equal(2, (await bench.Server.ValidHistoryAsync(part)).Events.Count);
    }

    /// <summary>The statement with a byte altered: each one but of the ML-DSA-65 signature and key, where it is each 61st; and with one of its signatures blanked.</summary>
    private static IEnumerable<byte[]> Altered(byte[] statement, CustodianKeys keys)
    {
        Assert.True(Statement.TryParse(statement, out var parsed, out _));
        (int Start, int Length)[] longOnes = [Place(parsed.Shadow.Signature), Place(keys.MlDsa65Key)];
        for (var at = 0; at < statement.Length; at += longOnes.Any(place => at > place.Start && at + 61 < place.Start + place.Length) ? 61 : 1)
        {
            var altered = statement.ToArray();
            altered[at] ^= 0x01;
            yield return altered;
        }

        foreach (var (start, length) in new[] { Place(parsed.Primary.Signature), Place(parsed.Shadow.Signature) })
        {
            var blank = statement.ToArray();
            blank.AsSpan(start, length).Clear();
            yield return blank;
        }

        (int, int) Place(ReadOnlyMemory<byte> part) => (statement.AsSpan().IndexOf(part.Span), part.Length);
    }
}
