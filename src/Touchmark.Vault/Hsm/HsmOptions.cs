namespace Touchmark.Vault.Hsm;

/// <summary>Where the HSM is. Bring-your-own-HSM is a matter of these alone.</summary>
internal sealed record HsmOptions
{
    /// <summary>The PKCS#11 module, such as <c>/usr/lib/softhsm/libsofthsm2.so</c>; null for none.</summary>
    public string? Module { get; init; }

    /// <summary>The label of the token.</summary>
    public string? TokenLabel { get; init; }

    /// <summary>The serial number of the token, where several have the label.</summary>
    public string? TokenSerial { get; init; }

    /// <summary>The file that holds the user's PIN, and nobody else may read.</summary>
    public string? PinFile { get; init; }

    /// <summary>An NV index of a TPM that counts, too (<c>0x01500016</c>, or with the way to it <c>device:/dev/tpmrm0@0x01500016</c>); null for none.</summary>
    public string? TpmCounter { get; init; }

    /// <summary>Takes the token over from another host, which has to be off for good.</summary>
    public bool TakeOver { get; init; }

    /// <summary>Where the processes of this host find each other's locks; all that may meet have to name the same.</summary>
    public string LockFolder { get; init; } = Directory.Exists("/run/lock") ? "/run/lock" : Path.GetTempPath();

    /// <summary>How long a call waits for others that hang in the token.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);
}
