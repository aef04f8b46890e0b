// The custodian's own page: the key, and the parts that it was used for here.
import { showPartId } from '../../verifier/part-id.js';
import { Client } from '../verify/client.js';
import { h, mono } from '../verify/dom.js';
import { fetchBytes } from '../verify/fetch.js';
import { addTools } from '../verify/tools.js';
import { Refused, ask } from './desk.js';
import { keyPanel } from './key-panel.js';
import { type KeptPart, canKeep, keptParts } from './store.js';

const MAX_FILE = 32 << 20;
const MAX_TRUST = 1 << 20;

interface Standing {
  readonly standing: string;
  readonly recalled: boolean;
}

const TONES: Readonly<Record<string, string>> = { recalled: 'bad', scrapped: 'quiet', installed: 'good', held: 'good' };

export function custodyHome(place: HTMLElement, tools: HTMLElement): void {
  const { trust } = place.dataset as { trust: string };
  const client = new Client();
  const problem = h('div', { role: 'alert' });
  const parts = h('section', {});
  const tell = (title: string, words: string, todo: string): void => problem.replaceChildren(h('div', { class: 'note-bad' }, h('p', {}, h('strong', {}, title), '. ', words, ' ', todo)));
  const go = (question: string): void => location.assign(`/custody?part=${encodeURIComponent(question.slice(0, 2048))}`);
  addTools(tools, { scan: (image) => client.scan(image), takeFile, takeCode: go, tell });
  place.replaceChildren(problem, keyPanel(() => void show()), parts);
  void show();

  /** An evidence file says which part it is about; its page verifies what the registry has of it now. */
  async function takeFile(file: File): Promise<void> {
    const keys = file.size > MAX_FILE ? null : await fetchBytes(trust, MAX_TRUST);
    const report = keys && await client.verify({ file: new Uint8Array(await file.arrayBuffer()), trust: keys, remembered: {}, log: '', now: Date.now() }, () => {}).catch(() => null);
    const id = report && !('problem' in report) ? report.certificate?.['part_id'] : null;
    typeof id === 'string' ? go(id) : tell('This file names no part', `${file.name} is no evidence file of a part.`, 'Choose the .touchmark file that came with it, or a picture of its label.');
  }

  async function show(): Promise<void> {
    const kept = canKeep() ? await keptParts().catch(() => []) : [];
    if (kept.length === 0) {
      parts.replaceChildren();
      return;
    }
    const rows = kept.map((part) => new Row(part));
    const said = h('p', { role: 'status', class: 'soft' }, 'This list is in this browser alone. Asking shows the registry that one computer asks about all of them.');
    const button = h('button', { type: 'button', class: 'quiet' }, 'Look for recalls');
    button.addEventListener('click', () => void look(rows, button, said));
    parts.replaceChildren(h('h2', {}, 'Your parts ', h('span', { class: 'count' }, String(kept.length))),
      h('div', { class: 'wide', tabindex: '0', role: 'group', 'aria-label': 'Table' }, h('table', {}, h('thead', {}, h('tr', {}, ...['Part', 'You are', 'Standing'].map((title) => h('th', { scope: 'col' }, title)))), h('tbody', {}, ...rows.map(({ element }) => element)))),
      h('div', { class: 'row' }, button), said);
  }
}

async function look(rows: readonly Row[], button: HTMLButtonElement, said: HTMLElement): Promise<void> {
  button.disabled = true;
  let recalled = 0;
  let unknown = 0;
  for (const [at, row] of rows.entries()) {
    said.textContent = `Asked about ${at} of ${rows.length} parts …`;
    try {
      recalled += (await row.look()) ? 1 : 0;
    } catch (failure) {
      unknown++;
      row.fail(failure as Refused);
    }
  }
  said.textContent = `${recalled === 0 ? 'None of your parts is recalled' : `${recalled} of your parts ${recalled === 1 ? 'is' : 'are'} recalled: do not use ${recalled === 1 ? 'it' : 'them'}`}${
    unknown > 0 ? `, and ${unknown} could not be asked about` : ''}. Open a part to have what the registry says of it checked.`;
  button.disabled = false;
}

class Row {
  readonly #standing = h('td', {}, '–');
  readonly element: HTMLElement;

  constructor(private readonly part: KeptPart) {
    this.element = h('tr', {}, h('td', {}, h('a', { href: `/custody/${part.id}` }, showPartId(part.id))), h('td', {}, mono(part.pseudonym), ` ${part.role ?? ''}`), this.#standing);
  }

  async look(): Promise<boolean> {
    const { standing, recalled } = await ask<Standing>(`/custody/${this.part.id}/standing`);
    this.#standing.replaceChildren(h('span', { class: 'badge', 'data-tone': TONES[standing] ?? 'quiet' }, standing));
    return recalled;
  }

  fail({ message }: Refused): void {
    this.#standing.textContent = message;
  }
}
