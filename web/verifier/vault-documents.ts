// What vaults, their officers and their customers state: the fields of every type of document, as spec/bundle.md lists them.
import { hex } from './bytes.js';
import {
  type Read, type Rule, array, bytes, choice, documentType as type, fields, hash, id, integer, mediaType, named, number, text, textThat, time,
} from './fields.js';
import { CborMap } from './cbor.js';
import { isPartId } from './part-id.js';
import { LATEST } from './time.js';

export const EVIDENCE_BUNDLE = mediaType('evidence-bundle');
export const TWIN_CERTIFICATE = mediaType('twin-certificate');
export const VAULT_KEY_REQUEST = mediaType('vault-key-request');
export const VAULT_CERTIFICATE = mediaType('vault-certificate');
export const OFFICER_APPOINTMENT = mediaType('officer-appointment');
export const KEY_REVOCATION = mediaType('key-revocation');
export const CEREMONY_RECORD = mediaType('ceremony-record');
export const SLICER_MANIFEST = mediaType('slicer-manifest');
export const FIRMWARE_APPROVAL = mediaType('firmware-approval');
export const FINDING_REVIEW = mediaType('finding-review');
export const CERTIFICATE_ENDORSEMENT = mediaType('certificate-endorsement');

const customerId = textThat((value) => /^[a-z0-9.-]{1,128}$/.test(value));
const custody = choice('token', 'software');

/** One public key of a vault: how long it is depends on its algorithm. */
const key = <const A extends 'Ed25519' | 'ES256' | 'ML-DSA-65'>(...algorithms: readonly A[]): Rule<{ readonly algorithm: A; readonly public_key: Uint8Array; readonly custody: 'token' | 'software' }> =>
  (value, where) => {
    const algorithm = choice(...algorithms)(value instanceof CborMap ? value.get('algorithm') ?? null : null, `${where}.algorithm`);
    return fields({ algorithm: choice(algorithm), public_key: bytes({ Ed25519: 32, ES256: 65, 'ML-DSA-65': 1952 }[algorithm]), custody })(value, where);
  };

const keys = fields({ primary: key('Ed25519', 'ES256'), shadow: key('ML-DSA-65'), manifest_ed25519: key('Ed25519'), manifest_ml_dsa_65: key('ML-DSA-65') });
const token = fields({ manufacturer: text(), model: text(), serial: text(), library: text() });
const vault = { vault_id: id, customer_id: customerId, printer_id: id, keys, token };

const vaultKeyRequest = fields({ ...vault, requested_at: time }, { replaces: hash });

const vaultCertificate = fields({ ...vault, request_sha256: hash, valid_from: time }, { valid_until: time, replaces: hash });

const officerAppointment = fields(
  {
    officer_id: id, customer_id: customerId, name: text(), roles: array(choice('custodian', 'witness', 'reviewer', 'firmware', 'slicer', 'operator_admin'), 6, 1),
    ed25519_key: bytes(32), ml_dsa_65_key: bytes(1952), valid_from: time,
  },
  { valid_until: time });

const keyRevocation = fields(
  {
    revocation_id: id, customer_id: customerId, revoked_statement: hash, holder: id, revoked_at: time, reason: choice('compromised', 'superseded', 'decommissioned', 'lost'),
  },
  { note: text(1024) });

const ceremonyRecord = fields(
  {
    ceremony_id: id, kind: choice('enrol', 'rekey', 'decommission'), customer_id: customerId, vault_id: id, at: time, place: text(), custodian: id, witness: id,
    steps: array(fields({ at: time, what: text(512) }), 256), token, certificate_sha256: hash, root_pin: text(128),
  },
  { note: text(1024) });

const evidenceBundle = fields(
  {
    bundle_id: id, customer_id: customerId, printer_id: id, vault_id: id, signed_at: time, machine_counter: integer(1n), job_id: text(128), gcode_sha256: hash, gcode_bytes: integer(),
    slicer_attest: fields({ level: choice('unknown', 'self-identified', 'attested'), reason: text(512) }, { name: text(), version: text(), build_sha256: hash, manifest_sha256: hash }),
    firmware: fields({ state: choice('unknown', 'unapproved', 'approved'), approvals: array(hash, 16) }, { reason: text(512) }),
    sensor_envelope: named(fields({ min: number(), max: number(), mean: number(), unit: text(16), samples: integer(1n) }), 64, 64),
    mode: choice('normal', 'degraded'), reasons: array(text(512), 32), key_custody: fields({ primary: custody, shadow: custody }),
    models: array(fields({ name: text(64), version: text(64), sha256: hash }), 16),
    signals: array(fields({ name: text(64), score: number(0, 1), reason: text(512), evidence: array(fields({ name: text(128), value: text() }), 32) }), 16),
  },
  {
    previous: hash, firmware_sha256: hash, operator_binding: fields({ idp: text(), subject: text(), token_sha256: hash, signature: bytes(64) }, { roles: array(text(64), 16, 1) }),
    twincert_ref: fields({ twin_id: id, draft_sha256: hash }), started_at: time, ended_at: time, material: text(), note: text(1024),
  });

