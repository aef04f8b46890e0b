using System.Security.Cryptography;
using System.Text;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Streaming.Files;

namespace Touchmark.Cli.PrinterTest;

/// <summary>Seals and opens on this computer what the engine and the printer would: nothing of it leaves.</summary>
internal static class RoundTrip
{
    private static readonly byte[] Toolpath = Encoding.ASCII.GetBytes("G28\n" + string.Concat(Enumerable.Range(0, 8_000).Select(static line => $"G1 X{line % 190} Y{line / 190 % 190} F6000\n")));

    /// <summary>A sealed file under the printer's own key comes back whole, and one bit more or less does not come back at all.</summary>
    public static async Task<string> SealedAsync(Psek psek, CancellationToken cancel)
    {
        using var key = LockedBuffer.Random(SealedBlob.KeySize);
        using var file = new MemoryStream();
        var now = TimeProvider.System.GetUtcNow();
        await SealedGCodeWriter.WriteAsync(file, new MemoryStream(Toolpath), new SealedGCodeOrder
        {
            FileId = Guid.CreateVersion7(now), Name = "round-trip.gcode", GCodeSha256 = SHA256.HashData(Toolpath), ToolpathBytes = Toolpath.Length, SealedAt = now, KeyInside = true, Card = new GCodeCard(),
        }, psek, key, cancel);
        if (!await OpensAsync(file, psek, cancel))
        {
            throw new CliFailure("a sealed file did not come back as it was.");
        }

        file.GetBuffer()[file.Length / 2] ^= 1;
        return await OpensAsync(file, psek, cancel) ? throw new CliFailure("an altered file was opened.") : $"{Toolpath.Length} bytes sealed, opened, and refused after one bit was changed";
    }

    private static async Task<bool> OpensAsync(MemoryStream file, Psek psek, CancellationToken cancel)
    {
        if (SealedGCode.TryRead(file, out _) is not { } head || head.UnwrapContentKey(psek, released: null, out _) is not { } key)
        {
            return false;
        }

        using (key)
        {
            // The toolpath's stream owns what it reads.
            await using var toolpath = head.OpenToolpath(new MemoryStream(file.ToArray()), key.Span, out _);
            try
            {
                return toolpath is not null && (await SHA256.HashDataAsync(toolpath, cancel)).AsSpan().SequenceEqual(head.Header.GCodeSha256.Span);
            }
            catch (InvalidDataException)
            {
                return false;
            }
        }
    }
}
