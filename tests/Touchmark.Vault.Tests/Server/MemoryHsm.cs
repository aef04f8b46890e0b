using Touchmark.Cryptography;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Tests.Server;

/// <summary>An HSM in memory: its keys and its counter outlive the vault that uses them, and it fails when a test says so.</summary>
internal sealed class MemoryHsm : IVaultHsm, IDisposable
{
    private readonly Ed25519Signer primary = New(Ed25519.Generate, seed => new Ed25519Signer(seed));
    private readonly MlDsa65Signer shadow = New(MlDsa65.Generate, seed => new MlDsa65Signer(seed));
    private readonly Ed25519Signer manifestEd25519 = New(Ed25519.Generate, seed => new Ed25519Signer(seed));
    private readonly MlDsa65Signer manifestMlDsa65 = New(MlDsa65.Generate, seed => new MlDsa65Signer(seed));

    /// <summary>What it is out of; null while it works.</summary>
    public string? Broken { get; set; }

    /// <summary>Calls that it still answers before it breaks; null for all.</summary>
    public int? BreaksAfter { get; set; }

    /// <summary>Whether it comes back when it is asked to.</summary>
    public bool MayReturn { get; set; } = true;

    /// <summary>Every value that was ever taken.</summary>
    public List<long> Taken { get; } = [];

    public CounterReading Counter { get; set; } = new(0, null);

    public HsmState State => Broken is null ? HsmState.Ready : HsmState.Absent;

    public string Reason => Broken ?? "";

    public VaultKeys? Keys => Broken is null ? AllKeys : null;

    public VaultKeys AllKeys => new(
        new HeldKey(Watched(primary), InToken: true), new HeldKey(Watched(shadow), InToken: false), new HeldKey(Watched(manifestEd25519), InToken: true), new HeldKey(Watched(manifestMlDsa65), InToken: false));

    public TokenInfo? Token => null;

    public VaultKeys CreateKeys(string generation) => throw new NotSupportedException("A test makes another HSM.");

    public VaultKeys? KeysOf(string generation) => null;

    public void UseKeys(string generation) => throw new NotSupportedException("It has one generation of keys.");

    public void DestroyKeys(string generation) => throw new NotSupportedException("It has one generation of keys.");

    public void Confirm(ManifestMark mark)
    {
        Demand();
        Counter = Counter with { Mark = mark };
    }

    public CounterReading ReadCounter()
    {
        Demand();
        return Counter;
    }

    public int Aside => 0;

    public void SetAside(ManifestMark mark)
    {
        // Each value costs it nothing.
    }

    public long Increment(ManifestMark mark)
    {
        Demand();
        Counter = new CounterReading(Counter.Value + 1, mark);
        Taken.Add(Counter.Value);
        return Counter.Value;
    }

    public void Reconnect()
    {
        if (MayReturn)
        {
            Broken = null;
        }
    }

    public void Dispose()
    {
        primary.Dispose();
        shadow.Dispose();
        manifestEd25519.Dispose();
        manifestMlDsa65.Dispose();
    }

    private static T New<T>(Func<LockedBuffer> generate, Func<ReadOnlySpan<byte>, T> make)
    {
        using var seed = generate();
        return make(seed.Span);
    }

    private void Demand()
    {
        if (BreaksAfter-- == 0)
        {
            (BreaksAfter, Broken) = (null, "it broke within a signature.");
        }

        if (Broken is { } why)
        {
            throw new HsmException(why);
        }
    }

    private WatchedSigner Watched(ISigner signer) => new(this, signer);

    /// <summary>Signs while the HSM works.</summary>
    private sealed class WatchedSigner(MemoryHsm hsm, ISigner signer) : ISigner
    {
        public SignatureAlgorithm Algorithm => signer.Algorithm;

        public ReadOnlyMemory<byte> PublicKey => signer.PublicKey;

        public ReadOnlyMemory<byte> KeyId => signer.KeyId;

        public void Sign(ReadOnlySpan<byte> message, Span<byte> signature)
        {
            hsm.Demand();
            signer.Sign(message, signature);
        }
    }
}
