// Documents for reading: times by their names, ids by their length, hashes and keys as hexadecimal (spec/certificate.md, JSON).
import { hex, uuid } from './bytes.js';
import { LATEST, timeText } from './time.js';

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

const IV = 12;

/** A document as JSON can hold it. */
export function plain(value: unknown, name = ''): Plain {
  if (typeof value === 'bigint') {
    const isTime = name === 'at' || name === 'printed_from' || name === 'printed_to' || name === 'valid_from' || name === 'valid_until' || name.endsWith('_at');
    return isTime && value >= 0n && value <= LATEST ? timeText(value) : value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
  }
  if (value instanceof Uint8Array) {
    if (name === 'segment_ivs') {
      return `${value.length / IV} of ${IV} bytes each`;
    }
    return value.length === 16 ? uuid(value) : hex(value);
  }
  if (Array.isArray(value)) {
    return value.map((item) => plain(item, name));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries([...(value instanceof Map ? (value as ReadonlyMap<string, unknown>) : Object.entries(value))].map(([key, member]) => [key, plain(member, key)]));
  }
  return value as Plain;
}
