// Deterministic CBOR (RFC 8949, section 4.2.1) of what custodians state: spec/statement.md, Conventions. The verifier's reader is the other end.
import { compare, concat, encodeUtf8 } from '../verifier/bytes.js';

/** What a statement is made of; there is no floating point in those of custodians. */
export type Item = bigint | string | Uint8Array | readonly Item[] | ReadonlyMap<bigint | string, Item> | Tagged;

export class Tagged {
  constructor(readonly tag: bigint, readonly content: Item) {}
}

export function encode(item: Item): Uint8Array {
  if (typeof item === 'bigint') {
    return item < 0n ? head(1, -1n - item) : head(0, item);
  }
  if (typeof item === 'string') {
    const text = encodeUtf8(item);
    return concat(head(3, BigInt(text.length)), text);
  }
  if (item instanceof Uint8Array) {
    return concat(head(2, BigInt(item.length)), item);
  }
  if (item instanceof Tagged) {
    return concat(head(6, item.tag), encode(item.content));
  }
  if (item instanceof Map) {
    const entries = [...(item as ReadonlyMap<bigint | string, Item>)].map(([key, value]) => [encode(key), encode(value)] as const).sort(([a], [b]) => compare(a, b));
    return concat(head(5, BigInt(entries.length)), ...entries.flat());
  }
  const items = item as readonly Item[];
  return concat(head(4, BigInt(items.length)), ...items.map(encode));
}

/** A map of these fields; those that are undefined are not there. */
export const map = (fields: Readonly<Record<string, Item | undefined>>): ReadonlyMap<string, Item> =>
  new Map(Object.entries(fields).filter((entry): entry is [string, Item] => entry[1] !== undefined));

/** The initial bytes of an item, in their shortest form. */
function head(major: number, argument: bigint): Uint8Array {
  const length = argument < 24n ? 0 : argument < 1n << 8n ? 1 : argument < 1n << 16n ? 2 : argument < 1n << 32n ? 4 : 8;
  const bytes = new Uint8Array(1 + length);
  bytes[0] = (major << 5) | (length === 0 ? Number(argument) : 24 + Math.log2(length));
  for (let at = length; at > 0; at--) {
    bytes[at] = Number(argument & 255n);
    argument >>= 8n;
  }
  return bytes;
}
