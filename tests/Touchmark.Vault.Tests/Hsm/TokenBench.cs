using Touchmark.Cryptography.Pkcs11;
using Touchmark.Log.Tree;
using Touchmark.Tests;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Tests.Hsm;

/// <summary>A token, its PIN in a file, and vaults' HSMs over it.</summary>
internal sealed class TokenBench : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("touchmark-hsm-").FullName;
    private readonly List<VaultHsm> _opened = [];

    public TokenBench(bool tpm = false)
    {
        var pinFile = Path.Combine(_folder, "pin");
        File.WriteAllText(pinFile, (tpm ? SoftTpm.UserPin : SoftHsm.UserPin) + "\n");
        File.SetUnixFileMode(pinFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Options = tpm
            ? new HsmOptions { Module = SoftTpm.Instance.ModulePath, TokenLabel = SoftTpm.Instance.NewToken(), PinFile = pinFile, TpmCounter = SoftTpm.Instance.NewCounter() }
            : new HsmOptions { Module = SoftHsm.Instance.ModulePath, TokenLabel = SoftHsm.Instance.NewToken(), PinFile = pinFile };
    }

    public HsmOptions Options { get; init; }

    public static ManifestMark MarkAt(long size) => new(size, TreeHash.OfLeaf([(byte)size]));

    /// <summary>Without faults, and without ending SoftHSM under other tests, which an HSM does that looks for its token.</summary>
    public static Pkcs11Module Load(string path) => path == SoftHsm.Instance.ModulePath ? new FaultyModule().Load(path) : Pkcs11Module.Load(path);

    public VaultHsm Open(Func<string, Pkcs11Module>? load = null)
    {
        var hsm = VaultHsm.Open(Options, load ?? Load);
        _opened.Add(hsm);
        return hsm;
    }

    public void Dispose()
    {
        _opened.ForEach(hsm => hsm.Dispose());
        Directory.Delete(_folder, recursive: true);
    }
}
