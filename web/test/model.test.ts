// Models as the upload page reads them: what they measure, and that no file makes the page's worker run or grow without end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { look } from '../pages/portal/model/look.js';
import { Blobs, ModelProblem, type Limits } from '../pages/portal/model/source.js';
import { Thinner } from '../pages/portal/model/thin.js';

const limits: Limits = { bytes: 256 << 20, facets: 5_500_000, mm: 5000 };
const corners = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]] as const;
const faces = [[0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4], [1, 2, 6], [1, 6, 5], [2, 3, 7], [2, 7, 6], [3, 0, 4], [3, 4, 7]] as const;
const box = { x: 40, y: 20, z: 5 };

function binary(count: number = faces.length, change: (view: DataView) => void = () => {}): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(84 + 50 * faces.length);
  const view = new DataView(file.buffer);
  view.setUint32(80, count, true);
  faces.forEach((face, i) => face.forEach((corner, j) => corners[corner]!.forEach((share, axis) => { view.setFloat32(84 + 50 * i + 12 + 12 * j + 4 * axis, share * [box.x, box.y, box.z][axis]!, true); })));
  change(view);
  return file;
}

function written(): string {
  const facet = (face: readonly number[]): string => `facet normal 0 0 0\nouter loop\n${face.map((corner) => `vertex ${corners[corner]!.map((share, axis) => share * [box.x, box.y, box.z][axis]!).join(' ')}`).join('\n')}\nendloop\nendfacet\n`;
  return `solid box\n${faces.map(facet).join('')}endsolid box\n`;
}

function xml(build = '<item objectid="1"/>', unit = 'millimeter', triangles = faces.map(([a, b, c]) => `<triangle v1="${a}" v2="${b}" v3="${c}"/>`).join('')): string {
  const vertices = corners.map(([x, y, z]) => `<vertex x="${x * box.x}" y="${y * box.y}" z="${z * box.z}"/>`).join('');
  return `<?xml version="1.0"?><!-- > <vertex/> --><model unit="${unit}" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02"><resources><object id="1" type="model"><mesh><vertices>${vertices}</vertices><triangles>${triangles}</triangles></mesh></object><object id="2"><components><component objectid="2"/></components></object></resources><build>${build}</build></model>`;
}

/** A zip with one file, and what its directory says of it. */
function zip(content: string | Uint8Array, name = '3D/3dmodel.model', declared?: number): Uint8Array<ArrayBuffer> {
  const plain = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const packed = deflateRawSync(plain);
  const title = new TextEncoder().encode(name);
  const header = (signature: number, size: number, at: number): Uint8Array => {
    const bytes = new Uint8Array(size + title.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, signature, true);
    view.setUint16(at, 8, true);
    view.setUint32(at + 10, packed.length, true);
    view.setUint32(at + 14, declared ?? plain.length, true);
    view.setUint16(at + 18, title.length, true);
    bytes.set(title, size);
    return bytes;
  };
  const [local, entry] = [header(0x04034b50, 30, 8), header(0x02014b50, 46, 10)];
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, 1, true);
  view.setUint16(10, 1, true);
  view.setUint32(12, entry.length, true);
  view.setUint32(16, local.length + packed.length, true);
  return new Uint8Array(Buffer.concat([local, packed, entry, end]));
}

const open = (file: Uint8Array<ArrayBuffer> | string, most = limits) => look(new Blobs(new Blob([file])), most, () => {});

for (const [name, file] of [['binary STL', binary()], ['text STL', written()], ['text STL of other line ends', written().replaceAll('\n', '\r\n')], ['3MF', zip(xml())]] as const) {
  test(`Model: a box as ${name} is measured as the engine measures it`, async () => {
    const { figures, shape } = await open(file);
    assert.deepEqual([figures.min, figures.max, figures.facets, Math.round(figures.volume), figures.open], [[0, 0, 0], [40, 20, 5], 12, 4000, false]);
    assert.deepEqual([shape.positions.length, shape.index.length, shape.thinned], [108, 36, false]);
  });
}

test('Model: units, transforms and repeated parts of a 3MF count', async () => {
  const { figures } = await open(zip(xml('<item objectid="1"/><item objectid="1" transform="1 0 0 0 1 0 0 0 1 10 0 0"/>', 'centimeter')));
  assert.deepEqual([figures.max, figures.facets], [[500, 200, 50], 24]);
});

test('Model: a surface with a hole is noticed', async () => {
  assert.equal((await open(written().replace(/facet normal[^]*?endfacet\n/, ''))).figures.open, true);
});

