// What the page asks the registry, and what it makes of refusals.
import { base64 } from '../../verifier/bytes.js';

/** What stands in the way, for people. */
export class Refused extends Error {
  constructor(words: string, readonly todo: string) {
    super(words);
  }
}

/** The fields of an event that the registry would take. */
export interface Proposal {
  readonly event_id: string;
  readonly number: number;
  readonly at: string;
  /** Hexadecimal. */
  readonly previous: string;
}

export interface Regulator {
  readonly subject: string;
  /** PEM. */
  readonly certificate: string;
}

export async function ask<T>(address: string, body?: Readonly<Record<string, unknown>>): Promise<T> {
  let response: Response;
  try {
    response = await fetch(address, body === undefined ? { redirect: 'error' }
      : { method: 'POST', redirect: 'error', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body, (_, value: unknown) => (value instanceof Uint8Array ? base64(value) : value)) });
  } catch {
    throw new Refused('The registry cannot be reached.', 'Nothing was sent. Try again when you are online.');
  }
  const answer = (await response.json().catch(() => null)) as (T & { detail?: string; fix?: string }) | null;
  if (!response.ok || answer === null) {
    throw new Refused(answer?.detail ?? `The registry answered with status ${response.status}.`, answer?.fix ?? 'Try again in a moment.');
  }
  return answer;
}
