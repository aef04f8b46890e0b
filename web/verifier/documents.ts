// What statements say: the fields of every type of document, as spec/statement.md, spec/certificate.md and spec/custody.md list them.
import { compare, sha256, uuid } from './bytes.js';
import { type Cbor, CborMap, decodeCbor } from './cbor.js';
import { Unreadable } from './checks.js';
import {
  type DocumentType, type Read, type Rule, array, boolean, bytes, choice, documentType as type, fields, hash, id, integer, mediaType, number, text, textThat, time,
} from './fields.js';
import { CROCKFORD, isCrockford, isPartId } from './part-id.js';
import { LATEST } from './time.js';
import { VAULT_TYPES } from './vault-documents.js';

export const PRINT_CERTIFICATE = mediaType('print-certificate');
export const LICENCE_GRANT = mediaType('licence-grant');
export const LICENCE_REVOCATION = mediaType('licence-revocation');
export const PRINTER_ENROLMENT = mediaType('printer-enrolment');
export const SLICE_RECORD = mediaType('slice-record');
export const AUDIT_RECORD = mediaType('audit-record');
export const CUSTODIAN_ADMISSION = mediaType('custodian-admission');
export const CUSTODY_EVENT = mediaType('custody-event');
export const RECALL = mediaType('recall');
export const LOG_ANCHOR = mediaType('log-anchor');

export const REGISTRY = 'REGISTRY';

const name = text(200);
const partId = textThat(isPartId);
const pseudonym = textThat(isCrockford);

const licenceGrant = fields(
  {
    licence_id: id, design_id: id, design_sha256: hash, owner: text(), manufacturers: array(text(), 1024), printers: array(id, 1024), prints: integer(1n),
    materials: array(text(), 256), qualities: array(text(), 256), granted_at: time,
  },
  {
    expires_at: time, exposure_limit_s: number(0), outage_limit_s: number(0), revocation_policy: choice('at_once', 'after_print'), allow_script_store: boolean,
    allow_no_dead_man: boolean, max_slowdown_percent: number(0, 50), max_temperature_trim_c: number(0, 15),
  });

const licenceRevocation = fields({ licence_id: id, licence_statement: hash, revoked_at: time, reason: text(1024) });

const printerEnrolment = fields(
  {
    printer_id: id, printer_name: text(), printer_model: text(), manufacturer: text(), machine_id: hash, profile_sha256: hash, device_public_key: bytes(65),
    enrolled_at: time,
  },
  { measured: array(text(), 8), replaces: hash, accepted_by: text() });

const sliceRecord = fields({
  slice_id: id, design_id: id, design_sha256: hash, slice_sha256: hash, printer_id: id, material: text(), quality: text(), slicer: text(), settings_sha256: hash,
  lines: integer(), layers: integer(), motion_s: number(0), filament_mm: number(0), sliced_at: time,
});

const auditRecord = fields(
  {
    record_id: id, number: integer(1n), at: time, actor: name, act: name, subject: name, outcome: choice('done', 'refused'),
    details: array(fields({ name, value: text(1024) }), 32),
  },
  { actor_role: name, refusal_code: name, previous: hash });

const adjustment = fields({ at: time, what: text(), from: number(), to: number() }, { by: text(), why: text() });

const printCertificate = fields(
  {
    certificate_id: id, session_id: id, job_id: id, part_name: text(), material: text(), quality: text(), owner: text(), manufacturer: text(), printer_id: id,
    printer_name: text(), printer_model: text(), machine_id: hash, profile_sha256: hash, licence_id: id, print_number: integer(1n), design_id: id, design_sha256: hash,
    slice_sha256: hash, slicer: text(), started_at: time, ended_at: time, result: choice('completed', 'cancelled', 'revoked', 'failed', 'proxy_suspected'),
    engine_transport: text(), printer_transport: text(), exposure: fields({ motion_s: number(0), segments: integer() }),
    temperatures: array(fields({ heater: text(), min_c: number(), max_c: number() }), 64), adjustments: array(adjustment, 4096),
    alerts: array(fields({ at: time, code: text(), text: text(1024) }), 4096), segment_ivs: bytes(0, 12_000_000), chain_head: hash, licence_statement: hash,
    enrolment_statement: hash, slice_statement: hash,
  },
  {
    result_reason: text(), part_id: partId, challenges: fields({ asked: integer(), answered: integer(), missed: integer() }),
    vault: fields({ bundle_sha256: hash, vault_id: id }),
  });

const custodianAdmission = fields(
  {
    part_id: partId, pseudonym, role: choice('manufacturer', 'owner', 'carrier', 'dealer', 'operator', 'maintainer', 'inspector', 'recycler'),
    region: textThat((region) => /^[A-Z]{2}$/.test(region)), ed25519_key: bytes(32), ml_dsa_65_key: bytes(1952), admitted_at: time,
  },
  { sealed_identity: array(fields({ regulator: hash, sealed: bytes(1, 4096) }), 16, 1) });

const scope = { design_id: id, licence_id: id, printer_id: id, printed_from: time, printed_to: time, material: text() };
const recall = fields({ recall_id: id, by: text(), at: time, reason: text(1024) }, scope);

const logAnchor = fields({ anchor_id: id, origin: text(255), size: integer(1n), root: hash, at: time }, { time_stamp: bytes(1, 10_000) });

const eventKinds = ['manufactured', 'transferred', 'received', 'installed', 'removed', 'inspected', 'maintained', 'recalled', 'scrapped'] as const;
const common = { event_id: id, part_id: partId, number: integer(1n, 4096n), at: time, previous: hash };
const reason = { reason: text(1024) };
const note = { note: text(1024) };

