using System.Security.Cryptography;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests;

/// <summary>An engine with fixed keys and one print of a bracket: what the tests start from.</summary>
internal sealed class Workshop : IDisposable
{
    public const string Issuer = "engine.example";

    private readonly Ed25519Signer _primary = new(Bytes("primary key of the engine"));
    private readonly MlDsa65Signer _shadow = new(Bytes("shadow key of the engine"));

    public Workshop()
    {
        Signer = new(_primary, _shadow, Issuer);
        Trust = new([Key(_primary), Key(_shadow)]);
    }

    public ISigner Primary => _primary;

    public ISigner Shadow => _shadow;

    public static DateTimeOffset Started { get; } = new(2026, 5, 4, 9, 30, 0, TimeSpan.Zero);

    public static DateTimeOffset Issued { get; } = Started.AddHours(1);

    /// <summary>The time of whoever verifies.</summary>
    public static DateTimeOffset Now { get; } = Started.AddDays(30);

    public StatementSigner Signer { get; }

    public TrustStore Trust { get; }

    public static LicenceGrant Licence { get; } = new()
    {
        LicenceId = Id(1),
        DesignId = Id(2),
        DesignSha256 = Bytes("design"),
        Owner = "Falkner Aerospace",
        Manufacturers = ["Werk Nord"],
        Printers = [],
        Prints = 3,
        Materials = ["PETG"],
        Qualities = [],
        GrantedAt = Started.AddDays(-2),
        ExpiresAt = Started.AddDays(28),
        ExposureLimitS = 3,
    };

    public static PrinterEnrolment Enrolment { get; } = new()
    {
        PrinterId = Id(3),
        PrinterName = "Nord 7",
        PrinterModel = "Voron 2.4",
        Manufacturer = "Werk Nord",
        MachineId = Bytes("machine"),
        ProfileSha256 = Bytes("profile"),
        DevicePublicKey = new byte[] { 4 }.Concat(Bytes("x")).Concat(Bytes("y")).ToArray(),
        EnrolledAt = Started.AddDays(-10),
    };

    public static SliceRecord Slice { get; } = new()
    {
        SliceId = Id(4),
        DesignId = Id(2),
        DesignSha256 = Bytes("design"),
        SliceSha256 = Bytes("toolpath"),
        PrinterId = Id(3),
        Material = "PETG",
        Quality = "standard",
        Slicer = "PrusaSlicer 2.5.0",
        SettingsSha256 = Bytes("settings"),
        Lines = 48_211,
        Layers = 25,
        MotionS = 1834.5,
        FilamentMm = 2204.25,
        SlicedAt = Started.AddMinutes(-5),
    };

    public static PrintCertificate Certificate(SignedStatement licence, SignedStatement enrolment, SignedStatement slice, int segments = 3) => new()
    {
        CertificateId = Id(5),
        SessionId = Id(6),
        JobId = Id(7),
        PartName = "Bracket",
        Material = "PETG",
        Quality = "standard",
        Owner = "Falkner Aerospace",
        Manufacturer = "Werk Nord",
        PrinterId = Id(3),
        PrinterName = "Nord 7",
        PrinterModel = "Voron 2.4",
        MachineId = Bytes("machine"),
        ProfileSha256 = Bytes("profile"),
        LicenceId = Id(1),
        PrintNumber = 2,
        DesignId = Id(2),
        DesignSha256 = Bytes("design"),
        SliceSha256 = Bytes("toolpath"),
        Slicer = "PrusaSlicer 2.5.0",
        StartedAt = Started,
        EndedAt = Started.AddMinutes(31),
        Result = PrintResult.Completed,
        EngineTransport = "wss",
        PrinterTransport = "ws",
        Exposure = new(2.75, 4),
        Temperatures = [new("extruder", 22.5, 241.0), new("heater_bed", 21.0, 80.5)],
        Adjustments = [new(Started.AddMinutes(4), "gcode_move.speed_factor", 1.0, 0.95)],
        Alerts = [new(Started.AddMinutes(5), "CONSOLE_HISTORY", "Moonraker keeps the last 1000 scripts that were sent to the printer.")],
        SegmentIvs = Enumerable.Range(0, segments).SelectMany(i => Bytes($"iv {i}")[..12]).ToArray(),
        ChainHead = Bytes("chain head"),
        LicenceStatement = licence.Sha256,
        EnrolmentStatement = enrolment.Sha256,
        SliceStatement = slice.Sha256,
    };

    /// <summary>An evidence file; each document may be changed before it is signed.</summary>
    public EvidenceFile File(
        Func<PrintCertificate, PrintCertificate>? certificate = null, Func<LicenceGrant, LicenceGrant>? licence = null,
        Func<PrinterEnrolment, PrinterEnrolment>? enrolment = null, Func<SliceRecord, SliceRecord>? slice = null, int segments = 3)
    {
        var licenceStatement = Signer.Sign(licence?.Invoke(Licence) ?? Licence, Licence.GrantedAt);
        var enrolmentStatement = Signer.Sign(enrolment?.Invoke(Enrolment) ?? Enrolment, Enrolment.EnrolledAt);
        var sliceStatement = Signer.Sign(slice?.Invoke(Slice) ?? Slice, Slice.SlicedAt);
        var document = Certificate(licenceStatement, enrolmentStatement, sliceStatement, segments);
        document = certificate?.Invoke(document) ?? document;
        var statement = Signer.Sign(document, Issued, SessionMac(document));
        return new(statement.ToPart(), [licenceStatement.ToPart(), enrolmentStatement.ToPart(), sliceStatement.ToPart()]);
    }

    public static byte[] SessionMac(PrintCertificate certificate) => HMACSHA256.HashData(Bytes("certificate key"), Document.Encode(certificate));

    public static TrustedKey Key(ISigner signer, string name = Issuer) => new(name, signer.Algorithm, signer.PublicKey, Started.AddYears(-1), null);

    public static byte[] Bytes(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    public static Guid Id(byte last) => new([0x01, 0x93, 0x4a, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, last], bigEndian: true);

    public void Dispose()
    {
        _primary.Dispose();
        _shadow.Dispose();
    }
}
