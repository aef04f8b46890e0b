namespace Touchmark.Engine.Accounts;

/// <summary>What an account may do. The numbers are in databases: never change or reuse one.</summary>
internal enum Role : long
{
    /// <summary>Owns designs and grants licences.</summary>
    Oem = 1,

    /// <summary>Runs printers: pairs them, and prints what is licensed to its organisation.</summary>
    Manufacturer = 2,

    /// <summary>Works at a manufacturer's printers: prints, but pairs none.</summary>
    Operator = 3,

    /// <summary>Reads everything, changes nothing.</summary>
    Auditor = 4,

    /// <summary>Makes accounts, and reads everything.</summary>
    Admin = 5,

    /// <summary>Has to do with parts, and may look up those whose ids it knows where look-up is closed to strangers; sees nothing else.</summary>
    Custodian = 6,
}
