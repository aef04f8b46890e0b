// Chains of custody, signatures and the log: every vector says what this verifier has to say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { Checks } from '../verifier/checks.js';
import { checkCustody } from '../verifier/custody.js';
import { PRINT_CERTIFICATE, readDocument } from '../verifier/documents.js';
import { ED25519, ES256 } from '../verifier/signatures.js';
import { parseStatement } from '../verifier/statement.js';
import { fromDate } from '../verifier/time.js';
import { NOW, encode, fromBase64, fromHex, json, trust } from './vectors.js';

interface Chains {
  statements: Record<string, string>;
  cases: { name: string; certificate: string; statements: string[]; fails?: string; holder?: string | null; standing?: string }[];
}

const chains = json<Chains>('spec/vectors/custody/chains.json');

for (const { name, certificate, statements, fails, holder, standing } of chains.cases) {
  test(`Chain of custody: ${name}`, () => {
    const parse = (id: string) => parseStatement(fromBase64(chains.statements[id]!));
    const signed = parse(certificate);
    const checks = new Checks();
    const parts = statements.map((id) => ({ statement: parse(id), document: null }));
    const { state } = checkCustody(checks, readDocument(PRINT_CERTIFICATE, signed.payload), signed, parts, trust('custody/trust.json'), fromDate(NOW));
    const failed = checks.made.filter((check) => check.outcome === 'failed').map((check) => check.id);
    if (fails !== undefined) {
      assert.ok(failed.includes(fails), failed.join(' '));
      return;
    }
    const found = state === null ? 'unknown' : state.scrapped ? 'scrapped' : state.recalled ? 'recalled' : state.into !== null ? 'installed' : state.holder !== null ? 'held' : 'unknown';
    assert.deepEqual([failed, state?.holder, found], [[], holder, standing]);
  });
}

test('Ed25519 is as strict as libsodium: no S beyond the order, no point that is not canonical, none of small order', () => {
  const key = ed25519.getPublicKey(new Uint8Array(32).fill(7));
  const message = encode('message');
  const signature = ed25519.sign(message, new Uint8Array(32).fill(7));
  assert.ok(ED25519.verify(key, message, signature));
  const s = BigInt(`0x${Buffer.from(signature.slice(32)).reverse().toString('hex')}`) + ed25519.Point.Fn.ORDER;
  const larger = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
  assert.ok(!ED25519.verify(key, message, new Uint8Array([...signature.slice(0, 32), ...larger])));
  const neutral = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0));
  assert.ok(!ED25519.verify(neutral, message, new Uint8Array([...neutral, ...new Uint8Array(32)])));
  assert.ok(!ED25519.verify(key, message, signature.slice(1)));
  assert.ok(!ED25519.verify(key.slice(1), message, signature));
});

test('ES256 verifies the example of RFC 6979, appendix A.2.5', () => {
  const key = fromHex('0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299');
  const signature = fromHex('efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8');
  assert.ok(ES256.verify(key, encode('sample'), signature));
  assert.ok(!ES256.verify(key, encode('simple'), signature));
});

test("ML-DSA-65 agrees with NIST's vectors", () => {
  const acvp = 'tests/Touchmark.Cryptography.Tests/Acvp';
  const external = json<{ verification: { public_key: string; mu: string; signature: string; expect: string }[] }>(`${acvp}/ml-dsa-65.json`).verification;
  for (const { public_key, mu, signature, expect } of external) {
    assert.equal(verdict(() => ml_dsa65.internal.verify(fromHex(signature), fromHex(mu), fromHex(public_key), { externalMu: true })), expect === 'success');
  }
  const internal = json<{ public_key: string; verification: { message: string; signature: string; passes: boolean }[] }>(`${acvp}/ml-dsa-65-internal.json`);
  for (const { message, signature, passes } of internal.verification) {
    assert.equal(verdict(() => ml_dsa65.internal.verify(fromHex(signature), fromHex(message), fromHex(internal.public_key))), passes);
  }
  assert.ok(external.length > 0 && internal.verification.length > 0);
});

/** The library throws for a signature of another length; ours takes that for a wrong one. */
function verdict(verify: () => boolean): boolean {
  try {
    return verify();
  } catch {
    return false;
  }
}
