// Evidence files about a vault's bundle: only the customer's root is pinned, all other keys come out of what it signed (spec/bundle.md).
import { equal, hex } from './bytes.js';
import { checkBundleRules, completionAgrees, draftAgrees } from './bundle-rules.js';
import { Checks } from './checks.js';
import { LOG_ANCHOR, type PrintCertificate } from './documents.js';
import { checkHead } from './log.js';
import { type Checkpoint, NoteKey } from './note.js';
import { OFFICERS_SIGN, Papers, type PlacedPart, ROOT_SIGNS, checkIssuer, manifestOrigin, vaultIssuer } from './papers.js';
import { LogPolicy } from './policy.js';
import { type Statement, checkDocument, checkSignatures } from './statement.js';
import { type Time, timeText } from './time.js';
import type { TrustStore } from './trust.js';
import {
  CERTIFICATE_ENDORSEMENT, EVIDENCE_BUNDLE, type EvidenceBundle, FINDING_REVIEW, FIRMWARE_APPROVAL, KEY_REVOCATION, OFFICER_APPOINTMENT, SLICER_MANIFEST, TWIN_CERTIFICATE,
  VAULT_CERTIFICATE, type VaultCertificate,
} from './vault-documents.js';

const KINDS: Readonly<Record<string, string>> = {
  [VAULT_CERTIFICATE]: 'vault', [OFFICER_APPOINTMENT]: 'officer', [KEY_REVOCATION]: 'revocation', [FIRMWARE_APPROVAL]: 'approval', [SLICER_MANIFEST]: 'slicer',
  [FINDING_REVIEW]: 'review', [LOG_ANCHOR]: 'anchor',
};

/** A file about a bundle, as far as it is not looked at yet. */
export interface BundleFile {
  readonly subject: PlacedPart;
  /** What is known is taken out of it. */
  readonly left: PlacedPart[];
  readonly checkpoint: Checkpoint | null;
  /** Tells whether everything but what it is given is in the tree of the checkpoint. */
  checkProofs(except: readonly PlacedPart[]): void;
}

/** The bundle, whatever the verdict; null where it cannot be read. */
export function checkBundle(checks: Checks, file: BundleFile, trust: TrustStore, now: Time, maxAge: Time | null): EvidenceBundle | null {
  const { subject, left } = file;
  const { statement } = subject;
  const bundle = checkDocument(checks, 'bundle', subject, EVIDENCE_BUNDLE);
  if (bundle === null) {
    return null;
  }
  const papers = new Papers(bundle.customer_id, bundle.vault_id, trust, now);
  const unproven = left.filter((part) => part.statement.contentType === KEY_REVOCATION && part.proof === null);
  takeAll(left, ROOT_SIGNS, (name, part) => papers.takeOfRoot(checks, name, part));
  papers.settle();
  checkIssuer(checks, 'bundle', statement, vaultIssuer(bundle.vault_id));
  checkSignatures(checks, 'bundle', statement, papers.trust, now);
  takeAll(left, OFFICERS_SIGN, (name, part) => papers.takeOfOfficers(checks, name, part));
  checkBundleRules(checks, bundle, statement, subject.proof?.index ?? null, papers);
  checkPrevious(checks, bundle, left);
  checkTwin(checks, bundle, statement, left, papers);
  takeAll(left, [FINDING_REVIEW], (name, part) => checkReview(checks, name, part, bundle, statement, papers));
  let newest: Time | null = null;
  takeAll(left, [LOG_ANCHOR], (name, part) => {
    const anchor = papers.ofVault(checks, name, part, LOG_ANCHOR);
    if (anchor !== null && checks.require(anchor.origin === manifestOrigin(papers.customerId, papers.vaultId), `${name}.origin`, 'It is an anchor of this manifest.',
      'It is an anchor of another log.', { origin: anchor.origin })) {
      newest = newest !== null && newest > anchor.at ? newest : anchor.at;
    }
  });
  checkNothingElse(checks, left);
  if (file.checkpoint === null || papers.newest === null) {
    checks.fail('log.inclusion', "The file holds no checkpoint of the vault's manifest, or no certificate of the keys that sign it: ask for a newer file.");
    return bundle;
  }
  checkManifestHead(checks, file.checkpoint, papers.newest, now);
  file.checkProofs(unproven);
  checkAge(checks, newest, now, maxAge);
  return bundle;
}

