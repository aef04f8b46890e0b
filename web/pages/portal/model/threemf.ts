// 3MF (core specification 1.3): its one model part, read tag by tag as it is unpacked. Workers have no XML reader; of XML this needs the tags and their attributes.
import { Batch, ModelProblem, type Limits, type Model, type Source } from './source.js';
import { unpack, zipEntries } from './zip.js';

const MOST_VERTICES = 3_000_000;
const MOST_OBJECTS = 10_000;
const MOST_DEPTH = 16;
const MOST_TAG = 64 * 1024;
const UNITS: Record<string, number> = { micron: 0.001, millimeter: 1, centimeter: 10, inch: 25.4, foot: 304.8, meter: 1000 };

/** A 4×3 matrix, rows first; a point is a row vector. */
type Affine = readonly number[];

interface Placement {
  readonly object: string;
  readonly transform: Affine;
}

interface Part {
  readonly firstVertex: number;
  readonly firstTriangle: number;
  vertices: number;
  triangles: number;
  readonly components: Placement[];
}

/** Numbers that grow without a list of boxed ones, up to a limit. */
class Numbers<A extends Float32Array | Uint32Array> {
  length = 0;

  constructor(public array: A, private readonly most: number, private readonly words: string) {}

  push(a: number, b: number, c: number): void {
    if (this.length + 3 > this.most) {
      throw new ModelProblem(this.words);
    }
    if (this.length + 3 > this.array.length) {
      const larger = new (this.array.constructor as new (length: number) => A)(2 * this.array.length);
      larger.set(this.array);
      this.array = larger;
    }
    this.array[this.length++] = a;
    this.array[this.length++] = b;
    this.array[this.length++] = c;
  }
}

export async function openThreeMf(source: Source, limits: Limits): Promise<Model> {
  const models = (await zipEntries(source)).filter((entry) => entry.name.toLowerCase().endsWith('.model'));
  if (models.length !== 1) {
    throw new ModelProblem(`It is a zip with ${models.length} models; a 3MF with exactly one is taken.`);
  }
  const vertices = new Numbers(new Float32Array(3 << 12), 3 * MOST_VERTICES, `It has more than ${MOST_VERTICES} vertices.`);
  const triangles = new Numbers(new Uint32Array(3 << 12), 3 * limits.facets, `It has more than ${limits.facets} facets.`);
  const parts = new Map<string, Part>();
  const items: Placement[] = [];
  let unit = 1;
  let part: Part | null = null;
  for await (const [name, attributes] of tags(unpack(source, models[0]!))) {
    switch (name) {
      case 'model':
        unit = UNITS[attribute(attributes, 'unit') ?? 'millimeter'] ?? Number.NaN;
        break;
      case 'object':
        part = { firstVertex: vertices.length / 3, firstTriangle: triangles.length / 3, vertices: 0, triangles: 0, components: [] };
        parts.set(needed(attributes, 'id'), part);
        if (parts.size > MOST_OBJECTS) {
          throw new ModelProblem(`It has more than ${MOST_OBJECTS} objects.`);
        }
        break;
      case 'vertex':
        vertices.push(number(attributes, 'x'), number(attributes, 'y'), number(attributes, 'z'));
        belonging(part).vertices++;
        break;
      case 'triangle': {
        const corners = [number(attributes, 'v1'), number(attributes, 'v2'), number(attributes, 'v3')] as const;
        const mine = belonging(part);
        if (!corners.every((corner) => Number.isInteger(corner) && corner >= 0 && corner < mine.vertices)) {
          throw new ModelProblem('A facet of it has a corner that does not exist.');
        }
        triangles.push(...corners);
        mine.triangles++;
        break;
      }
      case 'component':
        belonging(part).components.push(placement(attributes));
        break;
      case 'item':
        items.push(placement(attributes));
        break;
    }
  }
  return {
    kind: '3MF',
    async each(take) {
      const batch = new Batch(take);
      let placed = 0;
      let facets = 0;
      const place = (what: Placement, outer: Affine, depth: number): void => {
        const found = parts.get(what.object);
        if (found === undefined || depth > MOST_DEPTH || ++placed > MOST_OBJECTS) {
          throw new ModelProblem('It places an object that does not exist, that contains itself, or too many of them.');
        }
        if ((facets += found.triangles) > limits.facets) {
          throw new ModelProblem(`It has more than ${limits.facets} facets.`);
        }
        const transform = then(what.transform, outer);
        for (let triangle = found.firstTriangle; triangle < found.firstTriangle + found.triangles; triangle++) {
          const [a, b, c] = [0, 1, 2].map((corner) => apply(transform, vertices.array, 3 * (found.firstVertex + triangles.array[3 * triangle + corner]!)));
          batch.add(a!, b!, c!);
        }
        for (const component of found.components) {
          place(component, transform, depth + 1);
        }
      };
      for (const item of items) {
        place(item, scale(unit), 0);
      }
      batch.flush();
    },
  };
}

