using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Review;

/// <summary>
/// Learns from the manifest, entry by entry: a bundle is normal in the eyes of each signal that found nothing in it; one with a finding becomes normal when a reviewer rejects the finding, and is never learned
/// when it is accepted. What it knows is saved now and then, and caught up with at the next start.
/// </summary>
internal sealed class ReviewLearner(Database database, ManifestStorage storage, ILogger<ReviewLearner> log) : IManifestIndex, IHostedService, IDisposable
{
    private const int EntriesToSave = 256;
    private const int StateBytes = 16 << 20;

    // Judged and not entered yet: a few at most, as there is one writer.
    private const int MostJudged = 32;

    private readonly Lock gate = new();
    private readonly SemaphoreSlim loading = new(1, 1);
    private readonly Queue<(Guid BundleId, Observation Observation)> judged = new();
    private ReviewModels models = new();
    private bool isLoaded;
    private long saved;

    public IReadOnlyList<string> Tables => [];

    /// <summary>Judges a job by what is known so far. Its observation is kept when the bundle is entered.</summary>
    public (IReadOnlyList<ReviewModel> Models, IReadOnlyList<ReviewSignal> Signals) Judge(EvidenceBundle draft, Observation job)
    {
        lock (gate)
        {
            judged.Enqueue((draft.BundleId, job));
            if (judged.Count > MostJudged)
            {
                judged.Dequeue();
            }

            return (models.Describe(), models.Judge(draft, job));
        }
    }

