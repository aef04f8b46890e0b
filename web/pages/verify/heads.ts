// Whether the log is the one that this browser saw before: the head that the file has, the one that the log serves now and the one that was remembered have to be of one history.
import { type Check, type Checkpoint, type TrustStore, checkConsistency, consistencyProof, parseCheckpoint, verifyCheckpoint } from '../../verifier/index.js';
import { fetchBytes } from './fetch.js';

const MAX_CHECKPOINT = 512 * 1024;
const MAX_TILE = 256 * 32;

export interface Heads {
  readonly checks: readonly Check[];
  readonly remember: { readonly origin: string; readonly checkpoint: string } | null;
}

/** Verified heads of one log, from the file's on. */
export async function compareHeads(file: Checkpoint, trust: TrustStore, remembered: Readonly<Record<string, string>>, log: string, now: Date): Promise<Heads> {
  const [served, before] = [await fetchHead(), Object.hasOwn(remembered, file.origin) ? read(new TextEncoder().encode(remembered[file.origin])) : null];
  const checks: Check[] = [];
  if (served !== null) {
    checks.push(await compare(served, file, 'log.head'));
  }
  const present = served ?? file;
  if (before === null) {
    checks.push({ id: 'log.consistency', outcome: 'not_checked', words: 'This browser has not seen this log before. It remembers it from now on.', figures: {} });
  } else if (served === null && file.size < before.size) {
    // An older file says nothing about the log's present, and the log could not be asked.
    checks.push({ id: 'log.consistency', outcome: 'not_checked', words: 'The file is older than what this browser saw of the log, and the log cannot be asked from here.', figures: {} });
  } else {
    checks.push(await compare(present, before, 'log.consistency'));
  }
  const newest = [file, served, before].filter((head) => head !== null).reduce((largest, head) => (head.size > largest.size ? head : largest));
  const failed = checks.some((check) => check.outcome === 'failed');
  return { checks, remember: failed ? null : { origin: newest.origin, checkpoint: textOf(newest) } };

  /** The log's present head, when this site keeps the file's log, and its head verifies as the file's did. */
  async function fetchHead(): Promise<Checkpoint | null> {
    const bytes = await fetchBytes(`${log}checkpoint`, MAX_CHECKPOINT);
    return bytes === null ? null : read(bytes);
  }

  function read(bytes: Uint8Array): Checkpoint | null {
    const head = parseCheckpoint(bytes);
    return 'problem' in head || head.origin !== file.origin || verifyCheckpoint(head, trust, now).verdict !== 'valid' ? null : head;
  }

  /** The proof between both is made of the log's own tiles, here. */
  async function compare(head: Checkpoint, earlier: Checkpoint, id: string): Promise<Check> {
    const [small, large] = head.size < earlier.size ? [head, earlier] : [earlier, head];
    const proof = small.size === large.size ? null : await consistencyProof(small.size, large.size, (path) => fetchBytes(`${log}${path}`, MAX_TILE));
    const check = checkConsistency(head, { origin: earlier.origin, size: earlier.size, root: earlier.root, proof });
    // Both are signed by the log: whoever has them can show anybody that it is at fault.
    return { ...check, id, figures: check.outcome === 'failed' ? { ...check.figures, earlier_checkpoint: textOf(earlier), checkpoint: textOf(head) } : check.figures };
  }
}

const textOf = (head: Checkpoint): string => new TextDecoder().decode(head.bytes);
