using System.Net;
using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Recalls;
using Touchmark.Engine.Tests.Custody;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Engine.Tests.Recalls;

/// <summary>Parts are called back: those that are there, those that are printed later, and none that was not meant.</summary>
[SupportedOSPlatform("linux")]
public sealed class RecallTests
{
    [Theory]
    [MemberData(nameof(ServerFactory.BothDatabases), MemberType = typeof(ServerFactory))]
    public async Task A_recall_reaches_every_part_that_it_covers_and_says_who_has_it(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        var (part, unentered) = ((await bench.PrintPartAsync()).PartId, (await bench.PrintPartAsync()).PartId);
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var clinic = await maker.PassOnAsync(bench.Server, part);
        (await clinic.SayAsync(CustodyEventKind.Installed, into: "Scanner 4")).IsGood();

        var made = (await bench.Oem.PostAsync("/api/recalls", new { reason = "The material may be brittle.", licence_id = bench.LicenceId })).IsGood();
        await bench.Server.Services.GetRequiredService<RecallRunner>().CarryOutAsync(default);

        Assert.Equal(2, made["covered"].GetInt64());
        var id = made["recall"].GetProperty("id").GetGuid();
        var parts = (await bench.Oem.GetAsync($"/api/recalls/{id}/parts")).IsGood()["parts"].EnumerateArray().ToDictionary(row => row.GetProperty("id").GetString()!);
        Assert.Equal((clinic.Pseudonym, "owner", "FR"), (parts[part.ToString()].GetProperty("holder").GetString(), parts[part.ToString()].GetProperty("role").GetString(), parts[part.ToString()].GetProperty("region").GetString()));
        Assert.False(parts[unentered.ToString()].TryGetProperty("holder", out _));
        Assert.Equal(1, (await bench.Oem.GetAsync($"/api/recalls/{id}")).IsGood()["entered"].GetInt64());
        var history = await bench.Server.ValidHistoryAsync(part);
        Assert.True(history.State!.IsRecalled);
        using var stranger = bench.Server.Stranger();
        Assert.Equal("recalled", (await stranger.GetAsync($"/api/parts/{unentered}")).IsGood()["standing"].GetString());
    }