    public async Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel)
    {
        var bundle = entry.Read<EvidenceBundle>();
        if (bundle is not null && Find(bundle.BundleId) is { } found)
        {
            await work.ExecuteAsync("delete from review_observations where log_index = @Index", new { entry.Index }, cancel);
            await work.ExecuteAsync("insert into review_observations (log_index, observation) values (@Index, @Observation)", new { entry.Index, Observation = DeterministicCbor.Encode(found.ToCbor()) }, cancel);
        }

        await loading.WaitAsync(cancel);
        try
        {
            await LoadAsync(work, cancel);
            // Entered by a transaction that was not seen when the rest was learned.
            await ReplayAsync(models, work, entry.Index, cancel);
            if (entry.Index > models.Through)
            {
                await TakeAsync(models, work, entry, cancel);
            }

            if (models.Through - saved >= EntriesToSave)
            {
                await SaveAsync(work, cancel);
            }
        }
        finally
        {
            loading.Release();
        }
    }

    /// <summary>Takes up what was saved, and learns what was entered since.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(cancellationToken);
        await loading.WaitAsync(cancellationToken);
        try
        {
            await LoadAsync(work, cancellationToken);
            await ReplayAsync(models, work, long.MaxValue, cancellationToken);
        }
        finally
        {
            loading.Release();
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(cancellationToken);
        await SaveAsync(work, cancellationToken);
        await work.CommitAsync(cancellationToken);
    }

    public void Dispose() => loading.Dispose();

    /// <summary>Learns the whole manifest anew, and keeps what comes of it. Equal manifests and observations make equal models.</summary>
    public async Task<ReviewModels> TrainAsync(CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        (models, isLoaded) = (new ReviewModels(), true);
        await ReplayAsync(models, work, long.MaxValue, cancel);
        await SaveAsync(work, cancel);
        await work.CommitAsync(cancel);
        return models;
    }

    /// <summary>Puts models that were trained elsewhere in the place of those that were learned here; what the manifest holds by now is not learned again.</summary>
    public async Task UseAsync(ReviewModels trained, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        trained.Through = await work.FirstOrDefaultAsync<long>("select coalesce(max(log_index), 0) from manifest_entries", null, cancel);
        (models, isLoaded) = (trained, true);
        await SaveAsync(work, cancel);
        await work.CommitAsync(cancel);
    }

    /// <summary>What was saved last; null where it cannot be read.</summary>
    public static ReviewModels? Read(ReadOnlyMemory<byte> state) =>
        DeterministicCbor.TryDecode(state, out var value, out _, new CborLimits(StateBytes)) ? CborFields.Decode(value, "models", ReviewModels.Read, out _) : null;

    private Observation? Find(Guid bundleId)
    {
        lock (gate)
        {
            return judged.LastOrDefault(job => job.BundleId == bundleId).Observation;
        }
    }

    private async Task LoadAsync(Transaction work, CancellationToken cancel)
    {
        if (isLoaded)
        {
            return;
        }

        if (await work.FirstOrDefaultAsync<byte[]>("select state from review_models where id = 1", null, cancel) is { } state)
        {
            if (Read(state) is { } read)
            {
                (models, saved) = (read, read.Through);
            }
            else
            {
                log.LogWarning("What the review had learned cannot be read, and is learned anew");
            }
        }

        isLoaded = true;
    }

    /// <summary>Learns what is indexed and was not learned, in front of an entry.</summary>
    private async Task ReplayAsync(ReviewModels learning, Transaction work, long before, CancellationToken cancel)
    {
        IReadOnlyList<EntryRow> rows;
        do
        {
            rows = learning.Through + 1 >= before ? [] : await work.QueryAsync<EntryRow>(
                "select log_index, envelope from manifest_entries where log_index > @Through and log_index < @Before and content_type in (@Bundle, @Review) order by log_index limit 256",
                new { learning.Through, Before = before, Bundle = EvidenceBundle.ContentType, Review = FindingReview.ContentType }, cancel);
            foreach (var row in rows)
            {
                await TakeAsync(learning, work, await storage.EntryAsync(row.LogIndex, row.Envelope, cancel), cancel);
            }
        }
        while (rows.Count > 0);
    }

    private async Task TakeAsync(ReviewModels learning, Transaction work, ManifestEntry entry, CancellationToken cancel)
    {
        if (entry.Read<EvidenceBundle>() is { } bundle)
        {
            var job = await ObservationAsync(work, entry.Index, bundle, cancel);
            lock (gate)
            {
                learning.Take(bundle, job);
            }
        }
        else if (entry.Read<FindingReview>() is { } review && ReviewModels.Teaches(review)
            && await work.FirstOrDefaultAsync<EntryRow>("select log_index, envelope from manifest_entries where sha256 = @Sha256", new { Sha256 = review.BundleSha256.ToArray() }, cancel) is { } row
            && (await storage.EntryAsync(row.LogIndex, row.Envelope, cancel)).Read<EvidenceBundle>() is { } reviewed)
        {
            var job = await ObservationAsync(work, row.LogIndex, reviewed, cancel);
            lock (gate)
            {
                learning.Settle(review.Signal, reviewed, job);
            }
        }

        learning.Through = entry.Index;
    }

    /// <summary>What was kept of a job; else what its bundle says.</summary>
    private static async Task<Observation> ObservationAsync(Transaction work, long index, EvidenceBundle bundle, CancellationToken cancel)
    {
        var bytes = await work.FirstOrDefaultAsync<byte[]>("select observation from review_observations where log_index = @Index", new { Index = index }, cancel);
        return bytes is not null && DeterministicCbor.TryDecode(bytes, out var value, out _, new CborLimits(StateBytes)) && CborFields.Decode(value, "observation", Observation.Read, out _) is { } kept
            ? kept
            : Observation.Of(bundle);
    }

    private async Task SaveAsync(Transaction work, CancellationToken cancel)
    {
        byte[] state;
        lock (gate)
        {
            (state, saved) = (DeterministicCbor.Encode(models.ToCbor()), models.Through);
        }

        await work.ExecuteAsync("delete from review_models", null, cancel);
        await work.ExecuteAsync("insert into review_models (id, log_index, state) values (1, @Saved, @State)", new { Saved = saved, State = state }, cancel);
    }

    private sealed record EntryRow
    {
        public long LogIndex { get; init; }

        public byte[] Envelope { get; init; } = [];
    }
}
