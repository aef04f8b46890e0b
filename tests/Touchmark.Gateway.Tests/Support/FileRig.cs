using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.Diagnostics;
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
    private readonly Psek _psek;
    private readonly PrinterSocket _socket;

    /// <param name="open">In place of the disk.</param>
    public FileRig(Func<string, FileStream?>? open = null)
    {
        Gcodes = _root.CreateSubdirectory("gcodes").FullName;
        _psek = Psek.Create(PrinterId, 1);
        var home = GatewayHome.Open(_root.FullName);
        Keys = new PrinterKeys(home, _device, PrinterId);
        Assert.True(Keys.Add(1, _psek.SealTo(_device.PublicKey.Span)));
        Journal = new Journal(TimeProvider.System);
        _socket = new PrinterSocket(home.PrinterSocketPath, new PrinterSide(Keys, Journal, TimeProvider.System, PrinterId, () => "connected", new LiveDesk(Channel.CreateUnbounded<HostEvent>().Writer)) { OpenFile = open ?? RegularFile.TryOpen });
        SocketPath = home.PrinterSocketPath;
    }

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

    public async Task<string> SealAsync(string name, byte[] toolpath, Func<SealedGCodeOrder, SealedGCodeOrder>? change = null, Psek? under = null)
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
        using var key = LockedBuffer.Random(32);
        using var sealedFile = new MemoryStream();
        await SealedGCodeWriter.WriteAsync(sealedFile, new MemoryStream(toolpath), change?.Invoke(order) ?? order, under ?? _psek, key, TestContext.Current.CancellationToken);
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

    public async ValueTask DisposeAsync()
    {
        await _socket.DisposeAsync();
        _psek.Dispose();
        _device.Dispose();
        _root.Delete(recursive: true);
    }
}
