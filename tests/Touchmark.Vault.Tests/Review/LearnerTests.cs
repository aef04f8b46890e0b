using Microsoft.Extensions.DependencyInjection;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Review;

namespace Touchmark.Vault.Tests.Review;

/// <summary>The review's tables and models, fed with entries as the manifest feeds them.</summary>
public sealed class LearnerTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("touchmark-review-").FullName;

    [Fact]
    public async Task A_finding_is_open_until_it_is_decided_and_only_incomplete_bundles_keep_an_export_back()
    {
        await using var site = await Site.OpenAsync(folder);
        var bundle = Jobs.Bundle() with { Signals = [Signal(Signals.Completeness, 0.7), Signal(Signals.SensorAnomaly, 0.9), Signal(Signals.SlicerDrift, 0.49)] };
        var entry = await site.EnterAsync(bundle);

        Assert.Equal([Signals.Completeness, Signals.SensorAnomaly], (await site.Findings.ListAsync(FindingState.Open, null, null, 10, default)).Select(finding => finding.Signal));
        Assert.Equal(Signals.Completeness, Assert.Single(await site.Findings.BlockingAsync(entry.Index, default)).Signal);
        Assert.Empty(await site.Findings.BlockingAsync(entry.Index - 1, default));

        await site.EnterAsync(Review(entry, bundle, Signals.Completeness, accepts: true));

        Assert.Empty(await site.Findings.BlockingAsync(long.MaxValue, default));
        var decided = Assert.Single(await site.Findings.ListAsync(FindingState.Accepted, null, null, 10, default));
        Assert.Equal(("uid:7", "as I say"), (decided.Reviewer, decided.Comment));
    }

    [Fact]
    public async Task A_rejected_finding_is_learned_as_normal_and_an_accepted_one_never()
    {
        await using var site = await Site.OpenAsync(folder);
        var odd = Jobs.Bundle(3) with { Signals = [Signal(Signals.OperatorContext, 0.9)] };
        var start = await site.HashAsync();

        var first = await site.EnterAsync(odd);
        Assert.Equal(start[Signals.OperatorContext], (await site.HashAsync())[Signals.OperatorContext]);
        Assert.NotEqual(start[Signals.SlicerDrift], (await site.HashAsync())[Signals.SlicerDrift]);
        await site.EnterAsync(Review(first, odd, Signals.OperatorContext, accepts: true));
        Assert.Equal(start[Signals.OperatorContext], (await site.HashAsync())[Signals.OperatorContext]);

        var again = odd with { BundleId = new Guid(4, 0, 0, new byte[8]), MachineCounter = 4, JobId = "job 4" };
        var second = await site.EnterAsync(again);
        await site.EnterAsync(Review(second, again, Signals.OperatorContext, accepts: false));
        Assert.NotEqual(start[Signals.OperatorContext], (await site.HashAsync())[Signals.OperatorContext]);
    }

    [Fact]
    public async Task Training_anew_from_the_archive_makes_the_models_that_were_learned_on_the_way()
    {
        await using var site = await Site.OpenAsync(folder);
        for (var i = 1; i <= 12; i++)
        {
            var bundle = Jobs.Bundle(i);
            site.Learner.Judge(bundle, Jobs.Observation(bundle));
            await site.EnterAsync(i == 7 ? bundle with { Signals = [Signal(Signals.SensorAnomaly, 0.8)] } : bundle);
        }

        var learned = await site.HashAsync();
        await site.Learner.TrainAsync(default);

        Assert.Equal(learned, await site.HashAsync());
    }

    [Fact]
    public async Task What_was_learned_outlasts_a_restart_whether_it_was_saved_or_not()
    {
        Dictionary<string, string> learned;
        await using (var site = await Site.OpenAsync(folder))
        {
            for (var i = 1; i <= 5; i++)
            {
                await site.EnterAsync(Jobs.Bundle(i));
            }

            await site.Learner.StopAsync(default);
            await site.EnterAsync(Jobs.Bundle(6));
            learned = await site.HashAsync();
        }

        await using var restarted = await Site.OpenAsync(folder);

        Assert.Equal(learned, await restarted.HashAsync());
    }

    [Fact]
    public async Task An_entry_that_is_met_again_is_not_learned_again()
    {
        await using var site = await Site.OpenAsync(folder);
        var entry = await site.EnterAsync(Jobs.Bundle());
        var once = await site.HashAsync();

        await using (var work = await site.Database.BeginAsync(default))
        {
            await site.Learner.ApplyAsync(work, entry, default);
        }

        Assert.Equal(once, await site.HashAsync());
    }

    [Fact]
    public async Task Models_that_cannot_be_read_are_learned_anew()
    {
        Dictionary<string, string> learned;
        await using (var site = await Site.OpenAsync(folder))
        {
            await site.EnterAsync(Jobs.Bundle());
            learned = await site.HashAsync();
            await site.Learner.StopAsync(default);
            await site.Database.ExecuteAsync("update review_models set state = @Nonsense", new { Nonsense = "nonsense"u8.ToArray() }, default);
        }

        await using var restarted = await Site.OpenAsync(folder);

        Assert.Equal(learned, await restarted.HashAsync());
    }

    [Fact]
    public void An_observation_is_read_as_it_was_written()
    {
        var observation = Jobs.Observation(Jobs.Bundle()) with
        {
            Channels = [.. new Touchmark.Bench.Anomaly.SyntheticJobs(new Touchmark.Bench.Attacks.SplitMix(1), Touchmark.Bench.Anomaly.SyntheticJobs.Materials[0])
                .Next(Touchmark.Bench.Anomaly.Fault.None).Select(series => Touchmark.Vault.Review.Sensors.ChannelFeatures.Of(series))],
        };
        var bytes = DeterministicCbor.Encode(observation.ToCbor());

        Assert.True(DeterministicCbor.TryDecode(bytes, out var value, out _));
        var read = CborFields.Decode(value, "observation", Observation.Read, out var problem);

        Assert.Null(problem);
        Assert.Equal(bytes, DeterministicCbor.Encode(read!.ToCbor()));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static ReviewSignal Signal(string name, double score) => new(name, score, "because", []);

    private static FindingReview Review(ManifestEntry entry, EvidenceBundle bundle, string signal, bool accepts) => new()
    {
        ReviewId = Guid.Empty, CustomerId = "acme", BundleSha256 = entry.Sha256, BundleId = bundle.BundleId, Signal = signal, Accepts = accepts, Comment = "as I say", Reviewer = "uid:7", At = Jobs.Monday,
    };

    private sealed class Site(Microsoft.AspNetCore.Builder.WebApplication app) : IAsyncDisposable
    {
        private long last;

        public Database Database => app.Services.GetRequiredService<Database>();

        public Findings Findings => app.Services.GetRequiredService<Findings>();

        public ReviewLearner Learner => app.Services.GetRequiredService<ReviewLearner>();

        public static async Task<Site> OpenAsync(string folder)
        {
            var app = Program.Create(["--data", folder]);
            await app.Services.GetRequiredService<Migrations>().RunAsync(default);
            var site = new Site(app) { last = await app.Services.GetRequiredService<ManifestIndex>().LastAsync(default) };
            await site.Learner.StartAsync(default);
            return site;
        }

        /// <summary>Indexes a statement as the manifest does when it has entered one.</summary>
        public async Task<ManifestEntry> EnterAsync<T>(T document)
            where T : class, Touchmark.Evidence.Documents.IDocument<T>
        {
            var entry = Jobs.Entry(++last, document);
            await using var work = await Database.BeginAsync(default);
            foreach (var index in new IManifestIndex[] { app.Services.GetRequiredService<ManifestIndex>(), Findings, Learner })
            {
                await index.ApplyAsync(work, entry, default);
            }

            await work.CommitAsync(default);
            return entry;
        }

        public Task<Dictionary<string, string>> HashAsync() =>
            Task.FromResult(Learner.Judge(Jobs.Bundle(999), Observation.Of(Jobs.Bundle(999))).Models.ToDictionary(model => model.Name, model => Convert.ToHexStringLower(model.Sha256.Span)));

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
