// STL, binary and text, read as the engine reads it: the count of a binary file decides what it is, not its first word.
import { Batch, ModelProblem, type Facets, type Limits, type Model, type Source } from './source.js';

const HEADER = 84;
const FACET = 50;
const CHUNK_FACETS = 40_000;
const CHUNK_BYTES = 4 << 20;
const LINE = 1024;

export async function openStl(source: Source, limits: Limits): Promise<Model> {
  const head = await source.read(0, Math.min(HEADER, source.size));
  const declared = head.length < HEADER ? null : new DataView(head.buffer, head.byteOffset).getUint32(80, true);
  if (declared !== null && source.size === HEADER + declared * FACET) {
    if (declared > limits.facets) {
      throw new ModelProblem(`It has ${declared} facets; at most ${limits.facets} are taken.`);
    }
    return { kind: 'STL', each: (take) => binary(source, declared, take) };
  }
  const text = new TextDecoder().decode(head).trimStart();
  if (/^solid/i.test(text) && !head.includes(0)) {
    return { kind: 'STL', each: (take) => written(source, limits, take) };
  }
  throw new ModelProblem(declared === null ? 'It is neither an STL nor a 3MF.' : `It is cut off, or no STL: its header tells of ${declared} facets, which its ${source.size} bytes are not.`);
}

async function binary(source: Source, facets: number, take: Facets): Promise<void> {
  const corners = new Float32Array(9 * CHUNK_FACETS);
  for (let done = 0; done < facets; done += CHUNK_FACETS) {
    const count = Math.min(CHUNK_FACETS, facets - done);
    const bytes = await source.read(HEADER + done * FACET, HEADER + (done + count) * FACET);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let facet = 0, at = 0; facet < count; facet++) {
      for (let byte = facet * FACET + 12, end = byte + 36; byte < end; byte += 4) {
        corners[at++] = view.getFloat32(byte, true);
      }
    }
    take(corners, count);
  }
}

async function written(source: Source, limits: Limits, take: Facets): Promise<void> {
  const batch = new Batch(take);
  const decoder = new TextDecoder();
  const corners: number[][] = [];
  let rest = '';
  let facets = 0;
  for (let from = 0; from < source.size; from += CHUNK_BYTES) {
    const text = rest + decoder.decode(await source.read(from, Math.min(source.size, from + CHUNK_BYTES)), { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      line(text.slice(start, end));
      start = end + 1;
    }
    rest = text.slice(start);
    if (rest.length > LINE) {
      throw new ModelProblem(`A line of it is longer than ${LINE} characters.`);
    }
  }
  line(rest);
  if (corners.length !== 0) {
    throw new ModelProblem('It ends in the middle of a facet.');
  }
  batch.flush();

  function line(text: string): void {
    const words = text.trim().split(/\s+/);
    if (words[0]?.toLowerCase() !== 'vertex') {
      return;
    }
    const corner = words.slice(1).map(Number);
    if (corner.length !== 3) {
      throw new ModelProblem('It has a corner without three coordinates.');
    }
    corners.push(corner);
    if (corners.length === 3) {
      if (++facets > limits.facets) {
        throw new ModelProblem(`It has more than ${limits.facets} facets.`);
      }
      batch.add(corners[0]!, corners[1]!, corners[2]!);
      corners.length = 0;
    }
  }
}
