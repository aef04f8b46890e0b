// CBOR, part ids, statements and evidence files: every vector says what this verifier has to say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unreadable } from '../verifier/checks.js';
import { decodeCbor } from '../verifier/cbor.js';
import { type EvidenceVerdict, readPartId, readTrust, showPartId, verifyEvidence, verifyStatement } from '../verifier/index.js';
import { NOW, altered, encode, fromHex, hexFile, json, lines, read, trust } from './vectors.js';

const failures = (verdict: EvidenceVerdict): string[] => verdict.checks.filter((check) => check.outcome === 'failed').map((check) => check.id);

for (const [encoding, notation] of lines('cbor/accepted.txt')) {
  test(`CBOR accepted: ${notation}`, () => {
    decodeCbor(fromHex(encoding!));
  });
}

for (const [encoding, reason, what] of lines('cbor/refused.txt')) {
  test(`CBOR refused: ${what}`, () => {
    assert.throws(() => decodeCbor(fromHex(encoding!)), (error) => error instanceof Unreadable && error.message.includes(reason!));
  });
}

test('Part ids are read, refused and proposed as the vectors say', () => {
  const ids = json<{ valid: { written: string; id: string }[]; refused: { what: string; written: string; code: string; likely: string[] }[] }>('spec/vectors/part-id/part-id.json');
  for (const { written, id } of ids.valid) {
    assert.deepEqual(readPartId(written), { id }, written);
  }
  for (const { what, written, code, likely } of ids.refused) {
    const reading = readPartId(written);
    assert.ok('code' in reading, what);
    assert.deepEqual([reading.code, reading.likely.map(showPartId)], [code, likely], what);
  }
});

for (const name of ['licence-grant', 'licence-grant-terms', 'audit-record']) {
  test(`The statement ${name} is valid`, () => {
    const verdict = verifyStatement(hexFile(`statement/${name}.hex`), null, trust('statement/trust.json'), { now: NOW });
    assert.deepEqual([verdict.verdict, failures(verdict)], ['valid', []]);
    assert.notEqual(verdict.statements[0]?.document, null);
  });
}

for (const [what, reason, encoding] of lines('statement/refused.txt')) {
  test(`Statement refused: ${what}`, () => {
    const verdict = verifyStatement(fromHex(encoding!), null, trust('statement/trust.json'), { now: NOW });
    // The vectors expect a licence grant; a statement of another type is in order by itself.
    if (reason === 'of another type') {
      assert.notEqual(verdict.statements[0]?.statement.contentType, 'application/vnd.touchmark.licence-grant+cbor');
      return;
    }
    assert.notEqual(verdict.verdict, 'valid');
    assert.ok(verdict.checks.some((check) => check.outcome === 'failed' && check.words.includes(reason!)), JSON.stringify(verdict.checks));
  });
}

test('The evidence file is valid, and says what was printed', () => {
  const verdict = verifyEvidence(hexFile('certificate/valid.hex'), trust('certificate/trust.json'), { now: NOW });
  assert.deepEqual([verdict.verdict, failures(verdict), verdict.certificate?.part_name], ['valid', [], 'Bracket']);
});

test("Keys of others make nothing valid", () => {
  assert.equal(verifyEvidence(hexFile('certificate/valid.hex'), trust('certificate/other-trust.json'), { now: NOW }).verdict, 'untrusted_key');
});

for (const [what, failing, encoding] of lines('certificate/refused.txt')) {
  test(`Evidence file refused: ${what}`, () => {
    const verdict = verifyEvidence(fromHex(encoding!), trust('certificate/trust.json'), { now: NOW });
    assert.ok(failures(verdict).includes(failing!), JSON.stringify(failures(verdict)));
  });
}

test('The evidence file is in the log', () => {
  const verdict = verifyEvidence(hexFile('certificate/logged.hex'), trust('certificate/trust-log.json'), { now: NOW, maxAgeSeconds: 86_400 });
  assert.deepEqual([verdict.verdict, failures(verdict), verdict.checks.at(-1)?.id, verdict.checks.at(-1)?.outcome], ['valid', [], 'log.inclusion', 'passed']);
});

for (const [what, failing, age, encoding] of lines('certificate/refused-log.txt')) {
  test(`Evidence file refused by its log: ${what}`, () => {
    const limit = age === '-' ? {} : { maxAgeSeconds: Number(age) };
    assert.ok(failures(verifyEvidence(fromHex(encoding!), trust('certificate/trust-log.json'), { now: NOW, ...limit })).includes(failing!));
  });
}

test('Any altered byte of an evidence file is noticed', () => {
  const [data, keys] = [hexFile('certificate/logged.hex'), trust('certificate/trust-log.json')];
  for (let at = 0; at < data.length; at += 173) {
    assert.notEqual(verifyEvidence(altered(data, at, 1 << (at % 8)), keys, { now: NOW }).verdict, 'valid', `byte ${at}`);
  }
});

test('A file that is cut off anywhere is refused in words, and nothing throws', () => {
  const [data, keys] = [hexFile('certificate/logged.hex'), trust('certificate/trust-log.json')];
  for (let length = 0; length < data.length; length += 401) {
    assert.equal(verifyEvidence(data.subarray(0, length), keys, { now: NOW }).verdict, 'unreadable');
  }
});

test('Bytes at random are refused in words, and nothing throws', () => {
  const keys = trust('certificate/trust-log.json');
  let state = 1;
  const random = () => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) >>> 24;
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from({ length: random() }, random);
    assert.equal(verifyEvidence(bytes, keys, { now: NOW }).verdict, 'unreadable');
    assert.equal(verifyStatement(bytes, null, keys, { now: NOW }).verdict, 'unreadable');
    assert.ok('problem' in readTrust(bytes));
  }
});

test('A file that says that it has a million statements costs nothing', () => {
  const file = new Uint8Array([...fromHex('d9d9f78472'), ...encode('touchmark evidence'), ...fromHex('02f69a000f4240')]);
  const verdict = verifyEvidence(file, trust('certificate/trust.json'), { now: NOW });
  assert.deepEqual([verdict.verdict, failures(verdict)], ['unreadable', ['file.format']]);
});

test('A trust store with a member twice, an unknown member or a wrong key id is refused', () => {
  const good = new TextDecoder().decode(read('spec/vectors/certificate/trust-log.json'));
  assert.ok(!('problem' in readTrust(encode(good))));
  const keyId = /"key_id": *"(..)/.exec(good)!;
  const wrong = [
    good.replace('"version"', '"version": 1, "version"'), good.replace('"name"', '"name": "x", "n\\u0061me"'), good.replace('"version"', '"more": 1, "version"'),
    good.replace(keyId[0], keyId[0].replace(keyId[1]!, keyId[1] === '00' ? '01' : '00')), good.replace(/\n?}\s*$/, ''), good.replace('Ed25519', 'Ed448'), `[${good}]`, '',
  ];
  for (const text of wrong) {
    assert.ok('problem' in readTrust(encode(text)), text.slice(0, 80));
  }
});
