// Whether a bundle agrees with the papers of its vault, and with its twin: the table of spec/bundle.md, Verification.
import { concat, encodeUtf8, equal, hex } from './bytes.js';
import type { Checks } from './checks.js';
import { agree } from './documents.js';
import { type Papers, algorithmOf } from './papers.js';
import type { Statement } from './statement.js';
import { SECOND, timeText } from './time.js';
import type { EvidenceBundle, TwinCertificate, VaultCertificate } from './vault-documents.js';

/** Checks everything but the signatures. The index is the bundle's place in the manifest. */
export function checkBundleRules(checks: Checks, bundle: EvidenceBundle, statement: Statement, index: bigint | null, papers: Papers): void {
  const found = papers.certificateOf(statement.primary);
  if (found === null) {
    checks.fail('bundle.vault', 'There is no certificate of the keys that signed the bundle.', { key_id: hex(statement.primary.keyId) });
    return;
  }
  const { certificate, revocation, revokedAt } = found;
  checks.require(agree(bundle, certificate, 'printer_id', 'customer_id', 'vault_id') && statement.issuedAt === bundle.signed_at - (bundle.signed_at % SECOND), 'bundle.vault',
    'The vault that signed is certified for this printer, and signed at the time that the bundle says.',
    'Printer, customer, vault or time of the bundle are not those of its certificate and its signature.', { signed_at: timeText(bundle.signed_at) });
  if (revocation === null) {
    checks.skip('bundle.revocation', "No revocation of the vault's keys is at hand. Whether there is one, the customer's manifest tells.");
  } else {
    const late = index !== null && revokedAt !== null && index > revokedAt;
    checks.require(bundle.signed_at < revocation.revoked_at && !late, 'bundle.revocation', `The vault's keys were revoked only after the bundle was signed (${revocation.reason}).`,
      `The vault's keys were revoked when the bundle was signed, or when it was entered in the manifest (${revocation.reason}).`, { revoked_at: timeText(revocation.revoked_at) });
  }
  checkCustody(checks, bundle.key_custody, certificate);
  if (bundle.mode === 'degraded') {
    checks.skip('bundle.mode', `The vault signed in DEGRADED mode: ${bundle.reasons.join(' ')}`);
  } else {
    checks.pass('bundle.mode', 'The vault was in normal mode.');
  }
  checkOperator(checks, bundle, certificate);
  checkFirmware(checks, bundle, papers);
  checkSlicer(checks, bundle.slicer_attest, papers);
  if (bundle.signals.length > 0) {
    const signals = bundle.signals.map(({ name, score, reason }) => `${name} ${Math.round(score * 1000) / 1000}: ${reason}`).join('; ');
    checks.skip('bundle.signals', `Models judged the print (${signals}). That decides nothing about its validity.`);
  }
}

function checkCustody(checks: Checks, said: EvidenceBundle['key_custody'], certificate: VaultCertificate): void {
  const { primary, shadow } = certificate.keys;
  const held = { token: 'never left its token', software: 'is held by software, from a seed that a key of the token wraps' };
  checks.require(said.primary === primary.custody && said.shadow === shadow.custody, 'bundle.custody',
    `The ${primary.algorithm} key ${held[primary.custody]}; the ML-DSA-65 key ${held[shadow.custody]}.`, 'The bundle says that its keys are held otherwise than they were certified.');
}

function checkOperator(checks: Checks, bundle: EvidenceBundle, { keys: { primary } }: VaultCertificate): void {
  const operation = bundle.operator_binding;
  if (operation === undefined) {
    checks.skip('bundle.operator', "No operator's session is bound to the bundle.");
    return;
  }
  const message = concat(encodeUtf8('touchmark operator v1'), operation.token_sha256, bundle.bundle_id);
  checks.require(algorithmOf(primary).verify(primary.public_key, message, operation.signature), 'bundle.operator',
    `The vault bound the session of ${operation.subject} to the bundle, whom ${operation.idp} knows.`, "The signature that binds an operator's session to the bundle is wrong.",
    { idp: operation.idp, subject: operation.subject });
}

function checkFirmware(checks: Checks, bundle: EvidenceBundle, papers: Papers): void {
  const { firmware, firmware_sha256: image } = bundle;
  if (firmware.state !== 'approved') {
    checks.skip('bundle.firmware', `The printer's firmware ${firmware.state === 'unknown' ? 'is unknown' : 'is NOT APPROVED by two officers'}. ${firmware.reason ?? ''}`);
    return;
  }
  const officers = new Set<string>();
  for (const sha256 of firmware.approvals) {
    const { approval, issuer } = papers.approvals.get(hex(sha256)) ?? { approval: null, issuer: '' };
    if (approval !== null && equal(approval.image_sha256, image!) && approval.approved_at <= bundle.signed_at
      && (approval.printer_ids.length === 0 || approval.printer_ids.some((printer) => equal(printer, bundle.printer_id)))) {
      officers.add(issuer);
    }
  }
  checks.require(officers.size >= 2, 'bundle.firmware', `The printer's firmware was approved by ${officers.size} officers.`,
    "The bundle says that the printer's firmware was approved, and the approvals of two different officers for it are not at hand.", { officers: [...officers].join(' ') });
}

function checkSlicer(checks: Checks, attest: EvidenceBundle['slicer_attest'], papers: Papers): void {
  if (attest.level !== 'attested') {
    checks.skip('bundle.slicer', attest.level === 'unknown' ? `Nothing says which slicer made the toolpath. ${attest.reason}`
      : `The toolpath says that ${attest.name} made it, and nobody vouches for that. ${attest.reason}`);
    return;
  }
  const slicer = papers.slicers.get(hex(attest.manifest_sha256!));
  checks.require(slicer !== undefined && slicer.slicer === attest.name && slicer.version === attest.version && slicer.files.some((file) => equal(file.sha256, attest.build_sha256!)),
    'bundle.slicer', `The toolpath was made by ${attest.name} ${attest.version}, a build that the customer knows.`,
    'The bundle says that a known build of a slicer made the toolpath, and the manifest at hand does not bear that out.');
}

/** Whether the draft that a bundle names is one of the twin, and of the toolpath that was printed where it says which. */
export const draftAgrees = (draft: TwinCertificate, bundle: EvidenceBundle): boolean =>
  draft.state === 'draft' && equal(draft.twin_id, bundle.twincert_ref!.twin_id) && draft.customer_id === bundle.customer_id && draft.made_at <= bundle.signed_at
  && (draft.as_sliced === undefined || equal(draft.as_sliced.gcode_sha256, bundle.gcode_sha256));

/** Whether the completion is of this bundle and of the draft that the bundle names. */
export const completionAgrees = (completion: TwinCertificate, draft: TwinCertificate, bundle: EvidenceBundle, bundleSha256: Uint8Array): boolean =>
  completion.state === 'complete' && agree(completion, draft, 'twin_id', 'customer_id')
  && agree(completion.as_designed, draft.as_designed, 'model_sha256', 'profile_sha256', 'name', 'revision')
  && equal(completion.draft_sha256!, bundle.twincert_ref!.draft_sha256) && equal(completion.as_sliced!.gcode_sha256, bundle.gcode_sha256)
  && equal(completion.as_built!.bundle_id, bundle.bundle_id) && equal(completion.as_built!.bundle_sha256, bundleSha256);
