using System.Security.Cryptography;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Tests;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Tests.Hsm;

public sealed class CounterTests : IDisposable
{
    private const int Kills = 18;

    private readonly TokenBench _bench = new();

    [Fact]
    public async Task Killed_again_and_again_the_counter_gives_no_value_twice_and_never_goes_back()
    {
        List<long> given = [];
        for (var kill = 0; kill < Kills; kill++)
        {
            // Two of three die by themselves at a call that changes the token, the others are killed wherever they happen to be.
            var deadly = kill % 3 == 0 ? 0 : 2 + RandomNumberGenerator.GetInt32(16);
            using var process = CountingProcess.Start(_bench.Options, values: 0, deadly);
            var values = await CountingProcess.ReadAsync(process, deadly == 0 ? 1 + RandomNumberGenerator.GetInt32(20) : int.MaxValue);
            given.AddRange(values);
        }
        Assert.Equal(given.Order().Distinct(), given);
        Assert.True(given.Count > Kills, $"{given.Count} values");
        using var hsm = _bench.Open();
        // What was set aside when a process died was given to nobody.
        Assert.InRange(hsm.ReadCounter().Value, given[^1], given.Count + (Kills * (TokenCounter.MostAside + 1)));
    }

    [Fact]
    public async Task A_token_folder_that_was_restored_from_a_copy_is_refused()
    {
        var folder = FolderOf(_bench);
        var copy = Directory.CreateDirectory(Path.Combine(SoftHsm.Instance.Folder, "copy")).FullName;
        Assert.Equal([1, 2, 3], await CountAsync(3));
        Copy(folder, copy);
        Assert.Equal([4, 5], await CountAsync(2));
        Copy(copy, folder);
        // The token itself cannot know; the manifest does.
        using var restored = _bench.Open();
        var counter = restored.ReadCounter().Value;
        Assert.Equal(3, counter);
        Assert.Equal("COUNTER_WENT_BACK", CounterGuard.FindOldToken(counter, lastBundle: 5)?.Code);
        Assert.Null(CounterGuard.FindOldToken(counter: 5, lastBundle: 5));
    }

    [Fact]
    public void A_token_that_is_put_back_under_a_running_vault_is_refused_by_it()
    {
        using var hsm = _bench.Open();
        using var thief = Connect();
        hsm.Increment(TokenBench.MarkAt(1));
        var old = Assert.Single(thief.ReadData("touchmark/counter"));
        hsm.Increment(TokenBench.MarkAt(2));
        thief.DestroyData("touchmark/counter");
        thief.CreateData("touchmark/counter", old);
        var refusal = Assert.Throws<HsmException>(() => hsm.Increment(TokenBench.MarkAt(4)));
        Assert.Equal("COUNTER_WENT_BACK", refusal.Fault.Code);
        hsm.Reconnect();
        Assert.Equal("COUNTER_WENT_BACK", Assert.Throws<HsmException>(() => hsm.ReadCounter()).Fault.Code);
    }

    [Fact]
    public void A_record_that_a_crash_has_torn_is_none_and_one_that_is_damaged_is_refused()
    {
        using var hsm = _bench.Open();
        using var thief = Connect();
        hsm.Increment(TokenBench.MarkAt(1));
        var whole = Assert.Single(thief.ReadData("touchmark/counter"));
        byte[] torn = [.. whole];
        torn[20] ^= 1;
        thief.CreateData("touchmark/counter", torn);
        thief.CreateData("touchmark/counter", []);
        thief.CreateData("touchmark/counter", whole[..30]);
        Assert.Equal(new CounterReading(1, TokenBench.MarkAt(1)), hsm.ReadCounter());
        hsm.Dispose();
        using var next = _bench.Open();
        Assert.Equal(new CounterReading(1, TokenBench.MarkAt(1)), next.ReadCounter());
        Assert.Equal(2, next.Increment(TokenBench.MarkAt(2)));
        Assert.Single(thief.ReadData("touchmark/counter"));
        Assert.Equal(3, next.Increment(TokenBench.MarkAt(3)));
        Assert.Single(thief.ReadData("touchmark/counter"));
        thief.DestroyData("touchmark/counter");
        thief.CreateData("touchmark/counter", torn);
        Assert.Equal("HSM_LIED", Assert.Throws<HsmException>(() => next.ReadCounter()).Fault.Code);
    }

