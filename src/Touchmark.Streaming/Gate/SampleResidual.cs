namespace Touchmark.Streaming;

/// <summary>How one sample compares with the planned path: the evidence that is kept when a proxy is suspected.</summary>
/// <param name="EventTime">Printer clock, s.</param>
/// <param name="X">Reported, mm.</param>
/// <param name="Y">Reported, mm.</param>
/// <param name="Z">Reported, mm.</param>
/// <param name="E">Reported, mm of filament.</param>
/// <param name="PlanSeconds">Place on the plan that it was matched with, s from the beginning of the print.</param>
/// <param name="DistanceMm">Distance to the nearest place that the head could have reached, mm.</param>
public readonly record struct SampleResidual(double EventTime, double X, double Y, double Z, double E, double PlanSeconds, double DistanceMm);
