using System.Diagnostics.Metrics;

namespace Touchmark.Engine.Licences;

/// <summary>How many prints were taken from licences, and given back.</summary>
internal sealed class LicenceMetrics
{
    private readonly Counter<long> taken;
    private readonly Counter<long> givenBack;

    public LicenceMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Touchmark.Engine.Licences");
        taken = meter.CreateCounter<long>("touchmark.licences.prints_taken", "{print}");
        givenBack = meter.CreateCounter<long>("touchmark.licences.prints_given_back", "{print}");
    }

    public void Taken() => taken.Add(1);

    public void GivenBack() => givenBack.Add(1);
}
