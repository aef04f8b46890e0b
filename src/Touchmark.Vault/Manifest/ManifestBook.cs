using System.Data.Common;
using System.Security.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Writing;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Manifest;

/// <summary>
/// The customer's append-only log, written by one at a time. Whoever has the turn finds the manifest open, its index complete and the token's counter in agreement with it. After any failure the
/// manifest is opened anew before the next turn: what the storage made of the failed append is then read, not guessed.
/// </summary>
internal sealed class ManifestBook(
    VaultOptions options, IVaultHsm hsm, CounterAside aside, ManifestStorage storage, ManifestIndex index, ManifestIndexer indexer, Database database, TimeProvider time, ILogger<ManifestBook> log) : IAsyncDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private OpenManifest? open;
    private VaultIdentity? identity;

    /// <summary>Why it could not be opened last time; null while it is open, or was not tried.</summary>
    public Refusal? Problem { get; private set; }

    /// <summary>The newest published checkpoint that this process knows.</summary>
    public SignedCheckpoint? Published { get; private set; }

    /// <summary>Who the vault is; null before the ceremony.</summary>
    public VaultIdentity? Identity => identity ??= VaultIdentity.TryLoad(options.Data, time.GetUtcNow(), out var found, out _) ? found : null;

    /// <summary>The newest bundle that this process knows.</summary>
    public ChainLink? LastBundle { get; private set; }

    /// <summary>Waits for the turn; refused when the HSM, the ceremony or the storage does not let anything be entered.</summary>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="times">Where the time of the turn is added up; null where nobody looks.</param>
    public async Task<Outcome<ManifestTurn>> EnterAsync(CancellationToken cancel, TurnTimes? times = null)
    {
        times ??= new TurnTimes();
        using (times.Measure(TurnTimes.Step.Turn))
        {
            await turn.WaitAsync(cancel);
        }

        try
        {
            if (open is null || hsm.State != HsmState.Ready || hsm.Keys is null)
            {
                await CloseAsync();
                var outcome = await OpenAsync(cancel);
                if (!outcome.Has(out var opened, out var refusal))
                {
                    Say(refusal);
                    turn.Release();
                    return refusal;
                }

                open = opened;
                Say(null);
            }

            return new ManifestTurn(this, open, times);
        }
        catch
        {
            turn.Release();
            throw;
        }
    }

    /// <summary>Has values of the counter set aside while the caller goes on.</summary>
    public void SetAside()
    {
        if (open is { } manifest)
        {
            aside.Begin(manifest.Mark);
        }
    }

    /// <summary>Enters one statement of the vault's own.</summary>
    public async Task<Outcome<ManifestEntry>> StateAsync<T>(T document, CancellationToken cancel)
        where T : class, IDocument<T>
    {
        if (!(await EnterAsync(cancel)).Has(out var entered, out var refusal))
        {
            return refusal;
        }

        await using (entered)
        {
            return await entered.StateAsync(document, time.GetUtcNow());
        }
    }

    /// <summary>Enters a statement that somebody else has signed; entered before, it is found and not entered again.</summary>
    public async Task<Outcome<ManifestEntry>> EnterAsync(SignedStatement statement, CancellationToken cancel)
    {
        if (!(await EnterAsync(cancel)).Has(out var entered, out var refusal))
        {
            return refusal;
        }

        await using (entered)
        {
            return await index.FindAsync(statement.Sha256, cancel) is { } there ? there : await entered.AppendAsync(statement);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (open is { } manifest)
        {
            aside.Return(manifest.Mark);
        }

        await CloseAsync();
        turn.Dispose();
    }

    /// <summary>Appends, and indexes what was appended. Nothing here is cancelled: an entry that is decided is seen through.</summary>
    internal async Task<Outcome<ManifestEntry>> AppendAsync(OpenManifest manifest, SignedStatement statement, TurnTimes times)
    {
        try
        {
            LogReceipt receipt;
            using (times.Measure(TurnTimes.Step.Enter))
            {
                await storage.KeepAsync(statement, CancellationToken.None);
                receipt = await manifest.Writer.AppendAsync(statement.Envelope, CancellationToken.None);
            }

            Published = receipt.Checkpoint;
            manifest.Mark = new ManifestMark(receipt.Checkpoint.Checkpoint.Size, receipt.Checkpoint.Checkpoint.Root);
            var entry = await storage.EntryAsync(receipt.Index, statement.Envelope, CancellationToken.None);
            using (times.Measure(TurnTimes.Step.Index))
            {
                await indexer.TakeAsync([entry], CancellationToken.None);
            }

            manifest.Take(entry);
            LastBundle = manifest.Chain;
            if (IsRevocation(entry, manifest.Identity))
            {
                // Behind it nothing is entered: the next turn finds it when it opens the manifest.
                await CloseAsync();
            }

            return entry;
        }
        catch (Exception failure) when (failure is LogAppendException or LogStoppedException or LogDamagedException or DbException or IOException or UnauthorizedAccessException)
        {
            log.LogError(failure, "A statement was not entered in the manifest, or is not known to be");
            await CloseAsync();
            return ManifestProblems.NotEntered(failure, hsm, database.Dialect);
        }
    }

    /// <summary>The failure of a signature, as a refusal; the manifest is opened anew before the next turn.</summary>
    internal async Task<Refusal> FailAsync(Exception failure)
    {
        log.LogError(failure, "The HSM failed");
        await CloseAsync();
        return ManifestProblems.HsmFailed(failure, hsm);
    }

    internal void Release() => turn.Release();

    private async Task<Outcome<OpenManifest>> OpenAsync(CancellationToken cancel)
    {
        try
        {
            if (hsm.State != HsmState.Ready || hsm.Keys is not { } keys)
            {
                return ManifestProblems.HsmNotReady(hsm);
            }

            if (!VaultIdentity.TryLoad(options.Data, time.GetUtcNow(), out var found, out var problem))
            {
                return ManifestProblems.NoCertificate(problem);
            }

            if (!found.Fits(keys))
            {
                return ManifestProblems.OtherKeys;
            }

            identity = found;
            return await OpenAsync(found, keys, cancel);
        }
        catch (HsmException failure)
        {
            return await FailAsync(failure);
        }
        catch (Exception failure) when (failure is LogDamagedException or LogStoppedException or LogConfigurationException or LogAppendException or DbException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            log.LogError(failure, "The manifest cannot be opened");
            return ManifestProblems.NotOpened(failure, database.Dialect);
        }
    }

    private async Task<Outcome<OpenManifest>> OpenAsync(VaultIdentity found, VaultKeys keys, CancellationToken cancel)
    {
        var writerOptions = new LogWriterOptions(found.Certificate.ManifestOrigin, keys.ManifestEd25519.Signer, keys.ManifestMlDsa65.Signer, storage.Objects, storage.Head) { BatchTime = TimeSpan.Zero };
        var counter = hsm.ReadCounter();
        if (await storage.Head.ReadAsync(cancel) is null)
        {
            if (counter.Mark is { } lost)
            {
                return ManifestProblems.ManifestWentBack(0, lost.Size);
            }

            await LogWriter.CreateAsync(writerOptions, cancel);
            log.LogInformation("The manifest {Origin} was created", writerOptions.Origin);
        }

        var writer = await LogWriter.LoadAsync(writerOptions, cancel);
        try
        {
            var head = (await storage.Head.ReadAsync(cancel))!;
            var checkpoint = new Checkpoint(writerOptions.Origin, head.Size, head.Root);
            if (await CounterGuard.FindOldManifestAsync(counter.Mark, checkpoint, storage, cancel) is { } old)
            {
                await writer.DisposeAsync();
                return old;
            }

            if (await indexer.CatchUpAsync(checkpoint, cancel) is { } other)
            {
                await writer.DisposeAsync();
                return other;
            }

            if (await FindRevocationAsync(found, cancel) is { } revoked)
            {
                await writer.DisposeAsync();
                return revoked;
            }

            var chain = LastBundle = await index.LastBundleAsync(cancel);
            if (CounterGuard.FindOldToken(counter.Value, chain?.MachineCounter ?? 0) is { } restored)
            {
                await writer.DisposeAsync();
                return restored;
            }

            Published = await storage.CheckpointAsync(cancel);
            var opened = new OpenManifest(writer, found, keys, new ManifestMark(head.Size, head.Root), counter.Value, chain);
            return await EnterCertificateAsync(opened, cancel);
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }
    }

    private async Task<Refusal?> FindRevocationAsync(VaultIdentity found, CancellationToken cancel) =>
        (await index.ListAsync(KeyRevocation.ContentType, cancel)).Any(entry => IsRevocation(entry, found)) ? ManifestProblems.Revoked : null;

    private static bool IsRevocation(ManifestEntry entry, VaultIdentity vault) =>
        entry.Read<KeyRevocation>() is { } revocation && revocation.RevokedStatement.Span.SequenceEqual(SHA256.HashData(vault.Envelope.Span));

    /// <summary>The vault's certificate is the first thing that its manifest says; after re-keying, the new one is entered, too.</summary>
    private async Task<Outcome<OpenManifest>> EnterCertificateAsync(OpenManifest opened, CancellationToken cancel)
    {
        var statement = new SignedStatement(opened.Identity.Envelope, default, IsDetached: false);
        if (await index.FindAsync(statement.Sha256, cancel) is { } there)
        {
            opened.CertificateEntry = there;
            return opened;
        }

        open = opened;
        var outcome = await AppendAsync(opened, statement, new TurnTimes());
        open = null;
        if (!outcome.Has(out var entry, out var refusal))
        {
            return refusal;
        }

        opened.CertificateEntry = entry;
        return opened;
    }

    private async ValueTask CloseAsync()
    {
        if (open is { } closing)
        {
            open = null;
            await closing.Writer.DisposeAsync();
        }
    }

    /// <summary>Logs a change, not every attempt.</summary>
    private void Say(Refusal? problem)
    {
        if (problem?.Code != Problem?.Code)
        {
            if (problem is null)
            {
                log.LogInformation("The manifest is written again");
            }
            else
            {
                log.LogError("Nothing is signed: {Code}: {Text}", problem.Code, problem.Text);
            }
        }

        Problem = problem;
    }
}