/** What is left has no place in the file, be it a stray statement, one that stands there twice, or one of a type that this version does not know. */
export function checkNothingElse(checks: Checks, left: readonly { readonly statement: Statement }[]): void {
  if (left.length > 0) {
    checks.fail('file.related', 'The file holds statements that its first one does not refer to, or of types that this program does not know.',
      { statements: left.slice(0, 8).map((part) => hex(part.statement.sha256)).join(' '), types: [...new Set(left.map((part) => part.statement.contentType))].slice(0, 8).join(' ') });
  }
}

function checkManifestHead(checks: Checks, checkpoint: Checkpoint, certificate: VaultCertificate, now: Time): void {
  const origin = manifestOrigin(certificate.customer_id, certificate.vault_id);
  const { manifest_ed25519: ed25519, manifest_ml_dsa_65: mlDsa65 } = certificate.keys;
  const policy = LogPolicy.of(origin, [new NoteKey(origin, 'log', ed25519.public_key), new NoteKey(origin, 'log-shadow', mlDsa65.public_key)]);
  // The age of a manifest is that of its newest anchor.
  checkHead(checks, checkpoint, policy, now, undefined);
}

function checkAge(checks: Checks, newest: Time | null, now: Time, maxAge: Time | null): void {
  const published_at = newest === null ? 'never' : timeText(newest);
  if (maxAge === null) {
    checks.skip('manifest.age', newest === null ? 'The manifest does not say when it was last published.' : 'No limit was set for the age of the manifest.', { published_at });
    return;
  }
  checks.require(newest !== null && now - newest <= maxAge, 'manifest.age', 'The manifest was published recently enough.',
    'The manifest is STALE: it was not published within the limit. What was revoked or added since does not show. Ask for a newer one; if there is none, the vault stopped or keeps something back.',
    { published_at, now: timeText(now) });
}

/** The bundle names the one before by its hash, which is all the proof that it needs. */
function checkPrevious(checks: Checks, bundle: EvidenceBundle, left: PlacedPart[]): void {
  const id = 'bundle.previous';
  if (bundle.previous === undefined) {
    checks.pass(id, "It is the vault's first bundle.");
    return;
  }
  const previous = take(left, (part) => equal(part.statement.sha256, bundle.previous!));
  if (previous === null) {
    checks.skip(id, 'The bundle before it is not in the file. That the chain is whole, an archive shows.');
    return;
  }
  const before = checkDocument(checks, 'previous', previous, EVIDENCE_BUNDLE);
  if (before !== null) {
    checks.require(equal(before.vault_id, bundle.vault_id) && before.machine_counter < bundle.machine_counter && before.signed_at <= bundle.signed_at, id,
      `It follows the bundle before it, at counter value ${bundle.machine_counter} after ${before.machine_counter}.`, "The bundle before it has a later time or counter, or is another vault's.");
  }
}

function checkTwin(checks: Checks, bundle: EvidenceBundle, statement: Statement, left: PlacedPart[], papers: Papers): void {
  const twin = bundle.twincert_ref;
  if (twin === undefined) {
    checks.skip('twin.draft', 'The bundle names no twin.');
    return;
  }
  const draftPart = take(left, (part) => equal(part.statement.sha256, twin.draft_sha256));
  if (draftPart === null) {
    checks.fail('twin.draft', 'The file does not hold the draft of the twin that the bundle names.', { draft_sha256: hex(twin.draft_sha256) });
    return;
  }
  const draft = papers.ofVault(checks, 'draft', draftPart, TWIN_CERTIFICATE);
  if (draft === null || !checks.require(draftAgrees(draft, bundle), 'twin.draft', 'The draft of the twin is of this part.', 'The draft of the twin is of another part than the bundle.')) {
    return;
  }
  const completionPart = take(left, (part) => part.statement.contentType === TWIN_CERTIFICATE);
  if (completionPart === null) {
    checks.skip('twin.completion', 'The file holds no completion of the twin.');
    return;
  }
  const completion = papers.ofVault(checks, 'completion', completionPart, TWIN_CERTIFICATE);
  if (completion !== null) {
    checks.require(completionAgrees(completion, draft, bundle, statement.sha256), 'twin.completion', 'The twin is complete: as designed, as sliced, as built.',
      'The completion of the twin does not agree with its draft or with the bundle.');
  }
}

