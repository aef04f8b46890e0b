using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.Engine;
using Touchmark.Gateway.Live;
using Touchmark.Gateway.OnPrinter;
using Touchmark.Gateway.Running;
using Touchmark.Streaming.Files;

namespace Touchmark.Gateway.Tests;

/// <summary>A gateway's printer socket with its keys, and a G-code folder with whatever a test puts into it.</summary>
internal sealed class FileRig : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("tmfile-");
    private readonly P256PrivateKey _device = P256PrivateKey.Generate();
    private readonly Func<string, FileStream?> _open;
    private readonly FileEngine? _engine;
    private readonly GatewayHome _home;
    private PrinterSocket _socket;
    private EngineDesk? _desk;

    /// <param name="open">In place of the disk.</param>
    /// <param name="engine">Whom the gateway asks; without one it has the printer's key already.</param>
    public FileRig(Func<string, FileStream?>? open = null, FileEngine? engine = null)
    {
        (_open, _engine) = (open ?? RegularFile.TryOpen, engine);
        Gcodes = _root.CreateSubdirectory("gcodes").FullName;
        Psek = Psek.Create(PrinterId, 1);
        _home = GatewayHome.Open(_root.FullName);
        Keys = new PrinterKeys(_home, _device, PrinterId);
        Journal = new Journal(TimeProvider.System);
        SocketPath = _home.PrinterSocketPath;
        engine?.Know(PrinterId, _device.PublicKey.ToArray(), Psek);
        Assert.True(engine is not null || Keys.Add(1, Psek.SealTo(_device.PublicKey.Span)));
        _socket = Start();
    }

    public Psek Psek { get; }

    public string Home => _home.Folder;

    public EngineDesk Desk => _desk!;

    public Guid PrinterId { get; } = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public string Gcodes { get; }

    public string SocketPath { get; }

    public string Root => _root.FullName;

    public PrinterKeys Keys { get; }

    public Journal Journal { get; }

    /// <summary>A toolpath of so many lines, each another one.</summary>
    public static byte[] Toolpath(int lines) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, lines).Select(i => $"G1 X{i % 200}.{i % 1000:000} Y{i % 173} E.05\n")));

    public Task<PrinterClient> ConnectAsync() => PrinterClient.ConnectAsync(SocketPath, Gcodes);

    public string Write(string name, byte[] content)
    {
        var path = Path.Combine(Gcodes, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public async Task<string> SealAsync(string name, byte[] toolpath, Func<SealedGCodeOrder, SealedGCodeOrder>? change = null, Psek? under = null, LockedBuffer? key = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var order = new SealedGCodeOrder
        {
            FileId = Guid.CreateVersion7(now),
            Name = "bracket.gcode",
            GCodeSha256 = SHA256.HashData(toolpath),
            ToolpathBytes = toolpath.Length,
            SealedAt = now,
            KeyInside = true,
            Card = new GCodeCard { Slicer = "PrusaSlicer", LayerCount = 12, EstimatedTime = 3600, Thumbnails = [new CardThumbnail("png", 32, 32, new byte[300]), new CardThumbnail("qoi", 16, 16, new byte[20])] },
        };
        using var own = LockedBuffer.Random(32);
        using var sealedFile = new MemoryStream();
        await SealedGCodeWriter.WriteAsync(sealedFile, new MemoryStream(toolpath), change?.Invoke(order) ?? order, under ?? Psek, key ?? own, TestContext.Current.CancellationToken);
        return Write(name, sealedFile.ToArray());
    }

    public async Task<string> FernetAsync(string name, byte[] toolpath, FernetKey key, TimeSpan ahead = default)
    {
        using var file = new MemoryStream();
        await using (var writer = FernetFile.CreateWriter(file, key, TimeProvider.System.GetUtcNow() + ahead, leaveOpen: true))
        {
            await writer.WriteAsync(toolpath, TestContext.Current.CancellationToken);
            writer.Complete();
        }

        return Write(name, file.ToArray());
    }

    /// <summary>The gateway ends, without a word to anybody, and begins again with what is on its disk.</summary>
    public async Task RestartAsync(Action? meanwhile = null)
    {
        await StopAsync();
        meanwhile?.Invoke();
        _socket = Start();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Psek.Dispose();
        _device.Dispose();
        _root.Delete(recursive: true);
    }

    private PrinterSocket Start()
    {
        _desk = _engine is null ? null : new EngineDesk(
            _home, new GatewaySettings { Engine = _engine.Url, Printer = "", Name = "", PrinterId = PrinterId, EngineKey = [], Profile = [] }, _device, Keys, Journal, TimeProvider.System);
        return new PrinterSocket(
            SocketPath, new PrinterSide(Keys, Journal, TimeProvider.System, PrinterId, () => "connected", new LiveDesk(Channel.CreateUnbounded<HostEvent>().Writer), _desk) { OpenFile = _open });
    }

    private async Task StopAsync()
    {
        await _socket.DisposeAsync();
        if (_desk is { } desk)
        {
            await desk.DisposeAsync();
        }
    }
}
