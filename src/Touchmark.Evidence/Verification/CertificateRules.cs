using System.Globalization;
using Touchmark.Evidence.Documents;

namespace Touchmark.Evidence.Verification;

/// <summary>Whether a print kept to its licence.</summary>
internal static class LicenceRules
{
    public static void Check(Checks checks, PrintCertificate certificate, LicenceGrant licence)
    {
        checks.Require(licence.LicenceId == certificate.LicenceId && licence.DesignId == certificate.DesignId
            && licence.DesignSha256.Span.SequenceEqual(certificate.DesignSha256.Span)
            && licence.Owner == certificate.Owner,
            "licence.design", "The licence is for the design that was printed.", "The licence is for another design than the one that was printed.",
            ("licensed_sha256", StatementVerifier.Hex(licence.DesignSha256)), ("printed_sha256", StatementVerifier.Hex(certificate.DesignSha256)));
        checks.Require(licence.Printers.Contains(certificate.PrinterId) || licence.Manufacturers.Contains(certificate.Manufacturer, StringComparer.Ordinal),
            "licence.printer", "The licence lets this printer or its manufacturer print.", "The licence names neither this printer nor its manufacturer.",
            ("printer_id", certificate.PrinterId.ToString()), ("manufacturer", certificate.Manufacturer));
        checks.Require(certificate.PrintNumber <= licence.Prints,
            "licence.print-number", $"It is print {certificate.PrintNumber} of {licence.Prints}.",
            $"It is print {certificate.PrintNumber}, and the licence is for {licence.Prints}.",
            ("print_number", Figure(certificate.PrintNumber)), ("prints", Figure(licence.Prints)));
        checks.Require(certificate.StartedAt >= licence.GrantedAt && (licence.ExpiresAt is not { } expiry || certificate.StartedAt < expiry),
            "licence.period", "The print started while the licence was in force.", "The print started outside the time of the licence.",
            ("started_at", StatementVerifier.Text(certificate.StartedAt)), ("granted_at", StatementVerifier.Text(licence.GrantedAt)),
            ("expires_at", licence.ExpiresAt is { } end ? StatementVerifier.Text(end) : "open"));
        checks.Require(Allows(licence.Materials, certificate.Material),
            "licence.material", $"The licence allows {certificate.Material}.",
            $"The licence does not allow {certificate.Material}.", ("allowed", string.Join(", ", licence.Materials)));
        checks.Require(Allows(licence.Qualities, certificate.Quality),
            "licence.quality", $"The licence allows quality {certificate.Quality}.",
            $"The licence does not allow quality {certificate.Quality}.", ("allowed", string.Join(", ", licence.Qualities)));
        if (licence.ExposureLimitS is { } limit)
        {
            checks.Require(certificate.Exposure.MotionS <= limit,
                "licence.exposure", "No more toolpath was exposed than the licence allows.", "More toolpath was exposed than the licence allows.",
                ("exposure_s", Figure(certificate.Exposure.MotionS)), ("limit_s", Figure(limit)));
        }
        CheckAdjustments(checks, certificate.Adjustments, licence.MaxSlowdownPercent ?? 0, licence.MaxTemperatureTrimC ?? 0);
    }

    /// <summary>What the engine itself has changed; what somebody changed at the printer is on the certificate too, and no licence bounds it.</summary>
    private static void CheckAdjustments(Checks checks, IReadOnlyList<Adjustment> adjustments, double maxSlowdown, double maxTrim)
    {
        // Numbers that went through a step or two of floating point.
        const double Rounding = 0.01;
        var (slowdown, trim) = (0.0, 0.0);
        var trims = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var change in adjustments)
        {
            if (change.By == Adjustment.ByToolpath)
            {
                trims.Remove(change.What);
            }
            else if (change.By == Adjustment.ByEngine && change.What == Adjustment.SpeedFactor)
            {
                slowdown = Math.Max(slowdown, Math.Abs(1 - change.To) * 100);
            }
            else if (change.By == Adjustment.ByEngine)
            {
                trims[change.What] = trims.GetValueOrDefault(change.What) + change.From - change.To;
                trim = Math.Max(trim, Math.Abs(trims[change.What]));
            }
        }
        checks.Require(slowdown <= maxSlowdown + Rounding && trim <= maxTrim + Rounding,
            "licence.adjustments", "The engine adjusted feed and heat no further than the licence allows.", "The engine adjusted feed or heat further than the licence allows.",
            ("slowdown_percent", Figure(slowdown)), ("max_slowdown_percent", Figure(maxSlowdown)), ("temperature_trim_c", Figure(trim)), ("max_temperature_trim_c", Figure(maxTrim)));
    }

    private static bool Allows(IReadOnlyList<string> allowed, string value) => allowed.Count == 0 || allowed.Contains(value, StringComparer.OrdinalIgnoreCase);

    private static string Figure(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}

/// <summary>Whether the machine that printed is the one that was enrolled.</summary>
internal static class MachineRules
{
    public static void Check(Checks checks, PrintCertificate certificate, PrinterEnrolment enrolment) =>
        // The profile's hash is not compared: the enrolled profile holds a behavioural snapshot, which that of a session does not.
        checks.Require(enrolment.PrinterId == certificate.PrinterId && enrolment.Manufacturer == certificate.Manufacturer
            && enrolment.MachineId.Span.SequenceEqual(certificate.MachineId.Span) && enrolment.EnrolledAt <= certificate.StartedAt,
            "enrolment.machine", "The machine that printed is the one that was enrolled.", "The machine that printed is not the one that was enrolled.",
            ("enrolled_machine", StatementVerifier.Hex(enrolment.MachineId)), ("printed_machine", StatementVerifier.Hex(certificate.MachineId)));
}

/// <summary>Whether the toolpath that was streamed is the one that was sliced from the design.</summary>
internal static class SliceRules
{
    public static void Check(Checks checks, PrintCertificate certificate, SliceRecord slice)
    {
        checks.Require(slice.SliceSha256.Span.SequenceEqual(certificate.SliceSha256.Span)
            && slice.Slicer == certificate.Slicer && slice.SlicedAt <= certificate.StartedAt,
            "slice.toolpath", "The toolpath that was printed is the one that was sliced.", "The toolpath that was printed is not the one that was sliced.",
            ("sliced_sha256", StatementVerifier.Hex(slice.SliceSha256)), ("printed_sha256", StatementVerifier.Hex(certificate.SliceSha256)));
        checks.Require(slice.DesignId == certificate.DesignId && slice.DesignSha256.Span.SequenceEqual(certificate.DesignSha256.Span),
            "slice.design", "It was sliced from the licensed design.", "It was sliced from another design.",
            ("sliced_sha256", StatementVerifier.Hex(slice.DesignSha256)), ("licensed_sha256", StatementVerifier.Hex(certificate.DesignSha256)));
        checks.Require(slice.PrinterId == certificate.PrinterId && slice.Material == certificate.Material && slice.Quality == certificate.Quality,
            "slice.settings", "It was sliced for this printer, material and quality.", "It was sliced for another printer, material or quality.",
            ("printer_id", slice.PrinterId.ToString()), ("material", slice.Material), ("quality", slice.Quality));
    }
}
