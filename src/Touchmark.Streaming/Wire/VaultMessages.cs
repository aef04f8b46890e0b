using System.Security.Cryptography;

namespace Touchmark.Streaming.Wire;

/// <summary>Engine to gateway, once a session is over: have the vault beside the printer sign a bundle of the job. The gateway adds what its sensors saw.</summary>
/// <param name="JobId">The job; the vault signs each once.</param>
/// <param name="GCodeSha256">SHA-256 of the canonical toolpath, 32 bytes.</param>
/// <param name="GCodeBytes">Its length, bytes.</param>
/// <param name="Slicer">Name and version of what made it, at most 200 bytes of UTF-8.</param>
/// <param name="Material">At most 200 bytes of UTF-8.</param>
/// <param name="Started">When the print began.</param>
/// <param name="Ended">When it ended.</param>
public sealed record BundleOrder(Guid JobId, ReadOnlyMemory<byte> GCodeSha256, ulong GCodeBytes, string Slicer, string Material, DateTimeOffset Started, DateTimeOffset Ended)
{
    private const int MaxText = 200;

    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(256);
        writer.Array(8);
        writer.Unsigned((ulong)WireType.BundleOrder);
        writer.Id(JobId);
        writer.Bytes(GCodeSha256.Span);
        writer.Unsigned(GCodeBytes);
        writer.Text(Units.Cut(Slicer, MaxText));
        writer.Text(Units.Cut(Material, MaxText));
        writer.Time(Started);
        writer.Time(Ended);
        return writer.Frame;
    }

    /// <summary>Null for anything but a well-formed frame of this type; so it is with the others.</summary>
    public static BundleOrder? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(8);
        reader.Type(WireType.BundleOrder);
        var message = new BundleOrder(reader.Id(), reader.Copy(SHA256.HashSizeInBytes), reader.Unsigned(long.MaxValue), reader.Text(MaxText), reader.Text(MaxText), reader.Time(), reader.Time());
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Gateway to engine: the bundle that the vault signed.</summary>
/// <param name="JobId">Of the order.</param>
/// <param name="Bundle">The statement, at most <see cref="MaxStatement"/> bytes; a gateway declines to hand on a longer one.</param>
public sealed record BundleReport(Guid JobId, ReadOnlyMemory<byte> Bundle)
{
    /// <summary>Longest statement of a vault that crosses this connection, bytes.</summary>
    public const int MaxStatement = 24 * 1024;

    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(Bundle.Length + 32);
        writer.Array(3);
        writer.Unsigned((ulong)WireType.BundleReport);
        writer.Id(JobId);
        writer.Bytes(Bundle.Span);
        return writer.Frame;
    }

    public static BundleReport? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(3);
        reader.Type(WireType.BundleReport);
        var message = new BundleReport(reader.Id(), reader.Bytes(1, MaxStatement).ToArray());
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Engine to gateway: have the vault counter-sign the certificate of a job of which it signed the bundle.</summary>
/// <param name="JobId">The job.</param>
/// <param name="CertificateId">The certificate.</param>
/// <param name="CertificateSha256">SHA-256 of its statement, 32 bytes.</param>
/// <param name="BundleSha256">SHA-256 of the statement of the bundle, 32 bytes.</param>
public sealed record EndorsementOrder(Guid JobId, Guid CertificateId, ReadOnlyMemory<byte> CertificateSha256, ReadOnlyMemory<byte> BundleSha256)
{
    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(128);
        writer.Array(5);
        writer.Unsigned((ulong)WireType.EndorsementOrder);
        writer.Id(JobId);
        writer.Id(CertificateId);
        writer.Bytes(CertificateSha256.Span);
        writer.Bytes(BundleSha256.Span);
        return writer.Frame;
    }

    public static EndorsementOrder? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(5);
        reader.Type(WireType.EndorsementOrder);
        var message = new EndorsementOrder(reader.Id(), reader.Id(), reader.Copy(SHA256.HashSizeInBytes), reader.Copy(SHA256.HashSizeInBytes));
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Gateway to engine: what the vault signed, and the certificate of the customer's root that makes its keys believable. Together at most <see cref="BundleReport.MaxStatement"/> bytes.</summary>
public sealed record EndorsementReport(Guid JobId, ReadOnlyMemory<byte> Endorsement, ReadOnlyMemory<byte> VaultCertificate)
{
    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(Endorsement.Length + VaultCertificate.Length + 32);
        writer.Array(4);
        writer.Unsigned((ulong)WireType.EndorsementReport);
        writer.Id(JobId);
        writer.Bytes(Endorsement.Span);
        writer.Bytes(VaultCertificate.Span);
        return writer.Frame;
    }

    public static EndorsementReport? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(4);
        reader.Type(WireType.EndorsementReport);
        var message = new EndorsementReport(reader.Id(), reader.Bytes(1, BundleReport.MaxStatement).ToArray(), reader.Bytes(1, BundleReport.MaxStatement).ToArray());
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Gateway to engine, first thing on a connection: there is a vault beside this printer. Without it nothing is ordered.</summary>
public static class VaultNotice
{
    public static ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(8);
        writer.Array(1);
        writer.Unsigned((ulong)WireType.VaultNotice);
        return writer.Frame;
    }

    public static bool IsNotice(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(1);
        reader.Type(WireType.VaultNotice);
        return reader.IsComplete;
    }
}

/// <summary>Gateway to engine: the vault did not sign, or there is none (<see cref="NoVault"/>).</summary>
/// <param name="JobId">Of the order.</param>
/// <param name="Code">Stable code, at most 64 bytes.</param>
/// <param name="Text">A sentence, at most 512 bytes of UTF-8.</param>
public sealed record VaultRefusal(Guid JobId, string Code, string Text)
{
    public const string NoVault = "NO_VAULT";

    private const int MaxCode = 64;
    private const int MaxText = 512;

    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(128);
        writer.Array(4);
        writer.Unsigned((ulong)WireType.VaultRefusal);
        writer.Id(JobId);
        writer.Text(Units.Cut(Code, MaxCode));
        writer.Text(Units.Cut(Text, MaxText));
        return writer.Frame;
    }

    public static VaultRefusal? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(4);
        reader.Type(WireType.VaultRefusal);
        var message = new VaultRefusal(reader.Id(), reader.Text(MaxCode), reader.Text(MaxText));
        return reader.IsComplete ? message : null;
    }
}
