// Whose signatures are believed: this registry's own keys, or those that the reader pinned.
import type { TrustReading } from './client.js';
import { h } from './dom.js';

const MAX_TRUST = 1 << 20;

/** <change> is told the text of the trust file, or null for the registry's own. */
export function trustPanel(pinned: () => string | null, read: (file: Uint8Array) => Promise<TrustReading>, change: (text: string | null) => Promise<void>): HTMLElement {
  const state = h('p', {});
  const problem = h('p', { class: 'problem', role: 'alert' });
  const choose = h('input', { type: 'file', id: 'trust-file', class: 'visually-hidden', accept: '.json,application/json' });
  const own = h('button', { type: 'button', class: 'quiet' }, "Believe this registry's own keys again");
  choose.addEventListener('change', () => void pin(choose.files?.[0]));
  own.addEventListener('click', () => void set(null));
  void show();
  return h('details', { class: 'trust' }, h('summary', {}, 'Whose signatures are believed'), state,
    h('p', {}, 'Keys that come from the same place as the record show that it was not changed since, and not who made it. Whoever has to be sure pins a trust file that came by another way, such as on paper or in a contract.'),
    h('div', { class: 'row' }, choose, h('label', { for: 'trust-file', class: 'button quiet' }, 'Choose a trust file'), own), problem);

  async function pin(file: File | undefined): Promise<void> {
    choose.value = '';
    if (file === undefined) {
      return;
    }
    const bytes = file.size > MAX_TRUST ? new Uint8Array() : new Uint8Array(await file.arrayBuffer());
    const trust = await read(bytes);
    if ('problem' in trust) {
      problem.textContent = `${file.name} is no trust file: ${trust.problem}.`;
    } else {
      await set(new TextDecoder().decode(bytes));
    }
  }

  async function set(text: string | null): Promise<void> {
    problem.textContent = '';
    await change(text);
    await show();
  }

  async function show(): Promise<void> {
    const text = pinned();
    const trust = text === null ? null : await read(new TextEncoder().encode(text));
    const names = trust === null || 'problem' in trust ? [] : trust.names;
    state.textContent = text === null ? 'Those of this registry, as it publishes them now.' : `Those of the trust file that you pinned in this browser: ${names.join(', ')}.`;
    own.hidden = text === null;
  }
}
