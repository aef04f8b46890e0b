using System.Security.Cryptography;
using System.Text;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.GCode;
using Touchmark.Hosting.Problems;

namespace Touchmark.Vault.Bundles;

/// <summary>What is to be signed: a form that was found in order, and the toolpath.</summary>
/// <param name="Form">What the caller says.</param>
/// <param name="JobId">The caller's name of the job.</param>
/// <param name="GCodeSha256">Of the canonical text, 32 bytes.</param>
/// <param name="GCodeBytes">Its length.</param>
/// <param name="Toolpath">What it says about itself; null where the vault was given its hash alone.</param>
internal sealed record BundleRequest(BundleForm Form, string JobId, ReadOnlyMemory<byte> GCodeSha256, long GCodeBytes, ToolpathMetadata? Toolpath)
{
    /// <summary>Longest session token of an operator, characters.</summary>
    public const int MaxOperatorToken = 16 * 1024;

    /// <summary>Names a job on its own where the body has no form.</summary>
    public const string KeyHeader = "Idempotency-Key";

    /// <summary>The caller's process, where it called over the socket of this host.</summary>
    public int? CallerProcess { get; init; }

    /// <summary>SHA-256 of the operator's session token; null without one.</summary>
    public byte[]? OperatorTokenSha256 { get; } = Form.OperatorToken is { } token ? SHA256.HashData(Encoding.UTF8.GetBytes(token)) : null;

    /// <summary>Whether this is the job that the bundle is about: all that a caller says about a job, and none of what the vault adds.</summary>
    public bool IsOf(EvidenceBundle bundle) =>
        bundle.JobId == JobId && bundle.GCodeSha256.Span.SequenceEqual(GCodeSha256.Span) && bundle.GCodeBytes == GCodeBytes
        && IsSame(bundle.SensorEnvelope, Form.Sensors)
        && (bundle.OperatorBinding is { } binding ? OperatorTokenSha256 is { } hash && binding.TokenSha256.Span.SequenceEqual(hash) : OperatorTokenSha256 is null)
        && bundle.TwinCertRef?.TwinId == Form.TwinId
        && bundle.StartedAt?.ToMicroseconds() == Form.StartedAt?.ToMicroseconds() && bundle.EndedAt?.ToMicroseconds() == Form.EndedAt?.ToMicroseconds()
        && bundle.Material == Form.Material && bundle.Note == Form.Note;

    /// <summary>Checks the form against the toolpath and the request's key.</summary>
    /// <param name="form">As the caller sent it.</param>
    /// <param name="digest">The toolpath's, when it was sent; null when it was not.</param>
    /// <param name="key">The header <see cref="KeyHeader"/>; null without one.</param>
    public static Outcome<BundleRequest> Accept(BundleForm form, ToolpathDigest? digest, string? key)
    {
        if (form.JobId is { } id && key is not null && key != id)
        {
            return Refusal.Invalid("KEY_CONFLICT", $"The header {KeyHeader} and the field job_id differ.", "Send one of both, or the same in both.");
        }

        if (!PlainText.TryAccept(form.JobId ?? key, EvidenceBundle.MaxJobId, out var jobId))
        {
            return PlainText.Refuse("job_id", EvidenceBundle.MaxJobId);
        }

        if (Unclean(form) is { } refusal)
        {
            return refusal;
        }

        var said = form.GcodeSha256 is { } text ? HexHash.TryRead(text) : null;
        if ((form.GcodeSha256 is not null && said is null) || (form.Slicer?.BuildSha256 is { } build && HexHash.TryRead(build) is null))
        {
            return Refusal.Invalid("HASH_REFUSED", "A SHA-256 is 64 hexadecimal digits.", "Compare gcode_sha256 and slicer.build_sha256 with spec/vault-api.md.");
        }

        if (digest is null)
        {
            return said is not null && form.GcodeBytes is > 0 and var bytes ? new BundleRequest(form, jobId, said, bytes, null)
                : Refusal.Invalid("GCODE_MISSING", "The request has neither the toolpath nor its hash and length.", "Send the toolpath as the part gcode of multipart/form-data, or gcode_sha256 and gcode_bytes of its canonical form.");
        }

        if (digest.Bytes == 0)
        {
            return Refusal.Invalid("GCODE_EMPTY", "The toolpath has no command in it.", "Send the file that the printer was given.");
        }

        return (said is not null && !said.AsSpan().SequenceEqual(digest.Sha256)) || (form.GcodeBytes is { } length && length != digest.Bytes)
            ? Refusal.Invalid("GCODE_DIFFERS", "The toolpath is not the one that the form names.", "Send the file that was printed, or leave out gcode_sha256 and gcode_bytes.")
                .With("gcode_sha256", Convert.ToHexStringLower(digest.Sha256)).With("gcode_bytes", digest.Bytes)
            : new BundleRequest(form, jobId, digest.Sha256, digest.Bytes, digest.Metadata);
    }

