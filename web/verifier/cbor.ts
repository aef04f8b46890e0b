// Deterministic CBOR (RFC 8949, section 4.2.1), read strictly: spec/statement.md, Conventions.
import { compare, concat, decodeUtf8, encodeUtf8, equal } from './bytes.js';
import { Unreadable } from './checks.js';

/** Integers are bigint and floating point is number, so that neither passes for the other. */
export type Cbor = bigint | number | string | boolean | null | Uint8Array | readonly Cbor[] | CborMap | CborTag;

/** Entries in their order: a key may be of any type. */
export class CborMap {
  constructor(readonly entries: readonly (readonly [Cbor, Cbor])[]) {}

  get(key: bigint | string): Cbor | undefined {
    return this.entries.find(([name]) => name === key)?.[1];
  }
}

export class CborTag {
  constructor(readonly tag: bigint, readonly content: Cbor) {}
}

export interface CborLimits {
  readonly bytes: number;
  readonly depth: number;
  readonly items: number;
}

export const DEFAULT_LIMITS: CborLimits = { bytes: 16 << 20, depth: 16, items: 200_000 };

/** The one item that fills the bytes; byte strings in it are views of them. Throws Unreadable, with the reason, for whatever is not its only encoding. */
export function decodeCbor(data: Uint8Array, limits: CborLimits = DEFAULT_LIMITS): Cbor {
  if (data.length > limits.bytes) {
    throw new Unreadable(`${data.length} bytes of CBOR, at most ${limits.bytes} are accepted`);
  }
  const reader = new Reader(data, limits);
  const value = reader.item(0);
  if (reader.at !== data.length) {
    throw new Unreadable(`${data.length - reader.at} bytes after the end of the CBOR item`);
  }
  if (!reader.deterministic) {
    throw new Unreadable('not deterministically encoded (RFC 8949 section 4.2.1)');
  }
  return value;
}

/** An array of texts, byte strings and such arrays: what the structures that are signed consist of. */
export type Sequence = readonly (string | Uint8Array | Sequence)[];

export function encodeSequence(items: Sequence): Uint8Array {
  const parts = [head(4, items.length)];
  for (const item of items) {
    if (typeof item === 'string') {
      const text = encodeUtf8(item);
      parts.push(head(3, text.length), text);
    } else if (item instanceof Uint8Array) {
      parts.push(head(2, item.length), item);
    } else {
      parts.push(encodeSequence(item));
    }
  }
  return concat(...parts);
}

/** The initial bytes of an item, in their shortest form; lengths here are below 2^32. */
function head(major: number, length: number): Uint8Array {
  const initial = major << 5;
  if (length < 24) {
    return Uint8Array.of(initial | length);
  }
  if (length < 0x100) {
    return Uint8Array.of(initial | 24, length);
  }
  return length < 0x10000 ? Uint8Array.of(initial | 25, length >> 8, length & 255) : Uint8Array.of(initial | 26, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255);
}

class Reader {
  at = 0;
  /** Told at the end: what is not well-formed at all is worse. */
  deterministic = true;
  readonly #view: DataView;
  #items = 0;