const bad: readonly [string, Uint8Array<ArrayBuffer> | string, RegExp][] = [
  ['nothing', '', /empty/],
  ['a text', 'nothing of the kind', /neither/],
  ['a binary STL that is cut off', binary().slice(0, 300), /cut off/],
  ['a count of four thousand million', binary(0xffffffff), /4294967295/],
  ['no number', binary(12, (view) => { view.setFloat32(96, Number.NaN, true); }), /no number/],
  ['infinity', binary(12, (view) => { view.setFloat32(96, Infinity, true); }), /no number/],
  ['a coordinate beyond all machines', binary(12, (view) => { view.setFloat32(96, 1e30, true); }), /beyond/],
  ['a part of six metres', binary(12, (view) => { view.setFloat32(96, 6000, true); }), /millimetres/],
  ['nothing but one corner', binary(12, (view) => { for (let at = 84; at < view.byteLength - 4; at++) view.setUint8(at, 0); }), /no volume/],
  ['a text STL that is cut off', written().slice(0, written().lastIndexOf('vertex')), /middle of a facet/],
  ['a text STL of words', written().replace('vertex 0', 'vertex zero'), /no number/],
  ['a text STL of one endless line', `solid ${'x'.repeat(9 << 20)}`, /longer/],
  ['a zip that is cut off', zip(xml()).slice(0, -40), /directory/],
  ['a zip that is no 3MF', zip('hello', 'readme.txt'), /0 models/],
  ['a bomb by its own word', zip(new Uint8Array(64 << 20)), /unpack to/],
  ['a bomb that lies', zip(new Uint8Array(64 << 20), '3D/3dmodel.model', 1000), /more than it declares/],
  ['a 3MF that declares more than it has', zip(xml(), '3D/3dmodel.model', 1 << 20), /cut off/],
  ['a 3MF that contains itself', zip(xml('<item objectid="2"/>')), /contains itself/],
  ['a 3MF without its object', zip(xml('<item objectid="7"/>')), /does not exist/],
  ['a corner that does not exist', zip(xml(undefined, undefined, '<triangle v1="0" v2="1" v3="8"/>')), /corner/],
  ['a corner below the first', zip(xml(undefined, undefined, '<triangle v1="-1" v2="1" v3="2"/>')), /corner/],
  ['an unknown unit', zip(xml(undefined, 'parsec')), /no number/],
  ['a document type', zip('<!DOCTYPE model [<!ENTITY a "b">]><model/>'), /document type/],
  ['a tag without an end', zip(`<model ${'x '.repeat(100_000)}`), /tag/],
  ['XML that is cut off', zip(xml().slice(0, -20)), /middle of a tag|does not exist|no facet/],
];
for (const [name, file, words] of bad) {
  test(`Model: ${name} is refused in words`, async () => {
    await assert.rejects(open(file), (error) => error instanceof ModelProblem && words.test(error.message));
  });
}

test('Model: limits of the page hold for all kinds', async () => {
  for (const file of [binary(), written(), zip(xml())]) {
    await assert.rejects(open(file, { ...limits, facets: 11 }), /11/);
    await assert.rejects(open(file, { ...limits, bytes: 100 }), /at most 100/);
  }
});

test('Model: random bytes never do more than be refused', async () => {
  let seed = 1;
  const random = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32;
  for (let i = 0; i < 300; i++) {
    const file = [binary, () => new Uint8Array(Buffer.from(written())), () => zip(xml())][i % 3]!();
    for (let change = 0; change < 4; change++) {
      file[Math.floor(random() * file.length)] = Math.floor(random() * 256);
    }
    await open(file.slice(0, Math.floor(random() * (file.length + 1)))).catch((error: unknown) => { assert.ok(error instanceof ModelProblem, `${i}: ${String(error)}`); });
  }
});

test('Model: what is drawn of a dense mesh stays bounded and in its place', () => {
  const side = 900;
  const thin = new Thinner([0, 0, 0], [100, 100, 20]);
  const height = (x: number, y: number): number => 10 + 10 * Math.sin(x / 7) * Math.cos(y / 9);
  for (let i = 0; i < side; i++) {
    const strip = new Float32Array(18 * side);
    for (let j = 0, at = 0; j < side; j++) {
      const [x, y, step] = [(i * 100) / side, (j * 100) / side, 100 / side];
      for (const [u, v] of [[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]] as const) {
        const [px, py] = [Math.min(100, x + u * step), Math.min(100, y + v * step)];
        strip.set([px, py, height(px, py)], at);
        at += 3;
      }
    }
    thin.add(strip, 2 * side);
  }
  const shape = thin.finish();
  assert.ok(shape.index.length / 3 > 10_000 && shape.index.length / 3 <= 400_000, String(shape.index.length / 3));
  assert.ok(shape.index.every((corner) => corner < shape.positions.length / 3));
  for (let i = 0; i < shape.positions.length; i += 3) {
    assert.ok(Math.abs(shape.positions[i + 2]! - height(shape.positions[i]!, shape.positions[i + 1]!)) < 2);
  }
});
