namespace Touchmark.Vault.Hsm;

/// <summary>Where the HSM is. Bring-your-own-HSM is a matter of these alone.</summary>
internal sealed record HsmOptions
{
    /// <summary>The PKCS#11 module, such as <c>/usr/lib/softhsm/libsofthsm2.so</c>; null for none.</summary>
    public string? Module { get; init; }

    /// <summary>The label of the token.</summary>
    public string? TokenLabel { get; init; }

    /// <summary>The file that holds the user's PIN, and nobody else may read.</summary>
    public string? PinFile { get; init; }

    /// <summary>An NV index of a TPM that counts, too; null for none.</summary>
    public string? TpmCounter { get; init; }
}
