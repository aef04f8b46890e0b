// What the engine will find: size, volume, facets, and whether the mesh can be taken.
import { ModelProblem, type Facets, type Limits, type Model } from './source.js';

const MOST_COORDINATE = 100_000;
const LEAST_VOLUME = 1e-6;
/** Of a closed surface the facets' areas, with their directions, add up to nothing; rounding leaves this share of them. */
const OPEN_SHARE = 1e-3;

export interface Figures {
  readonly facets: number;
  readonly min: readonly [number, number, number];
  readonly max: readonly [number, number, number];
  readonly volume: number;
  /** Its surface seems to have a hole. */
  readonly open: boolean;
}

export async function measure(model: Model, limits: Limits, passing: (facets: number) => void = () => {}): Promise<Figures> {
  const min: [number, number, number] = [Infinity, Infinity, Infinity];
  const max: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  let [facets, volume, area, ax, ay, az] = [0, 0, 0, 0, 0, 0];
  let [ox, oy, oz] = [0, 0, 0];
  const take: Facets = (corners, count) => {
    if (facets === 0 && count > 0) {
      [ox, oy, oz] = [corners[0]!, corners[1]!, corners[2]!];
    }
    for (let at = 0, end = 9 * count; at < end; at += 9) {
      for (let i = at; i < at + 9; i += 3) {
        const [x, y, z] = [corners[i]!, corners[i + 1]!, corners[i + 2]!];
        if (!(Math.abs(x) <= MOST_COORDINATE && Math.abs(y) <= MOST_COORDINATE && Math.abs(z) <= MOST_COORDINATE)) {
          throw new ModelProblem(`Facet ${facets + at / 9 + 1} has a coordinate that is no number, or beyond ${MOST_COORDINATE} mm.`);
        }
        if (x < min[0]) min[0] = x;
        if (y < min[1]) min[1] = y;
        if (z < min[2]) min[2] = z;
        if (x > max[0]) max[0] = x;
        if (y > max[1]) max[1] = y;
        if (z > max[2]) max[2] = z;
      }
      const px = corners[at]! - ox, py = corners[at + 1]! - oy, pz = corners[at + 2]! - oz;
      const qx = corners[at + 3]! - ox, qy = corners[at + 4]! - oy, qz = corners[at + 5]! - oz;
      const rx = corners[at + 6]! - ox, ry = corners[at + 7]! - oy, rz = corners[at + 8]! - oz;
      volume += px * (qy * rz - qz * ry) + py * (qz * rx - qx * rz) + pz * (qx * ry - qy * rx);
      const nx = (qy - py) * (rz - pz) - (qz - pz) * (ry - py);
      const ny = (qz - pz) * (rx - px) - (qx - px) * (rz - pz);
      const nz = (qx - px) * (ry - py) - (qy - py) * (rx - px);
      ax += nx;
      ay += ny;
      az += nz;
      area += Math.sqrt(nx * nx + ny * ny + nz * nz);
    }
    passing(facets += count);
  };
  await model.each(take);
  if (facets === 0) {
    throw new ModelProblem('It has no facet.');
  }
  const found = { facets, min, max, volume: Math.abs(volume) / 6, open: Math.hypot(ax, ay, az) > OPEN_SHARE * area };
  const extent = Math.max(max[0] - min[0], max[1] - min[1], max[2] - min[2]);
  if (extent > limits.mm) {
    throw new ModelProblem(`It is ${Math.round(extent)} mm long; at most ${limits.mm} mm are taken. Was it exported in millimetres?`);
  }
  if (found.volume < LEAST_VOLUME) {
    throw new ModelProblem('It encloses no volume: it must be a closed body.');
  }
  return found;
}
