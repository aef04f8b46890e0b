// What a browser signs and seals for a custodian: derived as the vectors say, read back by the verifier, and by OpenSSL's keys.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { encode as encodeItem, Tagged } from '../custodian/encode.js';
import { CustodianKeys, importRoot } from '../custodian/keys.js';
import { keyOf, open, seal } from '../custodian/seal.js';
import { signAdmission, signEvent } from '../custodian/sign.js';
import { decodeCbor } from '../verifier/cbor.js';
import { Checks } from '../verifier/checks.js';
import { checkCustody } from '../verifier/custody.js';
import { CUSTODIAN_ADMISSION, CUSTODY_EVENT, type CustodyEvent, PRINT_CERTIFICATE, readDocument } from '../verifier/documents.js';
import { parseStatement } from '../verifier/statement.js';
import { fromDate } from '../verifier/time.js';
import { NOW, fromBase64, fromHex, json, trust } from './vectors.js';

interface Derivation { root: string; part_id: string; ed25519_key: string; ml_dsa_65_key_sha256: string; pseudonym: string }
interface Chains { statements: Record<string, string>; cases: { name: string; certificate: string; statements: string[]; standing?: string; holder?: string }[] }

const derivations = json<Derivation[]>('spec/vectors/custody/keys.json');
const chains = json<Chains>('spec/vectors/custody/chains.json');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const rootOf = (text: string): Promise<CryptoKey> => importRoot(new Uint8Array(Buffer.from(text, 'hex')));

for (const [at, { root, part_id, ed25519_key, ml_dsa_65_key_sha256, pseudonym }] of derivations.entries()) {
  test(`A root leads to the keys of vector ${at + 1}, and cannot be read again`, async () => {
    const kept = await rootOf(root);
    const keys = await CustodianKeys.derive(kept, part_id);
    assert.deepEqual([hex(keys.ed25519Key), createHash('sha256').update(keys.mlDsa65Key).digest('hex'), keys.pseudonym], [ed25519_key, ml_dsa_65_key_sha256, pseudonym]);
    await assert.rejects(crypto.subtle.exportKey('raw', kept));
  });
}

test('A root of another length is refused', () => {
  for (const length of [0, 31, 33, 64]) {
    assert.throws(() => importRoot(new Uint8Array(length)), RangeError);
  }
});

test('What is encoded is read back as the only encoding', () => {
  for (const number of [0n, 23n, 24n, 255n, 256n, 65_535n, 65_536n, 4_294_967_295n, 4_294_967_296n, 2n ** 63n - 1n, -1n, -19n, -49n, -256n]) {
    assert.equal(decodeCbor(encodeItem(number)), number);
  }
  const nested = new Map<string, Uint8Array | string>([['zz', 'é🙂'], ['b', new Uint8Array(300)], ['aaa', ''], ['a', '\u202Eabc']]);
  assert.deepEqual(encodeItem(decodeLike(nested)), encodeItem(nested));
  assert.ok(decodeCbor(encodeItem(new Tagged(18n, [nested]))));
});

test('A request for admission is signed by the keys that it names', async () => {
  const { partId } = history('offered and not yet received');
  const keys = await CustodianKeys.derive(await rootOf(derivations[0]!.root), partId);
  const admission = parseStatement(signAdmission(keys, { partId, role: 'owner', region: 'FR', identity: [{ regulator: new Uint8Array(32), sealed: new Uint8Array(90) }] }, fromDate(NOW)));
  const said = readDocument(CUSTODIAN_ADMISSION, admission.payload);
  assert.deepEqual([said.pseudonym, said.role, said.region, said.sealed_identity?.length, admission.issuer], [keys.pseudonym, 'owner', 'FR', 1, `custodian/${keys.pseudonym}`]);
  for (const { algorithm, value, message } of [admission.primary, admission.shadow]) {
    const key = algorithm.name === 'Ed25519' ? keys.ed25519Key : keys.mlDsa65Key;
    assert.ok(algorithm.verify(key, message, value));
    assert.ok(!algorithm.verify(key, message, value.map((byte, at) => (at === 7 ? byte ^ 1 : byte))));
  }
});

