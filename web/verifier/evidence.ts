// Evidence files: statements, and the proofs that they are in the log (spec/certificate.md).
import { hex } from './bytes.js';
import { type Cbor, CborTag, decodeCbor } from './cbor.js';
import { checkBundle, checkEndorsement, checkNothingElse } from './bundle.js';
import { type Check, Checks, Unreadable, type VerdictKind, type Watcher } from './checks.js';
import { checkPapers } from './certificate.js';
import { type CustodyRecord, checkCustody, isOfCustody } from './custody.js';
import { PRINT_CERTIFICATE, type PrintCertificate } from './documents.js';
import { MAX_INTEGER } from './fields.js';
import { checkHead } from './log.js';
import { type Checkpoint, readCheckpoint } from './note.js';
import { type Part, type StatementView, checkAnyDocument, checkDocument, checkSignatures, parseStatement, wordsOf } from './statement.js';
import { type Time, SECOND, fromDate } from './time.js';
import { MAX_HASHES, isIncluded, leafHash } from './tree.js';
import type { TrustStore } from './trust.js';
import { EVIDENCE_BUNDLE, type EvidenceBundle } from './vault-documents.js';

export const MEDIA_TYPE = 'application/vnd.touchmark.evidence-file+cbor';
const MAGIC = 'touchmark evidence';
const VERSION = 2n;
const MAX_STATEMENTS = 100_000;
const LIMITS = { bytes: 32 << 20, depth: 16, items: 1_000_000 };

export interface VerifyOptions extends Watcher {
  /** The verifier's time; the present when absent. */
  readonly now?: Date;
  /** How long ago witnesses may have seen the log's checkpoint, s; its age does not matter when absent. */
  readonly maxAgeSeconds?: number;
}

/** The verdict on an evidence file or a statement, and what it says. Believe that only when the verdict is `valid`. */
export interface EvidenceVerdict {
  readonly verdict: VerdictKind;
  /** In the order in which they were made. */
  readonly checks: readonly Check[];
  readonly statements: readonly StatementView[];
  readonly certificate: PrintCertificate | null;
  /** Of a file about a vault's bundle. */
  readonly bundle: EvidenceBundle | null;
  readonly custody: CustodyRecord | null;
  /** The head of the log that the proofs of the file lead to. */
  readonly checkpoint: Checkpoint | null;
}

interface Proof {
  readonly index: bigint;
  readonly hashes: readonly Uint8Array[];
}

type FilePart = Part & { readonly proof: Proof | null };

interface EvidenceFile {
  readonly checkpoint: Checkpoint | null;
  readonly parts: readonly FilePart[];
}

/** Verifies the untrusted bytes of an evidence file. Never throws. */
export function verifyEvidence(data: Uint8Array, trust: TrustStore, options: VerifyOptions = {}): EvidenceVerdict {
  const checks = new Checks(options);
  const now = fromDate(options.now ?? new Date());
  let file: EvidenceFile;
  try {
    file = readFile(data);
  } catch (problem) {
    checks.fail('file.format', `The file cannot be read: ${wordsOf(problem)}.`, {}, 'unreadable');
    return verdictOf(checks, null, null, null);
  }
  checks.pass('file.format', 'The file is an evidence file in its only encoding.');
  const [subject, ...others] = file.parts as unknown as readonly [FilePart, ...FilePart[]];
  const maxAge = options.maxAgeSeconds === undefined ? null : BigInt(Math.round(options.maxAgeSeconds)) * SECOND;
  if (subject.statement.contentType === EVIDENCE_BUNDLE) {
    const { checkpoint, parts: [first, ...left] } = file as EvidenceFile & { readonly parts: readonly [FilePart, ...FilePart[]] };
    const bundle = checkBundle(checks, {
      subject: first, left, checkpoint, checkProofs: (except) => checkProofs(checks, checkpoint!, file.parts.filter((part) => !except.includes(part))),
    }, trust, now, maxAge);
    return verdictOf(checks, null, null, checkpoint, bundle);
  }
  const isCertificate = subject.statement.contentType === PRINT_CERTIFICATE;
  const name = isCertificate ? 'certificate' : 'statement';
  checkSignatures(checks, name, subject.statement, trust, now);
  let certificate: PrintCertificate | null = null;
  let custody: CustodyRecord | null = null;
  if (isCertificate) {
    certificate = checkDocument(checks, name, subject, PRINT_CERTIFICATE);
    if (certificate !== null) {
      const left = others.filter((part) => !isOfCustody(part));
      checkPapers(checks, certificate, subject.statement.sessionCode, left, trust, now);
      custody = checkCustody(checks, certificate, subject.statement, others.filter(isOfCustody), trust, now);
      checkEndorsement(checks, certificate, subject.statement, left, trust, now);
      checkNothingElse(checks, left);
    }
  } else if (checkAnyDocument(checks, name, subject)) {
    checkNothingElse(checks, others);
  }
  checkLog(checks, file, trust, now, maxAge);
  return verdictOf(checks, certificate, custody, file.checkpoint);
}

