using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Review;
using Touchmark.Vault.Slicers;

namespace Touchmark.Vault.Bundles;

/// <summary>What a caller says of a job, as JSON or as deterministic CBOR of the same names. Hashes are hexadecimal in JSON and bytes in CBOR, times ISO 8601 or microseconds.</summary>
internal sealed record BundleForm
{
    /// <summary>Most values of one series.</summary>
    private const int MostValues = 100_000;

    /// <summary>The caller's name of the job: the same one again is the same bundle.</summary>
    public string? JobId { get; init; }

    /// <summary>SHA-256 of the canonical G-code, where that is not sent along.</summary>
    public string? GcodeSha256 { get; init; }

    /// <summary>Its length, bytes.</summary>
    public long? GcodeBytes { get; init; }

    public SlicerForm? Slicer { get; init; }

    /// <summary>By channel: chamber, humidity, oxygen, or any other name.</summary>
    public IReadOnlyDictionary<string, SensorRange> Sensors { get; init; } = new Dictionary<string, SensorRange>();

    /// <summary>By channel: the values themselves, for the review. They are not kept.</summary>
    public IReadOnlyDictionary<string, SensorSeries> Series { get; init; } = new Dictionary<string, SensorSeries>();

    /// <summary>The session token of whoever worked at the printer.</summary>
    public string? OperatorToken { get; init; }

    /// <summary>The twin whose part this is.</summary>
    public Guid? TwinId { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? Material { get; init; }

    public string? Note { get; init; }

    /// <summary>Reads untrusted bytes; refused when they are not exactly one form.</summary>
    public static Outcome<BundleForm> FromCbor(ReadOnlyMemory<byte> encoding)
    {
        var form = DeterministicCbor.TryDecode(encoding, out var value, out var problem, new CborLimits(BundleReader.FormBytes, MaxDepth: 6, MaxItems: 400_000)) ? CborFields.Decode(value, "bundle", Read, out problem) : null;
        return form is not null ? form : Refusal.Invalid("CBOR_REFUSED", $"The body is not the deterministic CBOR that this request takes: {problem}.", "Compare it with spec/vault-api.md.");
    }

    private static BundleForm Read(CborFields fields) => new()
    {
        JobId = fields.OptionalText("job_id", EvidenceBundle.MaxJobId),
        GcodeSha256 = fields.OptionalBytes("gcode_sha256", 32, 32) is { } hash ? Convert.ToHexStringLower(hash.Span) : null,
        GcodeBytes = fields.OptionalInteger("gcode_bytes"),
        Slicer = fields.OptionalMap("slicer", slicer => new SlicerForm
        {
            Name = slicer.OptionalText("name"),
            Version = slicer.OptionalText("version"),
            BuildSha256 = slicer.OptionalBytes("build_sha256", 32, 32) is { } build ? Convert.ToHexStringLower(build.Span) : null,
            Path = slicer.OptionalText("path", 4096),
            Pid = (int?)slicer.OptionalInteger("pid", 1, int.MaxValue),
        }),
        Sensors = fields.Has("sensors") ? fields.Named("sensors", EvidenceBundle.MaxChannels, 64,
            range => new SensorRange(range.Number("min"), range.Number("max"), range.Number("mean"), range.Text("unit", 16), range.Integer("samples", 1))) : new Dictionary<string, SensorRange>(),
        Series = fields.Has("series") ? fields.Named("series", EvidenceBundle.MaxChannels, 64,
            series => new SensorSeries(series.Number("period_s", 0), series.Numbers("values", MostValues))) : new Dictionary<string, SensorSeries>(),
        OperatorToken = fields.OptionalText("operator_token", BundleRequest.MaxOperatorToken),
        TwinId = fields.OptionalId("twin_id"),
        StartedAt = fields.OptionalTime("started_at"),
        EndedAt = fields.OptionalTime("ended_at"),
        Material = fields.OptionalText("material"),
        Note = fields.OptionalText("note", 1024),
    };

    /// <summary>What the caller says of the slicer.</summary>
    internal sealed record SlicerForm
    {
        public string? Name { get; init; }

        public string? Version { get; init; }

        public string? BuildSha256 { get; init; }

        /// <summary>Where its program lies on the vault's host.</summary>
        public string? Path { get; init; }

        /// <summary>The process that sliced: the caller's own, or one that started it.</summary>
        public int? Pid { get; init; }

        /// <param name="caller">The caller's process; null where it is not on this host's socket.</param>
        public SlicerClaim ToClaim(int? caller) =>
            new(Name, Version, BuildSha256 is { } build ? Convert.FromHexString(build) : (ReadOnlyMemory<byte>?)null) { Path = Path, Process = Pid, Caller = caller };
    }
}