test('An event that is signed here goes on from a chain of the vectors, and only for its holder', async () => {
  const { partId, state, parts, signed, certificate } = history('offered and not yet received');
  const now = fromDate(NOW);
  for (const { root, part_id, pseudonym } of derivations.filter((entry) => entry.part_id === partId)) {
    const keys = await CustodianKeys.derive(await rootOf(root), part_id);
    const event: CustodyEvent = {
      event_id: new Uint8Array(16).fill(9), part_id: partId, number: state.number + 1n, kind: 'scrapped', at: now, previous: state.head, custodian: pseudonym, reason: 'قوس "quoted" 🙂 <b>', note: 'x'.repeat(1024),
    };
    const envelope = signEvent(keys, event, now);
    assert.deepEqual(readDocument(CUSTODY_EVENT, parseStatement(envelope).payload), event);
    const checks = new Checks();
    const after = checkCustody(checks, certificate, signed, [...parts, { statement: parseStatement(envelope), document: null }], trust('custody/trust.json'), now);
    const failed = checks.made.filter((check) => check.outcome === 'failed').map((check) => check.id);
    assert.deepEqual([failed, after.state?.scrapped], pseudonym === state.holder ? [[], true] : [[`event-${event.number}.rules`], undefined]);
  }
  assert.ok(derivations.some((entry) => entry.pseudonym === state.holder));
});

test('What no event can say is not signed', async () => {
  const { partId, state } = history('offered and not yet received');
  const keys = await CustodianKeys.derive(await rootOf(derivations[0]!.root), partId);
  const now = fromDate(NOW);
  const event: CustodyEvent = { event_id: new Uint8Array(16), part_id: partId, number: 8n, kind: 'removed', at: now, previous: state.head, custodian: keys.pseudonym };
  for (const wrong of [{ note: 'x'.repeat(10_000) }, { kind: 'installed' as const }, { to: keys.pseudonym }, { number: 0n }, { previous: new Uint8Array(31) }, { custodian: 'somebody' }]) {
    assert.throws(() => signEvent(keys, { ...event, ...wrong }, now));
  }
  assert.throws(() => signAdmission(keys, { partId, role: 'owner', region: 'France', identity: [] }, now));
});

interface Sealed { name: string; sealed: string; pkcs8: string; part_id: string; pseudonym: string; identity: string | null }

