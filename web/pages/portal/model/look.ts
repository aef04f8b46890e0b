// A model file, looked at: its figures, and a shape that can be drawn.
import { measure, type Figures } from './measure.js';
import { ModelProblem, type Limits, type Model, type Source } from './source.js';
import { openStl } from './stl.js';
import { shaper, type Shape } from './thin.js';
import { openThreeMf } from './threemf.js';
import { isZip } from './zip.js';

export interface Look {
  readonly kind: Model['kind'];
  readonly figures: Figures;
  readonly shape: Shape;
}

/** @param passing Told how far it is, from 0 to 1. */
export async function look(source: Source, limits: Limits, passing: (share: number) => void): Promise<Look> {
  if (source.size === 0) {
    throw new ModelProblem('It is empty.');
  }
  if (source.size > limits.bytes) {
    throw new ModelProblem(`It has ${source.size} bytes; at most ${limits.bytes} are taken.`);
  }
  const model = (await isZip(source)) ? await openThreeMf(source, limits) : await openStl(source, limits);
  // How many facets a text has is known when it was read; till then the bytes say it well enough.
  const expected = Math.max(1, source.size / 50);
  const figures = await measure(model, limits, (facets) => { passing(Math.min(0.5, (0.5 * facets) / expected)); });
  const shape = shaper(figures.facets, figures.min, figures.max);
  let done = 0;
  await model.each((corners, facets) => {
    shape.add(corners, facets);
    passing(0.5 + (0.5 * (done += facets)) / figures.facets);
  });
  return { kind: model.kind, figures, shape: shape.finish() };
}
