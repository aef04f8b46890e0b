using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Review;

namespace Touchmark.Vault.Tests.Review;

public sealed class SignalTests
{
    [Fact]
    public void An_ordinary_job_of_a_known_site_raises_nothing()
    {
        var models = Learned(20);
        var job = Jobs.Bundle(21);

        Assert.All(models.Judge(job, Jobs.Observation(job)), signal => Assert.InRange(signal.Score, 0, 0.3));
    }

    [Fact]
    public void A_slicer_build_that_was_never_used_here_is_told_with_the_usual_one()
    {
        var job = Jobs.Bundle(21) with { SlicerAttest = new SlicerAttest(SlicerLevel.SelfIdentified, "") { Name = "PrusaSlicer", Version = "9.9.9" } };

        var signal = Judge(job, Signals.SlicerDrift);

        Assert.True(signal.Score >= Signals.Finding);
        Assert.Contains("PrusaSlicer 9.9.9 was never used here (usually PrusaSlicer 2.5.0, in 100 % of the jobs)", signal.Reason, StringComparison.Ordinal);
        Assert.Equal("build", signal.Evidence[0].Name);
    }

    [Fact]
    public void A_new_profile_and_an_unusual_layer_are_told_with_their_figures()
    {
        var job = Jobs.Bundle(21);

        var signal = Judge(job, Signals.SlicerDrift, Jobs.Observation(job, layer: 0.35, profile: "draft"));

        Assert.True(signal.Score >= Signals.Finding);
        Assert.Equal(["layer height, mm", "profile"], signal.Evidence.Select(evidence => evidence.Name).Order(StringComparer.Ordinal));
        Assert.Contains("layer height, mm is 0.35; usually it is 0.2 ", signal.Reason, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Where_every_job_has_a_profile_of_its_own_a_new_one_surprises_nobody()
    {
        var models = new ReviewModels();
        for (var i = 1; i <= 20; i++)
        {
            models.Learn(Signals.SlicerDrift, Jobs.Bundle(i), Jobs.Observation(Jobs.Bundle(i), profile: $"profile {i}"));
        }

        Assert.InRange(models.Judge(Jobs.Bundle(21), Jobs.Observation(Jobs.Bundle(21), profile: "another one"))[0].Score, 0, 0.1);
    }

    [Fact]
    public void Somebody_new_at_the_printer_is_a_finding()
    {
        var signal = Judge(Jobs.Bundle(21) with { OperatorBinding = new OperatorBinding("https://id.acme.example", "mallory", new byte[32], new byte[64]) }, Signals.OperatorContext);

        Assert.True(signal.Score >= Signals.Finding);
        Assert.Contains("mallory of https://id.acme.example was never at this printer", signal.Reason, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_known_operator_in_a_role_that_nobody_had_here_is_a_finding()
    {
        var models = new ReviewModels();
        for (var i = 1; i <= 20; i++)
        {
            models.Learn(Signals.OperatorContext, WithRoles(i, "operator"), Jobs.Observation(Jobs.Bundle(i)));
        }

        EvidenceBundle usual = WithRoles(21, "operator"), other = WithRoles(21, "administrator", "operator"), none = WithRoles(21);

        Assert.InRange(Context(usual).Score, 0, 0.3);
        Assert.True(Context(other).Score >= Signals.Finding);
        Assert.Contains("ada of https://id.acme.example works here as administrator and operator, as nobody did before (usually as operator)", Context(other).Reason, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("role", Context(none).Evidence[0].Name);

        ReviewSignal Context(EvidenceBundle job) => models.Judge(job, Jobs.Observation(job)).Single(signal => signal.Name == Signals.OperatorContext);

        static EvidenceBundle WithRoles(int number, params string[] roles) => Jobs.Bundle(number) with { OperatorBinding = Jobs.Bundle(number).OperatorBinding! with { Roles = roles } };
    }

    [Fact]
    public void Work_at_an_hour_at_which_nobody_works_is_a_finding()
    {
        var night = Jobs.Bundle(21) with { StartedAt = Jobs.Monday.AddDays(1).AddHours(-7) };

        var signal = Judge(night, Signals.OperatorContext);

        Assert.True(signal.Score >= Signals.Finding);
        Assert.Contains("nobody usually works here at 02 h UTC on a working day", signal.Reason, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_sensor_out_of_its_usual_envelope_is_told_by_its_channel()
    {
        var signal = Judge(Jobs.Bundle(21) with { SensorEnvelope = new Dictionary<string, SensorRange> { ["chamber"] = new(20, 95, 60, "degC", 100) } }, Signals.SensorAnomaly);

        Assert.True(signal.Score >= Signals.Finding);
        Assert.Contains("chamber", signal.Evidence[0].Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_material_is_learned_from_its_own_jobs()
    {
        var signal = Judge(Jobs.Bundle(21) with { Material = "ABS" }, Signals.SensorAnomaly);

        Assert.Equal((0, "Learning: 0 of 8 jobs with ABS are known."), (signal.Score, signal.Reason));
    }

    [Theory]
    [InlineData("twincert_ref", "no draft of a twin")]
    [InlineData("operator_binding", "no operator")]
    [InlineData("sensor_envelope", "no sensor")]
    [InlineData("slicer_attest", "which slicer")]
    [InlineData("firmware_sha256", "firmware is not known")]
    public void A_bundle_without_something_that_is_expected_is_a_finding(string field, string words)
    {
        var bundle = Jobs.Bundle();
        var without = field switch
        {
            "twincert_ref" => bundle with { TwinCertRef = null },
            "operator_binding" => bundle with { OperatorBinding = null },
            "sensor_envelope" => bundle with { SensorEnvelope = new Dictionary<string, SensorRange>() },
            "slicer_attest" => bundle with { SlicerAttest = new SlicerAttest(SlicerLevel.Unknown, "nothing says") },
            _ => bundle with { FirmwareSha256 = null },
        };

        Assert.Equal(0, new Completeness(null).Judge(bundle).Score);
        var signal = new Completeness(null).Judge(without);
        Assert.True(signal.Score >= Signals.Finding);
        Assert.Contains(words, signal.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(field, Assert.Single(signal.Evidence).Name);
        Assert.Equal(0, new Completeness("material, ended_at").Judge(without).Score);
    }

    [Fact]
    public void One_small_gap_is_no_finding_and_two_are()
    {
        Assert.InRange(new Completeness(null).Judge(Jobs.Bundle() with { Material = null }).Score, 0.1, 0.49);
        Assert.InRange(new Completeness(null).Judge(Jobs.Bundle() with { Material = null, EndedAt = null }).Score, 0.5, 1);
    }

    [Fact]
    public void What_is_expected_is_named_right_or_refused() => Assert.Throws<InvalidOperationException>(() => new Completeness("twincert_ref, horoscope"));

    [Fact]
    public void Before_enough_is_known_nothing_is_found_and_the_reason_says_how_far_it_is()
    {
        var job = Jobs.Bundle(4) with { OperatorBinding = null };

        Assert.All(Learned(3).Judge(job, Jobs.Observation(job)), signal =>
        {
            Assert.Equal(0, signal.Score);
            Assert.StartsWith("Learning: 3 of 8 jobs", signal.Reason, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Learning_changes_the_hash_of_that_model_and_of_no_other()
    {
        var models = Learned(10);
        var before = models.Describe();

        models.Learn(Signals.OperatorContext, Jobs.Bundle(11), Jobs.Observation(Jobs.Bundle(11)));

        Assert.Equal([Signals.OperatorContext], models.Describe().Zip(before).Where(pair => !pair.First.Sha256.Span.SequenceEqual(pair.Second.Sha256.Span)).Select(pair => pair.First.Name));
    }

    [Fact]
    public void Models_that_are_written_and_read_have_the_same_hashes_and_judge_the_same()
    {
        var models = Learned(20);
        var state = DeterministicCbor.Encode(models.ToCbor());

        var read = Assert.IsType<ReviewModels>(ReviewLearner.Read(state));

        Assert.Equal(state, DeterministicCbor.Encode(read.ToCbor()));
        Assert.Equal(models.Describe().Select(Hash), read.Describe().Select(Hash));
        var job = Jobs.Bundle(21) with { OperatorBinding = null };
        Assert.Equal(models.Judge(job, Jobs.Observation(job)).Select(Text), read.Judge(job, Jobs.Observation(job)).Select(Text));
    }

    [Fact]
    public void Signals_of_the_wildest_job_fit_into_a_bundle()
    {
        var names = Enumerable.Range(0, EvidenceBundle.MaxChannels).ToDictionary(i => $"{i} {new string('x', 60)}", i => new SensorRange(i, i + 2, i + 1, "degC", 10));
        var bundle = Jobs.Bundle() with { SensorEnvelope = names, OperatorBinding = new OperatorBinding(new string('i', 256), new string('s', 256), new byte[32], new byte[64]) };
        var models = new ReviewModels();
        for (var i = 0; i < 20; i++)
        {
            foreach (var signal in new[] { Signals.SlicerDrift, Signals.SensorAnomaly, Signals.OperatorContext })
            {
                models.Learn(signal, bundle, Observation.Of(bundle));
            }
        }

        var wild = bundle with
        {
            SensorEnvelope = names.ToDictionary(channel => channel.Key, _ => new SensorRange(-1e9, 1e9, 0, "degC", 10)),
            OperatorBinding = new OperatorBinding(new string('j', 256), new string('t', 256), new byte[32], new byte[64]),
            SlicerAttest = new SlicerAttest(SlicerLevel.SelfIdentified, "") { Name = new string('n', 256), Version = new string('v', 256) },
        };
        var signed = wild with { Signals = models.Judge(wild, Observation.Of(wild)), Models = models.Describe() };

        Assert.True(Document.TryDecode<EvidenceBundle>(Document.Encode(signed), out var read, out var problem), problem);
        Assert.Equal(signed.Signals.Select(Text), read.Signals.Select(Text));
    }

    private static ReviewModels Learned(int jobs)
    {
        var models = new ReviewModels();
        for (var i = 1; i <= jobs; i++)
        {
            foreach (var signal in new[] { Signals.SlicerDrift, Signals.SensorAnomaly, Signals.OperatorContext })
            {
                models.Learn(signal, Jobs.Bundle(i), Jobs.Observation(Jobs.Bundle(i)));
            }
        }

        return models;
    }

    private static ReviewSignal Judge(EvidenceBundle job, string signal, Observation? observation = null) =>
        Learned(20).Judge(job, observation ?? Jobs.Observation(job)).Single(found => found.Name == signal);

    private static string Hash(ReviewModel model) => Convert.ToHexStringLower(model.Sha256.Span);

    private static string Text(ReviewSignal signal) => $"{signal.Name} {signal.Score:R} {signal.Reason} {string.Join('|', signal.Evidence)}";
}
