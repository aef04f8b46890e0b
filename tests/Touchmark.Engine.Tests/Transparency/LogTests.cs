using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Receipts;

namespace Touchmark.Engine.Tests.Transparency;

/// <summary>Every statement of the product is in the log when its request is answered, once, whatever fails.</summary>
[SupportedOSPlatform("linux")]
public sealed class LogTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    public static TheoryData<string> HostilePaths =>
        ["/log/tile/0/000.p/0", "/log/tile/0/000.p/999", "/log/tile/0/..%2f..%2fmaster.key", "/log/tile/0/%2e%2e/%2e%2e/master.key", "/log/tile/9/000", "/log/tile/0/x000/000", "/log/staging/1", "/log/tile/0/000.p%2f1"];

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Whatever_a_print_and_a_revocation_state_is_in_the_log_once(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        Assert.Equal("done", (await bench.FollowAsync(job)).GetProperty("state").GetString());
        (await bench.Oem.PostAsync($"/api/licences/{bench.LicenceId}/revoke", new { reason = "The bracket was recalled." })).IsGood();

        var statements = await bench.Server.HoldsExactlyWhatWasStatedAsync();

        // 6 keys, the settings, 3 accounts, a code, an enrolment, a licence and its revocation make 14 audit records, and the last three with slice and certificate 5 statements.
        Assert.Equal(19, statements);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_act_is_in_the_log_when_it_is_answered(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var design = await oem.NewDesignAsync();

        await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ => (await oem.GrantAsync(design, maker)).IsGood()));

        Assert.Equal(0, await server.Database.FirstOrDefaultAsync<long>("select count(*) from log_entries where log_index is null", null, default));
        await server.HoldsExactlyWhatWasStatedAsync();
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_crash_between_the_log_and_the_database_enters_nothing_twice(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var last = new List<byte[]>();
        foreach (var statement in await server.StatementsAsync())
        {
            if (await server.ProvenIndexAsync(statement) > 5)
            {
                last.Add(statement);
            }
        }

        // As a crash leaves it: the log has the last entries, and the database does not know.
        await server.RestartAsync(async database =>
        {
            foreach (var statement in last)
            {
                var row = new { Envelope = statement, Sha256 = SHA256.HashData(statement) };
                await database.ExecuteAsync("update log_entries set log_index = null, envelope = @Envelope where sha256 = @Sha256", row, default);
            }
        });
        await server.ActAsync();

        await server.HoldsExactlyWhatWasStatedAsync();
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Statements_that_are_older_than_the_log_are_entered_into_it(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        await server.RestartAsync(async database =>
        {
            await database.ExecuteAsync("delete from log_head", null, default);
            await database.ExecuteAsync("delete from log_entries", null, default);
            Directory.Delete(Path.Combine(server.Data, "log"), recursive: true);
        });
        await server.ActAsync();

        await server.HoldsExactlyWhatWasStatedAsync();
    }

    [Fact]
    public async Task A_log_that_fails_for_a_moment_only_delays()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        var (log, away) = (Path.Combine(server.Data, "log"), Path.Combine(server.Data, "away"));
        Directory.Move(log, away);
        await File.WriteAllTextAsync(log, "No folder.");

        var act = admin.PostAsync("/api/accounts", ServerFactory.NewAccount("oem@touchmark.test", Role.Oem, "Bracket Works"));
        await server.Log.SeenAsync("The log is not written");
        Assert.False(act.IsCompleted);
        File.Delete(log);
        Directory.Move(away, log);

        (await act).IsGood();
        await server.HoldsExactlyWhatWasStatedAsync();
    }

    [Fact]
    public async Task Statements_of_all_nodes_are_in_the_one_log_and_another_node_goes_on_when_the_writer_is_gone()
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-log-");
        try
        {
            var first = await ServerFactory.StartAsync(StorageKind.Postgres, arguments: ["--log", folder.FullName]);
            await using var second = await first.StartNodeAsync();
            using (var admin = (await first.AdminAsync()).At(second))
            {
                (await admin.PostAsync("/api/accounts", ServerFactory.NewAccount("oem@touchmark.test", Role.Oem, "Bracket Works"))).IsGood();
                await second.HoldsExactlyWhatWasStatedAsync(folder.FullName);
                // It waited for the first one's word, and did not only get around to it.
                Assert.DoesNotContain(second.Log.Lines, line => line.Contains("The log is not written", StringComparison.Ordinal));

                await first.DisposeAsync();
                (await admin.PostAsync("/api/accounts", ServerFactory.NewAccount("maker@touchmark.test", Role.Manufacturer, "Print Shop"))).IsGood();
            }

            Assert.Equal(10, await second.HoldsExactlyWhatWasStatedAsync(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_log_keeps_its_name_when_the_engine_is_called_otherwise()
    {
        string[] arguments = ["--issuer", "Bracket Works + Sons"];
        await using var server = await ServerFactory.StartAsync(arguments: arguments);
        var origin = (await Checkpoint(server)).Split('\n')[0];
        Assert.Equal("Bracket-Works---Sons/log", origin);

        arguments[1] = "Brackets";
        await server.RestartAsync();

        Assert.Equal(origin, (await Checkpoint(server)).Split('\n')[0]);
        await server.HoldsExactlyWhatWasStatedAsync();
    }

    [Fact]
    public async Task Everybody_reads_hashes_and_only_auditors_read_entries()
    {
        await using var server = await ServerFactory.StartAsync();
        using var auditor = await server.JoinAsync(Role.Auditor, "Bureau");
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var stranger = server.Stranger();
        var size = (await Checkpoint(server)).Split('\n')[1];
        var (tile, entries) = ($"/log/tile/0/000.p/{size}", $"/log/tile/entries/000.p/{size}");

        using var answer = await stranger.Http.GetAsync(new Uri(tile, UriKind.Relative));
        Assert.Equal(int.Parse(size, System.Globalization.CultureInfo.InvariantCulture) * 32, (await answer.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal(("application/octet-stream", "public, max-age=604800, immutable"), (answer.Content.Headers.ContentType!.MediaType, answer.Headers.CacheControl!.ToString()));

        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(entries)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await oem.GetAsync(entries)).Status);
        Assert.Contains("touchmark log genesis v1\n", (await auditor.GetAsync(entries)).IsGood().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everybody_reads_entries_where_the_operator_opens_them()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--log-entries", "public"]);
        using var stranger = server.Stranger();

        (await stranger.GetAsync($"/log/tile/entries/000.p/{(await Checkpoint(server)).Split('\n')[1]}")).IsGood();
    }

    [Theory]
    [MemberData(nameof(HostilePaths))]
    public async Task Nothing_but_the_log_is_served_as_the_log(string path)
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();

        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync(path)).Status);
    }

    [Fact]
    public async Task A_statement_is_handed_out_with_receipts_of_both_keys_to_those_who_are_signed_in()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var stranger = server.Stranger();
        var statement = (await server.StatementsAsync())[0];
        var path = $"/api/log/statements/{Convert.ToHexStringLower(SHA256.HashData(statement))}/receipt";

        (await stranger.GetAsync(path)).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        var transparent = await oem.Http.GetByteArrayAsync(new Uri(path, UriKind.Relative));

        Assert.True(TransparentStatement.TryParse(transparent, out var envelope, out var receipts, out var problem), problem);
        Assert.Equal(statement, envelope);
        Assert.Equal(2, receipts.Count);
        var keys = server.Policy().Logs.Single().Keys;
        Assert.All(receipts.Zip(keys), pair => Assert.True(pair.First.Verify(envelope, pair.Second.PublicKey.Span)));
    }

    [Theory]
    [InlineData("00")]
    [InlineData("zz")]
    [InlineData("AB00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ab00000000000000000000000000000000000000000000000000000000000000")]
    public async Task A_statement_that_was_never_made_is_not_found(string sha256)
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();

        (await stranger.GetAsync($"/api/log/statements/{sha256}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await stranger.GetAsync($"/api/log/statements/{sha256}/proof")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
    }

    private static async Task<string> Checkpoint(ServerFactory server)
    {
        using var stranger = server.Stranger();
        return (await stranger.GetAsync("/log/checkpoint")).IsGood().Text;
    }
}
