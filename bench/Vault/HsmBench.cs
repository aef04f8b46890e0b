using System.Diagnostics;
using System.Globalization;
using Touchmark.Cryptography;
using Touchmark.Log.Tree;
using Touchmark.Tests;
using Touchmark.Vault.Hsm;

namespace Touchmark.Bench.Vault;

/// <summary>The HSM's own share of a bundle, in one process with SoftHSM: signatures of the token, each verified, and values of the counter, each written, read back and held against the lease.</summary>
internal static class HsmBench
{
    public static Task RunAsync(bool quick)
    {
        var operations = quick ? 500 : 10_000;
        var folder = Directory.CreateTempSubdirectory("tmv-hsm-").FullName;
        SoftHsm.Number = 1;
        try
        {
            var pin = Path.Combine(folder, "pin");
            File.WriteAllText(pin, SoftHsm.UserPin);
            File.SetUnixFileMode(pin, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            using var hsm = VaultHsm.Open(new HsmOptions { Module = SoftHsm.Instance.ModulePath, TokenLabel = SoftHsm.Instance.NewToken(), PinFile = pin, LockFolder = folder });
            var keys = hsm.CreateKeys("g1");
            var message = new byte[2000];
            var signature = new byte[64];
            var mark = new ManifestMark(1, TreeHash.EmptyRoot);
            var figures = new Figures();
            Measure(figures, "Ed25519 in the token, 2,000 bytes, verified", operations, () => keys.Primary.Signer.Sign(message, signature));
            Measure(figures, "  of which verification", operations, () => Ed25519.Verify(keys.Primary.Signer.PublicKey.Span, message, signature));
            var before = Environment.WorkingSet;
            Measure(figures, "counter: one value, durable in the token's files", operations, () => hsm.Increment(mark));
            figures.Add("  memory that SoftHSM keeps for each value", (Environment.WorkingSet - before) / 1024.0 / operations, "0.0", "KiB");
            Measure(figures, "counter: read", operations, () => hsm.ReadCounter());
            figures.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return Task.CompletedTask;
    }

    private static void Measure(Figures figures, string what, int operations, Action operation)
    {
        for (var n = 0; n < 100; n++)
        {
            operation();
        }

        var times = new double[operations];
        for (var n = 0; n < operations; n++)
        {
            var start = Stopwatch.GetTimestamp();
            operation();
            times[n] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        figures.Add($"{what}: p50, p99, p99.9", string.Create(CultureInfo.InvariantCulture, $"{times[operations / 2]:0.000}, {times[operations * 99 / 100]:0.000}, {times[operations * 999L / 1000]:0.000} ms"));
    }
}
