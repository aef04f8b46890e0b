// That statements are in a log, and that the log only grew: the checks of spec/log.md, Verification.
import { base64, equal } from './bytes.js';
import { Checks, type Outcome } from './checks.js';
import { type Checkpoint, type NoteKeyType, type TreeHead, readCheckpoint } from './note.js';
import type { LogPolicy } from './policy.js';
import { TOLERANCE, type Time, timeText } from './time.js';
import { isConsistent } from './tree.js';
import { wordsOf } from './statement.js';

/** A head that was seen before, and what leads from the smaller of both to the larger; null when there is no proof at hand. */
export interface EarlierHead extends TreeHead {
  readonly proof: readonly Uint8Array[] | null;
}

/** The age is told even where it does not matter (null), but not where something else than witnesses tells it (undefined). */
export function checkHead(checks: Checks, checkpoint: Checkpoint, policy: LogPolicy, now: Time, maxAge: Time | null | undefined): void {
  const { origin } = checkpoint;
  const keys = policy.logs.get(origin);
  if (checks.require(keys !== undefined, 'log.origin', `The log is ${origin}.`, 'The proof is from another log than those that are believed.',
    { origin, believed: [...policy.logs.keys()].join(', ') })) {
    checkSignatures('log', 'log.signature', 'Ed25519');
    checkSignatures('log-shadow', 'log.shadow-signature', 'ML-DSA-65');
  }
  const seen = checkWitnesses(checks, checkpoint, policy, now);
  if (maxAge !== undefined) {
    checkAge(checks, seen, policy, now, maxAge);
  }

  function checkSignatures(type: NoteKeyType, id: string, name: string): void {
    const ofType = keys!.filter((key) => key.type === type);
    if (ofType.length === 0) {
      checks.fail(id, `The policy has no ${name} key of the log, and both kinds are asked for.`, { origin });
    }
    for (const key of ofType) {
      const { state } = checkpoint.note.check(key);
      checks.require(state === 'valid', id, `The ${name} signature under the checkpoint is the log's.`,
        state === 'missing' ? `The log did not sign the checkpoint with its ${name} key.` : `The ${name} signature under the checkpoint is wrong: it was altered, or the log did not sign it.`);
    }
  }
}

/** The quorum of those whose signature is valid; when each of them saw the checkpoint. */
function checkWitnesses(checks: Checks, checkpoint: Checkpoint, policy: LogPolicy, now: Time): ReadonlyMap<string, Time> {
  const seen = new Map<string, Time>();
  for (const [witness, key] of policy.witnesses) {
    const found = checkpoint.note.check(key);
    if (found.state === 'wrong') {
      checks.fail('log.witness', `The signature of ${witness} under the checkpoint is wrong.`, { witness });
    } else if (found.state === 'valid' && found.time! > now + TOLERANCE) {
      checks.skip('log.witness', `${witness} claims to have seen the checkpoint in the future; it does not count.`, { witness, seen_at: timeText(found.time!), now: timeText(now) });
    } else if (found.state === 'valid') {
      seen.set(witness, found.time!);
    }
  }
  const witnesses = [...seen.keys()].join(', ');
  if (policy.quorum === null) {
    checks.skip('log.witnesses', "The policy asks for no witnesses: that the log shows everybody the same is the log's word only.");
  } else {
    checks.require(policy.isMet(seen.keys()), 'log.witnesses', `Enough witnesses saw the checkpoint: ${witnesses}.`,
      `Too few witnesses saw the checkpoint for the quorum ${policy.quorum}: the log may show others something else.`, { quorum: policy.quorum, witnesses });
  }
  return seen;
}

/** The quorum of those who saw the checkpoint recently enough. */
function checkAge(checks: Checks, seen: ReadonlyMap<string, Time>, policy: LogPolicy, now: Time, maxAge: Time | null): void {
  const newest = [...seen.values()].reduce((latest, time) => (time > latest ? time : latest), -1n);
  const seen_at = newest < 0n ? 'never' : timeText(newest);
  if (maxAge === null) {
    checks.skip('log.age', 'No limit was set for the age of the checkpoint.', { seen_at });
    return;
  }
  const fresh = [...seen].filter(([, time]) => now - time <= maxAge).map(([name]) => name);
  checks.require(fresh.length > 0 && policy.isMet(fresh), 'log.age', 'The checkpoint is recent enough.',
    policy.quorum === null && seen.size === 0 ? 'How old the checkpoint is cannot be told, as no witness saw it, and a limit was set.'
      : 'The checkpoint is stale: too few witnesses saw it within the limit. Ask for a newer proof; if there is none, the log stopped or keeps something back.', { seen_at, now: timeText(now) });
}

/** Whether two heads of a log are of one history. */
export function checkEarlier(checks: Checks, head: TreeHead, earlier: EarlierHead): void {
  const [outcome, words] = judge(head, earlier);
  const figures = { earlier_size: `${earlier.size}`, earlier_root: base64(earlier.root), size: `${head.size}`, root: base64(head.root) };
  const tell = { passed: checks.pass, failed: checks.fail, not_checked: checks.skip }[outcome];
  tell.call(checks, 'log.consistency', words, figures);
}

function judge(head: TreeHead, earlier: EarlierHead): [Outcome, string] {
  if (earlier.origin !== head.origin) {
    return ['not_checked', `The head seen before is of another log, ${earlier.origin}.`];
  }
  if (earlier.size === head.size) {
    return equal(earlier.root, head.root) ? ['passed', 'It is the head that was seen before.']
      : ['failed', 'The log forked: it has signed two different trees of the same size. Keep both checkpoints, they are the evidence.'];
  }
  if (earlier.proof === null) {
    return head.size < earlier.size ? ['failed', 'The log shrank: a larger head was seen before. Ask for a newer proof, or for a proof that this head leads to the larger one.']
      : ['not_checked', 'There is no proof at hand that the log only grew since it was last seen.'];
  }
  const [old, young] = earlier.size < head.size ? [earlier, head] : [head, earlier];
  return isConsistent(old.size, old.root, young.size, young.root, earlier.proof) ? ['passed', 'Between the head seen before and this one the log only grew.']
    : ['failed', 'The log forked, or the proof of consistency is wrong: the smaller tree is not shown to be the beginning of the larger one.'];
}

/** A checkpoint of untrusted bytes, such as the one that a log serves now; or what is wrong with them. Never throws, verifies nothing. */
export function parseCheckpoint(data: Uint8Array): Checkpoint | { readonly problem: string } {
  try {
    return readCheckpoint(data);
  } catch (problem) {
    return { problem: wordsOf(problem) };
  }
}
