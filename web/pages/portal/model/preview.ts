// The model that was chosen, before it is sent: what it looks like, how large it is, and whether the engine will take it. Loaded when a file is chosen, as it is large.
import type { Figures } from './measure.js';
import type { Said } from './messages.js';
import type { Limits } from './source.js';
import type { Shape } from './thin.js';
import { View } from './view.js';

const number = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });
const precise = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 2 });

/** The SHA-256 of each file that was looked at, as soon as it is known; null where it could not be read. */
let hash: Promise<string | null> = Promise.resolve(null);
let worker: Worker | null = null;
let view: View | undefined;
let means: ReturnType<typeof View.means> | undefined;

/** Looks at a file, and forgets the one before it. */
export function preview(place: HTMLElement, file: File): void {
  worker?.terminate();
  const mine = worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const said = place.querySelector<HTMLElement>('[data-model-said]')!;
  const bar = place.querySelector<HTMLProgressElement>('progress')!;
  place.hidden = bar.hidden = false;
  place.dataset['state'] = 'reading';
  said.textContent = `Reading ${file.name} …`;
  hash = new Promise((known) => {
    const failed = (text: string): void => {
      place.dataset['state'] = 'problem';
      said.textContent = `The engine will not take this file. ${text}`;
      bar.hidden = true;
      known(null);
    };
    mine.addEventListener('error', () => { failed('It could not be read.'); });
    mine.addEventListener('message', (event: MessageEvent<Said>) => {
      const what = event.data;
      switch (what.kind) {
        case 'progress':
          bar.value = what.share;
          break;
        case 'look':
          bar.hidden = true;
          tell(place, what.look.kind, what.look.figures, what.look.shape.thinned);
          offer(place, what.look.shape, what.look.figures);
          place.dataset['state'] = 'shown';
          break;
        case 'hash':
          known(what.sha256);
          mine.terminate();
          break;
        case 'problem':
          failed(what.text);
          mine.terminate();
          break;
      }
    });
  });
  mine.postMessage({ file, limits: limitsOf(place) });
}

/** The SHA-256 of the file that was chosen last. */
export function fingerprint(): Promise<string | null> {
  return hash;
}

function limitsOf(place: HTMLElement): Limits {
  const figure = (name: string): number => Number(place.dataset[name]);
  return { bytes: figure('bytes'), facets: figure('facets'), mm: figure('mm') };
}

function tell(place: HTMLElement, kind: string, figures: Figures, thinned: boolean): void {
  const write = (name: string, text: string): void => { place.querySelector(`[data-model=${name}]`)!.textContent = text; };
  write('size', sizeOf(figures));
  write('volume', `${precise.format(figures.volume / 1000)} cm³`);
  write('facets', number.format(figures.facets));
  write('kind', kind);
  write('surface', figures.open ? 'has an opening: look it over before you send it' : 'closed');
  place.querySelector<HTMLElement>('[data-model-said]')!.textContent = `The engine will take this file.${thinned ? ' The view is simplified; what is sent is not.' : ''}`;
  place.querySelector<HTMLElement>('[data-model-figures]')!.hidden = false;
}

/** Where nothing can be drawn the figures say what there is; where it would be slow it is drawn when asked for. */
function offer(place: HTMLElement, shape: Shape, figures: Figures): void {
  const button = place.querySelector<HTMLElement>('[data-model-draw]')!;
  const show = (): void => {
    button.hidden = true;
    draw(place, shape, figures);
  };
  means ??= View.means();
  button.hidden = view !== undefined || means !== 'processor';
  button.onclick = show;
  if (view !== undefined || means === 'chip') {
    show();
  }
}

function draw(place: HTMLElement, shape: Shape, figures: Figures): void {
  const canvas = place.querySelector('canvas')!;
  // Shown first: what is hidden has no size.
  canvas.hidden = place.querySelector<HTMLElement>('[data-model-keys]')!.hidden = false;
  canvas.setAttribute('aria-label', `The model, ${sizeOf(figures)}. Arrow keys turn it, plus and minus zoom, Home brings it back.`);
  (view ??= new View(canvas)).show(shape, figures);
}

function sizeOf({ min, max }: Figures): string {
  return `${[0, 1, 2].map((axis) => number.format(max[axis]! - min[axis]!)).join(' × ')} mm`;
}
