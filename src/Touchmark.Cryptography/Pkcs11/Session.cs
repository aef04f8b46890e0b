namespace Touchmark.Cryptography.Pkcs11;

/// <summary>A session with a token: one thread at a time. Each method is one operation, whole; after a refusal the session is not used again.</summary>
internal sealed unsafe class Session(Pkcs11Module module, nuint handle, Connection connection)
{
    /// <summary>No attribute that is read here is longer (an ML-DSA-65 public key has 1,952 bytes).</summary>
    private const int LargestValue = 16 * 1024;
    private const int ShortValue = 256;

    private readonly FunctionList* _functions = module.Functions;

    /// <summary>The login that it belongs to.</summary>
    internal Connection Connection => connection;

    internal List<nuint> Find(Template template, int most = 16)
    {
        Check("C_FindObjectsInit", template.Fixed((attributes, count) => _functions->FindObjectsInit(handle, (NativeAttribute*)attributes, count)));
        var found = new nuint[most];
        nuint number = 0;
        fixed (nuint* f = found)
            Check("C_FindObjects", _functions->FindObjects(handle, f, (nuint)most, &number));
        Check("C_FindObjectsFinal", _functions->FindObjectsFinal(handle));
        return number <= (nuint)most
            ? [.. found.AsSpan(0, (int)number)]
            : throw new TokenLiedException($"The token claims to have written {number} handles where {most} were asked for.");
    }

    /// <summary>The value of an attribute; asked for once where it is short, as a token may do much for each question.</summary>
    internal byte[] Read(nuint item, nuint type)
    {
        Span<byte> brief = stackalloc byte[ShortValue];
        var attribute = new NativeAttribute { Type = type, Length = ShortValue };
        CkResult result;
        fixed (byte* b = brief)
        {
            attribute.Value = b;
            result = _functions->GetAttributeValue(handle, item, &attribute, 1);
        }
        if (result is not CkResult.CKR_BUFFER_TOO_SMALL)
        {
            Check("C_GetAttributeValue", result);
            return brief[..Believe(attribute.Length, ShortValue)].ToArray();
        }
        attribute.Value = null;
        Check("C_GetAttributeValue", _functions->GetAttributeValue(handle, item, &attribute, 1));
        if (attribute.Length > LargestValue)
            throw new TokenLiedException($"The token claims {attribute.Length} bytes for attribute 0x{type:x}; at most {LargestValue} are believed.");
        var value = new byte[attribute.Length];
        fixed (byte* v = value)
        {
            attribute.Value = v;
            Check("C_GetAttributeValue", _functions->GetAttributeValue(handle, item, &attribute, 1));
        }
        return value[..Believe(attribute.Length, value.Length)];
    }

    internal bool ReadFlag(nuint item, nuint type) => Read(item, type) is [not 0];

    internal nuint Create(Template template)
    {
        nuint made = 0;
        nuint* m = &made;
        Check("C_CreateObject", template.Fixed((attributes, count) => _functions->CreateObject(handle, (NativeAttribute*)attributes, count, m)));
        return made;
    }

    internal void Destroy(nuint item) => Check("C_DestroyObject", _functions->DestroyObject(handle, item));

    internal nuint GenerateKey(nuint mechanism, Template template)
    {
        nuint key = 0;
        var native = new NativeMechanism { Type = mechanism };
        NativeMechanism* m = &native;
        nuint* k = &key;
        Check("C_GenerateKey", template.Fixed((attributes, count) => _functions->GenerateKey(handle, m, (NativeAttribute*)attributes, count, k)));
        return key;
    }

    internal (nuint Public, nuint Private) GenerateKeyPair(nuint mechanism, Template publicKey, Template privateKey)
    {
        nuint made = 0;
        nuint hidden = 0;
        var native = new NativeMechanism { Type = mechanism };
        NativeMechanism* m = &native;
        nuint* pub = &made;
        nuint* priv = &hidden;
        Check("C_GenerateKeyPair", publicKey.Fixed((publicList, publicCount) => privateKey.Fixed((privateList, privateCount) =>
            _functions->GenerateKeyPair(handle, m, (NativeAttribute*)publicList, publicCount, (NativeAttribute*)privateList, privateCount, pub, priv))));
        return (made, hidden);
    }

    /// <returns>How many bytes the token says that it wrote.</returns>
    internal int Sign(nuint mechanism, nuint key, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        var native = new NativeMechanism { Type = mechanism };
        Check("C_SignInit", _functions->SignInit(handle, &native, key));
        fixed (byte* m = message, s = signature)
        {
            nuint length = (nuint)signature.Length;
            Check("C_Sign", _functions->Sign(handle, m, (nuint)message.Length, s, &length));
            return Believe(length, signature.Length);
        }
    }

    internal int Encrypt(NativeMechanism mechanism, nuint key, ReadOnlySpan<byte> plain, Span<byte> sealedBytes)
    {
        Check("C_EncryptInit", _functions->EncryptInit(handle, &mechanism, key));
        fixed (byte* p = plain, s = sealedBytes)
        {
            nuint length = (nuint)sealedBytes.Length;
            Check("C_Encrypt", _functions->Encrypt(handle, p, (nuint)plain.Length, s, &length));
            return Believe(length, sealedBytes.Length);
        }
    }

    internal int Decrypt(NativeMechanism mechanism, nuint key, ReadOnlySpan<byte> sealedBytes, Span<byte> plain)
    {
        Check("C_DecryptInit", _functions->DecryptInit(handle, &mechanism, key));
        fixed (byte* s = sealedBytes, p = plain)
        {
            nuint length = (nuint)plain.Length;
            Check("C_Decrypt", _functions->Decrypt(handle, s, (nuint)sealedBytes.Length, p, &length));
            return Believe(length, plain.Length);
        }
    }

    /// <summary>Closes it; that the token is gone already is no matter.</summary>
    internal void Close() => _ = _functions->CloseSession(handle);

    private static int Believe(nuint length, int room) =>
        length <= (nuint)room ? (int)length : throw new TokenLiedException($"The token claims to have written {length} bytes where there was room for {room}.");

    private static void Check(string function, CkResult result) => Pkcs11Module.Check(function, result);
}
