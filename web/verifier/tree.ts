// Trees of RFC 6962: proofs checked as RFC 9162 describes it (sections 2.1.3.2 and 2.1.4.2), and which subtrees a proof of consistency consists of.
import { equal, sha256 } from './bytes.js';

export const MAX_HASHES = 63;
const EMPTY = sha256(new Uint8Array());

export const leafHash = (entry: Uint8Array): Uint8Array => sha256(Uint8Array.of(0), entry);
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(Uint8Array.of(1), left, right);

export function isIncluded(leaf: Uint8Array, index: bigint, size: bigint, proof: readonly Uint8Array[], root: Uint8Array): boolean {
  if (index < 0n || index >= size) {
    return false;
  }
  const climb = new Climb(index, size - 1n);
  let found = leaf;
  for (const sibling of proof) {
    if (climb.last === 0n) {
      return false;
    }
    found = climb.step() ? nodeHash(sibling, found) : nodeHash(found, sibling);
  }
  return climb.last === 0n && equal(found, root);
}

export function isConsistent(oldSize: bigint, oldRoot: Uint8Array, newSize: bigint, newRoot: Uint8Array, proof: readonly Uint8Array[]): boolean {
  if (oldSize >= newSize || oldSize === 0n) {
    return oldSize <= newSize && proof.length === 0 && equal(oldRoot, oldSize === newSize ? newRoot : EMPTY);
  }
  const [first, ...rest] = (oldSize & (oldSize - 1n)) === 0n ? [oldRoot, ...proof] : proof;
  if (first === undefined) {
    return false;
  }
  const climb = new Climb(oldSize - 1n, newSize - 1n);
  while (climb.node & 1n) {
    climb.up();
  }
  let [older, newer] = [first, first];
  for (const sibling of rest) {
    if (climb.last === 0n) {
      return false;
    }
    if (climb.step()) {
      [older, newer] = [nodeHash(sibling, older), nodeHash(sibling, newer)];
    } else {
      newer = nodeHash(newer, sibling);
    }
  }
  return climb.last === 0n && equal(older, oldRoot) && equal(newer, newRoot);
}

/** From a node towards the root of a tree whose rightmost node of the level is <last>. */
class Climb {
  constructor(public node: bigint, public last: bigint) {}

  up(): void {
    this.node >>= 1n;
    this.last >>= 1n;
  }

  /** Goes up by one sibling; true when that stands on the left. */
  step(): boolean {
    const left = (this.node & 1n) === 1n || this.node === this.last;
    while (left && (this.node & 1n) === 0n && this.node !== 0n) {
      this.up();
    }
    this.up();
    return left;
  }
}

/** The leaves from <start> to before <end>. */
export interface LeafRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** The subtrees whose hashes prove that the first <oldSize> leaves did not change (PROOF of RFC 6962, section 2.1.2). */
export function consistencyRanges(oldSize: bigint, size: bigint): LeafRange[] {
  const path: LeafRange[] = [];
  let tree: LeafRange = { start: 0n, end: size };
  // Whether the old tree is what is left of the tree: its root is known then, and no part of the proof.
  let whole = true;
  while (oldSize > 0n && tree.end !== oldSize) {
    const split = tree.start + (1n << BigInt((tree.end - tree.start - 1n).toString(2).length - 1));
    if (oldSize <= split) {
      path.push({ start: split, end: tree.end });
      tree = { ...tree, end: split };
    } else {
      path.push({ start: tree.start, end: split });
      tree = { ...tree, start: split };
      whole = false;
    }
  }
  return (whole ? path : [...path, tree]).reverse();
}
