using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Evidence.Cbor;
using Touchmark.Vault.Bundles;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Bundles;

/// <summary>Requests that hold what no request holds: each is refused, and none takes a counter value.</summary>
public sealed class RefusedRequestTests
{
    public static TheoryData<string, string> BadForms => new()
    {
        { """{"job_id": "a", "job_id": "b"}""", "BAD_REQUEST" },
        { """{"job_id": "a", "surprise": 1}""", "BAD_REQUEST" },
        { """{"job_id": 7}""", "BAD_REQUEST" },
        { "{", "BAD_REQUEST" },
        { "null", "BAD_REQUEST" },
        { $"{{\"job_id\": {new string('[', 5000)}", "BAD_REQUEST" },
        { "{}", "TEXT_NOT_PLAIN" },
        { """{"job_id": "a\u0000b"}""", "TEXT_NOT_PLAIN" },
        { """{"job_id": "a\u202eb"}""", "TEXT_NOT_PLAIN" },
        { """{"job_id": "a", "note": "two\nlines"}""", "TEXT_NOT_PLAIN" },
        { """{"job_id": "a", "gcode_sha256": "00"}""", "HASH_REFUSED" },
        { """{"job_id": "a", "gcode_sha256": "0000000000000000000000000000000000000000000000000000000000000000"}""", "GCODE_DIFFERS" },
        { """{"job_id": "a", "gcode_bytes": 1}""", "GCODE_DIFFERS" },
        { """{"job_id": "a", "sensors": {"chamber": {"min": 3, "max": 1, "mean": 2, "unit": "°C", "samples": 1}}}""", "SENSOR_REFUSED" },
        { """{"job_id": "a", "sensors": {"chamber": {"min": 1e999, "max": 1, "mean": 2, "unit": "°C", "samples": 1}}}""", "SENSOR_REFUSED" },
        { """{"job_id": "a", "sensors": {"chamber": null}}""", "SENSOR_REFUSED" },
        { """{"job_id": "a", "series": {"chamber": {"period_s": 0, "values": []}}}""", "SENSOR_REFUSED" },
        { """{"job_id": "a", "started_at": "2026-01-02T00:00:00Z", "ended_at": "2026-01-01T00:00:00Z"}""", "TIMES_REFUSED" },
        { """{"job_id": "a", "twin_id": "00000000-0000-0000-0000-000000000001"}""", "NOT_FOUND" },
    };

    [Theory]
    [MemberData(nameof(BadForms))]
    public async Task Forms_that_are_not_in_order_are_refused_before_anything_is_counted(string form, string code)
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();

        var answer = await caller.PostAsync("/v3/bundles", Caller.Parts(Caller.Json(form), Caller.Toolpath));

        Assert.Equal(code, answer["code"].GetString());
        Assert.InRange((int)answer.Status, 400, 404);
        Assert.Empty(server.Hsm.Taken);
    }

    [Theory]
    [InlineData("bf666a6f625f69646161ff")]
    [InlineData("a2666a6f625f69646161666a6f625f69646162")]
    [InlineData("a1666a6f625f6964")]
    [InlineData("a1666a6f625f6964780161")]
    [InlineData("9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f")]
    [InlineData("bb7fffffffffffffff")]
    [InlineData("")]
    public async Task Cbor_that_is_not_the_only_encoding_of_a_form_is_refused(string hex)
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();

        (await caller.PostAsync("/v3/bundles", Caller.Cbor(Convert.FromHexString(hex)))).IsRefused(HttpStatusCode.BadRequest, "CBOR_REFUSED");

        Assert.Empty(server.Hsm.Taken);
    }

    [Fact]
    public async Task Cbor_of_a_job_whose_toolpath_stays_with_the_caller_is_signed()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var form = DeterministicCbor.Encode(CborMap.Of(("job_id", "job 1"), ("gcode_sha256", new CborBytes(new byte[32])), ("gcode_bytes", 1_200_000)));

        var answer = (await caller.PostAsync("/v3/bundles", Caller.Cbor(form))).IsGood();

        Assert.Equal(("unknown", 1_200_000), (answer["slicer_level"].GetString(), answer["gcode_bytes"].GetInt64()));
    }

    [Fact]
    public void Any_bytes_are_a_form_or_a_refusal() => Prop.ForAll<byte[]>(bytes => BundleForm.FromCbor(bytes).Has(out _, out var refusal) || refusal.Code == "CBOR_REFUSED").QuickCheckThrowOnFailure();

    [Fact]
    public async Task A_form_or_a_toolpath_that_is_too_long_is_refused()
    {
        await using var server = await VaultServer.StartAsync(more: ["--gcode-bytes", "1000"]);
        using var caller = server.Local();

        (await caller.SignAsync(new { job_id = "a" }, new string('G', 2000))).IsRefused(HttpStatusCode.RequestEntityTooLarge, "TOO_LARGE");
        (await caller.PostAsync("/v3/bundles", Caller.Json($"{{\"job_id\": \"{new string('a', BundleReader.FormBytes)}\"}}"))).IsRefused(HttpStatusCode.RequestEntityTooLarge, "TOO_LARGE");

        Assert.Empty(server.Hsm.Taken);
    }

    [Theory]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=\"\"")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task Parts_that_are_none_are_refused(string type)
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        using var content = new ByteArrayContent(Encoding.ASCII.GetBytes("--y\r\nContent-Disposition: form-data; name=\"bundle\"\r\n\r\n{}"));
        content.Headers.TryAddWithoutValidation("Content-Type", type);

        (await caller.PostAsync("/v3/bundles", content)).IsRefused(HttpStatusCode.BadRequest, "PARTS_REFUSED");
    }

    [Fact]
    public async Task Keys_that_contradict_each_other_types_that_nobody_knows_and_empty_toolpaths_are_refused()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();

        (await caller.PostAsync("/v3/bundles", Caller.Parts(Caller.Json(new { job_id = "a" }), Caller.Toolpath), key: "b")).IsRefused(HttpStatusCode.BadRequest, "KEY_CONFLICT");
        (await caller.PostAsync("/v3/bundles", new StringContent("x", Encoding.UTF8, "text/html"))).IsRefused(HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE");
        (await caller.PostAsync("/v3/bundles", null)).IsRefused(HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE");
        (await caller.SignAsync(new { job_id = "a" }, "; nothing\n")).IsRefused(HttpStatusCode.BadRequest, "GCODE_EMPTY");
        (await caller.PostAsync("/v3/bundles", Caller.Json(new { job_id = "a" }))).IsRefused(HttpStatusCode.BadRequest, "GCODE_MISSING");
        // The server itself says this, before anything of ours is asked.
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, (await caller.PostAsync("/v3/bundles", Caller.Json(new { job_id = "a" }), key: new string('k', 20_000))).Status);
    }
}
