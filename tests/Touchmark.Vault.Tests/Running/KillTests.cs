namespace Touchmark.Vault.Tests.Running;

public sealed class KillTests
{
    [Fact]
    public async Task Vaults_that_are_killed_while_they_sign_lose_nothing_that_was_answered_and_use_no_counter_value_twice()
    {
        var folder = Directory.CreateTempSubdirectory("tmv-").FullName;
        try
        {
            var result = await VaultKillLoop.RunAsync(folder, Path.Combine(AppContext.BaseDirectory, "touchmark-vault"), kills: 6);

            Assert.Empty(result.Problems);
            Assert.Equal(6, result.Kills);
            Assert.True(result.Acknowledged >= 6);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_vault_that_is_stopped_leaves_no_counter_value_unused()
    {
        var folder = Directory.CreateTempSubdirectory("tmv-").FullName;
        try
        {
            using var vault = RunningVault.Prepare(folder, Path.Combine(AppContext.BaseDirectory, "touchmark-vault"));
            var counters = new List<long>();
            for (var run = 0; run < 2; run++)
            {
                await vault.StartAsync();
                using var client = vault.Client();
                for (var job = 0; job < 3; job++)
                {
                    var answer = await RunningVault.TrySignAsync(client, $"run {run} job {job}", "G28\nG1 X10 F1800\n"u8.ToArray());
                    counters.Add(answer!.Value.GetProperty("machine_counter").GetInt64());
                }

                await vault.StopAsync();
            }

            Assert.Equal([1, 2, 3, 4, 5, 6], counters);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
