using System.Security.Cryptography;

namespace Touchmark.Gateway.Running;

/// <summary>
/// Waiting times between attempts: doubled each time up to a limit, and drawn at random between half and all of that, so that a thousand gateways do not come
/// back in the same second after an engine restart.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    private readonly TimeSpan _first = first;
    private readonly TimeSpan _longest = longest;
    private TimeSpan _next = first;

    public void Reset() => _next = _first;

    public TimeSpan Next()
    {
        var upper = _next;
        _next = upper * 2 < _longest ? upper * 2 : _longest;
        var half = (int)(upper.TotalMilliseconds / 2);
        return TimeSpan.FromMilliseconds(half + RandomNumberGenerator.GetInt32(half + 1));
    }
}
