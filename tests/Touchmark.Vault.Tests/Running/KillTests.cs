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
}
