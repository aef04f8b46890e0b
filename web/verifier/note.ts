// Signed notes, their keys, and checkpoints (spec/log.md, Checkpoints and keys).
import { concat, decodeBase64, decodeUtf8, encodeUtf8, equal, hex, sha256 } from './bytes.js';
import { Unreadable } from './checks.js';
import { MAX_INTEGER } from './fields.js';
import { type Algorithm, ED25519, ML_DSA_65 } from './signatures.js';
import { LATEST_SECOND, SECOND, type Time } from './time.js';

const MAX_SIZE = 512 * 1024, MAX_SIGNATURES = 64, MAX_NAME = 255, MAX_KEY_TEXT = 4096;
const MARK = '— ';

export type NoteKeyType = 'log' | 'log-shadow' | 'witness';

const TYPES: Readonly<Record<NoteKeyType, { readonly prefix: Uint8Array; readonly algorithm: Algorithm }>> = {
  log: { prefix: Uint8Array.of(1), algorithm: ED25519 },
  'log-shadow': { prefix: concat(Uint8Array.of(0xff), encodeUtf8('touchmark.org/ml-dsa-65')), algorithm: ML_DSA_65 },
  witness: { prefix: Uint8Array.of(4), algorithm: ED25519 },
};

export function decodeNumber(text: string): bigint {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) > MAX_INTEGER) {
    throw new Unreadable('a number is not decimal, without leading zeroes and below 2^63');
  }
  return BigInt(text);
}

function decodeHash(text: string): Uint8Array {
  const hash = decodeBase64(text);
  if (hash?.length !== 32) {
    throw new Unreadable('a hash is not the base64 of 32 bytes');
  }
  return hash;
}

const isName = (text: string): boolean => text.length > 0 && text.length <= MAX_NAME && !/[\p{White_Space}\p{Cc}+]/u.test(text);

export class NoteKey {
  readonly id: Uint8Array;

  constructor(readonly name: string, readonly type: NoteKeyType, readonly publicKey: Uint8Array) {
    this.id = sha256(encodeUtf8(`${name}\n`), TYPES[type].prefix, publicKey).subarray(0, 4);
  }

  get algorithm(): Algorithm {
    return TYPES[this.type].algorithm;
  }

  static read(text: string): NoteKey {
    const [name = '', id = '', ...rest] = text.split('+');
    const material = rest.length > 0 && text.length <= MAX_KEY_TEXT && isName(name) ? decodeBase64(rest.join('+')) : null;
    if (material === null || material.length === 0) {
      throw new Unreadable('a key is not of the form name+id+key');
    }
    for (const [type, { prefix, algorithm }] of Object.entries(TYPES)) {
      if (material.length === prefix.length + algorithm.keySize && equal(material.subarray(0, prefix.length), prefix)) {
        const key = new NoteKey(name, type as NoteKeyType, material.subarray(prefix.length));
        if (hex(key.id) !== id) {
          throw new Unreadable(`a key's id should be ${hex(key.id)}`);
        }
        return key;
      }
    }
    throw new Unreadable('a key is of a type that is not known here, or of another length');
  }
}

export type NoteState = { readonly state: 'valid'; readonly time: Time | null } | { readonly state: 'missing' | 'wrong' };

interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly value: Uint8Array;
}

export class SignedNote {
  private constructor(readonly text: string, private readonly signatures: readonly NoteSignature[]) {}

  static read(data: Uint8Array): SignedNote {
    if (data.length > MAX_SIZE) {
      throw new Unreadable(`a note of more than ${MAX_SIZE} bytes`);
    }
    if (data.some((byte) => byte < 0x20 && byte !== 0x0a)) {
      throw new Unreadable('a note with a control character');
    }
    const whole = decodeUtf8(data);
    if (whole === null) {
      throw new Unreadable('a note that is not UTF-8');
    }
    const split = whole.lastIndexOf('\n\n');
    if (split < 0 || split + 2 === whole.length || !whole.endsWith('\n')) {
      throw new Unreadable('a note without signatures');
    }
    const lines = whole.slice(split + 2, -1).split('\n');
    if (lines.length > MAX_SIGNATURES) {
      throw new Unreadable(`a note with more than ${MAX_SIGNATURES} signatures`);
    }
    return new SignedNote(whole.slice(0, split + 1), lines.map(readLine));
  }

  /** Whether a key signed, and when, where it says so. One wrong signature outweighs any others of the key; of several times the latest counts. */
  check(key: NoteKey): NoteState {
    let found = false;
    let latest: Time | null = null;
    for (const { name, keyId, value } of this.signatures) {
      if (name !== key.name || !equal(keyId, key.id)) {
        continue;
      }
      const time = this.#verify(key, value);
      if (time === false) {
        return { state: 'wrong' };
      }
      found = true;
      latest = time !== null && (latest === null || time > latest) ? time : latest;
    }
    return found ? { state: 'valid', time: latest } : { state: 'missing' };
  }

  #verify(key: NoteKey, value: Uint8Array): Time | null | false {
    const text = encodeUtf8(this.text);
    if (key.type !== 'witness') {
      return key.algorithm.verify(key.publicKey, text, value) ? null : false;
    }
    const seconds = value.length === 72 ? new DataView(value.buffer, value.byteOffset).getBigUint64(0) : LATEST_SECOND + 1n;
    const message = concat(encodeUtf8(`cosignature/v1\ntime ${seconds}\n`), text);
    return seconds <= LATEST_SECOND && key.algorithm.verify(key.publicKey, message, value.subarray(8)) ? seconds * SECOND : false;
  }
}

function readLine(line: string): NoteSignature {
  const space = line.indexOf(' ', MARK.length);
  const name = line.slice(MARK.length, space);
  const value = line.startsWith(MARK) && space > 0 && isName(name) ? decodeBase64(line.slice(space + 1)) : null;
  if (value === null || value.length <= 4) {
    throw new Unreadable('a signature line is malformed');
  }
  return { name, keyId: value.subarray(0, 4), value: value.subarray(4) };
}

/** How large a log is and what its root hash is. */
export interface TreeHead {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Uint8Array;
}

export interface Checkpoint extends TreeHead {
  readonly note: SignedNote;
  /** As it was signed. */
  readonly bytes: Uint8Array;
}

export function readCheckpointText(text: string): TreeHead {
  const lines = text.replace(/\n$/, '').split('\n');
  if (!text.endsWith('\n') || lines.length < 3 || lines.includes('')) {
    throw new Unreadable('a checkpoint does not consist of origin, size and root, each on a line');
  }
  return { origin: lines[0]!, size: decodeNumber(lines[1]!), root: decodeHash(lines[2]!) };
}

export function readCheckpoint(data: Uint8Array): Checkpoint {
  const note = SignedNote.read(data);
  return { ...readCheckpointText(note.text), note, bytes: data };
}

export { decodeHash };
