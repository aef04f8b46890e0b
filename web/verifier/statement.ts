// One statement: its envelope, both signatures, its document (spec/statement.md).
import { equal, hex, sha256 } from './bytes.js';
import { type Cbor, CborMap, CborTag, decodeCbor, encodeSequence } from './cbor.js';
import { Checks, Unreadable } from './checks.js';
import { type ContentType, type DocumentOf, isKnown, readDocument, subjectOf } from './documents.js';
import { ALGORITHMS, type Algorithm, ED25519, ES256, ML_DSA_65 } from './signatures.js';
import { LATEST_SECOND, SECOND, TOLERANCE, type Time, timeText } from './time.js';
import type { TrustStore } from './trust.js';

const LIMITS = { bytes: 65_535, depth: 8, items: 256 };
const MAX_TEXT = 512;

// COSE's labels.
const ALG = 1n, CONTENT_TYPE = 3n, KEY_ID = 4n, COUNTERSIGNATURE = 11n, CLAIMS = 15n, HASH_ALG = 258n, PREIMAGE_TYPE = 259n, LOCATION = 260n, SESSION_CODE = -65537n;
const ISSUER = 1n, SUBJECT = 2n, ISSUED_AT = 6n;
const SHA_256 = -16n, OLD_EDDSA = -8n;

export interface Signature {
  readonly algorithm: Algorithm;
  readonly keyId: Uint8Array;
  readonly value: Uint8Array;
  readonly message: Uint8Array;
}

/** An envelope taken apart. */
export interface Statement {
  readonly envelope: Uint8Array;
  /** Names the statement. */
  readonly sha256: Uint8Array;
  readonly contentType: string;
  readonly issuer: string;
  readonly subject: string;
  readonly issuedAt: Time | null;
  readonly sessionCode: Uint8Array | null;
  readonly payload: Uint8Array;
  readonly isHashEnvelope: boolean;
  readonly primary: Signature;
  readonly shadow: Signature;
}

/** A statement with the document beside it, where it is a hash envelope. */
export interface Part {
  readonly statement: Statement;
  readonly document: Uint8Array | null;
}

/** A statement for people: what checks that begin with <subject> are about. */
export interface StatementView {
  /** `certificate`, `licence`, `event-3` …: what the ids of its checks begin with. */
  readonly subject: string;
  readonly statement: Statement;
  /** The fields, or null where the document cannot be read. Believe them only when the verdict is valid. */
  readonly document: object | null;
}

/** Takes an envelope apart and verifies nothing. Throws Unreadable for whatever is unknown in it. */
export function parseStatement(envelope: Uint8Array): Statement {
  const whole = decodeCbor(envelope, LIMITS);
  const parts = whole instanceof CborTag && whole.tag === 18n && Array.isArray(whole.content) ? (whole.content as readonly Cbor[]) : [];
  const [body, unprotected, payload, signature] = parts;
  if (parts.length !== 4 || !isBytes(body) || !(unprotected instanceof CborMap) || !isBytes(payload) || !isBytes(signature)) {
    throw new Unreadable('not a COSE_Sign1 with an embedded payload (tag 18)');
  }
  const countersigned = unprotected.get(COUNTERSIGNATURE);
  const [sign, empty, countersignature] = Array.isArray(countersigned) ? (countersigned as readonly Cbor[]) : [];
  if (unprotected.entries.length !== 1 || (countersigned as readonly Cbor[] | undefined)?.length !== 3
    || !isBytes(sign) || !(empty instanceof CborMap) || empty.entries.length > 0 || !isBytes(countersignature)) {
    throw new Unreadable('the unprotected header is not exactly one countersignature (11)');
  }
  const header = readHeader(body);
  const signHeader = readHeader(sign);
  const algorithm = header.get(ALG) as Algorithm | undefined;
  if (algorithm !== ED25519 && algorithm !== ES256) {
    throw new Unreadable('the algorithm of the signature (1) is neither Ed25519 nor ES256');
  }
  if (!header.has(KEY_ID)) {
    throw new Unreadable('the key id of the signature (4) is missing');
  }
  const isHashEnvelope = header.has(HASH_ALG);
  const contentType = (header.get(CONTENT_TYPE) ?? header.get(PREIMAGE_TYPE)) as string | undefined;
  if (contentType === undefined || isHashEnvelope !== header.has(PREIMAGE_TYPE) || isHashEnvelope === header.has(CONTENT_TYPE)) {
    throw new Unreadable('the content type (3, or 259 in a hash envelope) is missing');
  }
  const claims = header.get(CLAIMS) as Map<bigint, string | bigint> | undefined;
  if (!claims?.has(ISSUER) || !claims.has(SUBJECT)) {
    throw new Unreadable('the CWT claims (15) lack issuer or subject');
  }
  if (signature.length !== algorithm.signatureSize) {
    throw new Unreadable(`the signature is ${signature.length} bytes long`);
  }
  if (isHashEnvelope && payload.length !== 32) {
    throw new Unreadable('the payload of a hash envelope is not 32 bytes');
  }
  if (header.has(LOCATION) && (!isHashEnvelope || header.get(LOCATION) !== locationOf(payload))) {
    throw new Unreadable("the payload location (260) does not name the payload's hash");
  }
  if (signHeader.get(ALG) !== ML_DSA_65 || !signHeader.has(KEY_ID) || signHeader.size !== 2) {
    throw new Unreadable("the shadow signature's header is not exactly ML-DSA-65 and a key id");
  }
  if (countersignature.length !== ML_DSA_65.signatureSize) {
    throw new Unreadable(`the shadow signature is ${countersignature.length} bytes long`);
  }
  const none = new Uint8Array();
  const issuedAt = claims.get(ISSUED_AT) as bigint | undefined;
  return {
    envelope, sha256: sha256(envelope), contentType, issuer: claims.get(ISSUER) as string, subject: claims.get(SUBJECT) as string,
    issuedAt: issuedAt === undefined ? null : issuedAt * SECOND, sessionCode: (header.get(SESSION_CODE) as Uint8Array | undefined) ?? null, payload, isHashEnvelope,
    primary: { algorithm, keyId: header.get(KEY_ID) as Uint8Array, value: signature, message: encodeSequence(['Signature1', body, none, payload]) },
    shadow: {
      algorithm: ML_DSA_65, keyId: signHeader.get(KEY_ID) as Uint8Array, value: countersignature,
      message: encodeSequence(['CounterSignatureV2', body, sign, none, payload, [signature]]),
    },
  };
}

