using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Touchmark.Hosting.Http;

/// <summary>What our services take from whoever connects, however slowly or much it sends.</summary>
public static class HttpLimits
{
    /// <param name="kestrel">The server.</param>
    /// <param name="requestBytes">Longest body of a request that says no other limit.</param>
    /// <param name="connections">At the same time.</param>
    public static void Limit(this KestrelServerOptions kestrel, long requestBytes, long connections)
    {
        ArgumentNullException.ThrowIfNull(kestrel);
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = requestBytes;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        // Who sends or reads slower than this, after a moment's grace, is dropped: an event stream that nobody reads, too.
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
        kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
        kestrel.Limits.MaxConcurrentConnections = connections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = connections;
    }
}
