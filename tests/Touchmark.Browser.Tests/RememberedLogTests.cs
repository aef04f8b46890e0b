using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Engine.Transparency;
using Touchmark.Log.Notes;
using Touchmark.Log.Tree;

namespace Touchmark.Browser.Tests;

/// <summary>A browser remembers the log that it saw, and holds it to that.</summary>
[SupportedOSPlatform("linux")]
public sealed class RememberedLogTests(Chromium chromium)
{
    [Fact]
    public async Task A_log_that_only_grew_since_the_last_visit_is_shown_to_have_done_so()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = $"/p/{(await bench.PrintPartAsync()).PartId.Value}";
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Desktop);
        await reader.GoAsync(part);
        Assert.Equal("valid", await reader.VerdictAsync());
        Assert.Equal(("passed", "not_checked"), (await reader.StateAsync("log"), await reader.StateAsync("memory")));
        Assert.Contains("has not seen this log before", await reader.Page.InnerTextAsync("[data-step=memory]"));

        await bench.PrintPartAsync();
        await reader.GoAsync(part);

        Assert.Equal("valid", await reader.VerdictAsync());
        Assert.Equal("passed", await reader.StateAsync("memory"));
        await reader.KeepAsync("log-grew");
    }

    [Fact]
    public async Task A_log_that_was_rolled_back_is_noticed_and_makes_its_records_worth_nothing()
    {
        await using var bench = await PrintBench.OpenAsync();
        var id = (await bench.PrintPartAsync()).PartId.Value;
        var (evidence, head) = (await PartPageTests.EvidenceAsync(bench, id), await HeadAsync(bench));
        await bench.PrintPartAsync();
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Phone);
        await reader.GoAsync($"/p/{id}");
        Assert.Equal("valid", await reader.VerdictAsync());

        await reader.Page.RouteAsync("**/log/checkpoint", route => route.FulfillAsync(new() { BodyBytes = head }));
        await reader.Page.RouteAsync("**/log/tile/**", route => route.FulfillAsync(new() { Status = 404 }));
        await reader.Page.RouteAsync("**/evidence", route => route.FulfillAsync(new() { BodyBytes = evidence }));
        await reader.GoAsync($"/p/{id}");

        Assert.Equal("invalid", await reader.VerdictAsync());
        Assert.Equal(("passed", "failed"), (await reader.StateAsync("certificate"), await reader.StateAsync("memory")));
        Assert.Contains("entries were taken back", await reader.Page.InnerTextAsync("[data-step=memory]"));
        Assert.Contains("The log shrank", await reader.Page.InnerTextAsync("[data-step=memory] .failures"));
        await reader.KeepAsync("rolled-back");
        await reader.FitsAsync();

        // What was seen stays remembered: the next visit tells the same.
        await reader.GoAsync($"/p/{id}");
        Assert.Equal("invalid", await reader.VerdictAsync());
    }

    [Fact]
    public async Task A_log_that_shows_two_versions_of_itself_is_noticed()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = $"/p/{(await bench.PrintPartAsync()).PartId.Value}";
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Desktop);
        await reader.GoAsync(part);
        Assert.Equal("valid", await reader.VerdictAsync());

        // The log's own keys sign a larger tree that does not begin as the one that was seen.
        await bench.PrintPartAsync();
        var (log, keys) = (bench.Server.Services.GetRequiredService<PublicLog>(), bench.Server.Services.GetRequiredService<EngineKeys>());
        var head = (await log.CheckpointAsync(CancellationToken.None))!.Checkpoint;
        var forked = SignedCheckpoint.Sign(head with { Root = TreeHash.OfLeaf("another history"u8) }, [new(log.Origin, keys.LogEd25519), new(log.Origin, keys.LogMlDsa65)]);
        await reader.Page.RouteAsync("**/log/checkpoint", route => route.FulfillAsync(new() { BodyBytes = forked.Encode() }));
        await reader.GoAsync(part);

        Assert.Equal("invalid", await reader.VerdictAsync());
        Assert.Equal(("passed", "failed"), (await reader.StateAsync("log"), await reader.StateAsync("memory")));
        Assert.Contains("The log forked", await reader.Page.InnerTextAsync("[data-step=memory] .failures"));
        Assert.Contains("there are two versions of it", await reader.Page.InnerTextAsync("[data-step=memory]"));
        await reader.KeepAsync("forked");
    }

    private static async Task<byte[]> HeadAsync(PrintBench bench)
    {
        using var client = bench.Server.Client();
        return await client.GetByteArrayAsync(new Uri("/log/checkpoint", UriKind.Relative));
    }
}
