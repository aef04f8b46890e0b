// What this browser keeps between visits: the heads of logs that it saw, and the trust file that its reader pinned. A browser that keeps nothing checks all the same.

const HEAD = 'touchmark.head ';
const TRUST = 'touchmark.trust';

export function rememberedHeads(): Record<string, string> {
  return attempt(() => Object.fromEntries(Object.keys(localStorage).filter((key) => key.startsWith(HEAD)).map((key) => [key.slice(HEAD.length), localStorage.getItem(key)!])), {});
}

export function rememberHead(origin: string, checkpoint: string): void {
  attempt(() => localStorage.setItem(HEAD + origin, checkpoint), undefined);
}

export const pinnedTrust = (): string | null => attempt(() => localStorage.getItem(TRUST), null);

export function pinTrust(text: string | null): void {
  attempt(() => (text === null ? localStorage.removeItem(TRUST) : localStorage.setItem(TRUST, text)), undefined);
}

/** Storage may be full, or forbidden. */
function attempt<T>(use: () => T, otherwise: T): T {
  try {
    return use();
  } catch {
    return otherwise;
  }
}
