// The files of a plain zip, found by its directory and unpacked as a stream, each up to the size that the directory declares and no further: what unpacks to more is a bomb.
import { ModelProblem, type Source } from './source.js';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const MOST_ENTRIES = 1000;
const MOST_DIRECTORY = 1 << 20;
const MOST_UNPACKED = 1 << 30;
const MOST_RATIO = 200;

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly bytes: number;
  readonly header: number;
}

export async function isZip(source: Source): Promise<boolean> {
  return source.size >= 4 && view(await source.read(0, 4)).getUint32(0, true) === LOCAL;
}

export async function zipEntries(source: Source): Promise<ZipEntry[]> {
  const tail = view(await source.read(Math.max(0, source.size - 22 - 0xffff), source.size));
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) {
    at--;
  }
  if (at < 0) {
    throw new ModelProblem('It is a zip without a directory: it was cut off.');
  }
  const [count, size, from] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  if (count > MOST_ENTRIES || size > MOST_DIRECTORY || from + size > source.size) {
    throw new ModelProblem('It is a zip whose directory does not fit it.');
  }
  const directory = view(await source.read(from, from + size));
  const entries: ZipEntry[] = [];
  for (let i = 0, next = 0; i < count; i++) {
    if (next + 46 > size || directory.getUint32(next, true) !== ENTRY) {
      throw new ModelProblem('It is a zip with a damaged directory.');
    }
    const name = directory.getUint16(next + 28, true);
    const after = next + 46 + name + directory.getUint16(next + 30, true) + directory.getUint16(next + 32, true);
    if (after > size) {
      throw new ModelProblem('It is a zip with a damaged directory.');
    }
    entries.push({
      name: new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + next + 46, name)),
      method: directory.getUint16(next + 10, true), packed: directory.getUint32(next + 20, true), bytes: directory.getUint32(next + 24, true), header: directory.getUint32(next + 42, true),
    });
    next = after;
  }
  return entries;
}

/** The content of an entry, piece by piece. */
export async function* unpack(source: Source, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  if (entry.bytes > MOST_UNPACKED || (entry.bytes > 1 << 20 && entry.bytes / Math.max(1, entry.packed) > MOST_RATIO)) {
    throw new ModelProblem(`It holds ${entry.packed} bytes that unpack to ${entry.bytes}: it is not taken.`);
  }
  const header = view(await source.read(entry.header, Math.min(source.size, entry.header + 30)));
  if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL || (entry.method !== 0 && entry.method !== 8)) {
    throw new ModelProblem('It is a zip whose files contradict its directory.');
  }
  const from = entry.header + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const start = from + passed;
      const piece = passed < entry.packed ? await source.read(start, Math.min(source.size, from + entry.packed, start + (1 << 18))) : new Uint8Array();
      passed += piece.length;
      piece.length > 0 ? controller.enqueue(piece) : controller.close();
    },
  });
  let passed = 0;
  let bytes = 0;
  const reader = (entry.method === 0 ? packed : packed.pipeThrough(new DecompressionStream('deflate-raw'))).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      bytes += value.length;
      if (bytes > entry.bytes) {
        throw new ModelProblem('A file in it unpacks to more than it declares.');
      }
      yield value;
    }
  } catch (error) {
    throw error instanceof ModelProblem ? error : new ModelProblem('A file in it is packed wrongly or cut off.');
  } finally {
    await reader.cancel().catch(() => {});
  }
  if (bytes < entry.bytes) {
    throw new ModelProblem('A file in it is cut off.');
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
