using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Keys;

/// <summary>What of a customer's root is public: whose it is, and its two keys. Its file is a trust store with no other name in it (spec/customer-root.md).</summary>
/// <param name="CustomerId">Whose it is.</param>
/// <param name="Trust">Its two keys.</param>
/// <param name="Pin">What is printed of them.</param>
public sealed record PublicRoot(string CustomerId, TrustStore Trust, RootPin Pin)
{
    private static readonly string Prefix = Issuers.OfCustomer("");

    /// <summary>Null when the trust store holds anything else.</summary>
    public static PublicRoot? Of(TrustStore trust)
    {
        ArgumentNullException.ThrowIfNull(trust);
        return trust.Keys is [{ Name: var name }, _] && name.StartsWith(Prefix, StringComparison.Ordinal) && Issuers.IsCustomerId(name[Prefix.Length..]) && RootPin.Of(trust, name) is { } pin
            ? new(name[Prefix.Length..], trust, pin) : null;
    }
}
