using System.Text;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Cryptography.Tests.Pkcs11;

/// <summary>No module at hand offers ML-DSA yet, so one in front of SoftHSM adds it, by the names and numbers of PKCS#11 3.2.</summary>
public sealed class MlDsaTokenTests
{
    [Fact]
    public void A_token_that_offers_ML_DSA_65_holds_such_a_key_and_signs_with_it()
    {
        var module = new MlDsaModule();
        using var token = new Token(module.Load(""), SoftHsm.Instance.NewToken(), serial: null, SoftHsm.Pin(), TimeSpan.FromSeconds(30));
        token.Connect();
        Assert.True(token.Offers(SignatureAlgorithm.MlDsa65));
        TokenSigner signer = token.CreateSigner("shadow", SignatureAlgorithm.MlDsa65);
        Assert.Equal(MlDsa65.PublicKeySize, signer.PublicKey.Length);
        var signature = new byte[MlDsa65.SignatureSize];
        token.FindSigner("shadow", SignatureAlgorithm.MlDsa65)!.Sign("message"u8, signature);
        Assert.True(MlDsa65.Verify(signer.PublicKey.Span, "message"u8, signature));
    }

    [Fact]
    public void An_ML_DSA_key_of_another_parameter_set_is_refused()
    {
        var module = new MlDsaModule { PublicKeyBytes = 2592 };
        using var token = new Token(module.Load(""), SoftHsm.Instance.NewToken(), serial: null, SoftHsm.Pin(), TimeSpan.FromSeconds(30));
        token.Connect();
        Assert.Contains("2592", Assert.Throws<TokenLiedException>(() => token.CreateSigner("shadow", SignatureAlgorithm.MlDsa65)).Message, StringComparison.Ordinal);
    }

    /// <summary>One ML-DSA-65 key pair, as a token would show it.</summary>
    private sealed unsafe class MlDsaModule() : InterposedModule(SoftHsm.Instance.Functions)
    {
        private const nuint PublicHandle = 0x7fff0001;
        private const nuint PrivateHandle = 0x7fff0002;

        private MlDsa65PrivateKey? _key;
        private string _label = "";
        private nuint? _found;
        private bool _searching;
        private bool _signing;

        public int PublicKeyBytes { get; init; } = MlDsa65.PublicKeySize;

        protected override CkResult Call(string function, nuint[] a, Func<CkResult> real) => function switch
        {
            "GetMechanismList" => ListMechanisms((nuint*)a[1], (nuint*)a[2], real),
            "GenerateKeyPair" when ((NativeMechanism*)a[1])->Type == MechanismType.MlDsaKeyPairGeneration => Generate((NativeAttribute*)a[2], a[3], (nuint*)a[6], (nuint*)a[7]),
            "FindObjectsInit" when Number((NativeAttribute*)a[1], a[2], AttributeType.KeyType) == KeyType.MlDsa => Search((NativeAttribute*)a[1], a[2]),
            "FindObjects" when _searching => Find((nuint*)a[1], (nuint*)a[3]),
            "FindObjectsFinal" when _searching => EndSearch(),
            "GetAttributeValue" when a[1] is PublicHandle or PrivateHandle => Read(a[1], (NativeAttribute*)a[2]),
            "SignInit" when a[2] == PrivateHandle && ((NativeMechanism*)a[1])->Type == MechanismType.MlDsa => Begin(),
            "Sign" when _signing => Sign(new((byte*)a[1], (int)a[2]), new((byte*)a[3], (int)*(nuint*)a[4])),
            _ => real(),
        };

        private static CkResult ListMechanisms(nuint* types, nuint* count, Func<CkResult> real)
        {
            nuint room = *count;
            if (types is not null)
                *count = room - 2;
            CkResult result = real();
            if (types is not null)
                (types[*count], types[*count + 1]) = (MechanismType.MlDsa, MechanismType.MlDsaKeyPairGeneration);
            *count += 2;
            return result;
        }

        private CkResult Generate(NativeAttribute* open, nuint count, nuint* publicKey, nuint* privateKey)
        {
            if (Number(open, count, AttributeType.ParameterSet) != ParameterSet.MlDsa65)
                return CkResult.CKR_TEMPLATE_INCOMPLETE;
            using LockedBuffer seed = MlDsa65.Generate();
            (_key, _label) = (new(seed.Span), Label(open, count));
            (*publicKey, *privateKey) = (PublicHandle, PrivateHandle);
            return CkResult.CKR_OK;
        }

        private CkResult Search(NativeAttribute* template, nuint count)
        {
            _searching = true;
            _found = _key is null || Label(template, count) != _label ? null
                : Number(template, count, AttributeType.Class) == ObjectClass.PrivateKey ? PrivateHandle : PublicHandle;
            return CkResult.CKR_OK;
        }

        private CkResult Find(nuint* handles, nuint* count)
        {
            *count = _found is null ? 0u : 1u;
            *handles = _found ?? 0;
            return CkResult.CKR_OK;
        }

        private CkResult EndSearch()
        {
            _searching = false;
            return CkResult.CKR_OK;
        }

        private CkResult Read(nuint handle, NativeAttribute* attribute)
        {
            byte[] value = attribute->Type switch
            {
                AttributeType.Sensitive => [1],
                AttributeType.Extractable => [0],
                AttributeType.Value when handle == PublicHandle => [.. _key!.PublicKey.Span, .. new byte[PublicKeyBytes - MlDsa65.PublicKeySize]],
                _ => [],
            };
            nuint room = attribute->Length;
            attribute->Length = (nuint)value.Length;
            if (attribute->Value is not null && room < (nuint)value.Length)
                return CkResult.CKR_BUFFER_TOO_SMALL;
            if (attribute->Value is not null)
                value.CopyTo(new Span<byte>(attribute->Value, value.Length));
            return value.Length > 0 ? CkResult.CKR_OK : CkResult.CKR_ATTRIBUTE_TYPE_INVALID;
        }

        private CkResult Begin()
        {
            _signing = true;
            return CkResult.CKR_OK;
        }

        private CkResult Sign(ReadOnlySpan<byte> message, Span<byte> signature)
        {
            _signing = false;
            _key!.Sign(message, signature);
            return CkResult.CKR_OK;
        }

        private static nuint? Number(NativeAttribute* template, nuint count, nuint type)
        {
            for (nuint i = 0; i < count; i++)
            {
                if (template[i].Type == type)
                    return *(nuint*)template[i].Value;
            }
            return null;
        }

        private static string Label(NativeAttribute* template, nuint count)
        {
            for (nuint i = 0; i < count; i++)
            {
                if (template[i].Type == AttributeType.Label)
                    return Encoding.UTF8.GetString((byte*)template[i].Value, (int)template[i].Length);
            }
            return "";
        }
    }
}
