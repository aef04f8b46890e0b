using System.Text;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Demonstration;

/// <summary>
/// Opens no data but a demonstration's own: the first start marks an empty data folder, and with accounts in it and no mark the engine does not start. An engine that people work with
/// is therefore never opened by a slip of its command line.
/// </summary>
internal sealed class DemonstrationGuard(EngineOptions options, Database database, ILogger<DemonstrationGuard> log) : IHostedService
{
    private string Mark => Path.Combine(options.Data, "demonstration");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Mark))
        {
            if (await database.FirstOrDefaultAsync<long>("select count(*) from accounts", null, cancellationToken) > 0)
            {
                throw new InvalidOperationException($"The data folder {options.Data} has accounts and was not made by a demonstration: leave out --demonstration, or name an empty folder by --data.");
            }

            await using var mark = DataFolder.CreateFile(Mark);
            await mark.WriteAsync(Encoding.UTF8.GetBytes("Whoever sits at this computer may sign in as anybody here while the engine runs with --demonstration.\n"), cancellationToken);
        }

        log.LogWarning("This is a demonstration: whoever sits at this computer may sign in as anybody");
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
