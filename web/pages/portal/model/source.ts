// Where the bytes of a model come from, and what is wrong with those that are none.

/** A file that is read piece by piece, so that a large one is never in memory whole. */
export interface Source {
  readonly size: number;
  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The figures of the engine; the page carries them. */
export interface Limits {
  readonly bytes: number;
  readonly facets: number;
  readonly mm: number;
}

/** Corners of facets, nine numbers each, in mm; only the first `facets` of them count, and only until the next batch. */
export type Facets = (corners: Float32Array, facets: number) => void;

/** A model whose facets can be gone through more than once. */
export interface Model {
  readonly kind: 'STL' | '3MF';
  each(take: Facets): Promise<void>;
}

/** The file is no model that the engine takes. Its text is for people; the engine says the same in its own words. */
export class ModelProblem extends Error {}

export class Blobs implements Source {
  constructor(private readonly file: Blob) {}

  get size(): number {
    return this.file.size;
  }

  async read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.file.slice(from, to).arrayBuffer());
  }
}

/** Facets on their way, a batch at a time. */
export class Batch {
  readonly #corners = new Float32Array(9 * 4096);
  #at = 0;

  constructor(private readonly take: Facets) {}

  add(a: readonly number[], b: readonly number[], c: readonly number[]): void {
    const corners = this.#corners;
    for (const corner of [a, b, c]) {
      corners[this.#at++] = corner[0]!;
      corners[this.#at++] = corner[1]!;
      corners[this.#at++] = corner[2]!;
    }
    if (this.#at === corners.length) {
      this.flush();
    }
  }

  flush(): void {
    if (this.#at > 0) {
      this.take(this.#corners, this.#at / 9);
      this.#at = 0;
    }
  }
}
