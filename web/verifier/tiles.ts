// Proofs of consistency from a log's tiles (spec/log.md, Files): whoever reads them needs no other answer from the log.
import { nodeHash, consistencyRanges, type LeafRange } from './tree.js';

const HEIGHT = 8n;
const HASH = 32;

/** Fetches a tile by its path, such as `tile/0/x001/067.p/12`; null when there is none. */
export type FetchTile = (path: string) => Promise<Uint8Array | null>;

/** The hashes that prove that the tree of <oldSize> leaves is the beginning of that of <size>; null when a tile is missing or damaged. It is the caller's to check the proof. */
export async function consistencyProof(oldSize: bigint, size: bigint, fetchTile: FetchTile): Promise<Uint8Array[] | null> {
  const tiles = new Tiles(size, fetchTile);
  const hashes = await Promise.all(consistencyRanges(oldSize, size).map((range) => tiles.hash(range)));
  return hashes.every((hash) => hash !== null) ? hashes : null;
}

class Tiles {
  readonly #read = new Map<string, Promise<Uint8Array | null>>();

  constructor(private readonly size: bigint, private readonly fetchTile: FetchTile) {}

  /** The hash over a range: its complete subtrees, folded from the right. */
  async hash({ start, end }: LeafRange): Promise<Uint8Array | null> {
    const parts: Promise<Uint8Array | null>[] = [];
    for (let at = start; at < end;) {
      const height = BigInt((end - at).toString(2).length - 1);
      parts.push(this.#subtree(height, at >> height));
      at += 1n << height;
    }
    const hashes = await Promise.all(parts);
    return hashes.every((hash) => hash !== null) ? hashes.reduceRight((right, left) => nodeHash(left, right)) : null;
  }

  /** The root of the 2^height leaves from index · 2^height on: folded from the hashes of the tile that it lies in. */
  async #subtree(height: bigint, index: bigint): Promise<Uint8Array | null> {
    const level = height / HEIGHT;
    const within = height % HEIGHT;
    const first = index << within;
    const tile = await this.#tile(level, first >> HEIGHT);
    if (tile === null) {
      return null;
    }
    const at = Number(first & 255n);
    let row = Array.from({ length: 1 << Number(within) }, (_, i) => tile.subarray((at + i) * HASH, (at + i + 1) * HASH));
    while (row.length > 1) {
      row = Array.from({ length: row.length / 2 }, (_, i) => nodeHash(row[2 * i]!, row[2 * i + 1]!));
    }
    return row[0]!;
  }

  /** The tile as it is in a tree of this size; where a partial one is gone, the front of the full one. */
  #tile(level: bigint, index: bigint): Promise<Uint8Array | null> {
    const rest = (this.size >> (HEIGHT * level)) - (index << HEIGHT);
    const width = rest < 256n ? Number(rest) : 256;
    const path = `tile/${level}/${groups(index)}`;
    const key = `${path} ${width}`;
    let tile = this.#read.get(key);
    if (tile === undefined) {
      tile = this.#fetch(path, width);
      this.#read.set(key, tile);
    }
    return tile;
  }

  async #fetch(path: string, width: number): Promise<Uint8Array | null> {
    const partial = width === 256 ? null : await this.fetchTile(`${path}.p/${width}`);
    const tile = partial ?? (await this.fetchTile(path));
    return tile !== null && tile.length === (partial === null ? 256 : width) * HASH ? tile : null;
  }
}

/** Groups of three digits, all but the last behind an x. */
function groups(index: bigint): string {
  const digits = index.toString();
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const parts = padded.match(/.{3}/g)!;
  return parts.map((part, at) => (at < parts.length - 1 ? `x${part}` : part)).join('/');
}
