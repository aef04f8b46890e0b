using Touchmark.Cryptography;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Tests;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Tests.Hsm;

public sealed class HsmFaultTests : IDisposable
{
    private readonly TokenBench _bench = new();
    private readonly FaultyModule _module = new();
    private readonly VaultHsm _hsm;
    private readonly ISigner _primary;

    public HsmFaultTests()
    {
        _hsm = _bench.Open(_module.Load);
        _primary = _hsm.CreateKeys("one").Primary.Signer;
    }

    public static TheoryData<string, string, string> Losses { get; } = new()
    {
        { nameof(CkResult.CKR_DEVICE_REMOVED), nameof(HsmState.Absent), "HSM_ABSENT" },
        { nameof(CkResult.CKR_TOKEN_NOT_PRESENT), nameof(HsmState.Absent), "HSM_ABSENT" },
        { nameof(CkResult.CKR_PIN_LOCKED), nameof(HsmState.Locked), "HSM_LOCKED" },
        { nameof(CkResult.CKR_DEVICE_MEMORY), nameof(HsmState.Failing), "HSM_FULL" },
        { nameof(CkResult.CKR_DEVICE_ERROR), nameof(HsmState.Failing), "HSM_FAILING" },
        { nameof(CkResult.CKR_FUNCTION_FAILED), nameof(HsmState.Failing), "HSM_FAILING" },
        { nameof(CkResult.CKR_CRYPTOKI_NOT_INITIALIZED), nameof(HsmState.Failing), "HSM_FAILING" },
        { nameof(CkResult.CKR_SESSION_HANDLE_INVALID), nameof(HsmState.Failing), "HSM_FAILING" },
    };

    [Theory]
    [MemberData(nameof(Losses))]
    public void An_HSM_that_is_lost_while_it_signs_is_a_state_and_goes_on_when_it_is_back(string result, string state, string code)
    {
        _module.Fault = new("Sign", Misdeed.Refuse, Enum.Parse<CkResult>(result));
        var failure = Assert.Throws<HsmException>(Sign);
        Assert.Equal((state, code), (failure.Fault.State.ToString(), failure.Fault.Code));
        Assert.Equal((state, failure.Fault.Reason), (_hsm.State.ToString(), _hsm.Reason));
        Assert.Contains(result, _hsm.Reason, StringComparison.Ordinal);
        Assert.Throws<HsmException>(() => _hsm.Increment(TokenBench.MarkAt(1)));
        _module.Fault = null;
        Returns();
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void An_HSM_that_is_lost_while_it_counts_gives_no_value_twice(string result, string state, string code)
    {
        List<long> given = [];
        var mark = TokenBench.MarkAt(1);
        void Count() => given.Add(_hsm.Increment(mark));
        void SetAside() => _hsm.SetAside(mark);
        void GiveBack() => _hsm.Confirm(mark);
        // At each of the calls that are made, before and after it took effect.
        foreach (var (function, misdeed) in from function in (string[])["CreateObject", "DestroyObject", "GetAttributeValue", "FindObjects"]
                                            from misdeed in (Misdeed[])[Misdeed.Refuse, Misdeed.RefuseAfterwards]
                                            select (function, misdeed))
        {
            foreach (var (step, after) in from step in (Action[])[Count, SetAside, GiveBack] from after in Enumerable.Range(0, 3) select (step, after))
            {
                if (step == GiveBack)
                {
                    SetAside();
                }
                _module.Fault = new(function, misdeed, Enum.Parse<CkResult>(result), After: after);
                if (Record.Exception(step) is { } failure)
                {
                    Assert.Equal((state, code), (Assert.IsType<HsmException>(failure).Fault.State.ToString(), _hsm.Fault.Code));
                }
                _module.Fault = null;
                Returns();
                Count();
                GiveBack();
            }
        }
        Assert.Equal(given.Order().Distinct(), given);
    }

    [Theory]
    [InlineData(nameof(Misdeed.FlipBit), 0)]
    [InlineData(nameof(Misdeed.StateLength), 1)]
    [InlineData(nameof(Misdeed.StateLength), int.MaxValue)]
    public void A_token_that_lies_about_a_signature_is_out_of_service_until_it_stops(string misdeed, int number)
    {
        _module.Fault = new("Sign", Enum.Parse<Misdeed>(misdeed), Number: (nuint)number);
        Assert.Equal("HSM_LIED", Assert.Throws<HsmException>(Sign).Fault.Code);
        _hsm.Reconnect();
        Assert.Equal((HsmState.Failing, "HSM_LIED"), (_hsm.State, _hsm.Fault.Code));
        _module.Fault = null;
        Returns();
    }

    [Fact]
    public void A_token_that_only_says_that_it_counted_is_found_out()
    {
        _hsm.Increment(TokenBench.MarkAt(1));
        _module.Fault = new("CreateObject", Misdeed.Pretend);
        Assert.Equal("HSM_LIED", Assert.Throws<HsmException>(() => _hsm.Increment(TokenBench.MarkAt(2))).Fault.Code);
        _module.Fault = null;
        Returns();
        Assert.Equal(2, _hsm.Increment(TokenBench.MarkAt(2)));
    }

    [Fact]
    public void A_PIN_that_is_locked_while_the_token_is_away_is_told_and_tried_once()
    {
        _module.Fault = new("Sign", Misdeed.Refuse, CkResult.CKR_DEVICE_REMOVED);
        Assert.Throws<HsmException>(Sign);
        _module.Fault = new("Login", Misdeed.Refuse, CkResult.CKR_PIN_LOCKED, Times: 1);
        _hsm.Reconnect();
        Assert.Equal((HsmState.Locked, "HSM_LOCKED"), (_hsm.State, _hsm.Fault.Code));
        _hsm.Reconnect();
        Assert.Equal(HsmState.Locked, _hsm.State);
    }

    [Fact]
    public async Task A_token_that_hangs_is_told_to_all_others_and_is_used_again_when_it_answers()
    {
        using var bench = new TokenBench { Options = _bench.Options with { Patience = TimeSpan.Zero, TokenLabel = SoftHsm.Instance.NewToken() } };
        using var hsm = bench.Open(_module.Load);
        var signer = hsm.CreateKeys("one").Primary.Signer;
        _module.Fault = new("CreateObject", Misdeed.Hang);
        var hanging = Task.Factory.StartNew(() => hsm.Increment(TokenBench.MarkAt(1)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await _module.Hanging.WaitAsync();
        Assert.Equal("HSM_SLOW", Assert.Throws<HsmException>(() => hsm.Increment(TokenBench.MarkAt(1))).Fault.Code);
        Assert.Equal(HsmState.Failing, hsm.State);
        hsm.Reconnect();
        Assert.Equal(HsmState.Failing, hsm.State);
        _module.Released.Set();
        Assert.Equal(1, await hanging);
        hsm.Reconnect();
        Assert.Equal(HsmState.Ready, hsm.State);
        signer.Sign("message"u8, new byte[64]);
        Assert.Equal(2, hsm.Increment(TokenBench.MarkAt(1)));
    }

    public void Dispose() => _bench.Dispose();

    private void Sign() => _primary.Sign("message"u8, new byte[64]);

    private void Returns()
    {
        // A locked PIN is tried again when its file has changed.
        File.SetLastWriteTimeUtc(_bench.Options.PinFile!, File.GetLastWriteTimeUtc(_bench.Options.PinFile!).AddMinutes(1));
        _hsm.Reconnect();
        Assert.Equal((HsmState.Ready, ""), (_hsm.State, _hsm.Reason));
        Sign();
    }
}
