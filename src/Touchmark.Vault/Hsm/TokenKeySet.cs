using System.Text;
using Touchmark.Cryptography;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Vault.Hsm;

/// <summary>The four keys of a generation in a token: each of them in the token where it can be, else as a seed that a key of the token seals.</summary>
internal sealed class TokenKeySet(Token token)
{
    private const string ActiveLabel = "touchmark/active";
    private const byte Complete = 1;

    private readonly TokenRecord _active = new(token, ActiveLabel);

    /// <summary>The generation in use; null for none.</summary>
    public string? Active() => _active.Read().Content is { Length: > 0 } name ? Encoding.UTF8.GetString(name) : null;

    public void Use(string? generation) => _active.Write(_active.Read(), Encoding.UTF8.GetBytes(generation ?? ""));

    /// <exception cref="NotSupportedException">The token cannot hold what is needed.</exception>
    /// <exception cref="InvalidOperationException">There are keys of this generation already.</exception>
    public VaultKeys Create(string generation)
    {
        RequireName(generation);
        if (token.ReadData(Mark(generation)).Count > 0)
        {
            throw new InvalidOperationException($"The token holds keys of the generation '{generation}' already.");
        }
        Destroy(generation); // what an attempt left that was cut off
        var primary = token.Offers(SignatureAlgorithm.Ed25519) ? SignatureAlgorithm.Ed25519 : SignatureAlgorithm.Es256;
        var keys = new VaultKeys(
            new HeldKey(token.CreateSigner(Label(generation, "primary"), primary), InToken: true),
            Make(generation, "shadow", SignatureAlgorithm.MlDsa65),
            Make(generation, "manifest-ed25519", SignatureAlgorithm.Ed25519),
            Make(generation, "manifest-ml-dsa-65", SignatureAlgorithm.MlDsa65));
        // Last, as it says that all of them are there.
        token.CreateData(Mark(generation), [Complete]);
        return keys;
    }

    /// <summary>Null when there are none, or not all of them.</summary>
    public VaultKeys? Find(string generation)
    {
        RequireName(generation);
        if (token.ReadData(Mark(generation)).Count == 0)
        {
            return null;
        }
        return new(
            FindInToken(generation, "primary", SignatureAlgorithm.Ed25519) ?? FindInToken(generation, "primary", SignatureAlgorithm.Es256) ?? throw Lost("primary"),
            Find(generation, "shadow", SignatureAlgorithm.MlDsa65),
            Find(generation, "manifest-ed25519", SignatureAlgorithm.Ed25519),
            Find(generation, "manifest-ml-dsa-65", SignatureAlgorithm.MlDsa65));
    }

    public void Destroy(string generation)
    {
        RequireName(generation);
        token.DestroyData(Mark(generation));
        foreach (var name in (string[])["primary", "shadow", "manifest-ed25519", "manifest-ml-dsa-65"])
        {
            token.DestroyKeys(Label(generation, name));
            token.DestroyData(SeedLabel(generation, name));
            token.DestroyKeys(SeedLabel(generation, name));
        }
    }

    private HeldKey Make(string generation, string name, SignatureAlgorithm algorithm)
    {
        if (token.Offers(algorithm))
        {
            return new(token.CreateSigner(Label(generation, name), algorithm), InToken: true);
        }
        using var seed = LockedBuffer.Random(MlDsa65.SeedSize);
        token.CreateData(SeedLabel(generation, name), TokenSeal.Seal(token, SeedLabel(generation, name), seed.Span));
        return FromSeed(seed, algorithm);
    }

    private HeldKey Find(string generation, string name, SignatureAlgorithm algorithm)
    {
        if (FindInToken(generation, name, algorithm) is { } key)
        {
            return key;
        }
        using var seed = TokenSeal.Open(token, SeedLabel(generation, name), token.ReadData(SeedLabel(generation, name)) is [var only] ? only : throw Lost(name));
        return FromSeed(seed, algorithm);
    }

    private HeldKey? FindInToken(string generation, string name, SignatureAlgorithm algorithm) =>
        token.FindSigner(Label(generation, name), algorithm) is { } signer ? new(signer, InToken: true) : null;

    private static HeldKey FromSeed(LockedBuffer seed, SignatureAlgorithm algorithm) =>
        new(algorithm is SignatureAlgorithm.MlDsa65 ? new MlDsa65Signer(seed.Span) : new Ed25519Signer(seed.Span), InToken: false);

    private static TokenAbsentException Lost(string name) => new($"The token is there, and the key '{name}' in it is not.");

    private static void RequireName(string generation)
    {
        if (generation.Length is < 1 or > 32 || generation.Any(c => c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-')))
        {
            throw new ArgumentException("1 to 32 of a-z, 0-9 and '-'.", nameof(generation));
        }
    }

    private static string Mark(string generation) => $"touchmark/{generation}";

    private static string Label(string generation, string name) => $"touchmark/{generation}/{name}";

    private static string SeedLabel(string generation, string name) => $"touchmark/{generation}/{name}/seed";
}
