using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Touchmark.Cryptography.MlDsa;

/// <summary>
/// SHAKE128 and SHAKE256 (FIPS 202) with squeezing in steps, which the platform's own lack below OpenSSL 3.3 and which ML-DSA's rejection sampling needs.
/// The state lies on the stack; <see cref="Wipe"/> it when it saw a secret.
/// </summary>
internal ref struct Shake
{
    internal const int Rate128 = 168;
    internal const int Rate256 = 136;

    private readonly Span<ulong> _lanes;
    private readonly int _rate;
    private int _at;
    private bool _squeezing;

    /// <param name="state">25 lanes of scratch that this sponge owns from now on.</param>
    /// <param name="rate"><see cref="Rate128"/> or <see cref="Rate256"/>.</param>
    internal Shake(Span<ulong> state, int rate)
    {
        _lanes = state[..Keccak.Lanes];
        _lanes.Clear();
        _rate = rate;
    }

    // Lanes are little-endian (FIPS 202, B.1), as is every machine that this runs on.
    private readonly Span<byte> Bytes => MemoryMarshal.AsBytes(_lanes);

    /// <summary>In one call: the first bytes of SHAKE256(a || b || c).</summary>
    internal static void Hash256(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c, Span<byte> output)
    {
        var shake = new Shake(stackalloc ulong[Keccak.Lanes], Rate256);
        shake.Absorb(a);
        shake.Absorb(b);
        shake.Absorb(c);
        shake.Squeeze(output);
        shake.Wipe();
    }

    /// <summary>Starts over, with the same rate.</summary>
    internal void Restart()
    {
        _lanes.Clear();
        _at = 0;
        _squeezing = false;
    }

    internal void Absorb(scoped ReadOnlySpan<byte> input)
    {
        while (!input.IsEmpty)
        {
            int n = Math.Min(_rate - _at, input.Length);
            Xor(Bytes.Slice(_at, n), input[..n]);
            input = input[n..];
            _at += n;
            if (_at == _rate)
                Permute();
        }
    }

    internal void Squeeze(scoped Span<byte> output)
    {
        if (!_squeezing)
        {
            Bytes[_at] ^= 0x1F;
            Bytes[_rate - 1] ^= 0x80;
            _squeezing = true;
            Permute();
        }
        while (!output.IsEmpty)
        {
            if (_at == _rate)
                Permute();
            int n = Math.Min(_rate - _at, output.Length);
            Bytes.Slice(_at, n).CopyTo(output);
            output = output[n..];
            _at += n;
        }
    }

    internal readonly void Wipe() => CryptographicOperations.ZeroMemory(Bytes);

    private void Permute()
    {
        Keccak.Permute(_lanes);
        _at = 0;
    }

    private static void Xor(Span<byte> target, ReadOnlySpan<byte> input)
    {
        int i = 0;
        for (; i + sizeof(ulong) <= input.Length; i += sizeof(ulong))
            Unsafe.WriteUnaligned(ref target[i], Unsafe.ReadUnaligned<ulong>(ref target[i]) ^ MemoryMarshal.Read<ulong>(input[i..]));
        for (; i < input.Length; i++)
            target[i] ^= input[i];
    }
}
