using System.Security.Cryptography;
using Touchmark.Cryptography;

namespace Touchmark.Streaming.Wire;

/// <summary>Engine to gateway: a job, its figures for pre-flight, and the terms of the session.</summary>
internal sealed record Offer
{
    private const int MaxMilliseconds = 86_400_000;

    private const ulong ScriptStoreAllowed = 1;

    private const ulong NoDeadManAllowed = 2;

    public required Guid SessionId { get; init; }

    /// <summary>32 fresh bytes.</summary>
    public required ReadOnlyMemory<byte> EngineNonce { get; init; }

    /// <summary>Engine's clock; goes into the transcript, and the age of halts is judged by it.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>65 bytes.</summary>
    public required ReadOnlyMemory<byte> EngineEphemeral { get; init; }

    public required JobFacts Facts { get; init; }

    public required double ReportSeconds { get; init; }

    public required double OutageSeconds { get; init; }

    public required int WindowSegments { get; init; }

    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(480);
        writer.Array(8);
        writer.Unsigned((ulong)WireType.Offer);
        writer.Id(SessionId);
        writer.Bytes(EngineNonce.Span);
        writer.Time(Time);
        writer.Bytes(EngineEphemeral.Span);
        writer.Array(16);
        writer.Id(Facts.JobId);
        writer.Id(Facts.LicenceId);
        writer.Text(Units.Cut(Facts.Title, JobFacts.MaxTitleBytes));
        writer.Unsigned(Facts.Segments);
        writer.Signed(Units.Microseconds(Facts.MotionSeconds));
        writer.Signed(Units.Temperature(Facts.NozzleC));
        writer.Signed(Units.Temperature(Facts.BedC));
        writer.Signed(Units.Temperature(Facts.ChamberC));
        writer.Signed(Units.Length(Facts.Min.X));
        writer.Signed(Units.Length(Facts.Min.Y));
        writer.Signed(Units.Length(Facts.Min.Z));
        writer.Signed(Units.Length(Facts.Max.X));
        writer.Signed(Units.Length(Facts.Max.Y));
        writer.Signed(Units.Length(Facts.Max.Z));
        writer.Unsigned((ulong)Facts.Extruders);
        writer.Unsigned((Facts.AllowScriptStore ? ScriptStoreAllowed : 0) | (Facts.AllowNoDeadMan ? NoDeadManAllowed : 0));
        writer.Array(2);
        writer.Unsigned((ulong)(ReportSeconds * 1000));
        writer.Unsigned((ulong)(OutageSeconds * 1000));
        writer.Unsigned((ulong)WindowSegments);
        return writer.Frame;
    }

    public static Offer? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(8);
        reader.Type(WireType.Offer);
        var sessionId = reader.Id();
        var nonce = reader.Copy(32);
        var time = reader.Time();
        var ephemeral = reader.Copy(P256.PublicKeySize);
        reader.Array(16);
        var facts = new JobFacts
        {
            JobId = reader.Id(),
            LicenceId = reader.Id(),
            Title = reader.Text(JobFacts.MaxTitleBytes),
            Segments = reader.Unsigned(long.MaxValue),
            MotionSeconds = reader.Microseconds(),
            NozzleC = reader.Temperature(),
            BedC = reader.Temperature(),
            ChamberC = reader.Temperature(),
            Min = (reader.Length(), reader.Length(), reader.Length()),
            Max = (reader.Length(), reader.Length(), reader.Length()),
            Extruders = (int)reader.Unsigned(64),
        };
        ulong allowed = reader.Unsigned(ScriptStoreAllowed | NoDeadManAllowed);
        facts = facts with { AllowScriptStore = (allowed & ScriptStoreAllowed) != 0, AllowNoDeadMan = (allowed & NoDeadManAllowed) != 0 };
        reader.Array(2);
        var offer = new Offer
        {
            SessionId = sessionId,
            EngineNonce = nonce,
            Time = time,
            EngineEphemeral = ephemeral,
            Facts = facts,
            ReportSeconds = reader.Unsigned(MaxMilliseconds) / 1000.0,
            OutageSeconds = reader.Unsigned(MaxMilliseconds) / 1000.0,
            WindowSegments = (int)reader.Unsigned(SessionSettings.MaxWindowSegments),
        };
        return reader.IsComplete ? offer : null;
    }
}

