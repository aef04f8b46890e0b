using System.Net;
using Touchmark.Vault.Access;
using Touchmark.Vault.Tests.Server;
using Caller = Touchmark.Vault.Tests.Server.Caller;

namespace Touchmark.Vault.Tests.Verification;

public sealed class VerifyTests
{
    [Fact]
    public async Task Whoever_has_a_file_may_ask_as_often_as_he_likes()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        using var stranger = await server.RemoteAsync(Role.None);
        var file = await FileAsync(caller);

        var first = (await stranger.PostAsync("/v3/verify", Caller.Cbor(file))).IsGood();
        var second = (await stranger.PostAsync("/v3/verify", Caller.Cbor(file))).IsGood();

        Assert.Equal("valid", first["verdict"].GetString());
        Assert.Equal(first.Bytes, second.Bytes);
    }

    [Fact]
    public async Task One_changed_byte_anywhere_is_never_valid()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var file = await FileAsync(caller);

        for (var at = 0; at < file.Length; at += file.Length / 40)
        {
            var changed = (byte[])file.Clone();
            changed[at] ^= 1;
            Assert.False((await caller.PostAsync("/v3/verify", Caller.Cbor(changed))).IsGood()["valid"].GetBoolean());
        }
    }

    [Fact]
    public async Task A_manifest_that_is_too_old_is_refused_loudly()
    {
        await using var server = await VaultServer.StartAsync(more: ["--manifest-hours", "2"]);
        using var caller = server.Local();
        var file = await FileAsync(caller);

        server.Time.Advance(TimeSpan.FromHours(3));
        var verdict = (await caller.PostAsync("/v3/verify", Caller.Cbor(file))).IsGood();

        Assert.Equal(("invalid", "MANIFEST_TOO_OLD"), (verdict["verdict"].GetString(), verdict["problem"].GetString()));
    }

    [Fact]
    public async Task What_is_no_file_is_unreadable_and_what_is_too_long_is_refused()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();

        Assert.Equal("unreadable", (await caller.PostAsync("/v3/verify", Caller.Cbor([0x9f, 0x9f]))).IsGood()["verdict"].GetString());
        Assert.Equal("unreadable", (await caller.PostAsync("/v3/verify", null)).IsGood()["verdict"].GetString());
        (await caller.PostAsync("/v3/verify", Caller.Cbor(new byte[5 << 20]))).IsRefused(HttpStatusCode.RequestEntityTooLarge, "TOO_LARGE");
    }

    private static async Task<byte[]> FileAsync(Caller caller)
    {
        var signed = (await caller.SignAsync(new { job_id = "job 1" })).IsGood();
        return (await caller.GetAsync($"/v3/bundles/{signed.BundleId}")).IsGood().Bytes;
    }
}