    [Fact]
    public async Task A_recalled_part_cannot_be_installed_until_it_has_passed_an_inspection()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);

        (await bench.Oem.PostAsync("/api/recalls", new { reason = "Brittle.", licence_id = bench.LicenceId })).IsGood();

        (await maker.SayAsync(CustodyEventKind.Installed, into: "Rig")).IsRefused(HttpStatusCode.Conflict, "CUSTODY_RECALLED");
        (await maker.SayAsync(CustodyEventKind.Inspected, outcome: InspectionOutcome.Failed)).IsGood();
        (await maker.SayAsync(CustodyEventKind.Installed, into: "Rig")).IsRefused(HttpStatusCode.Conflict, "CUSTODY_RECALLED");
        (await maker.SayAsync(CustodyEventKind.Inspected, outcome: InspectionOutcome.Passed)).IsGood();
        (await maker.SayAsync(CustodyEventKind.Installed, into: "Rig")).IsGood();
        Assert.False((await bench.Server.ValidHistoryAsync(part)).State!.IsRecalled);
    }

    [Fact]
    public async Task A_part_that_is_printed_after_the_recall_is_recalled_from_its_first_event_on()
    {
        await using var bench = await PrintBench.OpenAsync();
        (await bench.Oem.PostAsync("/api/recalls", new { reason = "Brittle.", licence_id = bench.LicenceId, material = "pla" })).IsGood();
        (await bench.Oem.PostAsync("/api/recalls", new { reason = "Of others.", licence_id = bench.LicenceId, material = "PETG" })).IsGood();
        (await bench.Oem.PostAsync("/api/recalls", new { reason = "Of earlier.", licence_id = bench.LicenceId, printed_to = bench.Server.Time.GetUtcNow() - TimeSpan.FromDays(1) })).IsGood();

        var part = (await bench.PrintPartAsync()).PartId;
        using var stranger = bench.Server.Stranger();
        Assert.Equal("recalled", (await stranger.GetAsync($"/api/parts/{part}")).IsGood()["standing"].GetString());
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);

        var history = await bench.Server.ValidHistoryAsync(part);
        Assert.Equal([CustodyEventKind.Manufactured, CustodyEventKind.Recalled], history.Events.Select(step => step.Event.Kind));
        Assert.Equal("Brittle.", history.Events[1].Event.Reason);
    }

    [Fact]
    public async Task A_recall_of_many_parts_is_entered_in_steps_and_goes_on_where_it_was()
    {
        await using var bench = await PrintBench.OpenAsync();
        var first = await bench.PrintPartAsync();
        await bench.Server.CopyPartAsync(first, 120);
        var admin = await bench.Server.AdminAsync();
        var runner = bench.Server.Services.GetRequiredService<RecallRunner>();

        var id = (await admin.PostAsync("/api/recalls", new { reason = "All of them.", printer_id = bench.PrinterId })).IsGood()["recall"].GetProperty("id").GetGuid();
        await Task.WhenAll(runner.CarryOutAsync(default), runner.CarryOutAsync(default));

        Assert.Equal(121, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from parts where is_recalled", null, default));
        Assert.True((await admin.GetAsync($"/api/recalls/{id}")).IsGood()["recall"].TryGetProperty("finished_at", out _));
        var seen = new HashSet<string>();
        for (string? next = ""; next is not null;)
        {
            var page = (await admin.GetAsync($"/api/recalls/{id}/parts?limit=50&after={next}")).IsGood();
            Assert.All(page["parts"].EnumerateArray(), row => Assert.True(seen.Add(row.GetProperty("id").GetString()!)));
            next = page.Body.TryGetProperty("next", out var more) ? more.GetString() : null;
        }

        Assert.Equal(121, seen.Count);
    }

    [Fact]
    public async Task Owners_recall_their_own_parts_only_and_a_recall_names_something()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var otherOwner = await bench.Server.JoinAsync(Role.Oem, "Another owner");
        var admin = await bench.Server.AdminAsync();

        (await otherOwner.PostAsync("/api/recalls", new { reason = "Spite.", licence_id = bench.LicenceId })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await otherOwner.PostAsync("/api/recalls", new { reason = "Spite.", material = "PLA" })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await bench.Manufacturer.PostAsync("/api/recalls", new { reason = "Spite.", licence_id = bench.LicenceId })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.PostAsync("/api/recalls", new { reason = "Everything." })).IsRefused(HttpStatusCode.BadRequest, "RECALL_INVALID");
        (await admin.PostAsync("/api/recalls", new { reason = "None.", design_id = Guid.CreateVersion7() })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        var mine = (await bench.Oem.PostAsync("/api/recalls", new { reason = "Mine.", licence_id = bench.LicenceId })).IsGood()["recall"].GetProperty("id").GetGuid();
        (await otherOwner.GetAsync($"/api/recalls/{mine}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await otherOwner.GetAsync($"/api/recalls/{mine}/parts")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
    }
}

internal static class ManyParts
{
    /// <summary>Enters copies of a part under ids of their own, as many prints would be.</summary>
    public static async Task CopyPartAsync(this ServerFactory server, PrintedPart original, int copies)
    {
        await using var work = await server.Database.BeginAsync(default);
        for (var copy = 0; copy < copies; copy++)
        {
            var (id, job, certificate) = (PartId.Create(), Guid.CreateVersion7(), Guid.CreateVersion7());
            var args = new { Id = id, Job = job, Certificate = certificate, OldJob = original.JobId, OldCertificate = original.CertificateId, OldPart = original.PartId };
            await work.ExecuteAsync(
                """
                insert into jobs (id, licence_id, print_number, design_id, owner_id, printer_id, organisation_id, created_by, material, quality, state, created_at)
                select @Job, licence_id, print_number, design_id, owner_id, printer_id, organisation_id, created_by, material, quality, state, created_at from jobs where id = @OldJob
                """, args, default);
            await work.ExecuteAsync(
                """
                insert into certificates (id, job_id, licence_id, owner_id, organisation_id, part, printer, result, envelope, document, detached, licence_statement, enrolment_statement, slice_statement, issued_at)
                select @Certificate, @Job, licence_id, owner_id, organisation_id, part, printer, result, envelope, document, detached, licence_statement, enrolment_statement, slice_statement, issued_at
                from certificates where id = @OldCertificate
                """, args, default);
            await work.ExecuteAsync(
                """
                insert into parts (id, certificate_id, design_id, licence_id, printer_id, job_id, owner_id, organisation_id, material, material_key, started_at, made_at, events, head, last_at, is_recalled, is_scrapped)
                select @Id, @Certificate, design_id, licence_id, printer_id, @Job, owner_id, organisation_id, material, material_key, started_at, made_at, events, head, last_at, is_recalled, is_scrapped
                from parts where id = @OldPart
                """, args, default);
        }

        await work.CommitAsync(default);
    }
}
