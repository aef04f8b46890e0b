using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Touchmark.Gateway.Configuration;
using Touchmark.Streaming.Files;

namespace Touchmark.Gateway.Engine;

/// <summary>What was sliced and stored.</summary>
internal sealed record SlicedFile(Guid FileId, long Size);

/// <summary>
/// Has the engine slice for this printer (<c>POST /api/slice</c>) and stores the sealed file that it answers with. The file gets its name when it is whole; what a killed gateway left of one is removed when the
/// folder is used again.
/// </summary>
internal sealed class SliceClient(EngineDesk engine, Guid printerId) : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    private const string Beginning = ".touchmark-";
    private const string Ending = ".part";
    private const long MostBytes = 2L << 30;
    private const int Block = 128 * 1024;

    /// <summary>What <c>data</c> may say. What else a caller sends is for somebody else.</summary>
    private static readonly string[] Data = ["name", "material", "quality", "licence_id", "wallet_address", "token_id", "contract_address", "uri"];

    private static readonly string[] Settings = ["machine_settings", "process_settings", "filament"];

    private readonly SemaphoreSlim _one = new(1);
    private readonly ConcurrentDictionary<string, bool> _writing = new(StringComparer.Ordinal);

    /// <summary>Removes what a former gateway was writing to this folder.</summary>
    public void CleanUp(string folder)
    {
        try
        {
            foreach (var file in Directory.EnumerateFiles(folder, Beginning + "*" + Ending).Where(file => !_writing.ContainsKey(file)))
            {
                File.Delete(file);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Whoever owns the folder sees to it.
        }
    }

    /// <param name="fields">The request of the printer's front end.</param>
    /// <param name="folder">Where the file is written until it is whole.</param>
    /// <param name="target">Its name then; must not be taken.</param>
    /// <param name="progress">Told the stage and how far it is, 0 to 1.</param>
    /// <param name="cancellationToken">Stops it; nothing is left.</param>
    /// <exception cref="GatewayError">The engine refuses or cannot be reached, or the file cannot be stored.</exception>
    public async Task<SlicedFile> SliceAsync(JsonElement fields, string folder, string target, Func<string, double, Task> progress, CancellationToken cancellationToken)
    {
        if (!_one.Wait(0, CancellationToken.None))
        {
            throw new GatewayError("SLICING_BUSY", "Something is being sliced for this printer already.", "Wait until it is done.");
        }

        var part = Path.Combine(folder, $"{Beginning}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}{Ending}");
        _writing[part] = true;
        try
        {
            await progress("slicing", 0);
            return await engine.Token.UseAsync(token => SliceAsync(fields, token, part, target, progress, cancellationToken), cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw File.Exists(target)
                ? new GatewayError("FILE_EXISTS", "There is a file of that name.", "Choose another name, or remove that file.")
                : new GatewayError("FILE_NOT_WRITTEN", "The sliced file could not be written.", "Make room on the disk, or mend the rights of the folder.");
        }
        finally
        {
            File.Delete(part);
            _writing.TryRemove(part, out _);
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<SlicedFile> SliceAsync(JsonElement fields, string token, string part, string target, Func<string, double, Task> progress, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/slice") { Content = Form(fields) };
        using var response = await engine.Api.SendAsync(request, token, HttpCompletionOption.ResponseHeadersRead, Limit, cancellationToken);
        await using var file = GatewayHome.CreatePrivate(part);
        await StoreAsync(response.Content, file, progress, cancellationToken);
        if (SealedGCode.TryRead(file, out var refusal) is not { } head || (refusal = head.Header.CheckPrinter(printerId)) is not null)
        {
            throw EngineApi.Unreadable($"it is no file for this printer ({refusal!.Code})");
        }

        file.Flush(flushToDisk: true);
        File.Move(part, target, overwrite: false);
        return new SlicedFile(head.Header.FileId, file.Length);
    }

    private async Task StoreAsync(HttpContent content, FileStream file, Func<string, double, Task> progress, CancellationToken cancellationToken)
    {
        var expected = content.Headers.ContentLength;
        var buffer = new byte[Block];
        var told = 0.0;
        await using var answer = await content.ReadAsStreamAsync(cancellationToken);
        while (true)
        {
            int read;
            try
            {
                read = await answer.ReadAsync(buffer, cancellationToken);
            }
            catch (Exception failure) when (EngineApi.IsAway(failure) && !cancellationToken.IsCancellationRequested)
            {
                throw engine.Api.Away(failure);
            }

            if (read == 0)
            {
                return;
            }

            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            if (file.Length > MostBytes)
            {
                throw EngineApi.Unreadable($"a file of more than {MostBytes} bytes");
            }

            if (expected is > 0 && (double)file.Length / expected.Value is var fraction && fraction - told >= 0.1)
            {
                told = fraction;
                await progress("storing", Math.Min(fraction, 1));
            }
        }
    }

    private static MultipartFormDataContent Form(JsonElement fields)
    {
        using var data = new MemoryStream();
        using (var json = new Utf8JsonWriter(data))
        {
            json.WriteStartObject();
            foreach (var name in Data)
            {
                // Some marketplaces' programs number their tokens.
                if (fields.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number && value.ToString() is { Length: > 0 } text)
                {
                    json.WriteString(name, text);
                }
            }

            json.WriteEndObject();
        }

        // In this order: the engine judges the first part before it reads the next.
        var form = new MultipartFormDataContent { { new StringContent(Encoding.UTF8.GetString(data.ToArray()), Encoding.UTF8, "application/json"), "data" } };
        foreach (var name in Settings)
        {
            if (fields.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Object or JsonValueKind.String)
            {
                form.Add(new StringContent(value.ToString(), Encoding.UTF8, "application/json"), name);
            }
        }

        return form;
    }
}