export interface CustodyEvent extends Omit<Read<ReturnType<typeof fields<typeof common>>>, never> {
  readonly kind: (typeof eventKinds)[number];
  readonly custodian: string;
  readonly to?: string;
  readonly into?: string;
  readonly outcome?: 'passed' | 'failed';
  readonly recall?: Uint8Array;
  readonly reason?: string;
  readonly note?: string;
}

/** Which fields an event has besides those that all have depends on its kind. */
const custodyEvent: Rule<CustodyEvent> = (value, where) => {
  const kind = choice(...eventKinds)(value instanceof CborMap ? value.get('kind') ?? null : null, `${where}.kind`);
  const signed = { ...common, kind: choice(kind), custodian: kind === 'recalled' ? choice(REGISTRY) : pseudonym };
  switch (kind) {
    case 'transferred': return fields({ ...signed, to: pseudonym }, note)(value, where);
    case 'installed': return fields({ ...signed, into: text() }, note)(value, where);
    case 'inspected': return fields({ ...signed, outcome: choice('passed', 'failed') }, note)(value, where);
    case 'recalled': return fields({ ...signed, recall: hash }, { ...note, ...reason })(value, where);
    case 'removed': case 'scrapped': return fields(signed, { ...note, ...reason })(value, where);
    default: return fields(signed, note)(value, where);
  }
};

export type PrintCertificate = Read<typeof printCertificate>;
export type LicenceGrant = Read<typeof licenceGrant>;
export type LicenceRevocation = Read<typeof licenceRevocation>;
export type PrinterEnrolment = Read<typeof printerEnrolment>;
export type SliceRecord = Read<typeof sliceRecord>;
export type AuditRecord = Read<typeof auditRecord>;
export type CustodianAdmission = Read<typeof custodianAdmission>;
export type Recall = Read<typeof recall>;

const TYPES = {
  [PRINT_CERTIFICATE]: type(printCertificate, ['certificate_id'], (document) =>
    document.segment_ivs.length % 12 ? 'document.segment_ivs: not a multiple of 12 bytes' : document.ended_at < document.started_at ? 'document.ended_at: before started_at' : null),
  [LICENCE_GRANT]: type(licenceGrant, ['licence_id']),
  [LICENCE_REVOCATION]: type(licenceRevocation, ['licence_id']),
  [PRINTER_ENROLMENT]: type(printerEnrolment, ['printer_id']),
  [SLICE_RECORD]: type(sliceRecord, ['slice_id']),
  [AUDIT_RECORD]: type(auditRecord, ['record_id'], (document) =>
    ('previous' in document) === (document.number === 1n) ? 'document.previous: missing, or there although this is the first record' : null),
  [CUSTODIAN_ADMISSION]: type(custodianAdmission, ['part_id', 'pseudonym'], (document) =>
    document.pseudonym === pseudonymOf(document.ed25519_key, document.ml_dsa_65_key) ? null : 'document.pseudonym: not that of the keys'),
  [CUSTODY_EVENT]: type(custodyEvent, ['event_id']),
  [RECALL]: type(recall, ['recall_id'], (document) =>
    !Object.keys(scope).some((field) => field in document) || (document.printed_from ?? 0n) > (document.printed_to ?? LATEST) ? 'document: the recall covers nothing' : null),
  [LOG_ANCHOR]: type(logAnchor, ['anchor_id']),
  ...VAULT_TYPES,
};

export type ContentType = keyof typeof TYPES;
export type DocumentOf<C extends ContentType> = Read<(typeof TYPES)[C]['rule']>;

export const isKnown = (contentType: string): contentType is ContentType => Object.hasOwn(TYPES, contentType);

/** The fields by name. Throws Unreadable for bytes that are no such document. */
export function readDocument<C extends ContentType>(contentType: C, encoding: Uint8Array): DocumentOf<C> {
  const { rule, problem } = TYPES[contentType] as unknown as DocumentType<DocumentOf<C>>;
  const document = rule(decodeCbor(encoding), 'document');
  const wrong = problem!(document);
  if (wrong !== null) {
    throw new Unreadable(wrong);
  }
  return document;
}

/** The subject that a statement of this document has to have. */
export function subjectOf<C extends ContentType>(contentType: C, document: DocumentOf<C>): string {
  const kind = contentType.slice('application/vnd.touchmark.'.length, -'+cbor'.length);
  const ends = TYPES[contentType].named.map((field) => (document as Record<string, unknown>)[field]);
  return [kind, ...ends.map((end) => (end instanceof Uint8Array ? uuid(end) : String(end)))].join('/');
}

/** spec/custody.md: the first 10 bytes of the hash of both keys, in Crockford's base32. */
export function pseudonymOf(ed25519Key: Uint8Array, mlDsa65Key: Uint8Array): string {
  const value = sha256(ed25519Key, mlDsa65Key).subarray(0, 10).reduce((total, byte) => (total << 8n) | BigInt(byte), 0n);
  return Array.from({ length: 16 }, (_, at) => CROCKFORD[Number((value >> BigInt(75 - 5 * at)) & 31n)]!).join('');
}

/** Upper case, character by character: no character becomes two. */
export const fold = (written: string): string => [...written].map((character) => ([...character.toUpperCase()].length === 1 ? character.toUpperCase() : character)).join('');

/** Whether two documents hold the same values in these fields. */
export function agree<N extends string, T extends Partial<Record<N, unknown>>, U extends Partial<Record<N, unknown>>>(one: T, other: U, ...names: readonly N[]): boolean {
  return names.every((field) => {
    const [a, b] = [one[field], other[field]] as readonly unknown[];
    return a instanceof Uint8Array && b instanceof Uint8Array ? compare(a, b) === 0 : a === b;
  });
}

export type { Cbor };
