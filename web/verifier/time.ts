// Times: microseconds since 1970 as bigint, as documents hold them.

/** Microseconds since 1970, UTC. */
export type Time = bigint;

export const SECOND: Time = 1_000_000n;

/** The last second of the year 9999. */
export const LATEST_SECOND = 253_402_300_799n;

export const LATEST: Time = LATEST_SECOND * SECOND + 999_999n;

/** How far the clocks of issuer and verifier may be apart. */
export const TOLERANCE: Time = 300n * SECOND;

export const fromDate = (date: Date): Time => BigInt(date.getTime()) * 1000n;

/** RFC 3339, to the second. */
export function timeText(time: Time): string {
  return new Date(Number(time / 1000n)).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** ISO 8601 with an offset; fractions beyond microseconds are cut. Null for any other text. */
export function parseTime(text: string): Time | null {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?(Z|([+-])(\d\d):(\d\d))$/.exec(text);
  const local = match ? Date.parse(`${match[1]}Z`) : NaN;
  // A date that does not exist rolls over to one that does, and is then spelt otherwise.
  if (match === null || Number.isNaN(local) || !new Date(local).toISOString().startsWith(match[1]!)) {
    return null;
  }
  const minutes = match[4] === undefined ? 0 : (match[4] === '-' ? -1 : 1) * (60 * Number(match[5]) + Number(match[6]));
  return (BigInt(local) - BigInt(minutes) * 60_000n) * 1000n + BigInt((match[2] ?? '').padEnd(6, '0').slice(0, 6));
}
