// The signed statements themselves, for whoever wants to see them: fields as they are, and the bytes.
import type { Plain } from '../../verifier/index.js';
import { h, facts, mono } from './dom.js';
import type { ShownStatement } from './messages.js';

/** Bytes of an envelope in one row of hexadecimal. */
const ROW = 16;

/** Made when it is opened: a history of thousands of statements would weigh the page down. */
export function rawStatements(statements: readonly ShownStatement[]): HTMLElement {
  const details = h('details', {}, h('summary', {}, statements.length === 1 ? 'The signed statement' : `The ${statements.length} signed statements`));
  onceOpen(details, () => statements.map((statement) => (statements.length === 1 ? h('div', {}, ...shown(statement)) : one(statement))));
  return details;
}

function one(statement: ShownStatement): HTMLElement {
  const details = h('details', {}, h('summary', {}, statement.names));
  onceOpen(details, () => shown(statement));
  return details;
}

function shown(statement: ShownStatement): HTMLElement[] {
  const bytes = h('details', {}, h('summary', {}, `${statement.envelope.length.toLocaleString('en')} bytes in hexadecimal`));
  onceOpen(bytes, () => [h('pre', { tabindex: '0' }, dump(statement.envelope))]);
  return [
    facts([
      ['Type', mono(statement.type)], ['Issuer', statement.issuer], ['Subject', mono(statement.names)], ['Issued', statement.issuedAt], ['SHA-256', mono(statement.sha256)],
      ['Signatures', statement.signatures.map(({ algorithm, keyId }) => `${algorithm}, key ${keyId}`).join(' · ')],
    ]),
    h('h4', {}, 'What it says'),
    fields(statement.document),
    bytes,
  ];
}

function fields(value: Plain): HTMLElement {
  if (value === null || typeof value !== 'object') {
    return h('span', {}, value === null ? 'It cannot be read.' : String(value));
  }
  const entries = Object.entries(value);
  return entries.length === 0 ? h('span', {}, 'none')
    : h('dl', { class: 'fields' }, ...entries.map(([name, member]) => h('div', {}, h('dt', {}, Array.isArray(value) ? String(Number(name) + 1) : name), h('dd', {}, fields(member)))));
}

function dump(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = Array.from(bytes.subarray(at, at + ROW), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    text += `${at.toString(16).padStart(6, '0')}  ${row}\n`;
  }
  return text;
}

function onceOpen(details: HTMLDetailsElement, content: () => readonly HTMLElement[]): void {
  details.addEventListener('toggle', () => details.append(...content()), { once: true });
}
