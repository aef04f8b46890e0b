using System.Threading.Channels;
using Touchmark.Cryptography;
using Touchmark.Gateway.DeadMan;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.Live;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Running;

/// <summary>What a print needs from its gateway. Without a desk its scripts go through Moonraker, whether Klipper has the extra or not.</summary>
internal sealed record PrintContext(
    P256PrivateKey Device,
    byte[] EngineKey,
    MachineProfile Enrolled,
    PrinterPort Port,
    LiveDesk? Live,
    Journal Journal,
    Progress Progress,
    TimeProvider Time,
    ChannelWriter<HostEvent> Events,
    CancellationToken Stopped)
{
    /// <summary>How fast the printer's clock runs.</summary>
    public PrinterPace Pace { get; } = new(Time);
}
