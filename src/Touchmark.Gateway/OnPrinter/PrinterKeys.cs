using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Streaming;
using Touchmark.Streaming.Files;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>
/// The keys that open files on this printer. On the disk each is sealed to the device key, so that a copy of the folder without that key opens nothing; in clear they exist only while a
/// file is being opened.
/// </summary>
internal sealed class PrinterKeys(GatewayHome home, P256PrivateKey device, Guid printerId)
{
    /// <summary>So many keys are tried on a Fernet file: each costs a pass over the whole file.</summary>
    public const int MostFernetKeys = 8;

    private const string PsekSuffix = ".psek";
    private const string FernetSuffix = ".fernet";

    private static ReadOnlySpan<byte> FernetInfo => "touchmark fernet key v1"u8;

    /// <summary>Keeps a version of the printer-specific encryption key as the engine sealed it to this device.</summary>
    /// <returns>False where it does not open: it was sealed to another device, or is another version.</returns>
    public bool Add(int version, ReadOnlySpan<byte> box)
    {
        using var psek = Psek.TryOpen(box, device, printerId, version);
        if (psek is null)
        {
            return false;
        }

        home.WriteKey(version.ToString(CultureInfo.InvariantCulture) + PsekSuffix, box);
        return true;
    }

    /// <summary>Keeps a key of marketplace files.</summary>
    /// <exception cref="GatewayError">There are too many already.</exception>
    public void Add(FernetKey key)
    {
        using var text = key.ToText();
        var name = Convert.ToHexStringLower(SHA256.HashData(text.Span).AsSpan(0, 8)) + FernetSuffix;
        if (home.Keys(FernetSuffix) is var known && known.Count >= MostFernetKeys && !known.Contains(name))
        {
            throw new GatewayError("FERNET_KEYS_FULL", $"This printer has {known.Count} Fernet keys; at most {MostFernetKeys} are tried on a file.", "Remove one with touchmark-gateway keys --remove NAME.");
        }

        home.WriteKey(name, DeviceSeal.Seal(device.PublicKey.Span, text.Span, FernetInfo));
    }

    public bool Remove(string name) => home.RemoveKey(name);

    /// <summary>Their names: the version of a printer-specific key, the beginning of a Fernet key's SHA-256.</summary>
    public IReadOnlyList<string> Names => [.. home.Keys(PsekSuffix), .. home.Keys(FernetSuffix)];

    /// <summary>The printer-specific key of one version; null, and why, when it is not here.</summary>
    public Psek? Open(SealedGCodeHeader header, out Refusal? refusal)
    {
        refusal = header.CheckPrinter(printerId);
        if (refusal is not null)
        {
            return null;
        }

        var name = header.KeyVersion.ToString(CultureInfo.InvariantCulture) + PsekSuffix;
        var psek = home.ReadKey(name) is { } box ? Psek.TryOpen(box, device, printerId, header.KeyVersion) : null;
        if (psek is null)
        {
            refusal = new Refusal(
                "FILE_KEY_MISSING", $"Version {header.KeyVersion} of this printer's key is not on this gateway.", new Dictionary<string, string> { ["needed"] = Psek.IdOf(printerId, header.KeyVersion) },
                "Let the gateway reach its engine, which hands it out, or have the file sealed again.");
        }

        return psek;
    }

    /// <summary>The Fernet keys, one after the other; each is the caller's to dispose of.</summary>
    public IEnumerable<FernetKey> FernetKeys()
    {
        foreach (var name in home.Keys(FernetSuffix))
        {
            using var text = new LockedBuffer(FernetKey.TextSize);
            if (home.ReadKey(name) is { } box && box.Length == FernetKey.TextSize + DeviceSeal.Overhead && DeviceSeal.TryOpen(box, device, FernetInfo, text.Span) && FernetKey.TryParse(text.Span) is { } key)
            {
                yield return key;
            }
        }
    }
}
