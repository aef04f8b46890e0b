// A print as it happens: one stream of events, which the browser opens again by itself. Each event is the whole job, so that none can be missed; what is marked with data-bind shows it.
import { localTimes } from './times';

/** Every event of a print, for whatever else on the page shows it. */
export const JOB_EVENT = 'touchmark-job';

export interface Job {
  readonly state: string;
  readonly progress: number;
  readonly message: string;
  readonly waits_for?: string;
  readonly ending?: { readonly text: string } | null;
  readonly paused?: { readonly stands: boolean; readonly until: string } | null;
  readonly session?: { readonly motion_total_s: number; readonly motion_executed_s: number } & Record<string, unknown>;
}

const STATES = ['queued', 'slicing', 'waiting', 'preflight', 'streaming', 'done', 'failed', 'cancelled'];
const FINAL = 5;
const WORDS: Record<string, string> = { preflight: 'checking', streaming: 'printing', done: 'printed' };
const TONES: Record<string, string> = { queued: 'quiet', waiting: 'quiet', done: 'good', failed: 'bad', cancelled: 'caution' };

export function livePrint(): void {
  const place = document.querySelector<HTMLElement>('[data-live]');
  const address = place?.dataset['live'];
  if (!place || !address) {
    return;
  }
  const offline = place.querySelector<HTMLElement>('[data-offline]');
  const source = new EventSource(address);
  source.addEventListener('open', () => { offline?.setAttribute('hidden', ''); });
  source.addEventListener('error', () => { offline?.removeAttribute('hidden'); });
  source.addEventListener('job', (event) => {
    const job = JSON.parse((event as MessageEvent<string>).data) as Job;
    show(place, job);
    document.dispatchEvent(new CustomEvent(JOB_EVENT, { detail: job }));
    if (STATES.indexOf(job.state) >= FINAL) {
      source.close();
      void settle();
    }
  });
}

function show(place: HTMLElement, job: Job): void {
  const step = STATES.indexOf(job.state);
  for (const item of place.querySelectorAll<HTMLElement>('[data-step]')) {
    const number = Number(item.dataset['step']);
    item.toggleAttribute('data-done', number < step);
    number === step ? item.setAttribute('aria-current', 'step') : item.removeAttribute('aria-current');
  }
  for (const element of place.querySelectorAll<HTMLElement>('[data-waits]')) {
    element.hidden = element.dataset['waits'] !== job.waits_for;
  }
  for (const element of place.querySelectorAll<HTMLElement>('[data-bind]')) {
    bind(element, job);
  }
  pauses(job);
}

/** What belongs to a print that is paused, to one that could be, and to one that has not ended: buttons above it, and until when. */
function pauses(job: Job): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-pause]')) {
    element.hidden = job.state !== 'streaming' || Boolean(job.ending) || (element.dataset['pause'] === 'yes') !== Boolean(job.paused);
  }
  for (const element of document.querySelectorAll<HTMLElement>('[data-before-rest]')) {
    element.hidden = Boolean(job.ending);
  }
  const until = document.querySelector<HTMLElement>('[data-until]');
  if (until && job.paused && until.dataset['until'] !== job.paused.until) {
    until.dataset['until'] = job.paused.until;
    const time = document.createElement('time');
    time.dateTime = job.paused.until;
    time.textContent = job.paused.until;
    until.replaceChildren(time);
    localTimes(until);
  }
}

function word(job: Job): string {
  return job.ending ? 'coming to rest' : job.paused ? (job.paused.stands ? 'paused' : 'pausing') : WORDS[job.state] ?? job.state;
}

function bind(element: HTMLElement, job: Job): void {
  switch (element.dataset['bind']) {
    case 'state':
      element.dataset['tone'] = job.paused || job.ending?.text ? 'caution' : TONES[job.state] ?? 'busy';
      write(element, word(job));
      break;
    case 'message':
      write(element, job.message === word(job) ? '' : job.message);
      break;
    case 'progress':
      (element as HTMLProgressElement).value = Math.round(job.progress * 1000) / 10;
      break;
    case 'adjusted':
      write(element, (job.session?.['adjusted'] as { readonly why: string } | null | undefined)?.why ?? 'nothing');
      break;
    case 'left':
      write(element, job.session ? duration(job.session.motion_total_s - job.session.motion_executed_s) : '–');
      break;
    default:
      write(element, say(job.session?.[element.dataset['bind']!.replace('session.', '')], element.dataset['as']));
  }
}

// Screen readers are told of changes only.
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function say(value: unknown, as: string | undefined): string {
  if (typeof value !== 'number') {
    return '–';
  }
  switch (as) {
    case 'celsius': return celsius(value);
    case 'mm': return `${value.toFixed(2)} mm`;
    case 'seconds': return duration(value);
    default: return String(value);
  }
}

export function celsius(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(1)} °C`;
}

function duration(seconds: number): string {
  const whole = Math.max(0, seconds);
  return whole < 60 ? `${whole.toFixed(1)} s` : whole < 3600 ? `${Math.floor(whole / 60)} min ${Math.floor(whole % 60)} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** The print is over: what the server knows more of it, its certificate or its failure, comes with the page. */
async function settle(): Promise<void> {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (answer.redirected) {
    location.replace(answer.url);
    return;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
  const here = document.querySelector('main');
  if (answer.ok && fresh && here) {
    here.replaceWith(document.adoptNode(fresh));
    localTimes(document.querySelector('main')!);
  }
}
