// What a custodian can say of a part, as forms: only what the rules allow in the part's present standing is offered.
import { type CustodyState, whyNotAllowed } from '../../verifier/custody-rules.js';
import type { CustodianAdmission, CustodyEvent } from '../../verifier/documents.js';
import { h } from '../verify/dom.js';

export type Kind = Exclude<CustodyEvent['kind'], 'recalled'>;

export type Words = Partial<Pick<CustodyEvent, 'to' | 'into' | 'outcome' | 'reason' | 'note'>>;

interface Act {
  readonly kind: Kind;
  readonly title: string;
  readonly explained: string;
  readonly fields: readonly Field[];
  readonly final?: string;
}

interface Field {
  readonly name: keyof Words;
  readonly label: string;
  readonly hint?: string;
  readonly required?: boolean;
  readonly choices?: readonly (readonly [value: string, label: string])[];
  readonly rows?: number;
  readonly most: number;
}

const NOTE: Field = { name: 'note', label: 'Note', hint: 'Everybody who has the part reads it. No names.', rows: 2, most: 1024 };
const REASON: Field = { name: 'reason', label: 'Reason', rows: 2, most: 1024 };

const ACTS: readonly Act[] = [
  { kind: 'manufactured', title: 'Begin its history', explained: 'You printed it: you say so, and have it from then on.', fields: [NOTE] },
  { kind: 'received', title: 'Receive it', explained: 'The part is in your hands: from then on it is yours.', fields: [NOTE] },
  {
    kind: 'transferred', title: 'Pass it on', explained: 'You offer the part. It stays yours until the other side says that it was received. To take an offer back, offer the part to yourself.',
    fields: [{ name: 'to', label: 'Their pseudonym under this part', hint: '16 characters, which they find on this page, or with touchmark custodian show.', required: true, most: 32 }, NOTE],
  },
  { kind: 'installed', title: 'Install it', explained: 'It was built into something.', fields: [{ name: 'into', label: 'Built into', hint: 'Such as: Scanner 4, gantry.', required: true, most: 256 }, NOTE] },
  { kind: 'removed', title: 'Remove it', explained: 'It was taken out of what it was built into.', fields: [REASON, NOTE] },
  {
    kind: 'inspected', title: 'Inspect it', explained: 'You looked at it with care. A recalled part that passes may be used again.',
    fields: [{ name: 'outcome', label: 'It', required: true, choices: [['', 'Choose'], ['passed', 'passed'], ['failed', 'did not pass']], most: 16 }, NOTE],
  },
  { kind: 'maintained', title: 'Maintain it', explained: 'It was cleaned, adjusted or repaired.', fields: [NOTE] },
  { kind: 'scrapped', title: 'Scrap it', explained: 'It is not to be used any more, and nothing can be said of it after that.', fields: [REASON, NOTE], final: 'I know that this cannot be taken back' },
];

/** The forms of what this custodian may say now. <say> signs and sends, and throws what stands in the way. */
export function actForms(state: CustodyState, custodian: Pick<CustodianAdmission, 'pseudonym' | 'role'>, say: (kind: Kind, words: Words) => Promise<void>): HTMLElement[] {
  return allowed(state, custodian).map((act, at) => {
    const open = at === 0 && (act.kind === 'manufactured' || act.kind === 'received');
    return h('details', { class: 'act', 'data-act': act.kind, open }, h('summary', {}, act.title), form(act, say));
  });
}

export function allowed(state: CustodyState, { pseudonym, role }: Pick<CustodianAdmission, 'pseudonym' | 'role'>): readonly Act[] {
  return ACTS.filter(({ kind }) => {
    const event = { event_id: new Uint8Array(16), part_id: state.partId, number: state.number + 1n, kind, at: state.at, previous: state.head, custodian: pseudonym };
    return whyNotAllowed(state, event, role) === null;
  });
}

function form(act: Act, say: (kind: Kind, words: Words) => Promise<void>): HTMLFormElement {
  const button = h('button', { class: act.final === undefined ? '' : 'danger' }, act.title);
  const problem = h('div', { role: 'alert' });
  const sure = h('input', { type: 'checkbox', required: true });
  const element = h('form', { class: 'card' }, h('p', { class: 'hint' }, act.explained), ...act.fields.map((field) => labelled(act, field)),
    act.final !== undefined && h('label', { class: 'choice' }, sure, act.final), problem, button);
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit(element, button, problem, () => say(act.kind, wordsOf(element, act)));
  });
  return element;
}

/** Does what a form asks for, once at a time, and says in the form what stands in the way. */
export async function submit(form: HTMLFormElement, button: HTMLButtonElement, problem: HTMLElement, act: () => Promise<void>): Promise<void> {
  const title = button.textContent ?? '';
  problem.replaceChildren();
  button.disabled = true;
  button.textContent = 'Checking the history, then signing …';
  form.setAttribute('aria-busy', 'true');
  try {
    await act();
  } catch (failure) {
    const { message, todo } = failure as Error & { todo?: string };
    problem.replaceChildren(h('div', { class: 'note-bad' }, h('p', {}, h('strong', {}, message), ' ', todo ?? 'Nothing was sent.')));
  } finally {
    button.disabled = false;
    button.textContent = title;
    form.removeAttribute('aria-busy');
  }
}

function labelled({ kind }: Act, { name, label, hint, required = false, choices, rows, most }: Field): HTMLElement {
  const id = `${kind}-${name}`;
  const input = choices !== undefined ? h('select', { id, name, required }, ...choices.map(([value, text]) => h('option', { value }, text)))
    : rows !== undefined ? h('textarea', { id, name, required, rows: String(rows), maxlength: String(most) })
      : h('input', { id, name, required, maxlength: String(most), autocomplete: 'off', spellcheck: 'false' });
  return h('div', { class: 'field' }, h('label', { for: id }, required ? label : `${label} (may stay empty)`), input, hint !== undefined && h('p', { class: 'hint' }, hint));
}

function wordsOf(form: HTMLFormElement, act: Act): Words {
  const data = new FormData(form);
  const entries = act.fields.map(({ name }) => [name, String(data.get(name) ?? '').trim()] as const).filter(([, value]) => value !== '');
  // Pseudonyms are read as people write them; nobody's has I, L, O or U.
  return Object.fromEntries(entries.map(([name, value]) => [name, name === 'to' ? value.replace(/[\s-]/g, '').toUpperCase() : value])) as Words;
}