/// <summary>Gateway to engine: the job will be printed by the machine of this profile.</summary>
/// <param name="SessionId">The offer's.</param>
/// <param name="GatewayNonce">32 fresh bytes.</param>
/// <param name="GatewayEphemeral">65 bytes.</param>
/// <param name="Profile">Encoded <see cref="MachineProfile"/>, as it goes into transcript and keys.</param>
/// <param name="Signature">ES256 by the device key over the transcript hash.</param>
/// <param name="Notes">Under the telemetry key, which both sides have from this very message on.</param>
internal sealed record Accept(
    Guid SessionId, ReadOnlyMemory<byte> GatewayNonce, ReadOnlyMemory<byte> GatewayEphemeral, ReadOnlyMemory<byte> Profile, ReadOnlyMemory<byte> Signature, PreflightNotes Notes)
{
    public ReadOnlyMemory<byte> Encode(LockedBuffer telemetryKey)
    {
        var writer = new WireWriter(320 + Profile.Length);
        writer.Array(9);
        writer.Unsigned((ulong)WireType.Accept);
        writer.Id(SessionId);
        writer.Bytes(GatewayNonce.Span);
        writer.Bytes(GatewayEphemeral.Span);
        writer.Bytes(Profile.Span);
        writer.Bytes(Signature.Span);
        writer.Text(Units.Cut(Notes.Transport, PreflightNotes.MaxTransport));
        Warnings.Write(ref writer, Notes.Warnings);
        writer.Mac(telemetryKey);
        return writer.Frame;
    }

    public static Accept? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(9);
        reader.Type(WireType.Accept);
        var message = new Accept(reader.Id(), reader.Copy(32), reader.Copy(P256.PublicKeySize), reader.Bytes(1, MachineProfile.MaxBytes).ToArray(),
            reader.Copy(Es256.SignatureSize), new PreflightNotes(reader.Text(PreflightNotes.MaxTransport), Warnings.Read(ref reader)));
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Gateway to engine: the job will not be printed, and why.</summary>
/// <param name="SessionId">The offer's.</param>
/// <param name="Refusal">What a person is told.</param>
/// <param name="Signature">ES256 by the device key over <see cref="SignedBytes"/>.</param>
internal sealed record Refuse(Guid SessionId, Refusal Refusal, ReadOnlyMemory<byte> Signature)
{
    private const int MaxFigures = 16;

    public static ReadOnlyMemory<byte> Encode(Guid sessionId, Refusal refusal, ReadOnlySpan<byte> offerHash, ISigner device)
    {
        var writer = new WireWriter(512);
        writer.Array(7);
        writer.Unsigned((ulong)WireType.Refuse);
        writer.Id(sessionId);
        writer.Text(Units.Cut(refusal.Code, 64));
        writer.Text(Units.Cut(refusal.Text, 512));
        var figures = refusal.Figures.Take(MaxFigures).ToArray();
        writer.Array(2 * figures.Length);
        foreach (var (name, value) in figures)
        {
            writer.Text(Units.Cut(name, 64));
            writer.Text(Units.Cut(value, 64));
        }
        writer.Text(Units.Cut(refusal.Fix, 512));
        Span<byte> signature = stackalloc byte[Es256.SignatureSize];
        device.Sign(SignedBytes(offerHash, writer.Written), signature);
        writer.Bytes(signature);
        return writer.Frame;
    }

    public static Refuse? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(7);
        reader.Type(WireType.Refuse);
        var sessionId = reader.Id();
        string code = reader.Text(64);
        string text = reader.Text(512);
        int figures = reader.ArrayUpTo(2 * MaxFigures);
        var byName = new Dictionary<string, string>(StringComparer.Ordinal);
        if (figures % 2 != 0)
        {
            reader.Fail();
        }
        for (int i = 0; i < figures && !reader.Failed; i += 2)
        {
            string name = reader.Text(64);
            byName[name] = reader.Text(64);
        }
        string fix = reader.Text(512);
        var message = new Refuse(sessionId, new Refusal(code, text, byName, fix), reader.Copy(Es256.SignatureSize));
        return reader.IsComplete ? message : null;
    }

    /// <summary>Whether the device signed this refusal of this offer.</summary>
    public static bool IsSigned(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> offerHash, ReadOnlySpan<byte> deviceKey)
    {
        const int SignatureElement = 2 + Es256.SignatureSize;
        return frame.Length > SignatureElement && Es256.Verify(deviceKey, SignedBytes(offerHash, frame[..^SignatureElement]), frame[^Es256.SignatureSize..]);
    }

    /// <summary>A label, SHA-256 of the offer, and every byte of the frame before the signature.</summary>
    private static byte[] SignedBytes(ReadOnlySpan<byte> offerHash, ReadOnlySpan<byte> frame) => [.. "touchmark refuse v1"u8, .. offerHash, .. frame];
}

/// <summary>Engine to gateway: the session begins.</summary>
/// <param name="SessionId">The offer's.</param>
/// <param name="Signature">ES256 by the engine's transport key over the transcript hash.</param>
/// <param name="OfferHash">SHA-256 of the offer's frame: under the MAC, so that facts and terms are bound to the session as well.</param>
internal sealed record Start(Guid SessionId, ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte> OfferHash)
{
    public ReadOnlyMemory<byte> Encode(LockedBuffer controlKey)
    {
        var writer = new WireWriter(160);
        writer.Array(5);
        writer.Unsigned((ulong)WireType.Start);
        writer.Id(SessionId);
        writer.Bytes(Signature.Span);
        writer.Bytes(OfferHash.Span);
        writer.Mac(controlKey);
        return writer.Frame;
    }

    public static Start? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(5);
        reader.Type(WireType.Start);
        var message = new Start(reader.Id(), reader.Copy(Es256.SignatureSize), reader.Copy(SHA256.HashSizeInBytes));
        reader.Bytes(SHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}

/// <summary>What both sides sign the hash of: protocol.md, "Session keys".</summary>
internal static class Transcript
{
    public static byte[] Encode(Offer offer, ReadOnlySpan<byte> gatewayNonce, ReadOnlySpan<byte> gatewayEphemeral, ReadOnlySpan<byte> devicePublicKey, ReadOnlySpan<byte> profile)
    {
        var writer = new WireWriter(512 + profile.Length);
        writer.Array(9);
        writer.Text("touchmark session v1");
        writer.Id(offer.SessionId);
        writer.Bytes(offer.EngineNonce.Span);
        writer.Bytes(gatewayNonce);
        writer.Time(offer.Time);
        writer.Bytes(offer.EngineEphemeral.Span);
        writer.Bytes(gatewayEphemeral);
        writer.Bytes(devicePublicKey);
        writer.Bytes(profile);
        return writer.Written.ToArray();
    }
}
