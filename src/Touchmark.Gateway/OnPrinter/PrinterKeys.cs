using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.Engine;
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

    /// <summary>Of the files that hold versions of the printer's own key.</summary>
    public const string PsekSuffix = ".psek";

    /// <summary>Code of the refusal of a file whose version of the printer's key is not here.</summary>
    public const string Missing = "FILE_KEY_MISSING";

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

        home.WriteKey(NameOf(version), box);
        return true;
    }

    /// <summary>Keeps what the engine lists, and nothing that it lists no more. What does not open, because it was sealed to another device or is no key, is left out.</summary>
    public void Replace(IReadOnlyList<HandedKey> handed)
    {
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in handed)
        {
            var id = key.KeyId ?? "";
            if (int.TryParse(id.AsSpan(id.IndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0 && id == Psek.IdOf(printerId, version)
                && (Has(version) || Add(version, key.Sealed)))
            {
                kept.Add(NameOf(version));
            }
        }

        foreach (var name in home.Keys(PsekSuffix).Except(kept))
        {
            home.RemoveKey(name);
        }
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

        var psek = Read(header.KeyVersion);
        if (psek is null)
        {
            refusal = new Refusal(
                Missing, $"Version {header.KeyVersion} of this printer's key is not on this gateway.", new Dictionary<string, string> { ["needed"] = Psek.IdOf(printerId, header.KeyVersion) },
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

    private static string NameOf(int version) => version.ToString(CultureInfo.InvariantCulture) + PsekSuffix;

    private bool Has(int version)
    {
        using var psek = Read(version);
        return psek is not null;
    }

    private Psek? Read(int version) => home.ReadKey(NameOf(version)) is { } box ? Psek.TryOpen(box, device, printerId, version) : null;
}
