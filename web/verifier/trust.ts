// The keys that a verifier believes: trust.json (spec/certificate.md, Trust), read strictly.
import { decodeBase64, decodeUtf8, equal, hex } from './bytes.js';
import { Unreadable } from './checks.js';
import { LogPolicy } from './policy.js';
import { ALGORITHMS, type Algorithm, keyIdOf } from './signatures.js';
import { SECOND, type Time, parseTime } from './time.js';

const MAX_BYTES = 1 << 20;
const MAX_KEYS = 256;

export class TrustedKey {
  readonly keyId: Uint8Array;

  constructor(
    /** The issuer that the key signs for. */
    readonly name: string, readonly algorithm: Algorithm, readonly publicKey: Uint8Array, readonly validFrom: Time, readonly validUntil: Time | null) {
    this.keyId = keyIdOf(algorithm, publicKey);
  }

  /** Statements tell whole seconds, so the one in which a key came into use counts. */
  isValidAt(time: Time): boolean {
    return time >= this.validFrom - (this.validFrom % SECOND) && (this.validUntil === null || time < this.validUntil);
  }
}

/** Pinned keys, and the policy of the log that statements have to be in. */
export class TrustStore {
  constructor(readonly keys: readonly TrustedKey[], readonly log: LogPolicy | null = null) {}

  find(algorithm: Algorithm, keyId: Uint8Array): TrustedKey | undefined {
    return this.keys.find((key) => key.algorithm === algorithm && equal(key.keyId, keyId));
  }
}

/** Reads untrusted bytes: a trust store, or what is wrong with them. Never throws. */
export function readTrust(data: Uint8Array): TrustStore | { readonly problem: string } {
  try {
    return read(data);
  } catch (error) {
    return { problem: error instanceof Unreadable ? error.message : 'it is not the JSON of a trust store' };
  }
}

function read(data: Uint8Array): TrustStore {
  if (data.length > MAX_BYTES) {
    throw new Unreadable(`a trust store has at most ${MAX_BYTES} bytes`);
  }
  const text = decodeUtf8(data);
  if (text === null) {
    throw new Unreadable('it is not the JSON of a trust store');
  }
  const whole = members(JSON.parse(text), ['version', 'keys'], ['log']);
  refuseDuplicates(text);
  const { version, keys, log = null } = whole;
  if (version !== 1 || !Array.isArray(keys) || keys.length > MAX_KEYS) {
    throw new Unreadable(`it is not version 1 of a trust store with at most ${MAX_KEYS} keys`);
  }
  if (log !== null && typeof log !== 'string') {
    throw new Unreadable('the policy of the log is not text');
  }
  return new TrustStore(keys.map(readKey), log === null ? null : LogPolicy.read(log));
}

function readKey(entry: unknown): TrustedKey {
  const { name, algorithm, key_id, public_key, valid_from, valid_until = null } = members(entry, ['name', 'algorithm', 'key_id', 'public_key', 'valid_from'], ['valid_until']);
  const known = ALGORITHMS.find((candidate) => candidate.name === algorithm);
  const publicKey = typeof public_key === 'string' ? decodeBase64(public_key) : null;
  if (known === undefined || publicKey?.length !== known.keySize || typeof name !== 'string' || name.length === 0 || name.length > 256) {
    throw new Unreadable('name, algorithm and public key of a key do not fit together');
  }
  const [from, until] = [valid_from, valid_until].map((time) => (typeof time === 'string' ? parseTime(time) : null)) as [Time | null, Time | null];
  if (from === null || (valid_until !== null && until === null)) {
    throw new Unreadable('a time of the trust store is not ISO 8601 with an offset');
  }
  const key = new TrustedKey(name, known, publicKey, from, until);
  if (hex(key.keyId) !== key_id || (until !== null && until <= from)) {
    throw new Unreadable('key id or times of a key do not fit');
  }
  return key;
}

function members(value: unknown, required: readonly string[], optional: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)
    || !required.every((name) => Object.hasOwn(value, name)) || !Object.keys(value).every((name) => required.includes(name) || optional.includes(name))) {
    throw new Unreadable('members of the trust store are missing or unknown');
  }
  return value as Record<string, unknown>;
}

/** JSON.parse lets the last of two members with one name win; the text is known to be JSON here. */
function refuseDuplicates(text: string): void {
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;
  const open: (Set<string> | null)[] = [];
  for (const [found, colon] of text.matchAll(token)) {
    if (found === '{' || found === '[') {
      open.push(found === '{' ? new Set() : null);
    } else if (found === '}' || found === ']') {
      open.pop();
    } else if (colon !== undefined) {
      const name = JSON.parse(found.slice(0, found.length - colon.length)) as string;
      if (open.at(-1)!.has(name)) {
        throw new Unreadable('a member of the trust store occurs twice');
      }
      open.at(-1)!.add(name);
    }
  }
}
