using System.Globalization;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>The names under which a customer's root, its officers and its vaults sign: the CWT claim <c>iss</c> of their statements (spec/bundle.md).</summary>
public static class Issuers
{
    /// <summary>Longest customer id, characters.</summary>
    public const int MaxCustomerId = 128;

    /// <summary>What the customer's root signs as.</summary>
    public static string OfCustomer(string customerId) => $"customer/{customerId}";

    /// <summary>What an officer signs as.</summary>
    public static string OfOfficer(Guid officerId) => string.Create(CultureInfo.InvariantCulture, $"officer/{officerId:D}");

    /// <summary>What a vault signs as.</summary>
    public static string OfVault(Guid vaultId) => string.Create(CultureInfo.InvariantCulture, $"vault/{vaultId:D}");

    /// <summary>The name of a vault's manifest: the origin of its checkpoints.</summary>
    public static string ManifestOrigin(string customerId, Guid vaultId) => string.Create(CultureInfo.InvariantCulture, $"{customerId}/manifest/{vaultId:D}");

    /// <summary>Whether the text can name a customer: 1 to <see cref="MaxCustomerId"/> of a-z, 0-9, dot and hyphen.</summary>
    public static bool IsCustomerId(string? text)
    {
        if (text is not { Length: > 0 and <= MaxCustomerId })
        {
            return false;
        }
        foreach (var character in text)
        {
            if (character is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '-'))
            {
                return false;
            }
        }
        return true;
    }

    internal static string ReadCustomerId(CborFields fields)
    {
        var text = fields.Text("customer_id", MaxCustomerId);
        if (!IsCustomerId(text))
        {
            fields.Refuse("customer_id", "not 1 to 128 of a-z, 0-9, dot and hyphen");
        }
        return text;
    }
}
