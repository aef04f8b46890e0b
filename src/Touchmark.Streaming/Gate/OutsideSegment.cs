using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>A segment that has left the engine and is not confirmed.</summary>
/// <param name="Number">From 1.</param>
/// <param name="End">Where it ends, plan seconds.</param>
/// <param name="Plan">What it must cause.</param>
internal readonly record struct OutsideSegment(ulong Number, double End, SegmentPlan Plan);
