// Becoming one of a part's custodians: with an invitation, or because the part is offered.
import type { CustodianAdmission } from '../../verifier/documents.js';
import { encodeUtf8 } from '../../verifier/bytes.js';
import { fromDate } from '../../verifier/time.js';
import { CustodianKeys } from '../../custodian/keys.js';
import { MAX_IDENTITY, seal } from '../../custodian/seal.js';
import { type SealedIdentity, signAdmission } from '../../custodian/sign.js';
import { h } from '../verify/dom.js';
import { submit } from './acts.js';
import { type Regulator, Refused, ask } from './desk.js';
import type { Places } from './part.js';
import { readRoot } from './store.js';

type Role = CustodianAdmission['role'];

/** Those that whoever is offered a part may take; the others are invited. */
const OFFERED: readonly Role[] = ['owner', 'operator', 'dealer', 'carrier', 'recycler'];
const INVITED: readonly Role[] = ['manufacturer', 'inspector', 'maintainer'];

export function enrolForm(places: Places, offered: boolean, done: () => Promise<void>): HTMLFormElement {
  const roles = offered ? OFFERED : [...INVITED, ...OFFERED];
  const role = h('select', { id: 'role', name: 'role' }, ...roles.map((name) => h('option', { value: name }, name)));
  const region = h('input', { id: 'region', name: 'region', required: true, pattern: '[A-Za-z]{2}', maxlength: '2', autocomplete: 'country', title: 'Two letters, such as DE' });
  const invitation = h('input', { id: 'invitation', name: 'invitation', required: !offered, maxlength: '64', autocomplete: 'off', spellcheck: 'false' });
  const identity = h('textarea', { id: 'identity', name: 'identity', rows: '2', maxlength: '2000' });
  const button = h('button', {}, 'Become a custodian');
  const problem = h('div', { role: 'alert' });
  const form = h('form', { class: 'card' },
    h('div', { class: 'pair' }, labelled('As', role), labelled('Region', region, 'Your country by ISO 3166-1, such as DE, or EU.')),
    !offered && labelled('Invitation', invitation, 'The code that you were given. Not needed once the part is offered to you.'),
    h('details', {}, h('summary', {}, 'Say who I am, to regulators alone'),
      labelled('Name and address (may stay empty)', identity, 'It is sealed here to the regulators that the registry lists, and nobody else can open it, the registry included.')),
    problem, button);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit(form, button, problem, async () => {
      await enrol(places, { role: role.value as Role, region: region.value.toUpperCase(), invitation: offered ? null : invitation.value.trim(), identity: identity.value.trim() });
      await done();
    });
  });
  return form;
}

async function enrol(places: Places, asked: { readonly role: Role; readonly region: string; readonly invitation: string | null; readonly identity: string }): Promise<void> {
  const root = await readRoot();
  if (root === null) {
    throw new Refused('This browser has no key any more.', 'Take it in again, below.');
  }
  const keys = await CustodianKeys.derive(root, places.part);
  try {
    const identity = await sealed(places, keys.pseudonym, asked.identity);
    const request = signAdmission(keys, { partId: places.part, role: asked.role, region: asked.region, identity }, fromDate(new Date()));
    await ask(`${places.desk}/custodians`, { request, invitation: asked.invitation });
  } finally {
    keys.wipe();
  }
}

async function sealed(places: Places, pseudonym: string, identity: string): Promise<readonly SealedIdentity[]> {
  if (identity === '') {
    return [];
  }
  if (encodeUtf8(identity).length > MAX_IDENTITY) {
    throw new Refused(`Name and address have more than ${MAX_IDENTITY.toLocaleString('en')} bytes.`, 'Shorten them.');
  }
  const regulators = await ask<readonly Regulator[]>(places.regulators);
  if (regulators.length === 0) {
    throw new Refused('The registry lists no regulator, so there is nobody to whom it could be sealed.', 'Leave name and address empty.');
  }
  return Promise.all(regulators.map(async ({ certificate, subject }) => {
    const box = await seal(identity, certificate, places.part, pseudonym);
    if (box === null) {
      throw new Refused(`The certificate of ${subject} has no P-256 key.`, "Tell the registry's operator.");
    }
    return box;
  }));
}

const labelled = (label: string, input: HTMLElement, hint?: string): HTMLElement =>
  h('div', { class: 'field' }, h('label', { for: input.id }, label), input, hint !== undefined && h('p', { class: 'hint' }, hint));
