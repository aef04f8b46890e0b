using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Verification;

/// <summary>A verdict for people: the sum first, then what failed with its figures, what was checked, and what the certificate says.</summary>
internal static class VerdictView
{
    public static void Show(EvidenceVerdict verdict)
    {
        ShowVerdict(verdict.Verdict);
        if (verdict.Certificate is { } certificate)
        {
            Screen.Line("");
            Screen.Line(verdict.IsValid ? "The certificate says:" : "The certificate claims, and it is NOT to be believed:");
            ShowFacts(certificate, verdict.Licence);
            if (certificate.PartId is not null && verdict.Custody is { } custody)
            {
                CustodyView.Show(custody, verdict.IsValid);
            }
        }
    }

    /// <summary>The verdict on one statement on its own, and what that says.</summary>
    public static void Show(Verdict verdict, JsonElement statement)
    {
        ShowVerdict(verdict);
        Screen.Line("");
        Screen.Line(verdict.IsValid ? "The statement says:" : "The statement claims, and it is NOT to be believed:");
        Screen.Facts(statement.GetProperty("document"));
    }

    internal static void ShowVerdict(Verdict verdict)
    {
        Screen.Line(Sum(verdict.Kind));
        Screen.Line("");
        ShowChecks(verdict.Checks);
    }

    private static string Sum(VerdictKind kind) => kind switch
    {
        VerdictKind.Valid => "VALID: everything that can be checked offline is in order.",
        VerdictKind.UntrustedKey => "NOT VALID: it is signed with a key that is not pinned here.",
        VerdictKind.Unreadable => "UNREADABLE: this is no intact evidence file, no statement and no archive.",
        _ => "NOT VALID: it was altered, or what it tells of was not what it should have been.",
    };

    private static void ShowChecks(IReadOnlyList<VerificationCheck> checks)
    {
        if (!Screen.IsTerminal)
        {
            foreach (var check in checks)
            {
                Screen.Line($"{Word(check.Outcome)}\t{check.Id}\t{check.Words}{Figures(check)}");
            }

            return;
        }

        Draw(checks);
    }

    private static void Draw(IReadOnlyList<VerificationCheck> checks)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("", "Check", "What came of it");
        foreach (var check in checks)
        {
            table.AddRow(new Text(Word(check.Outcome), Colour(check.Outcome)), new Text(check.Id), new Text(check.Words + Figures(check)));
        }

        AnsiConsole.Write(table);
    }

    /// <summary>Figures are for whoever has to find out why; what is in order speaks for itself.</summary>
    private static string Figures(VerificationCheck check) =>
        check.Outcome == CheckOutcome.Failed && check.Figures.Count > 0
            ? $" ({string.Join(", ", check.Figures.Select(figure => $"{figure.Key}: {figure.Value}"))})"
            : "";

    private static string Word(CheckOutcome outcome) => outcome switch { CheckOutcome.Passed => "passed", CheckOutcome.Failed => "FAILED", _ => "not checked" };

    private static Style Colour(CheckOutcome outcome) =>
        new(outcome switch { CheckOutcome.Passed => Color.Green, CheckOutcome.Failed => Color.Red, _ => Color.Grey });

    private static void ShowFacts(PrintCertificate certificate, LicenceGrant? licence)
    {
        Fact("part", certificate.PartName);
        if (certificate.PartId is { } id)
        {
            Fact("part id", id.ToString());
        }

        Fact("result", PrintCertificate.NameOf(certificate.Result) + (certificate.ResultReason is { } reason ? $" ({reason})" : ""));
        Fact("design of", certificate.Owner);
        Fact("printed by", $"{certificate.Manufacturer}, on {certificate.PrinterName} ({certificate.PrinterModel})");
        Fact("print", licence is null ? Number(certificate.PrintNumber) : $"{certificate.PrintNumber} of {licence.Prints}");
        if (licence is not null)
        {
            Fact("licence terms", Terms(licence));
        }

        Fact("material", $"{certificate.Material}, quality {certificate.Quality}");
        Fact("vault", certificate.Vault is { } vault ? $"{vault.VaultId}, bundle {Convert.ToHexStringLower(vault.BundleSha256.Span)}" : "none beside the printer signed a bundle");
        Fact("started", Time(certificate.StartedAt));
        Fact("ended", Time(certificate.EndedAt));
        Fact("slicer", certificate.Slicer);
        Fact("segments", Number(certificate.Segments));
        Fact("exposure", $"{Number(certificate.Exposure.MotionS)} s of motion, {certificate.Exposure.Segments} segments");
        foreach (var range in certificate.Temperatures)
        {
            Fact(range.Heater, $"{Number(range.MinC)} to {Number(range.MaxC)} °C");
        }

        Fact("transport", $"engine {certificate.EngineTransport}, printer {certificate.PrinterTransport}");
        Fact("machine", Convert.ToHexStringLower(certificate.MachineId.Span));
        Fact("design SHA-256", Convert.ToHexStringLower(certificate.DesignSha256.Span));
        Fact("toolpath SHA-256", Convert.ToHexStringLower(certificate.SliceSha256.Span));
        foreach (var change in certificate.Adjustments)
        {
            Fact("adjusted", $"{Time(change.At)} {change.What} from {Number(change.From)} to {Number(change.To)}, by the {change.By ?? "printer"}{(change.Why is { } why ? $": {why}" : "")}");
        }

        if (certificate.Challenges is { } challenges)
        {
            Fact("challenges", $"{challenges.Answered} of {challenges.Asked} answered, {challenges.Missed} missed");
        }

        foreach (var alert in certificate.Alerts)
        {
            Fact("alert", $"{Time(alert.At)} {alert.Code}: {alert.Text}");
        }
    }

    private static string Terms(LicenceGrant licence) => string.Join("; ", new[]
    {
        licence.RevocationPolicy == RevocationPolicy.AfterPrint ? "a revocation lets a running print finish" : "a revocation stops a running print",
        $"feed slower by up to {Number(licence.MaxSlowdownPercent ?? 0)} %, heat changed by up to {Number(licence.MaxTemperatureTrimC ?? 0)} °C",
        licence.AllowScriptStore == true ? "also where Moonraker keeps scripts" : null,
        licence.AllowNoDeadMan == true ? "also without a dead-man timer" : null,
    }.OfType<string>());

    internal static void Fact(string name, string value) => Screen.Line($"  {name,-18}{value}");

    internal static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