    [Fact]
    public void A_token_that_a_vault_on_another_host_holds_is_refused_unless_it_is_taken_over()
    {
        using (var thief = Connect())
        {
            new TokenRecord(thief, "touchmark/holder").Write(new RecordVersion(0, []), new byte[48]);
        }
        using (var refused = _bench.Open())
        {
            Assert.Equal((HsmState.Failing, "HSM_HELD_ELSEWHERE"), (refused.State, refused.Fault.Code));
            refused.Reconnect();
            Assert.Equal("HSM_HELD_ELSEWHERE", refused.Fault.Code);
        }
        using var taken = VaultHsm.Open(_bench.Options with { TakeOver = true }, TokenBench.Load);
        Assert.Equal(HsmState.Unprovisioned, taken.State);
        Assert.Equal(1, taken.Increment(TokenBench.MarkAt(1)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whoever_takes_a_token_over_and_whoever_loses_it_never_get_the_same_value(bool interruptTheOneBefore)
    {
        var elsewhere = _bench.Options with { LockFolder = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(_bench.Options.PinFile)!, "elsewhere")).FullName };
        List<long> given = [];
        // Every place between two calls of the one is where the other does all of its work.
        for (var (call, struck) = (1, true); struck; call++)
        {
            var module = new InterruptedModule(SoftHsm.Instance.Functions);
            using var first = VaultHsm.Open(_bench.Options, interruptTheOneBefore ? module.Load : TokenBench.Load);
            Take(first);
            if (interruptTheOneBefore)
            {
                module.At(call, () => TakeOver(elsewhere, TokenBench.Load));
                Take(first);
            }
            else
            {
                module.At(call, () => Take(first));
                TakeOver(elsewhere, module.Load);
            }
            Take(first);
            struck = module.Struck;
            Assert.True(struck || call > 5, $"{call} calls");

            void TakeOver(HsmOptions options, Func<string, Pkcs11Module> load)
            {
                using var second = VaultHsm.Open(options, load);
                Take(second);
                Take(second);
            }

            // As the vault does: one by itself, more that were set aside, and the rest given back.
            void Take(VaultHsm hsm)
            {
                Action[] steps = [Count, () => hsm.SetAside(TokenBench.MarkAt(2)), Count, () => hsm.Confirm(TokenBench.MarkAt(2)), Count, () => hsm.SetAside(TokenBench.MarkAt(2)), Count];
                foreach (var step in steps)
                {
                    if (Record.Exception(step) is { } refusal)
                    {
                        Assert.IsType<HsmException>(refusal);
                    }
                }

                void Count() => given.Add(hsm.Increment(TokenBench.MarkAt(2)));
            }
        }
        Assert.Equal(given.Count, given.Distinct().Count());
    }

    public void Dispose() => _bench.Dispose();

    private async Task<List<long>> CountAsync(int values)
    {
        using var process = CountingProcess.Start(_bench.Options, values);
        return await CountingProcess.ReadAsync(process);
    }

    private Token Connect()
    {
        var token = new Token(SoftHsm.Instance.Module, _bench.Options.TokenLabel!, serial: null, SoftHsm.Pin(), TimeSpan.FromSeconds(30));
        token.Connect();
        return token;
    }

    /// <summary>SoftHSM names a token's folder by a UUID of which the serial number is the end.</summary>
    private static string FolderOf(TokenBench bench)
    {
        var serial = SoftHsm.Instance.Module.Tokens().Single(token => token.Label == bench.Options.TokenLabel).Serial;
        return Directory.GetDirectories(SoftHsm.Instance.TokenFolder).Single(folder => folder.Replace("-", "", StringComparison.Ordinal).EndsWith(serial, StringComparison.Ordinal));
    }

    private static void Copy(string from, string to)
    {
        Array.ForEach(Directory.GetFiles(to), File.Delete);
        Array.ForEach(Directory.GetFiles(from), file => File.Copy(file, Path.Combine(to, Path.GetFileName(file))));
    }

    /// <summary>Does something else in front of one of its calls.</summary>
    private sealed class InterruptedModule(nint real) : InterposedModule(real)
    {
        private int _left = -1;
        private Action _interruption = () => { };

        public bool Struck { get; private set; }

        public void At(int call, Action interruption) => (_left, _interruption) = (call, interruption);

        protected override CkResult Call(string function, nuint[] arguments, Func<CkResult> real)
        {
            if (function is "FindObjects" or "GetAttributeValue" or "CreateObject" or "DestroyObject" && _left > 0 && --_left == 0)
            {
                Struck = true;
                _interruption();
            }
            return real();
        }
    }
}
