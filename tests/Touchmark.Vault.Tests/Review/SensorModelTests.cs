using FsCheck;
using FsCheck.Fluent;
using Touchmark.Bench.Anomaly;
using Touchmark.Bench.Attacks;
using Touchmark.Evidence.Cbor;
using Touchmark.Vault.Review.Learning;
using Touchmark.Vault.Review.Sensors;

namespace Touchmark.Vault.Tests.Review;

public sealed class SensorModelTests
{
    [Fact]
    public void Normal_jobs_are_not_found_fault_with()
    {
        var (model, jobs) = Learned(40);

        Assert.All(Enumerable.Range(0, 20), _ => Assert.DoesNotContain(model.Judge(Next(jobs, Fault.None)), IsFinding));
    }

    [Theory]
    [InlineData(nameof(Fault.Spike))]
    [InlineData(nameof(Fault.Stuck))]
    [InlineData(nameof(Fault.Swapped))]
    public void A_fault_of_a_sensor_is_found_and_called_by_its_name(string name)
    {
        var (model, jobs) = Learned(40);

        var faults = model.Judge(Next(jobs, Enum.Parse<Fault>(name)));

        Assert.Equal(name, faults[0].Kind.ToString());
        Assert.True(IsFinding(faults[0]));
        Assert.Contains(faults[0].Channel, faults[0].Words, StringComparison.Ordinal);
    }

