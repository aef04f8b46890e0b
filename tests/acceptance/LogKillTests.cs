using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>The engine's process is killed (SIGKILL) while it makes statements.</summary>
public sealed class LogKillTests
{
    private const int Kills = 4;
    private const int Callers = 4;
    private const int ActsBeforeAKill = 12;

    [Fact]
    public async Task An_engine_that_is_killed_while_it_states_loses_nothing_that_it_answered_and_logs_nothing_twice()
    {
        await using var world = new World();
        await world.StartEngineAsync();
        await world.SignInAsync();
        var answered = new ConcurrentBag<string>();
        for (var kill = 0; kill < Kills; kill++)
        {
            await ActUntilKilledAsync(world, answered);
            await world.StartEngineAsync(new Uri(world.Engine).Port);
        }

        Assert.True(answered.Count >= Kills * ActsBeforeAKill, $"Only {answered.Count} acts were answered.");
        using var admin = await world.ClientAsync("admin");
        var (subjects, indexes) = (new HashSet<string>(), new List<long>());
        for (long? after = 0; after is not null;)
        {
            var page = await admin.GetFromJsonAsync<JsonElement>($"/api/audit?after={after}&limit=500&statements=true");
            foreach (var record in page.GetProperty("records").EnumerateArray())
            {
                subjects.Add(World.Text(record, "subject"));
                var sha256 = Convert.ToHexStringLower(SHA256.HashData(record.GetProperty("statement").GetBytesFromBase64()));
                // The proof is asked for first: it waits for the log.
                (await admin.GetAsync($"/api/log/statements/{sha256}/proof")).EnsureSuccessStatusCode().Dispose();
                indexes.Add((await admin.GetFromJsonAsync<JsonElement>($"/api/log/statements/{sha256}")).GetProperty("index").GetInt64());
            }

            after = page.TryGetProperty("next", out var next) && next.ValueKind == JsonValueKind.Number ? next.GetInt64() : null;
        }

        Assert.All(answered, id => Assert.Contains($"account/{id}", subjects));
        // Each once, and nothing else but the genesis: no account has made anything but audit records here.
        Assert.Equal(Enumerable.Range(1, indexes.Count).Select(index => (long)index), indexes.Order());
        var report = await world.AskAsync("admin", "log", "fsck", Path.Combine(world.Data, "log"));
        Assert.Equal((true, indexes.Count + 1L), (report.GetProperty("clean").GetBoolean(), report.GetProperty("size").GetInt64()));
    }

    /// <summary>Several callers make accounts, one after the other each, until enough were answered; then the engine is killed under them.</summary>
    private static async Task ActUntilKilledAsync(World world, ConcurrentBag<string> answered)
    {
        using var admin = await world.ClientAsync("admin");
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var target = answered.Count + ActsBeforeAKill;
        var callers = Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var account = new { email = $"{Guid.CreateVersion7():N}@example.com", password = "correct horse battery staple", name = "Oem", organisation = "Bracket Works", role = "oem" };
                    using var answer = await admin.PostAsJsonAsync("/api/accounts", account);
                    answer.EnsureSuccessStatusCode();
                    answered.Add(World.Text(await answer.Content.ReadFromJsonAsync<JsonElement>(), "id"));
                    if (answered.Count >= target)
                    {
                        enough.TrySetResult();
                    }
                }
            }
            catch (HttpRequestException gone) when (gone.StatusCode is null)
            {
                // It was killed.
            }
            catch (Exception other)
            {
                enough.TrySetException(other);
            }
        })).ToList();
        await enough.Task;
        await world.SignalAsync("engine", "KILL");
        await Task.WhenAll(callers);
    }
}
