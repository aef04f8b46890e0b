// The log: every vector says what this verifier has to say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64, equal, hex } from '../verifier/bytes.js';
import { Unreadable } from '../verifier/checks.js';
import { checkConsistency, consistencyProof, verifyProof } from '../verifier/index.js';
import { NoteKey, SignedNote, readCheckpointText } from '../verifier/note.js';
import { LogPolicy } from '../verifier/policy.js';
import { consistencyRanges, isConsistent, isIncluded, leafHash, nodeHash } from '../verifier/tree.js';
import { cases, encode, fromBase64, json, lines } from './vectors.js';

interface Tree {
  size?: number;
  root: string;
  inclusion: { index: number; proof: string[] }[];
  consistency: { from: number; root: string; proof: string[] }[];
}

const trees = cases<Tree>('log/tree.json').filter((tree) => tree.size !== undefined);

test('Proofs of inclusion and of consistency verify, and no others', () => {
  assert.ok(trees.length > 5);
  for (const { size: count, root: text, inclusion, consistency } of trees) {
    const [size, root] = [BigInt(count!), fromBase64(text)];
    for (const { index, proof } of inclusion) {
      const [leaf, hashes] = [leafHash(encode(`entry ${index}`)), proof.map(fromBase64)];
      assert.ok(isIncluded(leaf, BigInt(index), size, hashes, root));
      assert.ok(!isIncluded(leaf, BigInt(index), size, [...hashes, root], root));
      assert.ok(hashes.length === 0 || !isIncluded(leaf, BigInt(index), size, hashes.slice(1), root));
    }
    for (const { from, root: old, proof } of consistency) {
      const hashes = proof.map(fromBase64);
      assert.ok(isConsistent(BigInt(from), fromBase64(old), size, root, hashes));
      assert.ok(!isConsistent(BigInt(from), fromBase64(old), size, root, [...hashes, root]));
      assert.ok(!isConsistent(BigInt(from), new Uint8Array(32), size, root, hashes));
    }
  }
});

/** A log in memory that serves its tiles. */
class Tiles {
  readonly #leaves: Uint8Array[];
  readonly asked: string[] = [];

  constructor(readonly size: number) {
    this.#leaves = Array.from({ length: size }, (_, index) => leafHash(encode(`entry ${index}`)));
  }

  root(start = 0, end = this.size): Uint8Array {
    if (end - start === 1) {
      return this.#leaves[start]!;
    }
    const split = start + 2 ** Math.floor(Math.log2(end - start - 1));
    return nodeHash(this.root(start, split), this.root(split, end));
  }

  readonly fetch = (path: string): Promise<Uint8Array | null> => {
    this.asked.push(path);
    const match = /^tile\/(\d)\/(?:x\d{3}\/)*(\d{3})(?:\.p\/(\d+))?$/.exec(path);
    const [level, index, width] = [Number(match![1]), Number(path.replace(/\.p\/.*/, '').split('/').slice(2).join('').replaceAll('x', '')), Number(match![3] ?? 256)];
    const each = 256 ** level;
    const hashes = Array.from({ length: width }, (_, at) => (index * 256 + at) * each).filter((start) => start + each <= this.size).map((start) => this.root(start, start + each));
    return Promise.resolve(hashes.length === width ? new Uint8Array(Buffer.concat(hashes)) : null);
  };
}

test('A proof of consistency is made of tiles, and verifies', async () => {
  for (const [old, size] of [[1, 2], [5, 9], [7, 600], [256, 257], [255, 512], [300, 1000], [512, 1024], [1, 1500], [1499, 1500]] as const) {
    const tiles = new Tiles(size);
    const proof = await consistencyProof(BigInt(old), BigInt(size), tiles.fetch);
    assert.ok(proof !== null && isConsistent(BigInt(old), new Tiles(old).root(), BigInt(size), tiles.root(), proof), `${old} to ${size}`);
    assert.equal(proof.length, consistencyRanges(BigInt(old), BigInt(size)).length);
  }
});

test('A missing or damaged tile makes no proof', async () => {
  assert.equal(await consistencyProof(3n, 600n, () => Promise.resolve(null)), null);
  assert.equal(await consistencyProof(3n, 600n, () => Promise.resolve(new Uint8Array(31))), null);
});

test('Where a partial tile is gone, the front of the full one is taken', async () => {
  const full = new Tiles(1024);
  const small = new Tiles(600);
  const proof = await consistencyProof(520n, 600n, (path) => (path.startsWith('tile/0/') ? (path.includes('.p/') ? Promise.resolve(null) : full.fetch(path)) : small.fetch(path)));
  assert.ok(proof !== null && isConsistent(520n, new Tiles(520).root(), 600n, small.root(), proof));
});

