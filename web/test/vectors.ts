// Where the vectors are, and how their files are read.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type TrustStore, readTrust } from '../verifier/index.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export const NOW = new Date('2026-06-03T09:30:00Z');

export const read = (path: string): Uint8Array => new Uint8Array(readFileSync(`${ROOT}${path}`));

/** Fields between tabs, of each line that is no comment. */
export const lines = (path: string): string[][] =>
  new TextDecoder().decode(read(`spec/vectors/${path}`)).split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t'));

export const json = <T>(path: string): T => JSON.parse(new TextDecoder().decode(read(path))) as T;

export const cases = <T>(path: string): T[] => json<{ cases: T[] }>(`spec/vectors/${path}`).cases;

export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

export const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export const hexFile = (path: string): Uint8Array => fromHex(lines(path).map(([line]) => line).join(''));

export function trust(path: string): TrustStore {
  const store = readTrust(read(`spec/vectors/${path}`));
  if ('problem' in store) {
    throw new Error(store.problem);
  }
  return store;
}

export function altered(bytes: Uint8Array, at: number, bit = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= bit;
  return copy;
}
