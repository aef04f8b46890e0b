namespace Touchmark.VirtualPrinter;

/// <summary>A host that reports once a second.</summary>
internal sealed class SlowReports : Behaviour
{
    public override double ReportPeriod => 1;
}