/** Verifies the untrusted bytes of one statement on its own. Never throws. */
export function verifyStatement(envelope: Uint8Array, document: Uint8Array | null, trust: TrustStore, options: VerifyOptions = {}): EvidenceVerdict {
  const checks = new Checks(options);
  const now = fromDate(options.now ?? new Date());
  try {
    const statement = parseStatement(envelope);
    checks.pass('statement.envelope', 'The statement is a signed envelope in its only encoding.');
    checkSignatures(checks, 'statement', statement, trust, now);
    checkAnyDocument(checks, 'statement', { statement, document });
    if (trust.log !== null) {
      checks.skip('log.inclusion', 'A statement on its own does not show that it is in the log: an evidence file does.');
    }
  } catch (problem) {
    checks.fail('statement.envelope', `The statement cannot be read: ${wordsOf(problem)}.`, {}, 'unreadable');
  }
  return verdictOf(checks, null, null, null);
}

function verdictOf(checks: Checks, certificate: PrintCertificate | null, custody: CustodyRecord | null, checkpoint: Checkpoint | null, bundle: EvidenceBundle | null = null): EvidenceVerdict {
  return { verdict: checks.verdict, checks: checks.made, statements: checks.statements, certificate, bundle, custody, checkpoint };
}

function readFile(data: Uint8Array): EvidenceFile {
  const whole = decodeCbor(data, LIMITS);
  const items = whole instanceof CborTag && whole.tag === 55799n && Array.isArray(whole.content) ? (whole.content as readonly Cbor[]) : [];
  const [magic, version, note, parts] = items;
  if (magic !== MAGIC) {
    throw new Unreadable('not a Touchmark evidence file');
  }
  if (items.length !== 4 || version !== VERSION) {
    throw new Unreadable(`another version of the evidence file than ${VERSION}`);
  }
  if (!(note === null || note instanceof Uint8Array) || !Array.isArray(parts) || parts.length < 1 || parts.length > MAX_STATEMENTS) {
    throw new Unreadable(`checkpoint and 1 to ${MAX_STATEMENTS} statements were expected`);
  }
  return { checkpoint: note === null ? null : readCheckpoint(note), parts: (parts as readonly Cbor[]).map(readPart) };
}

function readPart(value: Cbor): FilePart {
  const items = Array.isArray(value) ? (value as readonly Cbor[]) : [];
  const [envelope, document, proof] = items;
  if (items.length !== 3 || !(envelope instanceof Uint8Array) || !(document === null || (document instanceof Uint8Array && document.length > 0))) {
    throw new Unreadable('a statement is not envelope, document and proof');
  }
  return { statement: parseStatement(envelope), document, proof: proof === null ? null : readProof(proof) };
}

function readProof(value: Cbor | undefined): Proof {
  const items = Array.isArray(value) ? (value as readonly Cbor[]) : [];
  const [index, hashes] = items;
  if (items.length !== 2 || typeof index !== 'bigint' || index < 0n || index > MAX_INTEGER || !Array.isArray(hashes) || hashes.length > MAX_HASHES
    || !hashes.every((hash) => hash instanceof Uint8Array && hash.length === 32)) {
    throw new Unreadable('a proof is not an index and at most 63 hashes');
  }
  return { index, hashes: hashes as readonly Uint8Array[] };
}

function checkLog(checks: Checks, { checkpoint, parts }: EvidenceFile, trust: TrustStore, now: Time, maxAge: Time | null): void {
  if (trust.log === null) {
    checks.skip('log.inclusion', 'The trust names no log, so whether the statements are in one was not checked.');
    return;
  }
  if (checkpoint === null) {
    checks.fail('log.inclusion', 'The file holds no checkpoint of the log, and the trust asks for one: ask for a newer file.');
    return;
  }
  checkHead(checks, checkpoint, trust.log, now, maxAge);
  checkProofs(checks, checkpoint, parts);
}

function checkProofs(checks: Checks, checkpoint: Checkpoint, parts: readonly FilePart[]): void {
  const missing = parts.filter(({ statement, proof }) => proof === null || !isIncluded(leafHash(statement.envelope), proof.index, checkpoint.size, proof.hashes, checkpoint.root));
  checks.require(missing.length === 0, 'log.inclusion', `Every statement of the file is in the log (${parts.length} of ${parts.length}).`,
    `${missing.length} of the file's ${parts.length} statements are not shown to be in the log: they or their proofs were altered or left out, or do not belong together.`,
    { size: `${checkpoint.size}`, missing_sha256: missing.slice(0, 8).map((part) => hex(part.statement.sha256)).join(' ') });
}
