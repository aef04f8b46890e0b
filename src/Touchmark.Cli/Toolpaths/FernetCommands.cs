using System.CommandLine;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Streaming.Files;

namespace Touchmark.Cli.Toolpaths;

/// <summary>
/// <c>touchmark gcode seal</c> and <c>open</c>: Fernet files with a key file, to try what a marketplace hands out. What is sealed for a printer opens on that printer alone.
/// </summary>
internal static class FernetCommands
{
    private const string KeyName = "Fernet key";

    public static Command Seal()
    {
        var (file, key, output) = (File("The file to encrypt."), Key(), Output());
        var fresh = new Option<bool>("--new-key") { Description = "Make a key and write it to the key file, which must not exist yet." };
        var command = new Command("seal", "Encrypt a file into a Fernet token, in constant memory.") { file, key, fresh, output };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var plain = ToolpathFile.Open(parsed.GetValue(file)!);
            using var secret = parsed.GetValue(fresh) ? Make(parsed.GetValue(key)!) : Read(parsed.GetValue(key)!);
            await WriteAsync(parsed.GetValue(output)!, async sealedFile =>
            {
                await using var token = FernetFile.CreateWriter(sealedFile, secret, TimeProvider.System.GetUtcNow(), leaveOpen: true);
                await plain.CopyToAsync(token, cancel);
                await token.CompleteAsync(cancel);
            });
            return 0;
        });
        return command;
    }

    public static Command Open()
    {
        var (file, key, output) = (File("A Fernet token."), Key(), Output());
        var age = new Option<double?>("--time-to-live") { Description = "Refuse a token that is older, in seconds." };
        var command = new Command("open", "Check a Fernet token and decrypt it, in constant memory.") { file, key, age, output };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var token = ToolpathFile.Open(parsed.GetValue(file)!);
            using var secret = Read(parsed.GetValue(key)!);
            var life = parsed.GetValue(age) is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e9)) : (TimeSpan?)null;
            var opening = await FernetFile.OpenAsync(token, secret, TimeProvider.System.GetUtcNow(), life, cancel);
            await using var content = opening.Content ?? throw Refused(opening.Problem);
            await WriteAsync(parsed.GetValue(output)!, plain => content.CopyToAsync(plain, cancel));
            return 0;
        });
        return command;
    }

    private static CliFailure Refused(FernetProblem problem)
    {
        var refusal = FernetRefusals.Of(problem);
        return new($"{refusal.Text} ({refusal.Code})", refusal.Fix);
    }

    private static FernetKey Make(FileInfo file)
    {
        var key = FernetKey.Generate();
        using var text = key.ToText();
        OwnedKeyFile.Write(file, text.Span, KeyName);
        return key;
    }

    private static FernetKey Read(FileInfo file)
    {
        using var text = OwnedKeyFile.Read(file, KeyName);
        return FernetKey.TryParse(text.Span) ?? throw new CliFailure($"the file {file.Name} holds no Fernet key.", "a key is 44 characters of base64url", exitCode: 2);
    }

    /// <summary>Writes a file that only its owner reads, whole or not at all.</summary>
    private static async Task WriteAsync(FileInfo file, Func<FileStream, Task> write)
    {
        var temporary = $"{file.FullName}.{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            await using (var stream = new FileStream(temporary, options))
            {
                await write(stream);
            }
            System.IO.File.Move(temporary, file.FullName, overwrite: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"the file {file.Name} cannot be written: {error.Message}", "name a file that does not exist yet", exitCode: 2);
        }
        catch (InvalidDataException error)
        {
            throw new CliFailure(error.Message);
        }
        finally
        {
            System.IO.File.Delete(temporary);
        }
    }

    private static Argument<FileInfo> File(string description) => new("file") { Description = description };

    private static Option<FileInfo> Key() => new("--key-file") { Description = "The Fernet key, 44 characters, in a file of mode 0600.", Required = true };

    private static Option<FileInfo> Output() => new("--output") { Description = "Where the result goes: a file that does not exist yet.", Required = true };
}