    [Fact]
    public void A_channel_that_drifts_is_named_with_its_course()
    {
        var (model, jobs) = Learned(40);
        var job = Next(jobs, Fault.None).ToList();
        var at = job.FindIndex(channel => channel.Channel == "bed");
        job[at] = job[at] with { Profile = [.. job[at].Profile.Select((phase, i) => (phase.Phase, phase.Median + (0.5 * Math.Max(0, i - (job[at].Profile.Count / 2)))))] };

        var fault = model.Judge(job)[0];

        Assert.Equal((SensorFaultKind.Drift, "bed"), (fault.Kind, fault.Channel));
        Assert.Contains("bed moved", fault.Words, StringComparison.Ordinal);
        Assert.Contains("up against its usual course", fault.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sensor_that_reads_a_little_more_in_each_job_is_found_in_time()
    {
        var model = new SensorModel();
        var random = new SplitMix(5);
        for (var i = 0; i < 40; i++)
        {
            model.Learn([Flat(20 + random.Between(-1, 1))]);
        }

        var found = new List<SensorFault>();
        for (var i = 0; i < 30 && found.Count == 0; i++)
        {
            var job = new[] { Flat(20.9 + random.Between(-1, 1)) };
            found.AddRange(model.Judge(job).Where(IsFinding));
            model.Learn(job);
        }

        Assert.Equal(SensorFaultKind.SlowDrift, Assert.Single(found).Kind);
    }

    [Fact]
    public void Channels_that_each_keep_their_bounds_and_part_ways_are_found()
    {
        var model = new SensorModel();
        var random = new SplitMix(6);
        for (var i = 0; i < 60; i++)
        {
            var warm = random.Between(-3, 3);
            model.Learn([Flat(40 + warm, "chamber"), Flat(60 + warm + random.Between(-0.2, 0.2), "bed")]);
        }

        var fault = model.Judge([Flat(42.9, "chamber"), Flat(57.1, "bed")])[0];

        Assert.Equal(SensorFaultKind.Together, fault.Kind);
        Assert.True(IsFinding(fault));
    }

    [Fact]
    public void An_envelope_without_samples_is_held_against_earlier_envelopes()
    {
        var model = new SensorModel();
        var random = new SplitMix(7);
        for (var i = 0; i < 20; i++)
        {
            model.Learn([Envelope(20 + random.Between(-1, 1))]);
        }

        Assert.DoesNotContain(model.Judge([Envelope(20.5)]), IsFinding);
        var fault = model.Judge([Envelope(31)])[0];
        Assert.True(IsFinding(fault));
        Assert.Contains("of oxygen was", fault.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_judged_before_enough_jobs_are_known()
    {
        var (model, jobs) = Learned(ChannelModel.Enough - 1);

        Assert.Empty(model.Judge(Next(jobs, Fault.Swapped)));
    }

    [Fact]
    public void Wild_jobs_among_the_normal_ones_do_not_make_the_model_blind()
    {
        var jobs = Source();
        var model = new SensorModel();
        for (var i = 0; i < 60; i++)
        {
            model.Learn(Next(jobs, i % 10 == 9 ? Fault.Spike : Fault.None));
        }

        Assert.Contains(model.Judge(Next(jobs, Fault.Spike)), fault => fault.Kind == SensorFaultKind.Spike && IsFinding(fault));
    }

    [Fact]
    public void Equal_jobs_make_equal_state_and_what_is_read_back_judges_the_same()
    {
        var (model, jobs) = Learned(30);
        var (twin, _) = Learned(30);
        var state = DeterministicCbor.Encode(model.ToCbor());
        Assert.Equal(state, DeterministicCbor.Encode(twin.ToCbor()));

        var restored = Read(state, out var problem);

        Assert.Null(problem);
        Assert.Equal(state, DeterministicCbor.Encode(restored!.ToCbor()));
        var job = Next(jobs, Fault.Drift);
        Assert.Equal(model.Judge(job), restored.Judge(job));
    }

    [Fact]
    public void Altered_state_is_refused_or_reads_as_numbers_and_never_throws()
    {
        var state = DeterministicCbor.Encode(Learned(10).Model.ToCbor());

        Prop.ForAll(ArbMap.Default.ArbFor<(PositiveInt At, byte By, PositiveInt Length)>(), change =>
        {
            var altered = state.AsSpan(0, Math.Min(state.Length, 1 + (change.Length.Get * 37 % state.Length))).ToArray();
            altered[change.At.Get * 101 % altered.Length] ^= change.By;
            return Read(altered, out var problem) is not null == problem is null;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void However_many_channels_there_are_the_state_stays_small()
    {
        var model = new SensorModel();
        for (var i = 0; i < 300; i++)
        {
            model.Learn([Flat(i, $"channel {i}")]);
        }

        Assert.Equal(SensorModel.MostChannels, model.Channels.Count);
        Assert.InRange(DeterministicCbor.Encode(model.ToCbor()).Length, 1, 512 << 10);
    }

    private static SyntheticJobs Source() => new(new SplitMix(77), SyntheticJobs.Materials[1]);

    private static (SensorModel Model, SyntheticJobs Jobs) Learned(int count)
    {
        var jobs = Source();
        var model = new SensorModel();
        for (var i = 0; i < count; i++)
        {
            model.Learn(Next(jobs, Fault.None));
        }

        return (model, jobs);
    }

    private static IReadOnlyList<ChannelFeatures> Next(SyntheticJobs jobs, Fault fault) => [.. jobs.Next(fault).Select(series => ChannelFeatures.Of(series))];

    private static ChannelFeatures Flat(double value, string channel = "chamber") =>
        ChannelFeatures.Of(new ChannelSeries(channel, "degC", [.. Enumerable.Range(0, 200).Select(i => i * 5.0)], [.. Enumerable.Range(0, 200).Select(i => value + (i % 2 == 0 ? 0.05 : -0.05))]));

    private static ChannelFeatures Envelope(double mean) => new() { Channel = "oxygen", Unit = "ppm", Min = mean - 1, Max = mean + 1, Mean = mean };

    private static bool IsFinding(SensorFault fault) => Statistics.Score(fault.Distance) >= 0.5;

    private static SensorModel? Read(byte[] state, out string? problem) =>
        DeterministicCbor.TryDecode(state, out var value, out problem, new CborLimits(1 << 20)) ? CborFields.Decode(value, "model", SensorModel.Read, out problem) : null;
}
