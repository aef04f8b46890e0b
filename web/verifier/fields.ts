// How the fields of documents are read: a rule takes a value and where it stands, and returns it or throws what is wrong with it.
import { type Cbor, CborMap } from './cbor.js';
import { Unreadable } from './checks.js';
import { LATEST, type Time } from './time.js';

export type Rule<T> = (value: Cbor, where: string) => T;

/** What a rule, or a set of them, reads. */
export type Read<R> = R extends Rule<infer T> ? T : never;

type Rules = Readonly<Record<string, Rule<unknown>>>;
type Fields<R extends Rules, O extends Rules> = { readonly [K in keyof R]: Read<R[K]> } & { readonly [K in keyof O]?: Read<O[K]> };

export const MAX_INTEGER = 2n ** 63n - 1n;

function rule<T>(read: (value: Cbor) => T | undefined): Rule<T> {
  return (value, where) => {
    const found = read(value);
    if (found === undefined) {
      throw new Unreadable(`${where}: not what is expected there`);
    }
    return found;
  };
}

/** Characters are counted as UTF-16 code units. */
export const text = (most = 256): Rule<string> => rule((value) => (typeof value === 'string' && value.length <= most ? value : undefined));

export const textThat = (holds: (text: string) => boolean): Rule<string> => rule((value) => (typeof value === 'string' && holds(value) ? value : undefined));

export const choice = <const T extends string>(...names: readonly T[]): Rule<T> => rule((value) => names.find((name) => name === value));

export const bytes = (least: number, most = least): Rule<Uint8Array> =>
  rule((value) => (value instanceof Uint8Array && value.length >= least && value.length <= most ? value : undefined));

export const integer = (least = 0n, most = MAX_INTEGER): Rule<bigint> => rule((value) => (typeof value === 'bigint' && value >= least && value <= most ? value : undefined));

export const time: Rule<Time> = integer(0n, LATEST);

/** Floating point, always, and finite. */
export const number = (least = -Infinity, most = Infinity): Rule<number> =>
  rule((value) => (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most ? value : undefined));

export const boolean: Rule<boolean> = rule((value) => (typeof value === 'boolean' ? value : undefined));

export const id: Rule<Uint8Array> = bytes(16);
export const hash: Rule<Uint8Array> = bytes(32);

export const array = <T>(item: Rule<T>, most: number, least = 0): Rule<readonly T[]> => (value, where) => {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    throw new Unreadable(`${where}: not an array of ${least} to ${most} items`);
  }
  return value.map((member) => item(member as Cbor, where));
};

/** A map from names that the document chooses. */
export const named = <T>(item: Rule<T>, most: number, longest: number): Rule<ReadonlyMap<string, T>> => (value, where) => {
  if (!(value instanceof CborMap) || value.entries.length > most) {
    throw new Unreadable(`${where}: not a map of at most ${most} entries`);
  }
  const found = new Map<string, T>();
  for (const [name, member] of value.entries) {
    if (typeof name !== 'string' || name.length === 0 || name.length > longest) {
      throw new Unreadable(`${where}: a name in it is not text of 1 to ${longest} characters`);
    }
    found.set(name, item(member, `${where}.${name}`));
  }
  return found;
};

/** A map of exactly these fields. */
export const fields = <R extends Rules, O extends Rules = Record<never, never>>(required: R, optional: O = {} as O): Rule<Fields<R, O>> => (value, where) => {
  if (!(value instanceof CborMap)) {
    throw new Unreadable(`${where}: not a map`);
  }
  const found: Record<string, unknown> = {};
  for (const [name, member] of value.entries) {
    const known = typeof name !== 'string' ? undefined : Object.hasOwn(required, name) ? required[name] : Object.hasOwn(optional, name) ? optional[name] : undefined;
    if (known === undefined) {
      throw new Unreadable(`${where}: unknown field ${String(name).slice(0, 64)}`);
    }
    found[name as string] = known(member, `${where}.${name as string}`);
  }
  const missing = Object.keys(required).find((name) => !Object.hasOwn(found, name));
  if (missing !== undefined) {
    throw new Unreadable(`${where}.${missing}: missing`);
  }
  return found as Fields<R, O>;
};

export const mediaType = <const N extends string>(name: N) => `application/vnd.touchmark.${name}+cbor` as const;

/** A type of document: its fields, what else has to hold (the problem, or null), and the fields that end the subject. */
export interface DocumentType<T> {
  readonly rule: Rule<T>;
  readonly named: readonly (keyof T & string)[];
  problem?(document: T): string | null;
}

export const documentType = <T>(rule: Rule<T>, named: readonly (keyof T & string)[], problem: (document: T) => string | null = () => null): DocumentType<T> => ({ rule, named, problem });