function checkReview(checks: Checks, subject: string, part: PlacedPart, bundle: EvidenceBundle, statement: Statement, papers: Papers): void {
  const review = papers.ofVault(checks, subject, part, FINDING_REVIEW);
  if (review !== null) {
    checks.require(equal(review.bundle_sha256, statement.sha256) && equal(review.bundle_id, bundle.bundle_id), `${subject}.bundle`,
      `${review.reviewer} ${review.decision}ed the finding ${review.signal}: ${review.comment}`, 'The review is of another bundle.');
  }
}

/** Whether the vault beside the printer bears out a print certificate; takes the vault's statements out of <left>. */
export function checkEndorsement(checks: Checks, certificate: PrintCertificate, statement: Statement, left: PlacedPart[], trust: TrustStore, now: Time): void {
  const id = 'certificate.vault';
  const reference = certificate.vault;
  if (reference === undefined) {
    checks.skip(id, 'No vault stood beside the printer: engine and gateway alone bear out what was printed.');
    return;
  }
  const endorsement = take(left, ofType(CERTIFICATE_ENDORSEMENT));
  const issuer = left.find(ofType(VAULT_CERTIFICATE))?.statement.issuer;
  if (endorsement === null || issuer === undefined || !trust.keys.some((key) => key.name === issuer)) {
    takeAll(left, [CERTIFICATE_ENDORSEMENT, VAULT_CERTIFICATE, EVIDENCE_BUNDLE, KEY_REVOCATION], () => undefined);
    checks.skip(id, endorsement === null || issuer === undefined ? "The certificate names a vault's bundle, and the file does not hold the vault's endorsement."
      : `The vault's endorsement was not checked: the keys of ${issuer} are not pinned here.`);
    return;
  }
  const papers = new Papers(issuer.slice(issuer.indexOf('/') + 1), reference.vault_id, trust, now);
  for (const contentType of [VAULT_CERTIFICATE, KEY_REVOCATION]) {
    for (let part = take(left, ofType(contentType)); part !== null; part = take(left, ofType(contentType))) {
      papers.takeOfRoot(checks, KINDS[contentType]!, part);
    }
  }
  papers.settle();
  const said = papers.ofVault(checks, 'endorsement', endorsement, CERTIFICATE_ENDORSEMENT);
  if (said !== null) {
    checks.require(equal(said.certificate_sha256, statement.sha256) && equal(said.certificate_id, certificate.certificate_id) && equal(said.vault_id, reference.vault_id)
      && equal(said.bundle_sha256, reference.bundle_sha256), id, 'The vault beside the printer endorsed the certificate.', "The vault's endorsement is of another certificate, or of another bundle.");
  }
  const part = take(left, ofType(EVIDENCE_BUNDLE));
  if (part === null) {
    checks.skip('certificate.bundle', "The file does not hold the vault's bundle.");
    return;
  }
  const bundle = papers.ofVault(checks, 'bundle', part, EVIDENCE_BUNDLE);
  if (bundle !== null) {
    checks.require(equal(part.statement.sha256, reference.bundle_sha256) && equal(bundle.printer_id, certificate.printer_id) && equal(bundle.gcode_sha256, certificate.slice_sha256),
      'certificate.bundle', "The vault's bundle tells of the same toolpath on the same printer.", "The vault's bundle tells of another toolpath or printer than the certificate.");
  }
}

const ofType = (contentType: string) => (part: PlacedPart): boolean => part.statement.contentType === contentType;

function take(parts: PlacedPart[], isWanted: (part: PlacedPart) => boolean): PlacedPart | null {
  const at = parts.findIndex(isWanted);
  return at < 0 ? null : parts.splice(at, 1)[0]!;
}

/** Takes all of these types, each under the name of its kind and its number among those. */
function takeAll(parts: PlacedPart[], contentTypes: readonly string[], use: (name: string, part: PlacedPart) => void): void {
  const counts = new Map<string, number>();
  for (let part = take(parts, isWanted); part !== null; part = take(parts, isWanted)) {
    const kind = KINDS[part.statement.contentType] ?? '';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    use(`${kind}-${counts.get(kind)}`, part);
  }

  function isWanted(part: PlacedPart): boolean {
    return contentTypes.includes(part.statement.contentType);
  }
}
