using Touchmark.Evidence.Documents.Vault;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.Vault;

/// <summary>What each heater's sensor said while a print ran, °C: lowest, highest and mean. It stands until the next print begins.</summary>
internal sealed class SensorWatch
{
    private readonly Dictionary<string, Channel> _channels = new(StringComparer.Ordinal);
    private bool _printing;

    public void Observe(PrinterStatus status, bool printing)
    {
        if (printing && !_printing)
        {
            _channels.Clear();
        }

        _printing = printing;
        if (!printing)
        {
            return;
        }

        foreach (var (heater, state) in status.Heaters)
        {
            if (double.IsFinite(state.Temperature))
            {
                _channels[NameOf(heater)] = _channels.GetValueOrDefault(NameOf(heater)).With(state.Temperature);
            }
        }
    }

    public IReadOnlyDictionary<string, SensorRange> Ranges() => _channels.ToDictionary(
        channel => channel.Key, channel => new SensorRange(channel.Value.Min, channel.Value.Max, Math.Clamp(channel.Value.Sum / channel.Value.Count, channel.Value.Min, channel.Value.Max), "°C", channel.Value.Count), StringComparer.Ordinal);

    // Klipper's object is "heater_generic chamber"; the vault's channel is chamber.
    private static string NameOf(string heater) => heater[(heater.LastIndexOf(' ') + 1)..];

    private readonly record struct Channel(double Min, double Max, double Sum, long Count)
    {
        public Channel With(double value) => Count == 0 ? new(value, value, value, 1) : new(Math.Min(Min, value), Math.Max(Max, value), Sum + value, Count + 1);
    }
}