    /// <summary>Texts that people will read, and times that a statement can hold.</summary>
    private static Refusal? Unclean(BundleForm form)
    {
        if (Unreal(form) is { } unreal)
        {
            return unreal;
        }

        (string Field, string? Text, int Most)[] texts =
        [
            ("material", form.Material, 256), ("note", form.Note, 1024), ("slicer.name", form.Slicer?.Name, 256), ("slicer.version", form.Slicer?.Version, 256),
            .. form.Sensors.Keys.Select(channel => ("sensors", (string?)channel, 64)), .. form.Sensors.Values.Select(range => ("sensors.unit", (string?)range.Unit, 16)),
            .. form.Series.Keys.Select(channel => ("series", (string?)channel, 64)),
        ];
        foreach (var (field, text, most) in texts)
        {
            // A signed text is the one that was sent: what would be trimmed is refused.
            if (text is not null && !(PlainText.TryAccept(text, most, out var clean) && clean == text))
            {
                return PlainText.Refuse(field, most);
            }
        }

        if (form.OperatorToken is { Length: > MaxOperatorToken or 0 })
        {
            return Refusal.Invalid("OPERATOR_TOKEN_REFUSED", "The operator's token is empty or too long.", "Send the session token of the identity provider.").With("maximum_length", MaxOperatorToken);
        }

        return form is { StartedAt: { } start, EndedAt: { } end } && end < start ? Refusal.Invalid("TIMES_REFUSED", "The print ended before it started.", "Look at started_at and ended_at.")
            : form.StartedAt < DateTimeOffset.UnixEpoch || form.EndedAt < DateTimeOffset.UnixEpoch ? Refusal.Invalid("TIMES_REFUSED", "A print before 1970 is none.", "Look at started_at and ended_at.")
            : null;
    }

    /// <summary>Channels that are none, or more of them than a bundle has.</summary>
    private static Refusal? Unreal(BundleForm form)
    {
        if (form.Sensors.Count > EvidenceBundle.MaxChannels || form.Series.Count > EvidenceBundle.MaxChannels)
        {
            return Refusal.Invalid("TOO_MANY_CHANNELS", $"A bundle has at most {EvidenceBundle.MaxChannels} channels.", "Leave out channels that nobody looks at.").With("maximum", EvidenceBundle.MaxChannels);
        }

        var wrong = form.Sensors.FirstOrDefault(channel => channel.Value is not { Samples: > 0 } range || !double.IsFinite(range.Min + range.Max) || !(range.Min <= range.Mean && range.Mean <= range.Max)).Key
            ?? form.Series.FirstOrDefault(channel => channel.Value is not { PeriodSeconds: > 0, Values: not null } series || !series.Values.All(double.IsFinite)).Key;
        return wrong is null ? null
            : Refusal.Invalid("SENSOR_REFUSED", "A channel has no range (min <= mean <= max of at least one sample), or no series (numbers, so many seconds apart).", "Look at what the sensor gave.").With("channel", wrong);
    }

    private static bool IsSame(IReadOnlyDictionary<string, SensorRange> signed, IReadOnlyDictionary<string, SensorRange> asked) =>
        signed.Count == asked.Count && asked.All(channel => signed.TryGetValue(channel.Key, out var range) && range == channel.Value);
}
