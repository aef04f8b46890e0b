// Part ids (spec/part-id.md): 15 characters of Crockford's base32 and a check character, Luhn mod 32.

export const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 16;
const MAX_INPUT = 64;
const BASE = 32;

/** What somebody wrote: the id, 16 characters; or what is wrong with it, and the ids that were likely meant, for a person to compare with the label. */
export type PartIdReading = { readonly id: string } | { readonly code: 'PART_ID_LENGTH' | 'PART_ID_CHARACTER' | 'PART_ID_CHECK'; readonly words: string; readonly likely: readonly string[] };

/** Whether this is a part id in the one form that documents hold. */
export const isPartId = (text: string): boolean => isCrockford(text) && sum(text) === 0;

/** 16 characters of the alphabet: part ids and pseudonyms. */
export const isCrockford = (text: string): boolean => text.length === LENGTH && [...text].every((character) => CROCKFORD.includes(character));

/** Four groups of four: what people see. */
export const showPartId = (id: string): string => id.match(/.{4}/g)!.join('-');

/** Reads what a person wrote, in any case, with blanks and hyphens anywhere, with I and L for 1 and O for 0. */
export function readPartId(written: string): PartIdReading {
  if (written.length > MAX_INPUT) {
    return { code: 'PART_ID_LENGTH', words: `A part id has ${LENGTH} characters, this text has ${written.length}.`, likely: [] };
  }
  const id = written.replace(/[ \t\u00a0\u2010-\u2015\u2212-]/g, '').replace(/[a-z]/g, (letter) => letter.toUpperCase()).replace(/[IL]/g, '1').replace(/O/g, '0');
  if (id.length !== LENGTH) {
    return { code: 'PART_ID_LENGTH', words: `A part id has ${LENGTH} characters, this one has ${id.length}.`, likely: [] };
  }
  const unknown = [...Array(LENGTH).keys()].filter((at) => !CROCKFORD.includes(id[at]!));
  if (unknown.length > 0) {
    const at = unknown[0]!;
    const words = `Character ${at + 1} is none that occurs in a part id: the digits, and the letters without I, L, O and U.`;
    return { code: 'PART_ID_CHARACTER', words, likely: unknown.length === 1 ? [repaired(id, at)] : [] };
  }
  if (sum(id) !== 0) {
    const words = 'The check character does not match the others: one character is wrong, or two were exchanged. Compare it with the label.';
    return { code: 'PART_ID_CHECK', words, likely: likely(id) };
  }
  return { id };
}

function likely(id: string): string[] {
  const exchanged = [...Array(LENGTH - 1).keys()].map((at) => id.slice(0, at) + id[at + 1]! + id[at]! + id.slice(at + 2)).filter((other) => sum(other) === 0);
  return [...exchanged, ...[...id].map((_, at) => repaired(id, at))];
}

/** The id with the one character at this place that makes it right. */
function repaired(id: string, at: number): string {
  const others = id.slice(0, at) + CROCKFORD[0]! + id.slice(at + 1);
  const wanted = (BASE - sum(others)) % BASE;
  const value = !isDoubled(at) ? wanted : wanted % 2 === 0 ? wanted / 2 : (wanted + BASE - 1) / 2;
  return id.slice(0, at) + CROCKFORD[value]! + id.slice(at + 1);
}

function sum(id: string): number {
  let total = 0;
  for (let at = 0; at < LENGTH; at++) {
    const value = CROCKFORD.indexOf(id[at]!);
    total += !isDoubled(at) ? value : Math.floor((2 * value) / BASE) + ((2 * value) % BASE);
  }
  return total % BASE;
}

/** The check character, at the right end, counts once; its left neighbour twice, and so on. */
const isDoubled = (at: number): boolean => at % 2 === 0;
