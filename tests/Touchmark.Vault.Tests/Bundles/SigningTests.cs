using System.Net;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.GCode;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Bundles;

public sealed class SigningTests
{
    [Fact]
    public async Task A_job_becomes_a_bundle_that_says_what_the_printer_was_told()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();

        var answer = (await caller.SignAsync(new { job_id = "job 1", material = "PLA", sensors = new { chamber = new { min = 20.5, max = 30, mean = 25, unit = "°C", samples = 100 } } })).IsGood();

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.Equal(Convert.ToHexStringLower(CanonicalHash.Compute(System.Text.Encoding.UTF8.GetBytes(Caller.Toolpath))), answer["gcode_sha256"].GetString());
        Assert.Equal((1, "self-identified"), (answer["machine_counter"].GetInt64(), answer["slicer_level"].GetString()));
        var bundle = await BundleAsync(caller, answer.BundleId);
        Assert.Equal(("job 1", "PLA", 1), (bundle.JobId, bundle.Material, bundle.MachineCounter));
        Assert.Equal(new SensorRange(20.5, 30, 25, "°C", 100), bundle.SensorEnvelope["chamber"]);
        Assert.Equal(new KeyCustodies(KeyCustody.Token, KeyCustody.Software), bundle.KeyCustody);
    }

    [Fact]
    public async Task The_same_job_twice_is_one_bundle()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var form = new { job_id = "job 1", started_at = "2026-11-20T10:00:00Z", note = "first" };

        var first = (await caller.SignAsync(form)).IsGood();
        var second = (await caller.SignAsync(form)).IsGood();

        Assert.Equal((HttpStatusCode.OK, first.BundleId), (second.Status, second.BundleId));
        Assert.Single(server.Hsm.Taken);
    }

    [Fact]
    public async Task The_same_job_with_other_content_is_refused()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var first = (await caller.SignAsync(new { job_id = "job 1", note = "first" })).IsGood();

        (await caller.SignAsync(new { job_id = "job 1", note = "second" })).IsRefused(HttpStatusCode.Conflict, "JOB_DIFFERS");
        var other = (await caller.SignAsync(new { job_id = "job 1", note = "first" }, "G28\n")).IsRefused(HttpStatusCode.Conflict, "JOB_DIFFERS");

        Assert.Equal(first.BundleId, other["figures"].GetProperty("bundle_id").GetGuid());
        Assert.Single(server.Hsm.Taken);
    }

    [Fact]
    public async Task Bundles_are_a_chain_that_a_restart_does_not_break()
    {
        await using var server = await VaultServer.StartAsync();
        using (var caller = server.Local())
        {
            (await caller.SignAsync(new { job_id = "job 1" })).IsGood();
        }

        await server.RestartAsync();
        using var again = server.Local();
        var first = (await again.SignAsync(new { job_id = "job 1" })).IsGood();
        var second = (await again.SignAsync(new { job_id = "job 2" })).IsGood();

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Created), (first.Status, second.Status));
        var bundle = await BundleAsync(again, second.BundleId);
        Assert.Equal((2, first["sha256"].GetString()), (bundle.MachineCounter, Convert.ToHexStringLower(bundle.Previous!.Value.Span)));
    }

    [Theory]
    [InlineData("text/x.gcode")]
    [InlineData("text/x-gcode")]
    [InlineData("application/octet-stream")]
    public async Task A_toolpath_alone_is_signed_under_the_key_of_the_request(string type)
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var toolpath = new StringContent(Caller.Toolpath, System.Text.Encoding.UTF8, type);

        var answer = (await caller.PostAsync("/v3/bundles", toolpath, key: "job 7")).IsGood();

        Assert.Equal("job 7", answer["job_id"].GetString());
    }

    [Fact]
    public async Task Binary_G_code_is_signed_for_the_text_that_it_holds_and_refused_when_damaged()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        byte[] text = System.Text.Encoding.UTF8.GetBytes(Caller.Toolpath), binary = [.. "GCDE"u8, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, (byte)text.Length, 0, 0, 0, 0, 0, .. text];

        var plain = (await caller.PostAsync("/v3/bundles", new StringContent(Caller.Toolpath, System.Text.Encoding.UTF8, "text/x.gcode"), key: "job 1")).IsGood();
        var packed = (await caller.PostAsync("/v3/bundles", File(binary), key: "job 2")).IsGood();
        var damaged = await caller.PostAsync("/v3/bundles", File(binary[..^1]), key: "job 3");

        Assert.Equal((await BundleAsync(caller, plain.BundleId)).GCodeSha256.ToArray(), (await BundleAsync(caller, packed.BundleId)).GCodeSha256.ToArray());
        damaged.IsRefused(HttpStatusCode.BadRequest, "GCODE_DAMAGED");

        static ByteArrayContent File(byte[] content) => new(content) { Headers = { ContentType = new("text/x.gcode") } };
    }

    [Fact]
    public async Task Many_callers_at_once_get_one_counter_value_each()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();

        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(job => caller.SignAsync(new { job_id = $"job {job % 12}" })));

        Assert.All(answers, answer => answer.IsGood());
        Assert.Equal(Enumerable.Range(1, 12).Select(value => (long)value), answers.Select(answer => answer["machine_counter"].GetInt64()).Distinct().Order());
        Assert.Equal(12, answers.Select(answer => answer.BundleId).Distinct().Count());
    }

    [Fact]
    public async Task A_toolpath_that_is_refused_or_was_signed_before_uses_no_counter_value()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var first = (await LongAsync(caller, "job 1")).IsGood();

        (await LongAsync(caller, "")).IsRefused(HttpStatusCode.BadRequest, "TEXT_NOT_PLAIN");
        Assert.Equal(first.BundleId, (await LongAsync(caller, "job 1")).IsGood().BundleId);
        var second = (await LongAsync(caller, "job 2")).IsGood();

        Assert.Equal((1, 2), (first["machine_counter"].GetInt64(), second["machine_counter"].GetInt64()));
        Assert.Equal([1, 2], server.Hsm.Taken);
    }

    private static Task<Answer> LongAsync(Caller caller, string job) => caller.SignAsync(new { job_id = job }, string.Concat(Enumerable.Repeat(Caller.Toolpath, 8000)));

    internal static async Task<EvidenceBundle> BundleAsync(Caller caller, Guid id)
    {
        var file = (await caller.GetAsync($"/v3/bundles/{id}")).IsGood();
        Assert.True(EvidenceFile.TryDecode(file.Bytes, out var evidence, out var problem), problem);
        Assert.True(Statement.TryParse(evidence.Subject.Envelope, out var statement, out problem), problem);
        Assert.True(Evidence.Documents.Document.TryDecode<EvidenceBundle>(evidence.Subject.Document ?? statement.Payload, out var bundle, out problem), problem);
        return bundle;
    }
}
