using Touchmark.Cryptography.Pkcs11;
using Touchmark.Tests;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Tests.Hsm;

/// <summary>Values of the counter that are in the token before anybody asks for them.</summary>
public sealed class SetAsideTests : IDisposable
{
    private readonly TokenBench _bench = new();
    private readonly FaultyModule _module = new();

    [Fact]
    public void What_is_set_aside_is_given_without_the_token_and_never_again_after_a_kill()
    {
        using (var killed = _bench.Open(_module.Load))
        {
            Assert.Equal(1, killed.Increment(TokenBench.MarkAt(1)));
            killed.SetAside(TokenBench.MarkAt(2));
            Assert.Equal(TokenCounter.MostAside, killed.Aside);
            _module.Fault = new("CreateObject", Misdeed.Refuse, CkResult.CKR_DEVICE_REMOVED);
            Assert.Equal([2, 3, 4], Enumerable.Range(0, 3).Select(_ => killed.Increment(TokenBench.MarkAt(3))));
            Assert.Equal(new CounterReading(4, TokenBench.MarkAt(2)), killed.ReadCounter());
            _module.Fault = null;
        }
        using var next = _bench.Open();
        Assert.Equal(new CounterReading(1 + TokenCounter.MostAside, TokenBench.MarkAt(2)), next.ReadCounter());
        Assert.Equal(2 + TokenCounter.MostAside, next.Increment(TokenBench.MarkAt(4)));
    }

    [Fact]
    public void What_is_given_back_is_given_to_the_next_who_asks_and_leaves_no_gap()
    {
        using (var stopped = _bench.Open())
        {
            stopped.SetAside(TokenBench.MarkAt(1));
            Assert.Equal([1, 2], Enumerable.Range(0, 2).Select(_ => stopped.Increment(TokenBench.MarkAt(2))));
            stopped.Confirm(TokenBench.MarkAt(3));
            Assert.Equal((0, new CounterReading(2, TokenBench.MarkAt(3))), (stopped.Aside, stopped.ReadCounter()));
            Assert.Equal(3, stopped.Increment(TokenBench.MarkAt(3)));
        }
        using var next = _bench.Open();
        Assert.Equal(4, next.Increment(TokenBench.MarkAt(4)));
    }

    [Fact]
    public void A_busy_vault_asks_the_token_once_for_several_values()
    {
        using var hsm = _bench.Open();
        using var onlooker = Connect();
        HashSet<string> records = [];
        for (var n = 1; n <= 4 * TokenCounter.MostAside; n++)
        {
            hsm.SetAside(TokenBench.MarkAt(n));
            Assert.Equal(n, hsm.Increment(TokenBench.MarkAt(n)));
            records.Add(Convert.ToHexString(Assert.Single(onlooker.ReadData("touchmark/counter"))));
        }
        Assert.InRange(records.Count, 4, 9);
    }

    [Fact]
    public void A_token_that_is_put_back_while_values_are_set_aside_is_refused_when_it_is_asked_next()
    {
        using var hsm = _bench.Open();
        using var thief = Connect();
        hsm.Increment(TokenBench.MarkAt(1));
        var old = Assert.Single(thief.ReadData("touchmark/counter"));
        hsm.SetAside(TokenBench.MarkAt(2));
        thief.DestroyData("touchmark/counter");
        thief.CreateData("touchmark/counter", old);
        Assert.Equal(2, hsm.Increment(TokenBench.MarkAt(2)));
        Assert.Equal("COUNTER_WENT_BACK", Assert.Throws<HsmException>(() => hsm.Confirm(TokenBench.MarkAt(3))).Fault.Code);
        Assert.Throws<HsmException>(() => hsm.Increment(TokenBench.MarkAt(3)));
    }

    [Fact]
    public async Task Values_are_given_while_the_token_hangs_as_long_as_some_are_set_aside()
    {
        using var hsm = _bench.Open(_module.Load);
        hsm.SetAside(TokenBench.MarkAt(1));
        var first = Enumerable.Range(0, TokenCounter.MostAside / 2).Select(_ => hsm.Increment(TokenBench.MarkAt(1))).ToList();
        _module.Fault = new("CreateObject", Misdeed.Hang);
        var hanging = Task.Factory.StartNew(() => hsm.SetAside(TokenBench.MarkAt(2)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await _module.Hanging.WaitAsync();
        var then = Enumerable.Range(0, TokenCounter.MostAside / 2).Select(_ => hsm.Increment(TokenBench.MarkAt(1))).ToList();
        Assert.Equal(Enumerable.Range(1, TokenCounter.MostAside).Select(n => (long)n), [.. first, .. then]);
        _module.Fault = null;
        _module.Released.Set();
        await hanging;
        Assert.Equal(TokenCounter.MostAside + 1, hsm.Increment(TokenBench.MarkAt(3)));
    }

    [Fact]
    public void A_TPM_counts_one_ahead_and_takes_nothing_back()
    {
        using var bench = new TokenBench(tpm: true);
        using (var hsm = bench.Open())
        {
            hsm.SetAside(TokenBench.MarkAt(1));
            Assert.Equal(0, hsm.Aside);
            hsm.Confirm(TokenBench.MarkAt(1));
            Assert.Equal([1, 2], Enumerable.Range(0, 2).Select(_ => hsm.Increment(TokenBench.MarkAt(1))));
            hsm.SetAside(TokenBench.MarkAt(2));
        }
        using var next = bench.Open();
        Assert.Equal(4, next.Increment(TokenBench.MarkAt(3)));
    }

    public void Dispose() => _bench.Dispose();

    private Token Connect()
    {
        var token = new Token(SoftHsm.Instance.Module, _bench.Options.TokenLabel!, serial: null, SoftHsm.Pin(), TimeSpan.FromSeconds(30));
        token.Connect();
        return token;
    }
}
