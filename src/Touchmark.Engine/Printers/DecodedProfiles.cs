using Microsoft.Extensions.Caching.Memory;
using Touchmark.Streaming;

namespace Touchmark.Engine.Printers;

/// <summary>
/// Profiles of the printers that were read last, decoded. A list shows fifty printers, whose decoding was four fifths of what its page took; a profile changes when the printer is enrolled anew.
/// </summary>
internal static class DecodedProfiles
{
    /// <summary>Some 2 KB each.</summary>
    private const int Most = 4096;

    private static readonly MemoryCache Kept = new(new MemoryCacheOptions { SizeLimit = Most });

    /// <param name="printer">Whose it is.</param>
    /// <param name="encoded">Its profile as it is stored now: another one than was kept is decoded anew.</param>
    /// <exception cref="InvalidDataException">The stored bytes are damaged.</exception>
    public static MachineProfile Of(Guid printer, byte[] encoded)
    {
        if (Kept.TryGetValue(printer, out Decoded? kept) && kept!.Encoded.AsSpan().SequenceEqual(encoded))
        {
            return kept.Profile;
        }

        var profile = MachineProfile.TryDecode(encoded, out var problem) ?? throw new InvalidDataException($"The stored profile of printer {printer:D} is damaged: {problem}.");
        Kept.Set(printer, new Decoded(encoded, profile), new MemoryCacheEntryOptions { Size = 1 });
        return profile;
    }

    private sealed record Decoded(byte[] Encoded, MachineProfile Profile);
}
