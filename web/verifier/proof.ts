// .tlog-proof files (C2SP tlog-proof): that one entry is in a log (spec/log.md, Example).
import { decodeBase64, decodeUtf8 } from './bytes.js';
import { type Check, Checks, Unreadable, type VerdictKind } from './checks.js';
import { type EarlierHead, checkEarlier, checkHead } from './log.js';
import { type Checkpoint, decodeHash, decodeNumber, readCheckpoint } from './note.js';
import type { LogPolicy } from './policy.js';
import { wordsOf } from './statement.js';
import { SECOND, fromDate } from './time.js';
import { MAX_HASHES, isIncluded, leafHash } from './tree.js';

const HEADER = 'c2sp.org/tlog-proof@v1';
const MAX_EXTRA = 64 * 1024;
const MAX_BYTES = 512 * 1024 + (MAX_EXTRA * 4) / 3 + 4096;

interface LogProof {
  readonly index: bigint;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: Checkpoint;
}

export interface ProofOptions {
  readonly now: Date;
  readonly maxAgeSeconds?: number;
  readonly earlier?: EarlierHead;
}

/** Verifies that an entry is in a log, from the untrusted bytes of a proof. Never throws. */
export function verifyProof(entry: Uint8Array, data: Uint8Array, policy: LogPolicy, options: ProofOptions): { readonly verdict: VerdictKind; readonly checks: readonly Check[] } {
  const checks = new Checks();
  try {
    const { index, hashes, checkpoint } = readProof(data);
    checkHead(checks, checkpoint, policy, fromDate(options.now), options.maxAgeSeconds === undefined ? null : BigInt(options.maxAgeSeconds) * SECOND);
    if (options.earlier !== undefined) {
      checkEarlier(checks, checkpoint, options.earlier);
    }
    checks.require(isIncluded(leafHash(entry), index, checkpoint.size, hashes, checkpoint.root), 'log.inclusion', `The entry is number ${index} of the ${checkpoint.size} in the log.`,
      'The entry is not in the log at the place that the proof names: the entry or the proof was altered, or they do not belong together.', { index: `${index}`, size: `${checkpoint.size}` });
  } catch (problem) {
    checks.fail('log.proof', `The proof cannot be read: ${wordsOf(problem)}.`);
  }
  return { verdict: checks.verdict, checks: checks.made };
}

function readProof(data: Uint8Array): LogProof {
  const split = data.findIndex((byte, at) => byte === 10 && data[at + 1] === 10);
  const front = split < 0 || data.length > MAX_BYTES ? null : decodeUtf8(data.subarray(0, split));
  const [header, ...lines] = (front ?? '').split('\n');
  if (header !== HEADER) {
    throw new Unreadable(`it is too long, its first line is not ${HEADER}, or there is no empty line behind its hashes`);
  }
  if (lines[0]?.startsWith('extra ')) {
    const extra = decodeBase64(lines.shift()!.slice('extra '.length));
    if (extra === null || extra.length > MAX_EXTRA) {
      throw new Unreadable(`its extra data is not base64 of at most ${MAX_EXTRA} bytes`);
    }
  }
  const index = lines.shift();
  if (!index?.startsWith('index ')) {
    throw new Unreadable('it has no index line');
  }
  if (lines.length > MAX_HASHES) {
    throw new Unreadable(`it has more than ${MAX_HASHES} hashes`);
  }
  return { index: decodeNumber(index.slice('index '.length)), hashes: lines.map(decodeHash), checkpoint: readCheckpoint(data.subarray(split + 2)) };
}
