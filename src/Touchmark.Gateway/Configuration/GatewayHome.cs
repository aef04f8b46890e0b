using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Cryptography;

namespace Touchmark.Gateway.Configuration;

/// <summary>
/// The folder of one gateway: <c>gateway/</c> below <c>--home</c>, <c>$TOUCHMARK_HOME</c> or <c>~/.touchmark</c>. Folders are 0700, files 0600; whatever
/// others may read or write is refused, because a device key that somebody else could copy proves nothing.
/// </summary>
internal sealed class GatewayHome
{
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode FileMode0600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const long LargestFile = 1024 * 1024;

    private GatewayHome(string folder) => Folder = folder;

    public string Folder { get; }

    public string DeviceKeyPath => Path.Combine(Folder, "device.key");

    public string SettingsPath => Path.Combine(Folder, "gateway.json");

    public string TrustPath => Path.Combine(Folder, "trust.json");

    public string SocketPath => Path.Combine(Folder, "diagnostics.sock");

    /// <summary>Where Klipper's and Moonraker's extras ask.</summary>
    public string PrinterSocketPath => Path.Combine(Folder, "printer.sock");

    private string TokenPath => Path.Combine(Folder, "printer.token");

    private string PrintsPath => Path.Combine(Folder, "prints.json");

    private string KeysFolder => Path.Combine(Folder, "printer-keys");

    private string MeasuredPath => Path.Combine(Folder, "measured.cbor");

    private string LockPath => Path.Combine(Folder, "running.lock");

    /// <summary>Finds or makes the folder.</summary>
    /// <exception cref="GatewayError">Others have rights on it, or it cannot be made.</exception>
    public static GatewayHome Open(string? option)
    {
        var root = option ?? Environment.GetEnvironmentVariable("TOUCHMARK_HOME");
        if (string.IsNullOrEmpty(root))
        {
            root = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".touchmark");
        }

