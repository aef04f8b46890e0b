using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Touchmark.VirtualPrinter;

/// <summary>The printer with its network face: Kestrel on loopback, one catch-all that hands each request to the right door.</summary>
internal sealed class PrinterHost : IAsyncDisposable
{
    private const long MaxUpload = 256L * 1024 * 1024;

    private readonly Reactor reactor;
    private readonly MoonrakerServer server;
    private readonly WebApplication app;

    public PrinterHost(PrinterOptions options, TimeProvider time)
    {
        reactor = new Reactor(time, options.Speed, startTime: 1000);
        server = new MoonrakerServer(options, reactor);
        reactor.Run(server.Start);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxUpload;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, options.Port);
        });
        app = builder.Build();
        app.UseWebSockets();
        Door = new HttpDoor(server);
        app.Run(Door.HandleAsync);
    }

    public HttpDoor Door { get; }

    public MoonrakerServer Server => server;

    public async Task<string> StartAsync(CancellationToken cancel)
    {
        await app.StartAsync(cancel);
        return app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public Task WaitAsync(CancellationToken cancel) => app.WaitForShutdownAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        reactor.Dispose();
        server.Dispose();
    }
}