export function checkSignatures(checks: Checks, subject: string, statement: Statement, trust: TrustStore, now: Time): void {
  checkSignature(checks, `${subject}.signature`, statement, statement.primary, trust, now);
  checkSignature(checks, `${subject}.shadow-signature`, statement, statement.shadow, trust, now);
  if (statement.issuedAt === null) {
    checks.skip(`${subject}.time`, 'It does not say when it was issued.');
  } else {
    checks.require(statement.issuedAt <= now + TOLERANCE, `${subject}.time`, 'It was issued before now.', 'It claims to have been issued in the future.',
      { issued_at: timeText(statement.issuedAt), now: timeText(now) });
  }
}

/** The document of a statement, checked against it; null and a failed check when it is not one of this type. */
export function checkDocument<C extends ContentType>(checks: Checks, subject: string, { statement, document: beside }: Part, expected: C): DocumentOf<C> | null {
  const document = openDocument(checks, `${subject}.document`, statement, beside, expected);
  if (document !== null && 'time_stamp' in document) {
    checks.skip(`${subject}.time-stamp`, "An authority stamped the time; this program does not check that. openssl ts -verify does, with the authority's certificate.");
  }
  checks.show({ subject, statement, document: document as object | null });
  return document;
}

/** The same for a document of whatever known type. */
export function checkAnyDocument(checks: Checks, subject: string, part: Part): boolean {
  const { contentType } = part.statement;
  if (isKnown(contentType)) {
    return checkDocument(checks, subject, part, contentType) !== null;
  }
  checks.fail(`${subject}.document`, 'The statement is of a type that this program does not know.', { found: contentType });
  checks.show({ subject, statement: part.statement, document: null });
  return false;
}

function openDocument<C extends ContentType>(checks: Checks, id: string, statement: Statement, beside: Uint8Array | null, expected: C): DocumentOf<C> | null {
  if (statement.isHashEnvelope !== (beside !== null)) {
    checks.fail(id, beside === null ? 'The statement holds only the hash of its document, and the document is missing.' : 'There is a document beside a statement that holds its own.');
    return null;
  }
  if (beside !== null && !equal(sha256(beside), statement.payload)) {
    checks.fail(id, 'The document is not the one that was signed: its hash differs.', { signed_sha256: hex(statement.payload), document_sha256: hex(sha256(beside)) });
    return null;
  }
  if (statement.contentType !== expected) {
    checks.fail(id, 'The statement is of another type than expected.', { expected, found: statement.contentType });
    return null;
  }
  let document: DocumentOf<C>;
  try {
    document = readDocument(expected, beside ?? statement.payload);
  } catch (problem) {
    checks.fail(id, `The document does not follow its format: ${wordsOf(problem)}.`);
    return null;
  }
  const named = subjectOf(expected, document);
  return checks.require(statement.subject === named, id, 'The document is complete and is what was signed.', 'The statement names another subject than its document.',
    { subject: named, signed_subject: statement.subject }) ? document : null;
}

