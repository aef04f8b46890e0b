// Makes a mesh light enough to be turned on any computer: corners that lie in one cell of a grid become one, and facets that lose an edge by it are left out. What is kept is bounded whatever comes: a
// grid that turns out too fine is made coarser on the way.
const MOST_FACETS = 400_000;
const MOST_CORNERS = 300_000;
const FINEST = 256;
const TABLE = 1 << 20;

export interface Shape {
  readonly positions: Float32Array<ArrayBuffer>;
  readonly index: Uint32Array<ArrayBuffer>;
  /** Facets were left out. */
  readonly thinned: boolean;
}

export class Thinner {
  #cells = FINEST;
  #table = new Int32Array(TABLE).fill(-1);
  #cellOf = new Int32Array(MOST_CORNERS);
  #sums = new Float64Array(3 * MOST_CORNERS);
  #weights = new Uint32Array(MOST_CORNERS);
  #index = new Uint32Array(3 * MOST_FACETS);
  #corners = 0;
  #facets = 0;
  readonly #edge: number;

  /** @param min Lowest corner of the box that everything lies in, mm. @param max Its highest one. */
  constructor(private readonly min: readonly [number, number, number], max: readonly [number, number, number]) {
    this.#edge = Math.max(max[0] - min[0], max[1] - min[1], max[2] - min[2]) * (1 + 1e-6);
  }

  add(corners: Float32Array, facets: number): void {
    for (let at = 0, end = 9 * facets; at < end; at += 9) {
      if (this.#facets === MOST_FACETS || this.#corners + 3 > MOST_CORNERS) {
        this.#coarsen();
      }
      const a = this.#corner(corners[at]!, corners[at + 1]!, corners[at + 2]!);
      const b = this.#corner(corners[at + 3]!, corners[at + 4]!, corners[at + 5]!);
      const c = this.#corner(corners[at + 6]!, corners[at + 7]!, corners[at + 8]!);
      this.#facet(a, b, c);
    }
  }

  finish(): Shape {
    const positions = new Float32Array(3 * this.#corners);
    for (let i = 0; i < positions.length; i++) {
      positions[i] = this.#sums[i]! / this.#weights[Math.floor(i / 3)]!;
    }
    return { positions, index: this.#index.slice(0, 3 * this.#facets), thinned: true };
  }

  #facet(a: number, b: number, c: number): void {
    if (a !== b && b !== c && a !== c) {
      const at = 3 * this.#facets++;
      this.#index[at] = a;
      this.#index[at + 1] = b;
      this.#index[at + 2] = c;
    }
  }

  #corner(x: number, y: number, z: number): number {
    const share = this.#cells / this.#edge;
    const cell = (Math.trunc((x - this.min[0]) * share) * this.#cells + Math.trunc((y - this.min[1]) * share)) * this.#cells + Math.trunc((z - this.min[2]) * share);
    const corner = this.#find(cell);
    this.#sums[3 * corner]! += x;
    this.#sums[3 * corner + 1]! += y;
    this.#sums[3 * corner + 2]! += z;
    this.#weights[corner]!++;
    return corner;
  }

  #find(cell: number): number {
    // Fibonacci hashing; the table is never more than a third full.
    for (let slot = Math.imul(cell, 0x9e3779b1) >>> 12; ; slot = (slot + 1) & (TABLE - 1)) {
      const corner = this.#table[slot]!;
      if (corner < 0) {
        this.#table[slot] = this.#corners;
        this.#cellOf[this.#corners] = cell;
        return this.#corners++;
      }
      if (this.#cellOf[corner] === cell) {
        return corner;
      }
    }
  }

  #coarsen(): void {
    const [old, cellOf, sums, weights, index, corners, facets] = [this.#cells, this.#cellOf, this.#sums, this.#weights, this.#index, this.#corners, this.#facets];
    this.#cells = Math.max(1, old >> 1);
    this.#table.fill(-1);
    [this.#cellOf, this.#sums, this.#weights] = [new Int32Array(MOST_CORNERS), new Float64Array(3 * MOST_CORNERS), new Uint32Array(MOST_CORNERS)];
    [this.#corners, this.#facets] = [0, 0];
    const moved = new Uint32Array(corners);
    for (let i = 0; i < corners; i++) {
      const cell = cellOf[i]!;
      const [x, y, z] = [Math.floor(cell / (old * old)) >> 1, (Math.floor(cell / old) % old) >> 1, (cell % old) >> 1];
      const corner = moved[i] = this.#find((x * this.#cells + y) * this.#cells + z);
      for (let axis = 0; axis < 3; axis++) {
        this.#sums[3 * corner + axis]! += sums[3 * i + axis]!;
      }
      this.#weights[corner]! += weights[i]!;
    }
    for (let i = 0; i < facets; i++) {
      this.#facet(moved[index[3 * i]!]!, moved[index[3 * i + 1]!]!, moved[index[3 * i + 2]!]!);
    }
  }
}

/** A mesh that is light already, as it is. */
export class Whole {
  readonly #positions: Float32Array<ArrayBuffer>;
  #at = 0;

  constructor(facets: number) {
    this.#positions = new Float32Array(9 * facets);
  }

  add(corners: Float32Array, facets: number): void {
    this.#positions.set(corners.subarray(0, 9 * facets), this.#at);
    this.#at += 9 * facets;
  }

  finish(): Shape {
    return { positions: this.#positions, index: Uint32Array.from({ length: this.#at / 3 }, (_, i) => i), thinned: false };
  }
}

/** What makes a shape of so many facets. */
export function shaper(facets: number, min: readonly [number, number, number], max: readonly [number, number, number]): Thinner | Whole {
  return facets <= MOST_FACETS / 2 ? new Whole(facets) : new Thinner(min, max);
}