        root = Path.GetFullPath(root);
        try
        {
            MakeFolder(root);
            var home = new GatewayHome(Path.Combine(root, "gateway"));
            MakeFolder(home.Folder);
            return home;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new GatewayError("HOME_UNUSABLE", $"The folder {root} cannot be used: {failure.Message}", "Give another folder with --home DIR.");
        }
    }

    /// <summary>Holds the folder for one running gateway; null when another one has it.</summary>
    public FileStream? TryLock()
    {
        try
        {
            return new FileStream(LockPath, Options(FileMode.OpenOrCreate, FileShare.None));
        }
        catch (IOException)
        {
            return null;
        }
    }

    public GatewaySettings ReadSettings()
    {
        if (!File.Exists(SettingsPath))
        {
            throw new GatewayError(
                "NOT_ENROLLED",
                $"There is no enrolment in {Folder}.",
                "Run: touchmark-gateway enrol --engine URL --code CODE --printer URL");
        }

        try
        {
            return JsonSerializer.Deserialize(ReadPrivate(SettingsPath), SettingsJson.Default.GatewaySettings) is { } settings && settings.IsComplete
                ? settings
                : throw new JsonException("a value is missing");
        }
        catch (JsonException failure)
        {
            throw new GatewayError("SETTINGS_UNREADABLE", $"{SettingsPath} is not a gateway's settings: {failure.Message}", "Enrol this gateway again.");
        }
    }

    public void WriteSettings(GatewaySettings settings) => WritePrivate(SettingsPath, JsonSerializer.SerializeToUtf8Bytes(settings, SettingsJson.Default.GatewaySettings));

    public void WriteTrust(ReadOnlySpan<byte> trust) => WritePrivate(TrustPath, trust);

    public void WriteToken(ReadOnlySpan<byte> token) => WritePrivate(TokenPath, token);

    /// <summary>The printer's token; null where there is none.</summary>
    public byte[]? ReadToken() => File.Exists(TokenPath) ? ReadPrivate(TokenPath) : null;

    public void WritePrints(ReadOnlySpan<byte> prints) => WritePrivate(PrintsPath, prints);

    /// <summary>The prints that have not been reported as ended; null where there are none.</summary>
    public byte[]? ReadPrints() => File.Exists(PrintsPath) ? ReadPrivate(PrintsPath) : null;

    /// <summary>What belonged to the former enrolment: its token, prints and keys of files. Keys of marketplace files stay.</summary>
    public void DropPrinter(string keySuffix)
    {
        File.Delete(TokenPath);
        File.Delete(PrintsPath);
        foreach (var name in Keys(keySuffix))
        {
            RemoveKey(name);
        }
    }

    /// <summary>Keeps a measured profile that is not enrolled yet, so that a code that ran out meanwhile does not cost the minutes of another measurement.</summary>
    public void KeepMeasured(ReadOnlySpan<byte> profile) => WritePrivate(MeasuredPath, profile);

    /// <summary>The profile that was kept, unless it is older than <paramref name="longest"/>.</summary>
    public byte[]? ReadMeasured(DateTimeOffset now, TimeSpan longest) =>
        File.Exists(MeasuredPath) && (now.UtcDateTime - File.GetLastWriteTimeUtc(MeasuredPath)).Duration() < longest ? ReadPrivate(MeasuredPath) : null;

    public void DropMeasured() => File.Delete(MeasuredPath);

    /// <summary>Names of the sealed keys that end so, in order.</summary>
    public IReadOnlyList<string> Keys(string suffix) => Directory.Exists(KeysFolder)
        ? [.. Directory.EnumerateFiles(KeysFolder, "*" + suffix).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
        : [];

    public void WriteKey(string name, ReadOnlySpan<byte> box)
    {
        MakeFolder(KeysFolder);
        WritePrivate(Path.Combine(KeysFolder, name), box);
    }

    /// <summary>A sealed key; null when there is none of that name.</summary>
    public byte[]? ReadKey(string name) => File.Exists(Path.Combine(KeysFolder, name)) ? ReadPrivate(Path.Combine(KeysFolder, name)) : null;

    public bool RemoveKey(string name)
    {
        if (!Keys("").Contains(name))
        {
            return false;
        }

        File.Delete(Path.Combine(KeysFolder, name));
        return true;
    }

    public P256PrivateKey ReadDeviceKey()
    {
        try
        {
            using var pkcs8 = KeyFile.Read(DeviceKeyPath);
            return P256PrivateKey.FromPkcs8(pkcs8.Span);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new GatewayError("PERMISSIONS_TOO_WIDE", failure.Message, $"chmod 600 {DeviceKeyPath}, or enrol again with a new key.");
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or CryptographicException)
        {
            throw new GatewayError("DEVICE_KEY_UNREADABLE", $"{DeviceKeyPath} cannot be read: {failure.Message}", "Enrol this gateway again.");
        }
    }

    /// <summary>Writes the key of a new enrolment; the former one, if any, is overwritten with zeros and removed first.</summary>
    public void ReplaceDeviceKey(P256PrivateKey key)
    {
        if (File.Exists(DeviceKeyPath))
        {
            using (var old = new FileStream(DeviceKeyPath, FileMode.Open, FileAccess.Write))
            {
                old.Write(new byte[old.Length]);
                old.Flush(flushToDisk: true);
            }

            File.Delete(DeviceKeyPath);
        }

        using var pkcs8 = key.ExportPkcs8();
        KeyFile.WriteNew(DeviceKeyPath, pkcs8.Span);
    }

    /// <summary>A new file of mode 0600, anywhere.</summary>
    public static FileStream CreatePrivate(string path) => new(path, Options(FileMode.CreateNew, FileShare.None));

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path, FolderMode);
        }

        RefuseWide(path, File.GetUnixFileMode(path), FolderMode);
    }

    private static byte[] ReadPrivate(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
        if (!OperatingSystem.IsWindows())
        {
            RefuseWide(path, File.GetUnixFileMode(file.SafeFileHandle), FileMode0600);
        }

        if (file.Length > LargestFile)
        {
            throw new GatewayError("SETTINGS_UNREADABLE", $"{path} has {file.Length} bytes; at most {LargestFile} make sense.", "Enrol this gateway again.");
        }

        var content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }

    private static void WritePrivate(string path, ReadOnlySpan<byte> content)
    {
        var temporary = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp";
        try
        {
            using (var file = CreatePrivate(temporary))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static FileStreamOptions Options(FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = FileMode0600;
        }

        return options;
    }

    private static void RefuseWide(string path, UnixFileMode actual, UnixFileMode allowed)
    {
        if ((actual & ~allowed) != UnixFileMode.None)
        {
            throw new GatewayError(
                "PERMISSIONS_TOO_WIDE",
                $"{path} is open to others (mode {Octal(actual)}; at most {Octal(allowed)}).",
                $"chmod {Octal(allowed)[1..]} {path}; if somebody may have read it, enrol again.");
        }
    }

    private static string Octal(UnixFileMode mode) => "0" + Convert.ToString((int)mode, 8).PadLeft(3, '0');
}
