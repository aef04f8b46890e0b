// A log's head on its own: for whoever remembers what it saw and asks later whether that still stands.
import { type Check, Checks, type VerdictKind } from './checks.js';
import { type EarlierHead, checkEarlier, checkHead } from './log.js';
import type { Checkpoint, TreeHead } from './note.js';
import { fromDate } from './time.js';
import type { TrustStore } from './trust.js';

/** Whether a checkpoint is one of a log that is believed, and enough witnesses saw it. Never throws. */
export function verifyCheckpoint(checkpoint: Checkpoint, trust: TrustStore, now: Date): { readonly verdict: VerdictKind; readonly checks: readonly Check[] } {
  const checks = new Checks();
  if (trust.log === null) {
    checks.fail('log.origin', 'The trust names no log.');
  } else {
    checkHead(checks, checkpoint, trust.log, fromDate(now), null);
  }
  return { verdict: checks.verdict, checks: checks.made };
}

/** Whether a head and one that was seen before are of one history: `log.consistency`. Never throws. */
export function checkConsistency(head: TreeHead, earlier: EarlierHead): Check {
  const checks = new Checks();
  checkEarlier(checks, head, earlier);
  return checks.made[0]!;
}