/** What is wrong with bytes; whatever else was thrown is a fault of this program, and no reason to believe them. */
export function wordsOf(problem: unknown): string {
  return problem instanceof Unreadable ? problem.message : 'this program failed to read it';
}

function checkSignature(checks: Checks, id: string, statement: Statement, signature: Signature, trust: TrustStore, now: Time): void {
  const name = signature.algorithm.name;
  const key_id = hex(signature.keyId);
  const key = trust.find(signature.algorithm, signature.keyId);
  const time = statement.issuedAt ?? now;
  if (key === undefined) {
    checks.fail(id, `The ${name} signature names key ${key_id}, which is not in the trust store.`, { key_id }, 'untrusted_key');
  } else if (key.name !== statement.issuer) {
    checks.fail(id, `The ${name} key ${key_id} belongs to ${key.name}, the statement says that ${statement.issuer} issued it.`, { key_id, key_name: key.name, issuer: statement.issuer });
  } else if (!key.isValidAt(time)) {
    checks.fail(id, `The ${name} key ${key_id} was not in use at the time of the statement.`,
      { key_id, time: timeText(time), valid_from: timeText(key.validFrom), valid_until: key.validUntil === null ? 'open' : timeText(key.validUntil) });
  } else {
    checks.require(signature.algorithm.verify(key.publicKey, signature.message, signature.value), id, `The ${name} signature is ${key.name}'s.`,
      `The ${name} signature is wrong: the statement was altered, or key ${key_id} did not sign it.`, { key_id, issuer: key.name });
  }
}

const isBytes = (value: Cbor | undefined): value is Uint8Array => value instanceof Uint8Array;

function locationOf(hash: Uint8Array): string {
  const text = btoa(String.fromCharCode(...hash)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return `ni:///sha-256;${text}`;
}

type Parameter = Algorithm | Uint8Array | string | bigint | Map<bigint, string | bigint>;

function readHeader(encoding: Uint8Array): Map<bigint, Parameter> {
  let whole: Cbor;
  try {
    whole = decodeCbor(encoding, LIMITS);
  } catch (problem) {
    throw new Unreadable(`protected header: ${wordsOf(problem)}`);
  }
  if (!(whole instanceof CborMap)) {
    throw new Unreadable('protected header: not a map');
  }
  const header = new Map<bigint, Parameter>();
  for (const [label, value] of whole.entries) {
    if (typeof label !== 'bigint') {
      throw new Unreadable('protected header: a label is not an integer');
    }
    const parameter = readParameter(label, value);
    if (parameter === null) {
      throw new Unreadable(`protected header: parameter ${label} is unknown or of a wrong type`);
    }
    header.set(label, parameter);
  }
  return header;
}

/** The value as it is used, or null where it is not one of this label. */
function readParameter(label: bigint, value: Cbor): Parameter | null {
  switch (label) {
    case ALG: return ALGORITHMS.find((known) => BigInt(known.cose) === (value === OLD_EDDSA ? BigInt(ED25519.cose) : value)) ?? null;
    case CONTENT_TYPE: case PREIMAGE_TYPE: return isShortText(value) ? value : null;
    case KEY_ID: return value instanceof Uint8Array && value.length === 8 ? value : null;
    case CLAIMS: return readClaims(value);
    case HASH_ALG: return value === SHA_256 ? value : null;
    case LOCATION: return typeof value === 'string' ? value : null;
    case SESSION_CODE: return value instanceof Uint8Array && value.length === 32 ? value : null;
    default: return null;
  }
}

function readClaims(value: Cbor): Map<bigint, string | bigint> | null {
  if (!(value instanceof CborMap)) {
    return null;
  }
  const claims = new Map<bigint, string | bigint>();
  for (const [label, claim] of value.entries) {
    if ((label === ISSUER || label === SUBJECT) && isShortText(claim)) {
      claims.set(label, claim);
    } else if (label === ISSUED_AT && typeof claim === 'bigint' && claim >= 0n && claim <= LATEST_SECOND) {
      claims.set(label, claim);
    } else {
      return null;
    }
  }
  return claims;
}

const isShortText = (value: Cbor): value is string => typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT;