test('Two roots of one size, a shorter log and a log with another past are told apart', () => {
  const [small, large] = [new Tiles(5), new Tiles(9)];
  const head = (tiles: Tiles) => ({ origin: 'o', size: BigInt(tiles.size), root: tiles.root() });
  const judged = (proof: Uint8Array[] | null, now: Tiles, before: Tiles) => checkConsistency(head(now), { ...head(before), proof });
  assert.match(judged(null, small, large).words, /The log shrank/);
  assert.match(checkConsistency({ ...head(small), root: new Uint8Array(32) }, { ...head(small), proof: null }).words, /The log forked: it has signed two different trees/);
  assert.match(judged([new Uint8Array(32)], large, small).words, /The log forked, or the proof/);
  assert.equal(checkConsistency(head(small), { ...head(small), proof: null }).outcome, 'passed');
  assert.equal(checkConsistency({ ...head(small), origin: 'p' }, { ...head(small), proof: null }).outcome, 'not_checked');
});

for (const [at, { note, vkey, expect, time, key_id, why }] of cases<{ note: string; vkey: string; expect: string; time?: number; key_id?: string; why?: string }>('log/notes.json').entries()) {
  test(`Note ${at + 1}: ${why ?? expect}`, () => {
    if (expect === 'unreadable') {
      assert.throws(() => SignedNote.read(encode(note)), Unreadable);
    } else if (expect === 'no key') {
      assert.throws(() => NoteKey.read(vkey), Unreadable);
    } else if (expect === 'key') {
      assert.equal(hex(NoteKey.read(vkey).id), key_id);
    } else {
      const found = SignedNote.read(encode(note)).check(NoteKey.read(vkey));
      assert.equal(found.state, expect);
      assert.equal(found.state === 'valid' && found.time !== null ? Number(found.time / 1_000_000n) : undefined, time);
    }
  });
}

for (const { text, size, refused } of cases<{ text: string; size?: number; refused?: string }>('log/checkpoints.json')) {
  test(`Checkpoint ${refused ?? JSON.stringify(text)}`, () => {
    if (refused === undefined) {
      assert.equal(Number(readCheckpointText(text).size), size);
    } else {
      assert.throws(() => readCheckpointText(text), Unreadable);
    }
  });
}

for (const [at, { policy, met, not_met, refused }] of cases<{ policy: string; met?: string[][]; not_met?: string[][]; refused?: string }>('log/policies.json').entries()) {
  test(`Policy ${at + 1}: ${refused ?? 'read'}`, () => {
    if (refused !== undefined) {
      assert.throws(() => LogPolicy.read(policy), Unreadable);
      return;
    }
    const read = LogPolicy.read(policy);
    assert.ok(met!.every((seen) => read.isMet(seen)));
    assert.ok(!not_met!.some((seen) => read.isMet(seen)));
  });
}

interface Proof {
  why: string;
  proof: string;
  entry?: string;
  policy?: string;
  maximum_age?: number;
  earlier?: { size: number; root: string; proof?: string[] };
  fails?: string;
}

const [common, ...proofs] = json<{ cases: [{ now: number; policy: string }, ...Proof[]] }>('spec/vectors/log/proofs.json').cases;
const [shadowKey, shadow, , otherShadow] = lines('log/ml-dsa-65.txt').map(([line]) => line!) as [string, string, string, string];

for (const { why, proof, entry, policy, maximum_age, earlier, fails } of proofs) {
  test(`Proof: ${why}`, () => {
    const believed = LogPolicy.read((policy ?? common.policy).replace('{shadow-key}', shadowKey));
    const text = proof.replace('{shadow}', shadow).replace('{other-shadow}', otherShadow);
    const seen = earlier && { origin: 'log.example/one', size: BigInt(earlier.size), root: fromBase64(earlier.root), proof: earlier.proof?.map(fromBase64) ?? null };
    const { verdict, checks } = verifyProof(encode(entry ?? 'entry 77'), encode(text), believed,
      { now: new Date(common.now * 1000), ...(maximum_age === undefined ? {} : { maxAgeSeconds: maximum_age }), ...(seen ? { earlier: seen } : {}) });
    const failed = checks.filter((check) => check.outcome === 'failed').map((check) => check.id);
    assert.equal(verdict === 'valid', fails === undefined, failed.join(' '));
    assert.ok(fails === undefined || failed.includes(fails), failed.join(' '));
  });
}

test('Base64 has one spelling', () => {
  assert.ok(equal(fromBase64(base64(encode('any text'))), encode('any text')));
});
