using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Cryptography.Tests.Pkcs11;

public sealed class FaultTests : IDisposable
{
    private readonly FaultyModule _module = new();
    private readonly Token _token;
    private readonly TokenSigner _signer;
    private readonly byte[] _signature = new byte[64];

    public FaultTests()
    {
        _token = new Token(_module.Load(""), SoftHsm.Instance.NewToken(), serial: null, SoftHsm.Pin(), TimeSpan.Zero);
        _token.Connect();
        _signer = _token.CreateSigner("primary", SignatureAlgorithm.Ed25519);
    }

    [Fact]
    public void A_signature_with_a_flipped_bit_is_not_handed_out()
    {
        _module.Fault = new("Sign", Misdeed.FlipBit);
        Lies("does not verify");
        Assert.All(_signature, b => Assert.Equal(0, b));
    }

    [Fact]
    public void A_signature_with_another_key_of_the_token_is_not_handed_out()
    {
        _token.CreateSigner("other", SignatureAlgorithm.Ed25519);
        nuint other = _token.Run(0, (session, _) => session.Find(TokenKeys.KeysNamed(ObjectClass.PrivateKey, "other"))[0]);
        _module.Fault = new("SignInit", Misdeed.UseKey, Number: other);
        Lies("does not verify");
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(63ul)]
    [InlineData(65ul)]
    [InlineData(1ul << 40)]
    [InlineData(ulong.MaxValue)]
    public void A_signature_of_a_length_that_none_has_is_not_handed_out(ulong length)
    {
        _module.Fault = new("Sign", Misdeed.StateLength, Number: (nuint)length);
        Lies("bytes");
    }

    [Theory]
    [InlineData("GetAttributeValue", ulong.MaxValue)]
    [InlineData("GetAttributeValue", 1ul << 33)]
    [InlineData("FindObjects", 17ul)]
    [InlineData("FindObjects", ulong.MaxValue)]
    public void Lengths_that_cannot_be_are_believed_nowhere(string function, ulong length)
    {
        _token.CreateData("data", [1, 2, 3]);
        _module.Fault = new(function, Misdeed.StateLength, Number: (nuint)length);
        Assert.Throws<TokenLiedException>(() => _token.ReadData("data"));
    }

    [Theory]
    [InlineData("GetMechanismList")]
    [InlineData("GetSlotList")]
    public void Lists_without_end_are_refused(string function)
    {
        _module.Fault = new(function, Misdeed.StateLength, Number: nuint.MaxValue);
        Assert.Throws<TokenLiedException>(_token.Connect);
        _module.Fault = null;
        _token.Connect();
        Signs();
    }

    [Theory]
    [InlineData(CkResult.CKR_SESSION_HANDLE_INVALID)]
    [InlineData(CkResult.CKR_SESSION_CLOSED)]
    [InlineData(CkResult.CKR_USER_NOT_LOGGED_IN)]
    [InlineData(CkResult.CKR_KEY_HANDLE_INVALID)]
    public void What_is_stale_is_renewed_once_and_nobody_sees_it(CkResult result)
    {
        _module.Fault = new("SignInit", Misdeed.Refuse, result, Times: 1);
        Signs();
        _module.Fault = new("SignInit", Misdeed.Refuse, result);
        Assert.Equal(result, Refused());
    }

    [Theory]
    [InlineData(CkResult.CKR_DEVICE_REMOVED)]
    [InlineData(CkResult.CKR_TOKEN_NOT_PRESENT)]
    [InlineData(CkResult.CKR_GENERAL_ERROR)]
    [InlineData((CkResult)0x80001234)]
    public void A_refusal_is_told_by_name_and_the_token_works_again_when_it_is_over(CkResult result)
    {
        _module.Fault = new("Sign", Misdeed.Refuse, result);
        Assert.Equal(result, Refused());
        _module.Fault = null;
        Signs();
    }

    [Fact]
    public async Task A_token_with_few_sessions_serves_many_threads_in_turn()
    {
        using var patient = new Token(_module.Load(""), _token.Info!.Label, serial: null, SoftHsm.Pin(), TimeSpan.FromMinutes(1));
        // The login's own session, and two to work with.
        _module.Fault = new("OpenSession", Misdeed.Refuse, CkResult.CKR_SESSION_COUNT, After: 3);
        patient.Connect();
        TokenSigner signer = patient.FindSigner("primary", SignatureAlgorithm.Ed25519)!;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Task.Run(() => signer.Sign([(byte)n], new byte[64]))));
    }

    [Fact]
    public void A_token_without_a_session_to_work_with_says_so()
    {
        _module.Fault = new("OpenSession", Misdeed.Refuse, CkResult.CKR_SESSION_COUNT, After: 1);
        _token.Connect();
        Assert.Equal(CkResult.CKR_SESSION_COUNT, Refused());
        _module.Fault = null;
        Signs();
    }

    [Fact]
    public async Task When_every_session_hangs_the_next_caller_is_told_and_does_not_hang()
    {
        _module.Fault = new("Sign", Misdeed.Hang);
        var hanging = Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () => _signer.Sign("m"u8, new byte[64]), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        foreach (var _ in hanging)
            await _module.Hanging.WaitAsync();
        var told = Assert.Throws<TokenBusyException>(() => _token.ReadData("none"));
        Assert.Contains("in use", told.Message, StringComparison.Ordinal);
        _module.Released.Set();
        await Task.WhenAll(hanging);
        _module.Fault = null;
        Signs();
    }

    [Fact]
    public async Task Threads_that_sign_while_the_module_begins_anew_sign_or_are_told_and_none_uses_what_is_void()
    {
        Pkcs11Module module = _module.Load("");
        using var patient = new Token(module, _token.Info!.Label, serial: null, SoftHsm.Pin(), TimeSpan.FromMinutes(1));
        patient.Connect();
        TokenSigner signer = patient.FindSigner("primary", SignatureAlgorithm.Ed25519)!;
        using var over = new CancellationTokenSource();
        var threads = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            int signed = 0;
            while (!over.IsCancellationRequested)
            {
                Exception? told = Record.Exception(() => signer.Sign("message"u8, new byte[64]));
                Assert.True(told is null or TokenAbsentException, told?.ToString());
                signed += told is null ? 1 : 0;
            }
            return signed;
        })).ToList();
        for (int start = 0; start < 50; start++)
            module.Reinitialise(TimeSpan.FromMinutes(1));
        await over.CancelAsync();
        await Task.WhenAll(threads);
        signer.Sign("message"u8, new byte[64]);
    }

    public void Dispose() => _token.Dispose();

    private void Signs()
    {
        _signer.Sign("message"u8, _signature);
        Assert.True(Ed25519.Verify(_signer.PublicKey.Span, "message"u8, _signature));
    }

    private void Lies(string how) =>
        Assert.Contains(how, Assert.Throws<TokenLiedException>(() => _signer.Sign("message"u8, _signature)).Message, StringComparison.Ordinal);

    private CkResult Refused() => Assert.Throws<Pkcs11Exception>(() => _signer.Sign("message"u8, _signature)).Result;
}