for (const { name, sealed, pkcs8, part_id, pseudonym, identity } of json<Sealed[]>('spec/vectors/sealed-identity/sealed-identity.json')) {
  test(`Sealed identity: ${name}`, async () => {
    const der = new Uint8Array(Buffer.from(pkcs8, 'hex'));
    const key = await crypto.subtle.importKey('pkcs8', der, { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
    assert.equal(await open(fromHex(sealed), key, der.subarray(-65), part_id, pseudonym), identity);
  });
}

test('What is sealed to a certificate is opened by its key, for this part and custodian alone', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = new Uint8Array(pair.privateKey.export({ format: 'der', type: 'pkcs8' }));
  const key = await crypto.subtle.importKey('pkcs8', der, { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
  // The certificate of the test with this key in the place of its own: nothing here looks at its signature.
  const certificate = Buffer.from(CERTIFICATES[0]!.pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  certificate.set(der.subarray(-65), certificate.indexOf(Buffer.from(keyOf(new Uint8Array(certificate))!)));
  const pem = `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----`;
  const box = (await seal('قوس & co. 🙂', pem, 'PPG0A0EV8ZB4ERYQ', '05DAW7HKMKRXGSV9'))!;
  assert.equal(hex(box.regulator), createHash('sha256').update(certificate).digest('hex'));
  assert.equal(await open(box.sealed, key, der.subarray(-65), 'PPG0A0EV8ZB4ERYQ', '05DAW7HKMKRXGSV9'), 'قوس & co. 🙂');
  assert.equal(await open(box.sealed, key, der.subarray(-65), 'PPG0A0EV8ZB4ERYQ', 'H3WN1494DA9FVWMB'), null);
  assert.equal(await open(box.sealed.map((byte, at) => (at === 80 ? byte ^ 1 : byte)), key, der.subarray(-65), 'PPG0A0EV8ZB4ERYQ', '05DAW7HKMKRXGSV9'), null);
  assert.equal(await seal('x', 'nonsense', 'PPG0A0EV8ZB4ERYQ', '05DAW7HKMKRXGSV9'), null);
});

test('The key of a certificate is found where RFC 5280 has it, and nowhere else', () => {
  for (const { pem, key } of CERTIFICATES) {
    const der = new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
    const jwk = createPublicKey(pem).export({ format: 'jwk' });
    const expected = key ? `04${Buffer.from(jwk.x!, 'base64url').toString('hex')}${Buffer.from(jwk.y!, 'base64url').toString('hex')}` : null;
    assert.equal(keyOf(der) && hex(keyOf(der)!), expected);
    for (let length = 0; length < der.length - 1; length += 7) {
      keyOf(der.subarray(0, length));
    }
  }
  assert.equal(keyOf(fromHex('30840000')), null);
});

function history(name: string) {
  const found = chains.cases.find((entry) => entry.name === name)!;
  const parse = (id: string) => parseStatement(fromBase64(chains.statements[id]!));
  const signed = parse(found.certificate);
  const certificate = readDocument(PRINT_CERTIFICATE, signed.payload);
  const parts = found.statements.map((id) => ({ statement: parse(id), document: null }));
  const { state } = checkCustody(new Checks(), certificate, signed, parts, trust('custody/trust.json'), fromDate(NOW));
  return { partId: certificate.part_id!, state: state!, parts, signed, certificate };
}

/** The same map, entered in another order. */
const decodeLike = <V>(map: ReadonlyMap<string, V>): Map<string, V> => new Map([...map].reverse());

/** Made with OpenSSL, for P-256 and for Ed25519. */
const CERTIFICATES = [
  { key: true, pem: `-----BEGIN CERTIFICATE-----
MIIBrjCCAVOgAwIBAgIUER1GG4NI02oRnS5pd4PA3m7aPN4wCgYIKoZIzj0EAwIw
LDEZMBcGA1UEAwwQUmVndWxhdG9yIHhjM3hhOTEPMA0GA1UECgwGSGVhbHRoMB4X
DTI2MTEyMjA3MDUyNVoXDTM2MTExOTA3MDUyNVowLDEZMBcGA1UEAwwQUmVndWxh
dG9yIHhjM3hhOTEPMA0GA1UECgwGSGVhbHRoMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEHiQWH4K9QbpwGvm/jz8s7QB0BnsKuqqXEFUmBPZOzQpEVkcKJemUGHYM
lSOVqydP9A5GB1F7FBmrl/5XfOoZ2qNTMFEwHQYDVR0OBBYEFOrAIHjvJPMNpXl/
m8oY+1dYQOd/MB8GA1UdIwQYMBaAFOrAIHjvJPMNpXl/m8oY+1dYQOd/MA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAK69n7OVN+tQXrw/KRTJ90wO
WFNBlHiVHBV1IhKG9IswAiEAq09g5u8dqZB117+j8OkG1TUM8FezhVTcgZsqSXXF
d2c=
-----END CERTIFICATE-----` },
  { key: false, pem: `-----BEGIN CERTIFICATE-----
MIIBNDCB56ADAgECAhQaHFAp6rMV2tJ0vhtpU5wi8VwvcDAFBgMrZXAwEDEOMAwG
A1UEAwwFT3RoZXIwHhcNMjYxMTIyMDcwNTI1WhcNMzYxMTE5MDcwNTI1WjAQMQ4w
DAYDVQQDDAVPdGhlcjAqMAUGAytlcAMhAB6V1dHCqp3N/Jk9jC5vxSx2BYBr8d23
6s/W1hbtZYbRo1MwUTAdBgNVHQ4EFgQUC2F2Em4St/jMkYnRPLxuDsvuqK0wHwYD
VR0jBBgwFoAUC2F2Em4St/jMkYnRPLxuDsvuqK0wDwYDVR0TAQH/BAUwAwEB/zAF
BgMrZXADQQDzhdErSEDwYAOV/U93V405ZMuSO8nG5yg7U40+iKuTDr71Aj1f/gyT
olLKbKEpZ26a5TtKb5tMZc6z9i8EkCwG
-----END CERTIFICATE-----` },
];
