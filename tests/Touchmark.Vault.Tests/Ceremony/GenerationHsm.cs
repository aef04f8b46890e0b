using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Tests.Ceremony;

/// <summary>A token in memory that keeps generations of keys over restarts of the vault, as fast as a test of many crashes needs it. It is nobody's to dispose.</summary>
internal sealed class GenerationHsm : IVaultHsm
{
    private readonly Dictionary<string, VaultKeys> _generations = [];
    private CounterReading _counter = new(0, null);
    private string? _used;

    public IEnumerable<string> Generations => _generations.Keys;

    public HsmState State => Keys is null ? HsmState.Unprovisioned : HsmState.Ready;

    public string Reason => "";

    public TokenInfo Token { get; } = new("room", "Touchmark", "memory", "4711", "tests");

    public VaultKeys? Keys => _used is null ? null : _generations[_used];

    public VaultKeys CreateKeys(string generation)
    {
        _used ??= generation;
        return _generations[generation] = new(
            new(new Ed25519Signer(RandomNumberGenerator.GetBytes(32)), InToken: true), new(new MlDsa65Signer(RandomNumberGenerator.GetBytes(32)), InToken: false),
            new(new Ed25519Signer(RandomNumberGenerator.GetBytes(32)), InToken: true), new(new MlDsa65Signer(RandomNumberGenerator.GetBytes(32)), InToken: false));
    }

    public VaultKeys? KeysOf(string generation) => _generations.GetValueOrDefault(generation);

    public void UseKeys(string generation) => _used = generation;

    public void DestroyKeys(string generation)
    {
        _generations.Remove(generation);
        _used = _used == generation ? null : _used;
    }

    public CounterReading ReadCounter() => _counter;

    public int Aside => 0;

    public long Increment(ManifestMark mark) => (_counter = new(_counter.Value + 1, mark)).Value;

    public void SetAside(ManifestMark mark) => throw new NotSupportedException("A ceremony counts nothing.");

    public void Confirm(ManifestMark mark) => _counter = _counter with { Mark = mark };

    public void Reconnect()
    {
    }
}
