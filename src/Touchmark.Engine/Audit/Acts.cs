namespace Touchmark.Engine.Audit;

/// <summary>The stable names of the acts that are written down. They are in signed statements: never change or reuse one.</summary>
internal static class Acts
{
    public const string AccountCreated = "account.created";
    public const string AccountDisabled = "account.disabled";
    public const string AccountEnabled = "account.enabled";
    public const string AccountRoleChanged = "account.role_changed";
    public const string AccountPasswordChanged = "account.password_changed";
    public const string AccountPasswordReset = "account.password_reset";
    public const string SecondFactorAdded = "account.second_factor_added";
    public const string SecondFactorRemoved = "account.second_factor_removed";
    public const string RecoveryCodesMade = "account.recovery_codes_made";
    public const string RecoveryCodeUsed = "account.recovery_code_used";
    public const string SecondFactorRolesSet = "second_factor.roles_set";
    public const string PasskeyAdded = "account.passkey_added";
    public const string PasskeyRemoved = "account.passkey_removed";
    public const string PasskeyRenamed = "account.passkey_renamed";
    public const string IdentityLinked = "account.identity_linked";
    public const string IdentityUnlinked = "account.identity_unlinked";
    public const string TokensRevoked = "account.tokens_revoked";
    public const string DesignGtinSet = "design.gtin_set";
    public const string LicenceGranted = "licence.granted";
    public const string LicenceRevoked = "licence.revoked";
    public const string PairingCodeMade = "pairing_code.made";
    public const string PrinterEnrolled = "printer.enrolled";
    public const string PrinterAccepted = "printer.accepted";
    public const string PrinterPresented = "printer.presented";
    public const string PrinterDeclined = "printer.declined";
    public const string PrinterRevoked = "printer.revoked";
    public const string BedCleared = "printer.bed_cleared";
    public const string BedCheckSet = "printer.bed_check_set";
    public const string PrinterKeyRotated = "printer_key.rotated";
    public const string PrinterKeyRevoked = "printer_key.revoked";
    public const string FileSealed = "file.sealed";
    public const string FileKeyReleased = "file.key_released";
    public const string FilePrintEnded = "file.print_ended";
    public const string JobHalted = "job.halted";
    public const string JobPrioritySet = "job.priority_set";
    public const string JobPaused = "job.paused";
    public const string JobResumed = "job.resumed";
    public const string KeyMade = "key.made";
    public const string CustodianInvited = "custodian.invited";
    public const string PartsRecalled = "parts.recalled";
    public const string RegulatorRootAdded = "regulator_root.added";
    public const string RegulatorRootRemoved = "regulator_root.removed";
    public const string RegulatorAdded = "regulator.added";
    public const string RegulatorRemoved = "regulator.removed";
    public const string IdentityRevealed = "identity.revealed";
    public const string BackupRecorded = "backup.recorded";
    public const string FindingReviewed = "finding.reviewed";
    public const string SettingsChanged = "settings.changed";
}
