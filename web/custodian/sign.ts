// What a custodian states, signed with both keys: spec/statement.md, Envelope, and spec/custody.md.
import { encodeSequence } from '../verifier/cbor.js';
import { CUSTODIAN_ADMISSION, CUSTODY_EVENT, type ContentType, type CustodianAdmission, type CustodyEvent, type DocumentOf, readDocument, subjectOf } from '../verifier/documents.js';
import { ED25519, ML_DSA_65, keyIdOf } from '../verifier/signatures.js';
import type { Time } from '../verifier/time.js';
import { type Item, Tagged, encode, map } from './encode.js';
import type { CustodianKeys } from './keys.js';

// COSE's labels.
const ALG = 1n, CONTENT_TYPE = 3n, KEY_ID = 4n, COUNTERSIGNATURE = 11n, CLAIMS = 15n;
const ISSUER = 1n, SUBJECT = 2n, ISSUED_AT = 6n;
const SIGN1 = 18n;

/** The identity of a custodian, sealed to a regulator. */
export interface SealedIdentity {
  readonly regulator: Uint8Array;
  readonly sealed: Uint8Array;
}

/** The request for admission to a part. Throws for what no admission can say. */
export function signAdmission(
  keys: CustodianKeys, wanted: { readonly partId: string; readonly role: CustodianAdmission['role']; readonly region: string; readonly identity: readonly SealedIdentity[] }, now: Time): Uint8Array {
  return sign(keys, CUSTODIAN_ADMISSION, map({
    part_id: wanted.partId, pseudonym: keys.pseudonym, role: wanted.role, region: wanted.region, ed25519_key: keys.ed25519Key, ml_dsa_65_key: keys.mlDsa65Key, admitted_at: now,
    sealed_identity: wanted.identity.length === 0 ? undefined : wanted.identity.map(({ regulator, sealed }) => map({ regulator, sealed })),
  }), now);
}

/** An event of a part. Throws for what is none. */
export function signEvent(keys: CustodianKeys, event: CustodyEvent, now: Time): Uint8Array {
  return sign(keys, CUSTODY_EVENT, map({ ...event } as Readonly<Record<string, Item>>), now);
}

function sign<C extends ContentType>(keys: CustodianKeys, contentType: C, document: Item, now: Time): Uint8Array {
  const payload = encode(document);
  // Read back as everybody will read it, so that nothing is signed that is not what it should be.
  const subject = subjectOf(contentType, readDocument(contentType, payload) as DocumentOf<C>);
  const claims = new Map<bigint, Item>([[ISSUER, `custodian/${keys.pseudonym}`], [SUBJECT, subject], [ISSUED_AT, now / 1_000_000n]]);
  const body = encode(new Map<bigint, Item>([[ALG, BigInt(ED25519.cose)], [CONTENT_TYPE, contentType], [KEY_ID, keyIdOf(ED25519, keys.ed25519Key)], [CLAIMS, claims]]));
  const counter = encode(new Map<bigint, Item>([[ALG, BigInt(ML_DSA_65.cose)], [KEY_ID, keyIdOf(ML_DSA_65, keys.mlDsa65Key)]]));
  const none = new Uint8Array();
  const signature = keys.signPrimary(encodeSequence(['Signature1', body, none, payload]));
  const countersignature = keys.signShadow(encodeSequence(['CounterSignatureV2', body, counter, none, payload, [signature]]));
  return encode(new Tagged(SIGN1, [body, new Map<bigint, Item>([[COUNTERSIGNATURE, [counter, new Map<bigint, Item>(), countersignature]]]), payload, signature]));
}