/** Every opening tag without its prefix, and its attributes as they are written. */
export async function* tags(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<readonly [name: string, attributes: string]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    const text = rest + decoder.decode(piece, { stream: true });
    let at = 0;
    for (;;) {
      const open = text.indexOf('<', at);
      if (open < 0) {
        rest = '';
        break;
      }
      const comment = text.startsWith('<!--', open);
      const close = comment ? text.indexOf('-->', open) : text.indexOf('>', open);
      if (close < 0) {
        rest = text.slice(open);
        break;
      }
      at = close + (comment ? 3 : 1);
      if (text.startsWith('<!DOCTYPE', open)) {
        throw new ModelProblem('Its XML declares a document type: it is not taken.');
      }
      const found = comment ? null : /^<(?:[\w.-]+:)?([\w.-]+)(\s[^]*?)?\/?>$/.exec(text.slice(open, at));
      if (found !== null) {
        yield [found[1]!, found[2] ?? ''];
      }
    }
    if (rest.length > MOST_TAG) {
      throw new ModelProblem('Its XML has a tag without an end.');
    }
  }
  if (rest.length > 0) {
    throw new ModelProblem('Its XML ends in the middle of a tag.');
  }
}

function attribute(attributes: string, name: string): string | undefined {
  // Not by a pattern: there are millions of them.
  for (let at = attributes.indexOf(name); at >= 0; at = attributes.indexOf(name, at + 1)) {
    const quote = attributes[at + name.length + 1];
    if (/\s/.test(attributes[at - 1] ?? ' ') && attributes[at + name.length] === '=' && (quote === '"' || quote === "'")) {
      const from = at + name.length + 2;
      const to = attributes.indexOf(quote, from);
      return to < 0 ? undefined : attributes.slice(from, to);
    }
  }
  return undefined;
}

function needed(attributes: string, name: string): string {
  const value = attribute(attributes, name);
  if (value === undefined) {
    throw new ModelProblem(`Its XML lacks the attribute ${name}.`);
  }
  return value;
}

function number(attributes: string, name: string): number {
  const value = needed(attributes, name);
  return value.trim() === '' ? Number.NaN : Number(value);
}

function belonging(part: Part | null): Part {
  if (part === null) {
    throw new ModelProblem('Its XML has a part of a mesh outside of an object.');
  }
  return part;
}

function placement(attributes: string): Placement {
  const text = attribute(attributes, 'transform');
  const transform = text === undefined ? scale(1) : text.trim().split(/\s+/, 13).map(Number);
  if (transform.length !== 12) {
    throw new ModelProblem('It places an object by something that is no transform.');
  }
  return { object: needed(attributes, 'objectid'), transform };
}

function scale(by: number): Affine {
  return [by, 0, 0, 0, by, 0, 0, 0, by, 0, 0, 0];
}

function apply(m: Affine, array: Float32Array, at: number): number[] {
  const [x, y, z] = [array[at]!, array[at + 1]!, array[at + 2]!];
  return [0, 1, 2].map((column) => x * m[column]! + y * m[3 + column]! + z * m[6 + column]! + m[9 + column]!);
}

function then(first: Affine, next: Affine): Affine {
  return Array.from({ length: 12 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3), i % 3];
    return first[3 * row]! * next[column]! + first[3 * row + 1]! * next[3 + column]! + first[3 * row + 2]! * next[6 + column]! + (row === 3 ? next[9 + column]! : 0);
  });
}