  constructor(private readonly data: Uint8Array, private readonly limits: CborLimits) {
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  item(depth: number): Cbor {
    if (depth > this.limits.depth) {
      throw new Unreadable(`CBOR nested deeper than ${this.limits.depth} levels`);
    }
    if (++this.#items > this.limits.items) {
      throw new Unreadable(`more than ${this.limits.items} CBOR items`);
    }
    const initial = this.#take(1)[0]!;
    const [major, info] = [initial >> 5, initial & 31];
    if (major === 7) {
      return this.#simple(info);
    }
    if (info === 31) {
      throw new Unreadable(major === 4 || major === 5 ? 'CBOR of indefinite length' : major === 2 || major === 3 ? 'CBOR in chunks is not accepted' : 'not well-formed CBOR');
    }
    const argument = this.#argument(info);
    switch (major) {
      case 0: return argument;
      case 1: return -1n - argument;
      case 2: return this.#take(argument);
      case 3: return this.#text(argument);
      case 4: return Array.from({ length: this.#count(argument, 1) }, () => this.item(depth + 1));
      case 5: return this.#map(this.#count(argument, 2), depth);
      default: return new CborTag(argument, this.item(depth + 1));
    }
  }

  #take(length: number | bigint): Uint8Array {
    if (length > this.data.length - this.at) {
      throw new Unreadable('not well-formed CBOR: it ends too early');
    }
    const start = this.at;
    this.at += Number(length);
    return this.data.subarray(start, this.at);
  }

  /** Nothing is made for more items than there are bytes. */
  #count(argument: bigint, each: number): number {
    if (argument * BigInt(each) > this.data.length - this.at) {
      throw new Unreadable('not well-formed CBOR: it says more items than it has bytes');
    }
    return Number(argument);
  }

  #argument(info: number): bigint {
    if (info < 24) {
      return BigInt(info);
    }
    if (info > 27) {
      throw new Unreadable('not well-formed CBOR: reserved additional information');
    }
    const length = 1 << (info - 24);
    let value = 0n;
    for (const byte of this.#take(length)) {
      value = (value << 8n) | BigInt(byte);
    }
    this.deterministic &&= value >= (length === 1 ? 24n : 1n << BigInt(4 * length));
    return value;
  }

  #text(length: bigint): string {
    const text = decodeUtf8(this.#take(length));
    if (text === null) {
      throw new Unreadable('not well-formed CBOR: a text is not UTF-8');
    }
    return text;
  }

  #map(length: number, depth: number): CborMap {
    const entries: [Cbor, Cbor][] = [];
    const keys: Uint8Array[] = [];
    let ordered = true;
    for (let i = 0; i < length; i++) {
      const start = this.at;
      const key = this.item(depth + 1);
      keys.push(this.data.subarray(start, this.at));
      entries.push([key, this.item(depth + 1)]);
      ordered &&= i === 0 || compare(keys[i - 1]!, keys[i]!) < 0;
    }
    if (!ordered) {
      keys.sort(compare);
      if (keys.some((key, i) => i > 0 && equal(key, keys[i - 1]!))) {
        throw new Unreadable('not well-formed CBOR: a map has a key twice');
      }
      this.deterministic = false;
    }
    return new CborMap(entries);
  }

  #simple(info: number): Cbor {
    if (info === 20 || info === 21) {
      return info === 21;
    }
    if (info === 22) {
      return null;
    }
    if (info >= 25 && info <= 27) {
      return this.#float(1 << (info - 24));
    }
    throw new Unreadable(info >= 28 ? 'not well-formed CBOR' : 'CBOR item of a kind that is not accepted');
  }

  #float(length: number): number {
    const start = this.at;
    this.#take(length);
    const value = length === 2 ? half(this.#view.getUint16(start)) : length === 4 ? this.#view.getFloat32(start) : this.#view.getFloat64(start);
    this.deterministic &&= Number.isNaN(value) ? length === 2 && this.#view.getUint16(start) === 0x7e00 : length === shortest(value);
    return value;
  }
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  return sign * (exponent === 31 ? (fraction ? NaN : Infinity) : exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Bytes of the shortest form that keeps the value. */
function shortest(value: number): number {
  return fitsHalf(value) ? 2 : Math.fround(value) === value ? 4 : 8;
}

function fitsHalf(value: number): boolean {
  const size = Math.abs(value);
  if (size === 0 || size === Infinity) {
    return true;
  }
  // The last place of a binary16 of this size: 2^-24 for the smallest, 10 places behind the first otherwise.
  const place = 2 ** Math.max(-24, Math.floor(Math.log2(size)) - 10);
  return size <= 65504 && Number.isInteger(size / place);
}
