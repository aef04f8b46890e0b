using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Running;

public sealed class FullDiskTests : IDisposable
{
    private const int DiskBytes = 48 << 20;
    private const int LeftBytes = 16 << 20;
    private const int Refusals = 4;
    private const int MostJobs = 400;

    private readonly string folder = Directory.CreateTempSubdirectory("tmv-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>The real process, with its data folder on a file system of its own that really runs full.</summary>
    [Fact]
    public async Task A_disk_that_runs_full_loses_nothing_that_was_answered_and_uses_no_counter_value_twice()
    {
        using var vault = RunningVault.Prepare(Path.Combine(folder, "data"), Path.Combine(AppContext.BaseDirectory, "touchmark-vault"));
        Mount(vault);
        await vault.StartAsync();
        using var caller = new Caller(vault.Client());
        var answered = new Dictionary<string, Answer>(StringComparer.Ordinal);
        var refused = new List<string>();
        for (var job = 0; refused.Count < Refusals; job++)
        {
            Assert.True(job < MostJobs, "The disk did not run full.");
            var name = string.Create(CultureInfo.InvariantCulture, $"job {job}");
            var answer = await SignAsync(caller, name);
            if (answer.Status == HttpStatusCode.Created)
            {
                answered.Add(name, answer);
            }
            else
            {
                // Said as such where the system says it so; SQLite calls some of it an error of the disk.
                Assert.True(answer.Status is HttpStatusCode.InsufficientStorage or HttpStatusCode.ServiceUnavailable, answer.Status.ToString());
                refused.Add(name);
            }
        }

        Assert.NotEmpty(answered);
        // Whoever opens it waits for the other side: the ballast is gone when it was read.
        await File.WriteAllTextAsync(Path.Combine(folder, "throw"), "now");
        await File.ReadAllTextAsync(Path.Combine(folder, "thrown"));
        foreach (var name in refused)
        {
            answered.Add(name, (await SignAsync(caller, name)).IsGood());
        }

        var counters = answered.Values.Select(answer => answer["machine_counter"].GetInt64()).ToList();
        Assert.Equal(counters.Count, counters.Distinct().Count());
        foreach (var (name, answer) in answered)
        {
            var found = (await SignAsync(caller, name)).IsGood();
            Assert.Equal((HttpStatusCode.OK, answer["sha256"].GetString()), (found.Status, found["sha256"].GetString()));
            (await caller.GetAsync($"/v3/bundles/{answer.BundleId}")).IsGood();
        }

        await vault.KillAsync();
    }

    private static Task<Answer> SignAsync(Caller caller, string job) => caller.PostAsync("/v3/bundles", new StringContent(Caller.Toolpath, Encoding.ASCII, "text/x.gcode"), job);

    /// <summary>A small file system in memory over the data folder, for that process alone, with ballast in it.</summary>
    private void Mount(RunningVault vault)
    {
        var prepared = Path.Combine(folder, "prepared");
        Directory.Move(vault.Data, prepared);
        Directory.CreateDirectory(vault.Data);
        foreach (var pipe in new[] { "throw", "thrown" })
        {
            using var made = Process.Start("mkfifo", [Path.Combine(folder, pipe)]);
            made.WaitForExit();
        }

        vault.Socket = Path.Combine(folder, "vault.sock");
        vault.Launcher =
        [
            "bwrap", "--dev-bind", "/", "/", "--size", DiskBytes.ToString(CultureInfo.InvariantCulture), "--tmpfs", vault.Data, "--die-with-parent", "sh", "-c",
            $"""
            cp -a "$0/prepared/." "$0/data/"
            head -c {DiskBytes - LeftBytes} /dev/zero >"$0/data/ballast"
            (cat "$0/throw" >"$0/said"; rm "$0/data/ballast"; echo >"$0/thrown") >/dev/null 2>&1 &
            exec "$@"
            """, folder,
        ];
    }
}
