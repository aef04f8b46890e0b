using System.Globalization;
using Touchmark.Engine.Pages;
using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Certificates;

/// <summary>A certificate as tables for people; the file behind the link is what verifies.</summary>
internal static class CertificateTables
{
    public static IReadOnlyList<PageTable> Of(CertificateView certificate) =>
    [
        Table("Print",
            ("Part", certificate.Part), ("Result", certificate.Result + (certificate.ResultReason is { } reason ? $" ({reason})" : "")), ("Owner", certificate.Owner),
            ("Printed by", certificate.Manufacturer), ("Material, quality", $"{certificate.Material}, {certificate.Quality}"), ("Print of the licence", Number(certificate.PrintNumber)),
            ("Started", certificate.StartedAt), ("Ended", certificate.EndedAt)),
        Table("Machine",
            ("Printer", certificate.Printer), ("Model", certificate.PrinterModel), ("Machine id", certificate.MachineId), ("Profile, SHA-256", certificate.ProfileSha256),
            ("To the engine, to the printer", $"{certificate.EngineTransport}, {certificate.PrinterTransport}"),
            ("Challenges", Told(certificate.Challenges)),
            ("Exposure", string.Create(CultureInfo.InvariantCulture, $"{certificate.Exposure.MotionS:0.00} s of motion, {certificate.Exposure.Segments} segments"))),
        new("Temperatures", "None were reported.", ["Heater", "Lowest", "Highest"], [.. certificate.Temperatures.Select(Row)]),
        new("Adjustments", "Nothing was changed while it printed.", ["At", "What", "From", "To", "By", "Why"], [.. certificate.Adjustments.Select(Row)]),
        new("Alerts", "None.", ["At", "Code", "Text"], [.. certificate.Alerts.Select(alert => new PageCell[] { alert.At, alert.Code, alert.Text })]),
        new("Evidence", "", PageTable.FactColumns,
        [
            [new("Evidence file"), new("download, and check it with touchmark verify", $"/certificates/{certificate.Id:D}/file")],
            .. Table("",
                ("Design, SHA-256", certificate.DesignSha256), ("Toolpath, SHA-256", certificate.SliceSha256), ("Slicer", certificate.Slicer), ("Segments", Number(certificate.Segments)),
                ("Chain head", certificate.ChainHead), ("Session MAC", certificate.SessionMac ?? "none"), ("This statement, SHA-256", certificate.StatementSha256),
                ("Licence statement", certificate.LicenceStatement), ("Enrolment statement", certificate.EnrolmentStatement), ("Slice statement", certificate.SliceStatement)).Rows,
        ]),
    ];

    private static PageTable Table(string title, params (string Name, PageCell Value)[] facts) =>
        new(title, "", PageTable.FactColumns, [.. facts.Select(fact => new PageCell[] { fact.Name, fact.Value })]);

    private static PageCell[] Row(TemperatureRange range) =>
        [range.Heater, string.Create(CultureInfo.InvariantCulture, $"{range.MinC:0.0} °C"), string.Create(CultureInfo.InvariantCulture, $"{range.MaxC:0.0} °C")];

    private static PageCell[] Row(Adjustment change) => [change.At, change.What, change.From.ToString(CultureInfo.InvariantCulture), change.To.ToString(CultureInfo.InvariantCulture),
        change.By ?? "printer", change.Why ?? ""];

    private static string Told(Challenges? challenges) =>
        challenges is null ? "none asked" : $"{Number(challenges.Answered)} of {Number(challenges.Asked)} answered, {Number(challenges.Missed)} missed";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
