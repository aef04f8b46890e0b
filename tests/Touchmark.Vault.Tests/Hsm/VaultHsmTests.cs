using Touchmark.Cryptography;
using Touchmark.Tests;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Tests.Hsm;

public sealed class VaultHsmTests : IDisposable
{
    private readonly TokenBench _bench = new();

    [Fact]
    public void A_fresh_token_is_unprovisioned_until_its_keys_are_made_and_has_them_after_a_restart()
    {
        byte[] primary;
        using (var hsm = _bench.Open())
        {
            Assert.Equal((HsmState.Unprovisioned, null), (hsm.State, hsm.Keys));
            Assert.Contains("ceremony", hsm.Reason, StringComparison.Ordinal);
            var keys = hsm.CreateKeys("one");
            Assert.Equal((HsmState.Ready, ""), (hsm.State, hsm.Reason));
            primary = keys.Primary.Signer.PublicKey.ToArray();
            Assert.Equal((SignatureAlgorithm.Ed25519, true), (keys.Primary.Signer.Algorithm, keys.Primary.InToken));
            Assert.Equal((SignatureAlgorithm.MlDsa65, false), (keys.Shadow.Signer.Algorithm, keys.Shadow.InToken));
            Assert.Equal((SignatureAlgorithm.Ed25519, true), (keys.ManifestEd25519.Signer.Algorithm, keys.ManifestEd25519.InToken));
            Assert.Equal((SignatureAlgorithm.MlDsa65, false), (keys.ManifestMlDsa65.Signer.Algorithm, keys.ManifestMlDsa65.InToken));
        }
        using var again = _bench.Open();
        Assert.Equal(HsmState.Ready, again.State);
        Assert.Equal(primary, again.Keys!.Primary.Signer.PublicKey.ToArray());
        Assert.All([again.Keys.Primary, again.Keys.Shadow, again.Keys.ManifestEd25519, again.Keys.ManifestMlDsa65], Signs);
        Assert.Equal(4, new[] { again.Keys.Primary, again.Keys.Shadow, again.Keys.ManifestEd25519, again.Keys.ManifestMlDsa65 }
            .Select(key => Convert.ToHexString(key.Signer.KeyId.Span)).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Rekeying_leaves_the_old_keys_in_use_until_the_new_ones_are_put_to_use()
    {
        using var hsm = _bench.Open();
        var old = hsm.CreateKeys("one").Primary.Signer.PublicKey.ToArray();
        var next = hsm.CreateKeys("two").Primary.Signer.PublicKey.ToArray();
        Assert.Equal(old, hsm.Keys!.Primary.Signer.PublicKey.ToArray());
        Assert.Equal(next, hsm.KeysOf("two")!.Primary.Signer.PublicKey.ToArray());
        hsm.UseKeys("two");
        Assert.Equal(next, hsm.Keys.Primary.Signer.PublicKey.ToArray());
        hsm.DestroyKeys("one");
        Assert.Null(hsm.KeysOf("one"));
        hsm.Dispose();
        using var again = _bench.Open();
        Assert.Equal(next, again.Keys!.Primary.Signer.PublicKey.ToArray());
    }

    [Fact]
    public void Decommissioning_destroys_the_keys_and_leaves_the_counter()
    {
        using var hsm = _bench.Open();
        var primary = hsm.CreateKeys("one").Primary;
        hsm.Increment(TokenBench.MarkAt(1));
        hsm.DestroyKeys("one");
        Assert.Equal((HsmState.Unprovisioned, null), (hsm.State, hsm.Keys));
        Assert.Throws<HsmException>(() => Signs(primary));
        hsm.Dispose();
        using var again = _bench.Open();
        Assert.Equal(HsmState.Unprovisioned, again.State);
        Assert.Equal(1, again.ReadCounter().Value);
    }

    [Fact]
    public void Keys_of_a_generation_are_made_once_and_unknown_ones_are_not_put_to_use()
    {
        using var hsm = _bench.Open();
        hsm.CreateKeys("one");
        Assert.Throws<InvalidOperationException>(() => hsm.CreateKeys("one"));
        Assert.Throws<InvalidOperationException>(() => hsm.UseKeys("two"));
        Assert.Throws<ArgumentException>(() => hsm.CreateKeys("../two"));
        Assert.Equal(HsmState.Ready, hsm.State);
    }

    [Fact]
    public void The_counter_counts_from_one_keeps_its_mark_and_goes_on_after_a_restart()
    {
        using (var hsm = _bench.Open())
        {
            Assert.Equal(new CounterReading(0, null), hsm.ReadCounter());
            for (var n = 1; n <= 20; n++)
            {
                Assert.Equal(n, hsm.Increment(TokenBench.MarkAt(n)));
                Assert.Equal(new CounterReading(n, TokenBench.MarkAt(n)), hsm.ReadCounter());
            }
        }
        using var again = _bench.Open();
        Assert.Equal(new CounterReading(20, TokenBench.MarkAt(20)), again.ReadCounter());
        again.Confirm(TokenBench.MarkAt(21));
        Assert.Equal(new CounterReading(20, TokenBench.MarkAt(21)), again.ReadCounter());
        Assert.Equal(21, again.Increment(TokenBench.MarkAt(21)));
    }

    [Fact]
    public void Two_holders_of_one_token_are_refused_while_the_first_one_lives()
    {
        var first = _bench.Open();
        var second = _bench.Open();
        Assert.Equal((HsmState.Failing, "HSM_IN_USE"), (second.State, second.Fault.Code));
        Assert.Throws<HsmException>(() => second.Increment(TokenBench.MarkAt(1)));
        Assert.Equal(1, first.Increment(TokenBench.MarkAt(1)));
        first.Dispose();
        second.Reconnect();
        Assert.Equal(HsmState.Unprovisioned, second.State);
        Assert.Equal(2, second.Increment(TokenBench.MarkAt(2)));
    }

    [Fact]
    public void A_wrong_PIN_locks_the_vault_out_once_and_is_not_tried_again_until_its_file_changes()
    {
        File.WriteAllText(_bench.Options.PinFile!, "1111");
        var hsm = _bench.Open();
        Assert.Equal((HsmState.Locked, "HSM_PIN_WRONG"), (hsm.State, hsm.Fault.Code));
        for (var n = 0; n < 50; n++)
        {
            hsm.Reconnect();
        }
        Assert.Equal(HsmState.Locked, hsm.State);
        File.WriteAllText(_bench.Options.PinFile!, SoftHsm.UserPin + "\n");
        File.SetLastWriteTimeUtc(_bench.Options.PinFile!, new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        hsm.Reconnect();
        Assert.Equal(HsmState.Unprovisioned, hsm.State);
    }

    [Fact]
    public void A_PIN_file_that_others_may_read_is_refused_with_the_remedy()
    {
        File.SetUnixFileMode(_bench.Options.PinFile!, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var hsm = _bench.Open();
        Assert.Equal((HsmState.Locked, "HSM_PIN_FILE"), (hsm.State, hsm.Fault.Code));
        Assert.Contains("chmod 600", hsm.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(SoftHsm.UserPin, hsm.Reason, StringComparison.Ordinal);
        File.SetUnixFileMode(_bench.Options.PinFile!, UnixFileMode.UserRead);
        hsm.Reconnect();
        Assert.Equal(HsmState.Unprovisioned, hsm.State);
    }

    [Fact]
    public void A_token_or_a_module_that_is_not_there_is_a_state()
    {
        using var absent = VaultHsm.Open(_bench.Options with { TokenLabel = "none of that name" }, TokenBench.Load);
        Assert.Equal((HsmState.Absent, "HSM_ABSENT"), (absent.State, absent.Fault.Code));
        using var missing = VaultHsm.Open(_bench.Options with { Module = "/nonexistent/pkcs11.so" });
        Assert.Equal((HsmState.Absent, "HSM_MODULE_MISSING"), (missing.State, missing.Fault.Code));
        Assert.Throws<HsmException>(() => missing.CreateKeys("one"));
    }

    public void Dispose() => _bench.Dispose();

    internal static void Signs(HeldKey key)
    {
        var signature = new byte[key.Signer.Algorithm.SignatureSize()];
        key.Signer.Sign("message"u8, signature);
        Assert.True(SignatureVerifier.Verify(key.Signer.Algorithm, key.Signer.PublicKey.Span, "message"u8, signature));
    }
}
