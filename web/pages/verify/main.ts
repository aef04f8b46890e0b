// The page that checks a part in its reader's own browser. The server gives it bytes; what they are worth is found out here.
import { Client } from './client.js';
import { h } from './dom.js';
import { fetchBytes, readBytes } from './fetch.js';
import { pinTrust, pinnedTrust, rememberHead, rememberedHeads } from './memory.js';
import { addTools } from './tools.js';
import { trustPanel } from './trust-panel.js';
import { ResultView } from './view.js';

const MAX_FILE = 32 << 20;
const MAX_TRUST = 1 << 20;

const place = document.querySelector<HTMLElement>('#verifier')!;
const tools = document.querySelector<HTMLElement>('#tools')!;
const { evidence, trust: trustUrl, log } = place.dataset as { evidence?: string; trust: string; log: string };

const client = new Client();
const scan = (image: ImageBitmap): Promise<string | null> => client.scan(image);
let last: Uint8Array | null = null;

async function verify(file: Uint8Array): Promise<void> {
  last = file;
  const pinned = pinnedTrust();
  const trust = pinned === null ? await fetchBytes(trustUrl, MAX_TRUST) : new TextEncoder().encode(pinned);
  if (trust === null) {
    tell('The keys cannot be read', 'This site did not send the keys that its records are signed with.', 'Try again in a moment, or choose a trust file of your own below.');
    return;
  }
  const view = new ResultView();
  place.replaceChildren(view.element);
  try {
    const report = await client.verify({ file, trust, remembered: rememberedHeads(), log, now: Date.now() }, (check) => view.take(check));
    if ('problem' in report) {
      tell('The trust file cannot be used', `What is wrong with it: ${report.problem}.`, 'Choose another one below, or go back to the keys of this registry.');
      return;
    }
    if (report.remember !== null) {
      rememberHead(report.remember.origin, report.remember.checkpoint);
    }
    view.finish(report);
  } catch {
    tell('The check broke off', 'Your browser could not finish it; nothing is known about the record.', 'Try again with a newer browser, or with the touchmark program.');
  }
}

/** Something stands in the way of a check. */
function tell(title: string, words: string, todo: string, ...more: Node[]): void {
  place.replaceChildren(h('section', { class: 'result' },
    h('div', { class: 'headline', 'data-tone': 'unknown', role: 'alert' }, h('h2', {}, title), h('p', {}, words), h('p', { class: 'todo' }, todo), ...more)));
}

async function takeFile(file: File): Promise<void> {
  if (file.size > MAX_FILE) {
    tell('This file is too large', `It has ${file.size.toLocaleString('en')} bytes, and no evidence file has more than ${MAX_FILE.toLocaleString('en')}.`, 'Choose the .touchmark file that came with the part.');
  } else {
    await verify(new Uint8Array(await file.arrayBuffer()));
  }
}

/** The server takes a code apart, as it does what is typed: there is one reader of links. */
const takeCode = (text: string): void => location.assign(`/verify?part=${encodeURIComponent(text.slice(0, 2048))}`);

async function fetchEvidence(url: string): Promise<void> {
  const response = await fetch(url, { credentials: 'same-origin' }).catch(() => null);
  const bytes = response?.ok ? await readBytes(response, MAX_FILE).catch(() => null) : null;
  if (bytes !== null) {
    await verify(bytes);
    return;
  }
  const problem = response === null || response.ok ? null : ((await response.json().catch(() => null)) as { detail?: string; fix?: string } | null);
  tell('The record cannot be fetched', problem?.detail ?? 'The registry did not send the record of this part.', problem?.fix ?? 'Try again in a moment.');
}

addTools(tools, { scan, takeFile, takeCode, tell });
place.after(trustPanel(pinnedTrust, (file) => client.readTrust(file), async (text) => {
  pinTrust(text);
  if (last !== null) {
    await verify(last);
  }
}));
if (evidence) {
  void fetchEvidence(evidence);
}
