// Files about a vault's bundle: every check that is made, in its order, and what came of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyEvidence } from '../verifier/index.js';
import { fromBase64, fromHex, json, trust } from './vectors.js';

interface Told {
  now: string;
  max_age_s: number;
  blobs: Record<string, string>;
  cases: { name: string; trust?: string; verdict: string; checks: string[]; file: string[] }[];
}

const marks = { passed: '+', failed: '-', not_checked: '?' };

for (const file of ['bundles', 'endorsements']) {
  const told = json<Told>(`spec/vectors/bundle/${file}.json`);
  const piece = (text: string): Uint8Array => (text.startsWith('@') ? fromBase64(told.blobs[text.slice(1)]!) : fromHex(text));
  for (const { name, trust: keys, verdict, checks, file: pieces } of told.cases) {
    test(`Bundle: ${name}`, () => {
      const found = verifyEvidence(new Uint8Array(Buffer.concat(pieces.map(piece))), trust(keys ?? 'bundle/trust.json'), { now: new Date(told.now), maxAgeSeconds: told.max_age_s });
      assert.deepEqual([found.verdict, found.checks.map((check) => marks[check.outcome] + check.id)], [verdict, checks]);
    });
  }
}
