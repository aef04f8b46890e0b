namespace Touchmark.Vault.Access;

/// <summary>What a caller may do. The numbers are in databases: never change or reuse one.</summary>
[Flags]
internal enum Role : long
{
    None = 0,

    /// <summary>Makes bundles and twin drafts.</summary>
    Signer = 1,

    /// <summary>Accepts or rejects findings.</summary>
    Reviewer = 2,

    /// <summary>Reads everything, and changes nothing.</summary>
    Auditor = 4,

    /// <summary>Enters approvals, manifests and appointments that their officers have signed. It does not sign.</summary>
    Admin = 8,

    /// <summary>Whoever has any role.</summary>
    Any = Signer | Reviewer | Auditor | Admin,
}
