using System.Security.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Problems;
using Touchmark.Log.Writing;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Manifest;

/// <summary>What is known of the manifest while it is open.</summary>
internal sealed class OpenManifest(LogWriter writer, VaultIdentity identity, VaultKeys keys, ManifestMark mark, long counter, ChainLink? chain)
{
    public LogWriter Writer => writer;

    public VaultIdentity Identity => identity;

    public VaultKeys Keys => keys;

    public StatementSigner Signer { get; } = new(keys.Primary.Signer, keys.Shadow.Signer, identity.Issuer);

    public ManifestMark Mark { get; set; } = mark;

    /// <summary>The token's counter as it was last seen.</summary>
    public long Counter { get; set; } = counter;

    /// <summary>The vault's newest bundle.</summary>
    public ChainLink? Chain { get; private set; } = chain;

    /// <summary>The statement of the vault's certificate.</summary>
    public ManifestEntry? CertificateEntry { get; set; }

    /// <summary>An entry was added.</summary>
    public void Take(ManifestEntry entry)
    {
        if (entry.Read<EvidenceBundle>() is { } bundle)
        {
            Chain = new ChainLink { MachineCounter = bundle.MachineCounter, Sha256 = entry.Sha256, SignedAt = entry.Statement.IssuedAt };
        }
    }
}

/// <summary>The right to enter something in the manifest, until it is disposed.</summary>
internal sealed class ManifestTurn(ManifestBook manifest, OpenManifest open, TurnTimes times) : IAsyncDisposable
{
    public VaultIdentity Identity => open.Identity;

    public VaultKeys Keys => open.Keys;

    /// <summary>How far the manifest is.</summary>
    public ManifestMark Mark => open.Mark;

    /// <summary>The vault's newest bundle; null before the first.</summary>
    public ChainLink? Chain => open.Chain;

    /// <summary>The value that <see cref="CountAsync"/> will take.</summary>
    public long NextCount => open.Counter + 1;

    /// <summary>Takes the next value of the token's counter. It is used up, whatever follows.</summary>
    public async Task<Outcome<long>> CountAsync(IVaultHsm hsm)
    {
        using var timed = times.Measure(TurnTimes.Step.Count);
        try
        {
            var value = hsm.Increment(open.Mark);
            var expected = open.Counter + 1;
            open.Counter = value;
            return value == expected ? value : ManifestProblems.SharedToken(expected, value);
        }
        catch (Exception failure) when (failure is HsmException or CryptographicException)
        {
            return await manifest.FailAsync(failure);
        }
    }

    /// <summary>Does something with the keys, whose failure is the HSM's.</summary>
    public async Task<Outcome<T>> SignAsync<T>(Func<VaultKeys, T> sign)
    {
        using var timed = times.Measure(TurnTimes.Step.Sign);
        try
        {
            return sign(open.Keys);
        }
        catch (Exception failure) when (failure is HsmException or CryptographicException)
        {
            return await manifest.FailAsync(failure);
        }
    }

    /// <summary>Signs a document and enters it.</summary>
    public async Task<Outcome<ManifestEntry>> StateAsync<T>(T document, DateTimeOffset at)
        where T : class, IDocument<T> =>
        (await SignAsync(_ => open.Signer.Sign(document, at))).Has(out var statement, out var refusal) ? await AppendAsync(statement) : refusal;

    /// <summary>Enters a statement.</summary>
    public Task<Outcome<ManifestEntry>> AppendAsync(SignedStatement statement) => manifest.AppendAsync(open, statement, times);

    public ValueTask DisposeAsync()
    {
        manifest.Release();
        return ValueTask.CompletedTask;
    }
}
