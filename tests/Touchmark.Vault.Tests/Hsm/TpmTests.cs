using Touchmark.Cryptography;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Tests;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Tests.Hsm;

/// <summary>The vault over the second module: a TPM behind tpm2-pkcs11, with a counter of the TPM's own.</summary>
public sealed class TpmTests : IDisposable
{
    private readonly TokenBench _bench = new(tpm: true);

    [Fact]
    public void A_vault_with_a_TPM_signs_with_P256_holds_the_rest_under_seal_and_counts_in_the_TPM()
    {
        byte[] primary, shadow;
        using (var hsm = _bench.Open())
        {
            Assert.Equal((HsmState.Unprovisioned, "No ceremony has made keys in the token."), (hsm.State, hsm.Reason));
            var keys = hsm.CreateKeys("one");
            Assert.Equal((SignatureAlgorithm.Es256, true), (keys.Primary.Signer.Algorithm, keys.Primary.InToken));
            Assert.Equal((SignatureAlgorithm.MlDsa65, false), (keys.Shadow.Signer.Algorithm, keys.Shadow.InToken));
            Assert.Equal((SignatureAlgorithm.Ed25519, false), (keys.ManifestEd25519.Signer.Algorithm, keys.ManifestEd25519.InToken));
            Assert.Equal((SignatureAlgorithm.MlDsa65, false), (keys.ManifestMlDsa65.Signer.Algorithm, keys.ManifestMlDsa65.InToken));
            (primary, shadow) = (keys.Primary.Signer.PublicKey.ToArray(), keys.Shadow.Signer.PublicKey.ToArray());
            for (var n = 1; n <= 5; n++)
            {
                Assert.Equal(n, hsm.Increment(TokenBench.MarkAt(n)));
            }
        }
        using var again = _bench.Open();
        Assert.Equal((HsmState.Ready, ""), (again.State, again.Reason));
        Assert.Equal(primary, again.Keys!.Primary.Signer.PublicKey.ToArray());
        Assert.Equal(shadow, again.Keys.Shadow.Signer.PublicKey.ToArray());
        Assert.All([again.Keys.Primary, again.Keys.Shadow, again.Keys.ManifestEd25519, again.Keys.ManifestMlDsa65], VaultHsmTests.Signs);
        Assert.Equal(new CounterReading(5, TokenBench.MarkAt(5)), again.ReadCounter());
        Assert.Equal(6, again.Increment(TokenBench.MarkAt(6)));
    }

    [Fact]
    public void A_store_that_was_restored_from_a_copy_does_not_deceive_the_TPM()
    {
        var hsm = _bench.Open();
        using var thief = new Token(SoftTpm.Instance.Module, _bench.Options.TokenLabel!, serial: null, SoftTpm.Pin(), TimeSpan.FromSeconds(30));
        thief.Connect();
        hsm.Increment(TokenBench.MarkAt(1));
        var old = Assert.Single(thief.ReadData("touchmark/counter"));
        hsm.Increment(TokenBench.MarkAt(2));
        hsm.Increment(TokenBench.MarkAt(3));
        hsm.Dispose();
        thief.DestroyData("touchmark/counter");
        thief.CreateData("touchmark/counter", old);
        using var restored = _bench.Open();
        Assert.Equal((HsmState.Failing, "COUNTER_WENT_BACK"), (restored.State, restored.Fault.Code));
        Assert.Throws<HsmException>(() => restored.Increment(TokenBench.MarkAt(4)));
    }

    [Fact]
    public void An_increment_that_was_cut_off_before_it_was_written_down_is_a_gap_of_one()
    {
        using (var hsm = _bench.Open())
        {
            hsm.Increment(TokenBench.MarkAt(1));
        }
        Increment();
        using (var after = _bench.Open())
        {
            Assert.Equal(new CounterReading(2, TokenBench.MarkAt(1)), after.ReadCounter());
            Assert.Equal(3, after.Increment(TokenBench.MarkAt(2)));
        }
        Increment();
        Increment();
        using var stranger = _bench.Open();
        Assert.Equal("COUNTER_WENT_BACK", stranger.Fault.Code);

        void Increment() => SoftTpm.Run("tpm2_nvincrement", _bench.Options.TpmCounter!.Split('@')[1]);
    }

    [Theory]
    [InlineData("0x01500fff")]
    [InlineData("device:/nonexistent/tpm@0x01500016")]
    public void A_TPM_counter_that_is_not_there_is_a_state_with_the_remedy(string counter)
    {
        var option = counter.Contains('@', StringComparison.Ordinal) ? counter : $"{SoftTpm.Tcti}@{counter}";
        using var hsm = VaultHsm.Open(_bench.Options with { TpmCounter = option });
        Assert.Equal((HsmState.Failing, "HSM_TPM_COUNTER"), (hsm.State, hsm.Fault.Code));
        Assert.Contains("tpm2_nvdefine", hsm.Fault.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_that_names_no_TPM_counter_is_refused() =>
        Assert.Throws<FormatException>(() => VaultHsm.Open(_bench.Options with { TpmCounter = "22020118" }));

    public void Dispose() => _bench.Dispose();
}
