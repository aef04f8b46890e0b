using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;

namespace Touchmark.Gateway.OnPrinter;

/// <summary><c>touchmark-gateway keys</c>.</summary>
internal static class KeysCommand
{
    public static void Run(GatewayHome home, KeysOptions options, TextWriter output)
    {
        using var device = home.ReadDeviceKey();
        var keys = new PrinterKeys(home, device, home.ReadSettings().PrinterId);
        if (options.AddFernet is { } file)
        {
            using var key = ReadFernet(file);
            keys.Add(key);
            output.WriteLine($"The key is kept, sealed to this gateway's own. Delete {file} where nothing else needs it.");
        }
        else if (options.Remove is { } name && !keys.Remove(name))
        {
            throw new GatewayError("KEY_UNKNOWN", "There is no key of that name.", "touchmark-gateway keys lists them.");
        }

        foreach (var known in keys.Names)
        {
            output.WriteLine(known);
        }
    }

    private static FernetKey ReadFernet(string file)
    {
        using var text = new LockedBuffer(FernetKey.TextSize + 2);
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            // A line feed at the end is what editors leave.
            var length = stream.ReadAtLeast(text.Span, text.Length, throwOnEndOfStream: false);
            return FernetKey.TryParse(text.Span[..length].TrimEnd("\r\n"u8)) ?? throw new GatewayError("FERNET_KEY_MALFORMED", $"{file} holds no Fernet key: 44 characters of base64url.", "Give the file that the marketplace gave you.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new GatewayError("FERNET_KEY_UNREADABLE", $"{file} cannot be read: {failure.Message}", "Give the key's file.");
        }
    }
}