const twinCertificate = fields(
  {
    twin_id: id, customer_id: customerId, state: choice('draft', 'complete'), made_at: time,
    as_designed: fields({ model_sha256: hash }, { profile_sha256: hash, name: text(), revision: text() }),
  },
  {
    as_sliced: fields({ gcode_sha256: hash, slicer: text() }), as_built: fields({ bundle_sha256: hash, bundle_id: id }, { part_id: textThat(isPartId) }), draft_sha256: hash,
  });

const slicerManifest = fields({
  manifest_id: id, customer_id: customerId, slicer: text(), version: text(), platform: text(), publisher: text(),
  files: array(fields({ path: text(512), bytes: integer(), sha256: hash }), 16_384, 1), made_at: time,
});

const firmwareApproval = fields(
  { approval_id: id, customer_id: customerId, image_sha256: hash, name: text(), version: text(), printer_ids: array(id, 1024), approved_at: time },
  { board: text() });

const findingReview = fields({
  review_id: id, customer_id: customerId, bundle_sha256: hash, bundle_id: id, signal: text(64), decision: choice('accept', 'reject'), comment: text(1024), reviewer: text(), at: time,
});

const certificateEndorsement = fields({ certificate_id: id, certificate_sha256: hash, vault_id: id, bundle_sha256: hash, at: time });

export type EvidenceBundle = Read<typeof evidenceBundle>;
export type TwinCertificate = Read<typeof twinCertificate>;
export type VaultCertificate = Read<typeof vaultCertificate>;
export type OfficerAppointment = Read<typeof officerAppointment>;
export type KeyRevocation = Read<typeof keyRevocation>;
export type SlicerManifest = Read<typeof slicerManifest>;
export type FirmwareApproval = Read<typeof firmwareApproval>;

const period = ({ valid_from, valid_until }: { readonly valid_from: bigint; readonly valid_until?: bigint }): string | null =>
  valid_until !== undefined && valid_until <= valid_from ? 'document.valid_until: not after valid_from' : null;

export const VAULT_TYPES = {
  [EVIDENCE_BUNDLE]: type(evidenceBundle, ['bundle_id'], bundleProblem),
  [TWIN_CERTIFICATE]: type(twinCertificate, ['twin_id'], twinProblem),
  [VAULT_KEY_REQUEST]: type(vaultKeyRequest, ['vault_id']),
  [VAULT_CERTIFICATE]: type(vaultCertificate, ['vault_id'], period),
  [OFFICER_APPOINTMENT]: type(officerAppointment, ['officer_id'], (document) =>
    new Set(document.roles).size < document.roles.length ? 'document.roles: not one or more roles, each once' : period(document)),
  [KEY_REVOCATION]: type(keyRevocation, ['revocation_id']),
  [CEREMONY_RECORD]: type(ceremonyRecord, ['ceremony_id'], (document) =>
    hex(document.custodian) === hex(document.witness) ? 'document.witness: the custodian: nobody watches himself' : null),
  [SLICER_MANIFEST]: type(slicerManifest, ['manifest_id']),
  [FIRMWARE_APPROVAL]: type(firmwareApproval, ['approval_id']),
  [FINDING_REVIEW]: type(findingReview, ['review_id']),
  [CERTIFICATE_ENDORSEMENT]: type(certificateEndorsement, ['certificate_id']),
};

/** What only shows in several fields. */
function bundleProblem(bundle: EvidenceBundle): string | null {
  const { slicer_attest: slicer, firmware } = bundle;
  const attested = slicer.level === 'attested';
  if (attested !== (slicer.manifest_sha256 !== undefined)) {
    return 'document.slicer_attest.manifest_sha256: an attested slicer has a manifest, and no other has';
  }
  if ((attested && (slicer.build_sha256 === undefined || slicer.version === undefined)) || (slicer.level !== 'unknown' && slicer.name === undefined)) {
    return 'document.slicer_attest.name: an attested slicer has name, version and build, a self-identified one a name';
  }
  if (firmware.state === 'approved' && firmware.approvals.length < 2) {
    return 'document.firmware.approvals: firmware is approved by two officers';
  }
  if (![...bundle.sensor_envelope.values()].every(({ min, mean, max }) => min <= mean && mean <= max)) {
    return 'document.sensor_envelope.mean: not between min and max';
  }
  if ((bundle.mode === 'degraded') !== (bundle.reasons.length > 0)) {
    return 'document.mode: degraded with reasons, or normal without';
  }
  if (bundle.previous !== undefined && bundle.machine_counter === 1n) {
    return 'document.previous: there although this is the first bundle';
  }
  if ((bundle.firmware_sha256 === undefined) !== (firmware.state === 'unknown')) {
    return 'document.firmware_sha256: the firmware is unknown exactly when it has no hash';
  }
  if (firmware.state !== 'approved' && bundle.mode === 'normal') {
    return 'document.mode: normal although the firmware is not approved';
  }
  return (bundle.ended_at ?? LATEST) < (bundle.started_at ?? 0n) ? 'document.ended_at: before started_at' : null;
}

function twinProblem(twin: TwinCertificate): string | null {
  const complete = twin.state === 'complete';
  if (complete !== (twin.draft_sha256 !== undefined) || complete !== (twin.as_built !== undefined)) {
    return 'document.state: a completion has as_built and draft_sha256, a draft neither';
  }
  return complete && twin.as_sliced === undefined ? 'document.as_sliced: missing' : null;
}
