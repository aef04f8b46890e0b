using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Touchmark.Evidence.Verification;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Tests.Running;

namespace Touchmark.Bench.Vault;

/// <summary>What a vault's archive costs when it has grown: bundles fetched at random from a large one and a small one, turn by turn in one run, the start, and the index made anew.</summary>
internal static class ArchiveBench
{
    private const int Small = 1000;
    private const int Warm = 2000;
    private const int Fetches = 10_000;
    private const int Starts = 5;

    public static async Task RunAsync(int large)
    {
        var folder = Directory.CreateTempSubdirectory("tmv-archive-").FullName;
        try
        {
            var figures = new Figures();
            using var small = await MakeAsync(figures, Path.Combine(folder, "s"), Small);
            using var grown = await MakeAsync(figures, Path.Combine(folder, "l"), large);
            await FetchAsync(figures, small, grown);
            // The first start compiles what the others run.
            await OpenAsync(small);
            foreach (var archive in new[] { small, grown })
            {
                var times = new List<double>();
                for (var start = 0; start < Starts; start++)
                {
                    times.Add(await OpenAsync(archive));
                }

                times.Sort();
                figures.Add(Of(archive, "start until the manifest is open, in one process, median of 5"), times[Starts / 2], "0", "ms");
            }

            figures.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<MadeArchive> MakeAsync(Figures figures, string folder, int bundles)
    {
        var begun = Stopwatch.GetTimestamp();
        var archive = await MadeArchive.MakeAsync(folder, bundles);
        figures.Add(Of(archive, "made and signed in"), Stopwatch.GetElapsedTime(begun).TotalSeconds, "#,0", "s");
        begun = Stopwatch.GetTimestamp();
        using var rebuild = Started.Run(VaultBench.Program, "index", "rebuild", "--data", folder);
        await rebuild.ExitedAsync();
        if (rebuild.ExitCode != 0)
        {
            throw new InvalidOperationException("The index was not made.");
        }

        figures.Add(Of(archive, "touchmark-vault index rebuild"), Stopwatch.GetElapsedTime(begun).TotalSeconds, "#,0", "s");
        figures.Add(Of(archive, "manifest, index"), string.Create(CultureInfo.InvariantCulture, $"{Megabytes(Path.Combine(folder, "manifest")):#,0}, {Megabytes(folder, "touchmark.db*"):#,0} MB"));
        return archive;
    }

    /// <summary>Two processes of the vault, one caller who asks one and then the other.</summary>
    private static async Task FetchAsync(Figures figures, params MadeArchive[] archives)
    {
        var vaults = archives.Select(archive => RunningVault.WithoutToken(archive.Folder, VaultBench.Program)).ToList();
        var clients = new List<HttpClient>();
        try
        {
            foreach (var vault in vaults)
            {
                await vault.StartAsync();
                clients.Add(vault.Client());
            }

            var times = archives.Select(_ => new List<double>(Fetches)).ToList();
            for (var n = -Warm; n < Fetches; n++)
            {
                for (var which = 0; which < archives.Length; which++)
                {
                    var id = archives[which].Ids[RandomNumberGenerator.GetInt32(archives[which].Ids.Count)];
                    var begun = Stopwatch.GetTimestamp();
                    var file = await clients[which].GetByteArrayAsync(new Uri($"/v3/bundles/{id:D}", UriKind.Relative));
                    var took = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                    if (n >= 0)
                    {
                        times[which].Add(took);
                    }

                    if (n % Small == 0)
                    {
                        Verify(archives[which], file);
                    }
                }
            }

            for (var which = 0; which < archives.Length; which++)
            {
                VaultBench.Percentiles(figures, Of(archives[which], string.Create(CultureInfo.InvariantCulture, $"fetch at random, {Fetches:#,0} one after the other")), which == 0 ? "" : "p99 as of the small one", times[which]);
            }
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
            foreach (var vault in vaults)
            {
                await vault.KillAsync();
                vault.Dispose();
            }
        }
    }

    private static void Verify(MadeArchive archive, byte[] file)
    {
        var verdict = EvidenceVerifier.Verify(file, archive.Trust, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(24)).Verdict;
        if (!verdict.IsValid)
        {
            throw new InvalidOperationException($"A bundle does not verify: {string.Join("; ", verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => check.Words))}");
        }
    }

    /// <summary>From the start of the vault until it would sign, with an HSM that costs nothing.</summary>
    private static async Task<double> OpenAsync(MadeArchive archive)
    {
        var begun = Stopwatch.GetTimestamp();
        await using var app = Touchmark.Vault.Program.Create(["--data", archive.Folder], services =>
        {
            services.AddSingleton<IVaultHsm>(archive.Hsm);
            services.AddLogging(logging => logging.ClearProviders());
        });
        await Touchmark.Vault.Program.StartAsync(app);
        if (!(await app.Services.GetRequiredService<ManifestBook>().EnterAsync(CancellationToken.None)).Has(out var turn, out var refusal))
        {
            throw new InvalidOperationException(refusal.Text);
        }

        await turn.DisposeAsync();
        var took = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        await app.StopAsync(CancellationToken.None);
        return took;
    }

    private static double Megabytes(string folder, string pattern = "*") => Directory.EnumerateFiles(folder, pattern, pattern == "*" ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly).Sum(file => new FileInfo(file).Length) / 1e6;

    private static string Of(MadeArchive archive, string what) => string.Create(CultureInfo.InvariantCulture, $"{archive.Ids.Count:#,0} bundles: {what}");
}
