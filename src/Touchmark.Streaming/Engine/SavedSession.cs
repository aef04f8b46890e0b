using Touchmark.Evidence.Cbor;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>From which segment on which nonces made the keys.</summary>
internal sealed record SavedEpoch(ulong First, ReadOnlyMemory<byte> EngineNonce, ReadOnlyMemory<byte> GatewayNonce);

/// <summary>How a session is being ended.</summary>
/// <param name="Reason">The first cause.</param>
/// <param name="Text">One sentence for people.</param>
/// <param name="BeforeExtrusion">See <see cref="SessionEnd.BeforeExtrusion"/>.</param>
/// <param name="Halt">Set when it is by the emergency path.</param>
internal sealed record SavedEnding(EndReason Reason, string Text, bool BeforeExtrusion, HaltReason? Halt);

/// <summary>What an engine must know of a running session after a restart, beside its keys: deterministic CBOR, to be kept sealed.</summary>
internal sealed record SavedSession
{
    private const int MaxEntries = 512;

    public required ulong Sent { get; init; }

    public required ulong Verified { get; init; }

    public required double Executed { get; init; }

    public required ulong ControlCounter { get; init; }

    public required ulong TelemetryCounter { get; init; }

    public required ReadOnlyMemory<byte> ChainHead { get; init; }

    public required double MaxExposure { get; init; }

    public required int MaxSegmentsOut { get; init; }

    public required DateTimeOffset Offered { get; init; }

    public DateTimeOffset? Started { get; init; }

    public required int Forged { get; init; }

    public required string PrinterTransport { get; init; }

    public required ReadOnlyMemory<byte> Profile { get; init; }

    public TemperatureRange? Nozzle { get; init; }

    public TemperatureRange? Bed { get; init; }

    public TemperatureRange? Chamber { get; init; }

    public required IReadOnlyList<Alert> Alerts { get; init; }

    public required IReadOnlyList<Adjustment> Adjustments { get; init; }

    public required IReadOnlyList<SavedEpoch> Epochs { get; init; }

    /// <summary>When the pause was asked for that is on; null when none is.</summary>
    public DateTimeOffset? Paused { get; init; }

    /// <summary>Null while it streams.</summary>
    public SavedEnding? Ending { get; init; }

    public byte[] Encode() => DeterministicCbor.Encode(CborMap.Of(
        ("sent", Sent), ("verified", Verified), ("executed_s", Executed), ("control", ControlCounter), ("telemetry", TelemetryCounter), ("chain_head", ChainHead),
        ("max_exposure_s", MaxExposure), ("max_segments", MaxSegmentsOut), ("offered", Offered.ToMicroseconds()), ("started", Started is { } started ? started.ToMicroseconds() : null),
        ("forged", Forged), ("transport", PrinterTransport), ("profile", Profile), ("nozzle", Range(Nozzle)), ("bed", Range(Bed)), ("chamber", Range(Chamber)),
        ("alerts", new CborArray([.. Alerts.Select(alert => CborMap.Of(("at", alert.Time.ToMicroseconds()), ("code", alert.Code), ("text", alert.Text)))])),
        ("adjustments", new CborArray([.. Adjustments.Select(change => CborMap.Of(
            ("at", change.Time.ToMicroseconds()), ("what", change.What), ("from", change.From), ("to", change.To), ("by", change.By), ("why", change.Why)))])),
        ("epochs", new CborArray([.. Epochs.Select(epoch => CborMap.Of(("first", epoch.First), ("engine", epoch.EngineNonce), ("gateway", epoch.GatewayNonce)))])),
        ("paused", Paused is { } paused ? paused.ToMicroseconds() : null),
        ("ending", Ending is null ? null : CborMap.Of(
            ("reason", (long)Ending.Reason), ("text", Ending.Text), ("before_extrusion", Ending.BeforeExtrusion), ("halt", Ending.Halt is { } halt ? (long)halt : null)))));

    /// <summary>Null, and what is wrong, for anything but what <see cref="Encode"/> wrote.</summary>
    public static SavedSession? TryDecode(ReadOnlyMemory<byte> encoding, out string? problem) =>
        DeterministicCbor.TryDecode(encoding, out var value, out problem, new CborLimits(1 << 20, MaxDepth: 4, MaxItems: 16 * MaxEntries))
            ? CborFields.Decode(value, "session", Read, out problem)
            : null;

    private static SavedSession Read(CborFields fields) => new()
    {
        Sent = (ulong)fields.Integer("sent"),
        Verified = (ulong)fields.Integer("verified"),
        Executed = fields.Number("executed_s", 0),
        ControlCounter = (ulong)fields.Integer("control"),
        TelemetryCounter = (ulong)fields.Integer("telemetry"),
        ChainHead = fields.Bytes("chain_head", 32),
        MaxExposure = fields.Number("max_exposure_s", 0),
        MaxSegmentsOut = (int)fields.Integer("max_segments", 0, int.MaxValue),
        Offered = Time(fields.Integer("offered")),
        Started = fields.OptionalInteger("started") is { } started ? Time(started) : null,
        Forged = (int)fields.Integer("forged", 0, int.MaxValue),
        PrinterTransport = fields.Text("transport"),
        Profile = fields.Bytes("profile", 1, MachineProfile.MaxBytes),
        Nozzle = Range(fields, "nozzle"),
        Bed = Range(fields, "bed"),
        Chamber = Range(fields, "chamber"),
        Alerts = fields.Maps("alerts", MaxEntries, static alert => new Alert(Time(alert.Integer("at")), alert.Text("code"), alert.Text("text", 4096))),
        Adjustments = fields.Maps("adjustments", MaxEntries, static change =>
            new Adjustment(Time(change.Integer("at")), change.Text("what"), change.Number("from"), change.Number("to")) { By = change.Text("by"), Why = change.Text("why", 4096) }),
        Epochs = fields.Maps("epochs", MaxEntries, static epoch => new SavedEpoch((ulong)epoch.Integer("first"), epoch.Bytes("engine", 32), epoch.Bytes("gateway", 32))),
        Paused = fields.OptionalInteger("paused") is { } paused ? Time(paused) : null,
        Ending = fields.OptionalMap("ending", static ending => new SavedEnding(
            (EndReason)ending.Integer("reason", 0, (long)EndReasons.Last), ending.Text("text", 4096), ending.Boolean("before_extrusion"),
            ending.OptionalInteger("halt", 0, (long)HaltReason.ProxySuspected) is { } halt ? (HaltReason)halt : null)),
    };

    private static CborMap? Range(TemperatureRange? range) => range is { } seen ? CborMap.Of(("min", seen.MinC), ("max", seen.MaxC)) : null;

    private static TemperatureRange? Range(CborFields fields, string key) =>
        fields.OptionalMap(key, static range => new RangeFields(range.Number("min"), range.Number("max"))) is { } seen ? new TemperatureRange(seen.Min, seen.Max) : null;

    private static DateTimeOffset Time(long microseconds) => CborTime.FromMicroseconds(microseconds);

    private sealed record RangeFields(double Min, double Max);
}
