using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.GCode.Binary;
using Touchmark.Streaming.Files;

namespace Touchmark.Cli.Toolpaths;

/// <summary><c>touchmark gcode info</c>: what a file is, by its content and without any key.</summary>
internal static class InfoCommand
{
    private const int Beginning = 4096;

    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "Plain, binary or sealed G-code, or a Fernet token." };
        var json = Arguments.Json();
        var command = new Command("info", "Say what a file is: plain or binary G-code, sealed G-code (its header), or a Fernet token (its time).") { file, json };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var content = ToolpathFile.Open(parsed.GetValue(file)!);
            var about = JsonSerializer.SerializeToElement(await DescribeAsync(content, TimeProvider.System.GetUtcNow(), cancel), EngineClient.Json);
            if (parsed.GetValue(json))
            {
                Screen.Json(about);
            }
            else
            {
                Screen.Facts(about);
            }
            return 0;
        });
        return command;
    }

    private static async Task<Dictionary<string, object?>> DescribeAsync(FileStream file, DateTimeOffset now, CancellationToken cancel)
    {
        var beginning = new byte[Beginning];
        beginning = beginning[..await file.ReadAtLeastAsync(beginning, beginning.Length, throwOnEndOfStream: false, cancel)];
        file.Position = 0;
        var facts = SealedGCode.IsSealed(beginning) ? Sealed(file, now)
            : Fernet.IsToken(beginning) && Fernet.CreatedAt(beginning) is { } created ? Token(file.Length, created)
            : await PlainAsync(file, BinaryGCode.IsBinary(beginning), cancel);
        facts.Add("bytes", file.Length);
        return facts;
    }

    private static Dictionary<string, object?> Sealed(FileStream file, DateTimeOffset now)
    {
        if (SealedGCode.TryRead(file, out var refusal) is not { Header: var header })
        {
            throw new CliFailure($"{refusal!.Text} ({refusal.Code})", refusal.Fix);
        }
        return new(StringComparer.Ordinal)
        {
            ["kind"] = "sealed G-code",
            ["name"] = header.Name,
            ["file_id"] = header.FileId,
            ["printer_id"] = header.PrinterId,
            ["key_version"] = header.KeyVersion,
            ["content_key"] = header.ContentKey is null ? "the engine releases it for each print" : "inside, for the printer",
            ["licence_id"] = header.LicenceId,
            ["gcode_sha256"] = Convert.ToHexStringLower(header.GCodeSha256.Span),
            ["toolpath_bytes"] = header.ToolpathBytes,
            ["sealed_at"] = header.SealedAt,
            ["valid_from"] = header.ValidFrom,
            ["valid_until"] = header.ValidUntil,
            ["now"] = header.CheckTime(now) is { } late ? $"{late.Text} ({late.Code})" : "its times allow a print",
            ["external"] = header.External,
        };
    }

    private static Dictionary<string, object?> Token(long length, DateTimeOffset created) => new(StringComparer.Ordinal)
    {
        ["kind"] = "Fernet token",
        ["made_at"] = created,
        ["content_bytes"] = $"up to {Math.Max(0, (length / 4 * 3) - 58).ToString("N0", CultureInfo.InvariantCulture)}",
        ["checked"] = "nothing: that takes the key",
    };

    private static async Task<Dictionary<string, object?>> PlainAsync(FileStream file, bool binary, CancellationToken cancel)
    {
        var digest = await ToolpathFile.ReadAsync(() => CanonicalHash.DigestAsync(BinaryGCode.OpenText(file), pictures: true, cancel).AsTask());
        var about = digest.Metadata;
        return new(StringComparer.Ordinal)
        {
            ["kind"] = digest.Bytes == 0 ? "no G-code: it holds no command" : binary ? "binary G-code" : "plain G-code",
            ["canonical_sha256"] = Convert.ToHexStringLower(digest.Sha256),
            ["canonical_bytes"] = digest.Bytes,
            ["slicer"] = about.Slicer,
            ["slicer_version"] = about.SlicerVersion,
            ["printer_model"] = about.PrinterModel,
            ["estimated_seconds"] = about.EstimatedSeconds,
            ["layers"] = about.Layers > 0 ? about.Layers : null,
            ["layer_height_mm"] = about.LayerHeight,
            ["filament_mm"] = about.FilamentMm,
            ["filament_g"] = about.FilamentGrams,
            ["filament_type"] = about.FilamentType,
            ["pictures"] = digest.Pictures.Select(static picture => $"{picture.Format} {picture.Width}x{picture.Height}").ToList(),
        };
    }
}
