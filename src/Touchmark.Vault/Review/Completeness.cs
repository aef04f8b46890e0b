using System.Security.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents.Vault;

namespace Touchmark.Vault.Review;

/// <summary>Bundle completeness: which of the fields that this site expects are missing. Nothing is learned; what is expected is its whole model.</summary>
internal sealed class Completeness
{
    public const string Version = "1";

    // What each of them weighs: half or more is a finding by itself, of the others two are.
    private static readonly (string Field, double Weight, Func<EvidenceBundle, bool> IsMissing, string Words)[] Known =
    [
        ("twincert_ref", 0.7, bundle => bundle.TwinCertRef is null, "no draft of a twin is referred to"),
        ("operator_binding", 0.7, bundle => bundle.OperatorBinding is null, "no operator is bound to it"),
        ("sensor_envelope", 0.7, bundle => bundle.SensorEnvelope.Count == 0, "no sensor has a value"),
        ("slicer_attest", 0.6, bundle => bundle.SlicerAttest.Level == SlicerLevel.Unknown, "nothing says which slicer made the toolpath"),
        ("firmware_sha256", 0.6, bundle => bundle.FirmwareSha256 is null, "the printer's firmware is not known"),
        ("started_at", 0.3, bundle => bundle.StartedAt is null, "it does not say when the print began"),
        ("ended_at", 0.3, bundle => bundle.EndedAt is null, "it does not say when the print ended"),
        ("material", 0.3, bundle => bundle.Material is null, "it does not say what was printed with"),
    ];

    private readonly (string Field, double Weight, Func<EvidenceBundle, bool> IsMissing, string Words)[] _expected;

    /// <param name="expected">Names of the fields, with commas between; null for all.</param>
    /// <exception cref="InvalidOperationException">One of them is none.</exception>
    public Completeness(string? expected)
    {
        var names = expected?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names?.FirstOrDefault(name => !Known.Any(known => known.Field == name)) is { } unknown)
        {
            throw new InvalidOperationException($"The option --expect names fields of a bundle: {string.Join(", ", Known.Select(known => known.Field))}; not {unknown}.");
        }

        _expected = [.. Known.Where(known => names?.Contains(known.Field, StringComparer.Ordinal) ?? true)];
        Sha256 = SHA256.HashData(DeterministicCbor.Encode(CborMap.Of(("version", Version), ("expected", new CborArray([.. _expected.Select(field => new CborText(field.Field))])))));
    }

    public ReadOnlyMemory<byte> Sha256 { get; }

    public ReviewSignal Judge(EvidenceBundle bundle) =>
        Signals.Of(Signals.Completeness, "All that is expected of a bundle here is there.", [.. _expected.Where(field => field.IsMissing(bundle)).Select(field => new Doubt(field.Field, field.Weight, field.Words))]);
}
