using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Accounts;

/// <summary>
/// Who can read the file <c>setup-token</c> in the data folder (mode 0600) may make the first account. The file is written at start while there is no account,
/// and deleted once there is one; the database, not the file, makes sure that it works once.
/// </summary>
internal sealed class SetupToken(EngineOptions options, Database database, ILogger<SetupToken> log) : IHostedService
{
    private string File => Path.Combine(options.Data, "setup-token");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await database.FirstOrDefaultAsync<long>("select count(*) from bootstrap", null, cancellationToken) > 0)
        {
            Spend();
        }
        else if (!System.IO.File.Exists(File))
        {
            var temporary = File + ".new";
            System.IO.File.Delete(temporary);
            await using (var file = DataFolder.CreateFile(temporary))
            {
                await file.WriteAsync(Encoding.ASCII.GetBytes(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))), cancellationToken);
                file.Flush(flushToDisk: true);
            }

            DataFolder.Publish(temporary, File);
            log.LogInformation("No account yet: make the first one with the token in {File}", File);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Compares in constant time.</summary>
    public async Task<bool> IsRightAsync(string? presented, CancellationToken cancel)
    {
        if (presented is null || !System.IO.File.Exists(File))
        {
            return false;
        }

        var expected = await System.IO.File.ReadAllBytesAsync(File, cancel);
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(presented)), SHA256.HashData(expected));
    }

    public void Spend() => System.IO.File.Delete(File);
}
