using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary>
/// The upload of a model in pieces. The engine finds what has arrived by the file's SHA-256: a connection that breaks is waited for, and a command that was ended goes on when it is given again.
/// </summary>
internal sealed class PiecewiseUpload(EngineClient engine, FileStream model, string name, string description)
{
    private const int PieceBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan[] Waits = [TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8)];

    /// <param name="report">Told what share of the model has arrived.</param>
    /// <param name="cancel">Ends it; what has arrived is kept for a day.</param>
    public async Task<JsonElement> SendAsync(Action<double> report, CancellationToken cancel)
    {
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(model, cancel));
        var upload = await AgainAsync(() => engine.PostAsync("/api/uploads", new { Bytes = model.Length, sha256 }, cancel), cancel);
        var path = $"/api/uploads/{upload.GetProperty("id").GetGuid():D}";
        var offset = upload.GetProperty("offset").GetInt64();
        var most = Math.Min(PieceBytes, upload.GetProperty("piece_bytes").GetInt32());
        while (offset < model.Length)
        {
            report((double)offset / model.Length);
            var tried = false;
            upload = await AgainAsync(async () =>
            {
                // After something broke the engine is asked what it has: part of the piece may have arrived.
                var from = tried ? (await engine.GetAsync(path, cancel)).GetProperty("offset").GetInt64() : offset;
                tried = true;
                return await PatchAsync(path, from, most, cancel);
            }, cancel);
            offset = upload.GetProperty("offset").GetInt64();
        }

        report(1);
        return await AgainAsync(() => engine.PostAsync($"{path}/design", new { name, description }, cancel), cancel);
    }

    private async Task<JsonElement> PatchAsync(string path, long from, int most, CancellationToken cancel)
    {
        var piece = new byte[Math.Min(most, model.Length - from)];
        model.Position = from;
        await model.ReadExactlyAsync(piece, cancel);
        using var content = new ByteArrayContent(piece);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return await engine.PatchAsync(path, content, ("Upload-Offset", from.ToString(CultureInfo.InvariantCulture)), cancel);
    }

    /// <summary>Waits for an engine that does not answer; what it refuses is refused.</summary>
    private static async Task<JsonElement> AgainAsync(Func<Task<JsonElement>> act, CancellationToken cancel)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await act();
            }
            catch (CliFailure failure) when (failure.ExitCode == 2 && attempt < Waits.Length)
            {
                await Task.Delay(Waits[attempt], cancel);
            }
        }
    }
}
