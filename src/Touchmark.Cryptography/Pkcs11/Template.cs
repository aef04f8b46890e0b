using System.Text;

namespace Touchmark.Cryptography.Pkcs11;

/// <summary>Attributes of an object: what to look for, or to make. Values are copied, so no secret belongs in one.</summary>
internal sealed unsafe class Template
{
    private readonly List<(nuint Type, byte[] Value)> _attributes = [];

    internal Template Add(nuint type, ReadOnlySpan<byte> value)
    {
        _attributes.Add((type, value.ToArray()));
        return this;
    }

    internal Template Add(nuint type, bool value) => Add(type, [value ? (byte)1 : (byte)0]);

    internal Template Add(nuint type, nuint value) => Add(type, new ReadOnlySpan<byte>(&value, sizeof(nuint)));

    internal Template Add(nuint type, string value) => Add(type, Encoding.UTF8.GetBytes(value));

    /// <summary>Fixes the values in memory for the duration of a call.</summary>
    internal T Fixed<T>(Func<nint, nuint, T> call)
    {
        byte[] values = [.. _attributes.SelectMany(a => a.Value)];
        var natives = new NativeAttribute[_attributes.Count];
        fixed (byte* v = values)
        fixed (NativeAttribute* n = natives)
        {
            byte* at = v;
            for (int i = 0; i < natives.Length; i++)
            {
                n[i] = new() { Type = _attributes[i].Type, Value = at, Length = (nuint)_attributes[i].Value.Length };
                at += _attributes[i].Value.Length;
            }
            return call((nint)n, (nuint)natives.Length);
        }
    }
}
