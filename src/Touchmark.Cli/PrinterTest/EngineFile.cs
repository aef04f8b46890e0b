using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Streaming;
using Touchmark.Streaming.Files;

namespace Touchmark.Cli.PrinterTest;

/// <summary>A file that the engine sliced and sealed for the printer: asked for, opened with the key that the engine releases, and read to its end as a print would.</summary>
internal sealed class EngineFile(byte[] content, SealedGCode head) : IDisposable
{
    private readonly Guid print = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
    private LockedBuffer? key;

    public SealedGCodeHeader Header => head.Header;

    /// <summary>Has a cube of 10 mm sliced by the printer itself (<c>POST /slice</c>).</summary>
    public static async Task<EngineFile> SliceAsync(EngineClient printer, CancellationToken cancel)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("""{"name":"printer-test","material":"PLA","quality":"draft"}"""), "data" },
            { Part(Cube()), "model", "cube.stl" },
        };
        var content = await printer.PostForBytesAsync("/slice", form, cancel);
        return SealedGCode.TryRead(new MemoryStream(content), out var refusal) is { } head ? new EngineFile(content, head) : throw Refused(refusal!);
    }

    /// <summary>Has the key released for a print, and opens it with the printer's.</summary>
    public async Task UnwrapAsync(EngineClient printer, Psek psek, CancellationToken cancel)
    {
        var answer = await printer.PostAsync("/api/printer-keys/unwrap", new { Header.FileId, PrintId = print }, cancel);
        var released = answer.TryGetProperty("content_key", out var text) && text.ValueKind == JsonValueKind.String && text.TryGetBytesFromBase64(out var bytes) ? bytes : throw new CliFailure("the engine's answer has no content key.");
        key = head.UnwrapContentKey(psek, released, out var refusal) ?? throw Refused(refusal!);
    }

    /// <summary>Reads the toolpath as a print would, checks it against the machine and the hash in the header, and tells the engine that the print is over.</summary>
    public async Task<ToolpathReport> DryRunAsync(EngineClient printer, CancellationToken cancel)
    {
        await using var toolpath = head.OpenToolpath(new MemoryStream(content), key!.Span, out var refusal) ?? throw Refused(refusal!);
        ToolpathReport report;
        try
        {
            report = await ToolpathCheck.RunAsync(toolpath, TestPrinter.Limits, canonicalOutput: null, cancel);
        }
        catch (InvalidDataException)
        {
            throw new CliFailure("the toolpath was altered on its way.");
        }

        if (!report.CanonicalSha256.AsSpan().SequenceEqual(Header.GCodeSha256.Span))
        {
            throw new CliFailure("the toolpath is not the one that the file's header names.");
        }

        if (!report.Accepted)
        {
            throw new CliFailure($"the machine could not print it: {report.Refusals[0].Text} ({report.Refusals[0].Code}), line {report.Refusals[0].Line}.");
        }

        await printer.PostAsync($"/api/printer-keys/prints/{print}/end", new { Outcome = "complete" }, cancel);
        return report;
    }

    public void Dispose() => key?.Dispose();

    private static CliFailure Refused(Refusal refusal) => new($"{refusal.Text} ({refusal.Code})", refusal.Fix);

    private static ByteArrayContent Part(byte[] content)
    {
        var part = new ByteArrayContent(content);
        part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return part;
    }

    /// <summary>A cube of 10 mm as binary STL: 80 bytes of nothing, the number of facets, and of each a normal, three corners and two bytes.</summary>
    private static byte[] Cube()
    {
        const int Facets = 12;
        var stl = new byte[84 + (50 * Facets)];
        BinaryPrimitives.WriteInt32LittleEndian(stl.AsSpan(80), Facets);
        var at = 84;
        for (var axis = 0; axis < 3; axis++)
        {
            for (var side = 0; side < 2; side++)
            {
                // Two triangles of the face, anticlockwise as seen from outside.
                foreach (var (first, second) in side == 0 ? [((0, 1), (1, 1)), ((1, 1), (1, 0))] : new[] { ((1, 0), (1, 1)), ((1, 1), (0, 1)) })
                {
                    BinaryPrimitives.WriteSingleLittleEndian(stl.AsSpan(at + (4 * axis)), side == 0 ? -1 : 1);
                    Corner(at + 12, axis, side, (0, 0));
                    Corner(at + 24, axis, side, first);
                    Corner(at + 36, axis, side, second);
                    at += 50;
                }
            }
        }

        return stl;

        void Corner(int place, int axis, int side, (int A, int B) on)
        {
            Write(axis, side);
            Write((axis + 1) % 3, on.A);
            Write((axis + 2) % 3, on.B);

            void Write(int coordinate, int end) => BinaryPrimitives.WriteSingleLittleEndian(stl.AsSpan(place + (4 * coordinate)), 10 * end);
        }
    }
}
