// Where the head is, from above, and how warm it is: drawn from the events of the print, which the engine has verified. Nothing moves between two of them.
import { JOB_EVENT, type Job } from './live';

const SETTLED = 0.02;
const MOST_POINTS = 4000;
const MOST_SAMPLES = 2400;
const MARGIN = 12;
const SCALE = 52;

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Sample {
  readonly at: number;
  readonly nozzle: number;
  readonly bed: number;
}

export function watchHead(): void {
  const place = document.querySelector<HTMLElement>('[data-watch]');
  const canvas = place?.querySelector<HTMLCanvasElement>('[data-watch-bed]');
  const heat = place?.querySelector<HTMLCanvasElement>('[data-watch-heat]');
  if (!place || !canvas || !heat) {
    return;
  }
  const edge = (name: string): number => Number(place.dataset[name]);
  const bed = { minX: edge('minX'), maxX: edge('maxX'), minY: edge('minY'), maxY: edge('maxY') };
  let trail: Point[] = [];
  let before: Point[] = [];
  let layer = Number.NaN;
  const samples: Sample[] = [];
  document.addEventListener(JOB_EVENT, (event) => {
    const session = (event as CustomEvent<Job>).detail.session;
    if (!session) {
      return;
    }
    const { x, y, z, nozzle_c: nozzle, bed_c: warm } = session;
    if (typeof x === 'number' && typeof y === 'number' && typeof z === 'number') {
      place.hidden = false;
      if (!(Math.abs(z - layer) <= SETTLED)) {
        [before, trail, layer] = [trail.length > 1 ? trail : before, [], z];
      }
      trail.push({ x, y });
      trail.splice(0, trail.length - MOST_POINTS);
      drawBed(canvas, bed, before, trail);
      write(place, 'where', `X ${x.toFixed(1)}, Y ${y.toFixed(1)}, Z ${z.toFixed(2)} mm`);
    }
    if (typeof nozzle === 'number' && typeof warm === 'number') {
      samples.push({ at: performance.now(), nozzle, bed: warm });
      samples.splice(0, samples.length - MOST_SAMPLES);
      drawHeat(heat, samples);
      write(place, 'heat', `Since this page was opened: nozzle ${range(samples, 'nozzle')}, bed ${range(samples, 'bed')}.`);
    }
  });
}

function drawBed(canvas: HTMLCanvasElement, bed: { readonly minX: number; readonly maxX: number; readonly minY: number; readonly maxY: number }, before: readonly Point[], trail: readonly Point[]): void {
  const { pen, width, height, line, ink } = prepare(canvas);
  const scale = Math.min((width - 2 * MARGIN) / (bed.maxX - bed.minX), (height - 2 * MARGIN) / (bed.maxY - bed.minY));
  const [left, low] = [(width - scale * (bed.maxX - bed.minX)) / 2, (height + scale * (bed.maxY - bed.minY)) / 2];
  const at = (point: Point): [number, number] => [left + scale * (point.x - bed.minX), low - scale * (point.y - bed.minY)];
  pen.strokeStyle = line;
  pen.globalAlpha = 1;
  const [fromX, fromY] = at({ x: bed.minX, y: bed.maxY });
  pen.strokeRect(fromX, fromY, scale * (bed.maxX - bed.minX), scale * (bed.maxY - bed.minY));
  pen.globalAlpha = 0.3;
  for (let x = Math.ceil(bed.minX / 50) * 50; x <= bed.maxX; x += 50) {
    stroke(pen, [at({ x, y: bed.minY }), at({ x, y: bed.maxY })]);
  }
  for (let y = Math.ceil(bed.minY / 50) * 50; y <= bed.maxY; y += 50) {
    stroke(pen, [at({ x: bed.minX, y }), at({ x: bed.maxX, y })]);
  }
  pen.strokeStyle = ink;
  pen.lineWidth = 1.5;
  stroke(pen, before.map(at));
  pen.globalAlpha = 1;
  stroke(pen, trail.map(at));
  const head = trail.at(-1);
  if (head) {
    pen.fillStyle = ink;
    pen.beginPath();
    pen.arc(...at(head), 5, 0, 2 * Math.PI);
    pen.fill();
  }
}

function drawHeat(canvas: HTMLCanvasElement, samples: readonly Sample[]): void {
  const { pen, width, height, line, ink } = prepare(canvas);
  const hottest = Math.max(50, ...samples.flatMap((sample) => [sample.nozzle, sample.bed])) * 1.1;
  const [first, last] = [samples[0]!.at, samples.at(-1)!.at];
  const at = (time: number, degrees: number): [number, number] => [SCALE + ((width - SCALE - MARGIN) * (time - first)) / Math.max(1, last - first), height - MARGIN - ((height - 2 * MARGIN) * degrees) / hottest];
  pen.strokeStyle = pen.fillStyle = line;
  pen.font = '12px system-ui, sans-serif';
  [pen.textAlign, pen.textBaseline] = ['right', 'middle'];
  for (let degrees = 50; degrees < hottest; degrees += 50) {
    pen.globalAlpha = 0.3;
    stroke(pen, [at(first, degrees), [width - MARGIN, at(first, degrees)[1]]]);
    pen.globalAlpha = 1;
    pen.fillText(`${degrees} °C`, SCALE - 6, at(first, degrees)[1]);
  }
  pen.lineWidth = 2;
  pen.strokeStyle = ink;
  stroke(pen, samples.map((sample) => at(sample.at, sample.nozzle)));
  // Told apart by more than their colours.
  pen.setLineDash([5, 4]);
  pen.strokeStyle = line;
  stroke(pen, samples.map((sample) => at(sample.at, sample.bed)));
  pen.setLineDash([]);
}

/** An empty canvas as large as it is shown, and the two colours that the style sheet gives it. */
function prepare(canvas: HTMLCanvasElement): { readonly pen: CanvasRenderingContext2D; readonly width: number; readonly height: number; readonly line: string; readonly ink: string } {
  const style = getComputedStyle(canvas);
  const [width, height, dense] = [canvas.clientWidth, canvas.clientHeight, Math.min(2, devicePixelRatio)];
  [canvas.width, canvas.height] = [width * dense, height * dense];
  const pen = canvas.getContext('2d')!;
  pen.scale(dense, dense);
  return { pen, width, height, line: style.outlineColor, ink: style.color };
}

function stroke(pen: CanvasRenderingContext2D, points: readonly (readonly [number, number])[]): void {
  pen.beginPath();
  points.forEach(([x, y], i) => { i === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y); });
  pen.stroke();
}

function range(samples: readonly Sample[], what: 'nozzle' | 'bed'): string {
  const values = samples.map((sample) => sample[what]);
  return `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)} °C`;
}

function write(place: HTMLElement, what: string, text: string): void {
  place.querySelector(`[data-watch-${what}-said]`)!.textContent = text;
}
