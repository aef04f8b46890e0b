// One part for whoever has it: its history, verified here, and what they may say next.
import { type CustodyState, REFUSALS, whyNoLink, whyNotAllowed } from '../../verifier/custody-rules.js';
import type { CustodianAdmission, CustodyEvent } from '../../verifier/documents.js';
import { equal } from '../../verifier/bytes.js';
import { fromDate, parseTime } from '../../verifier/time.js';
import { CustodianKeys } from '../../custodian/keys.js';
import { signEvent } from '../../custodian/sign.js';
import { Client } from '../verify/client.js';
import { h, mono } from '../verify/dom.js';
import { fetchBytes } from '../verify/fetch.js';
import { pinnedTrust, rememberHead, rememberedHeads } from '../verify/memory.js';
import type { Report } from '../verify/messages.js';
import { ResultView } from '../verify/view.js';
import { type Kind, type Words, actForms } from './acts.js';
import { type Proposal, Refused, ask } from './desk.js';
import { enrolForm } from './enrol.js';
import { keyPanel } from './key-panel.js';
import { keepPart, readRoot } from './store.js';

const MAX_FILE = 32 << 20;
const MAX_TRUST = 1 << 20;

const TRY_AGAIN = "Try again; if it stays so, tell the registry's operator.";

export interface Places {
  readonly part: string;
  readonly desk: string;
  readonly evidence: string;
  readonly trust: string;
  readonly log: string;
  readonly regulators: string;
}

export class PartDesk {
  readonly #client = new Client();
  readonly #acts = h('section', { class: 'panel acts-panel', 'aria-busy': 'true' }, h('h2', {}, 'You and this part'), h('p', { class: 'soft' }, 'Its history is being checked first …'));
  readonly #result = h('div', {});
  readonly element = h('div', { class: 'custody' }, this.#acts, keyPanel(() => void this.show()), this.#result);
  #report: Report | null = null;

  constructor(private readonly places: Places) {}

  /** Verifies the history anew, and shows what may be done. */
  async begin(said?: string): Promise<void> {
    try {
      this.#report = await this.#verify(true);
    } catch (failure) {
      this.#report = null;
      this.#fail(failure as Refused);
      return;
    }
    await this.show(said);
  }

  async show(said?: string): Promise<void> {
    const state = this.#report?.verdict === 'valid' ? this.#report.state : null;
    this.#acts.removeAttribute('aria-busy');
    if (this.#report === null) {
      return;
    }
    if (state === null) {
      this.#fail(new Refused('Its history so far is not in order, so nothing can be signed for it here.', 'See below what is wrong; whoever signs an event vouches for all before it.'));
      return;
    }
    const root = await readRoot().catch(() => null);
    const told = said === undefined ? [] : [h('p', { class: 'note-good', role: 'status' }, said)];
    if (root === null) {
      this.#say(...told, h('p', {}, 'To say something of this part you need a key, below. Reading its history needs none.'));
      return;
    }
    const keys = await CustodianKeys.derive(root, this.places.part);
    keys.wipe();
    const me = this.#report.custodians.find(({ pseudonym }) => pseudonym === keys.pseudonym);
    const who = h('p', {}, 'Under this part you are ', mono(keys.pseudonym), me === undefined ? '. Nobody sees that this is who you are under other parts.' : `, ${me.role} in ${me.region}.`);
    this.#say(...told, who, ...(me === undefined ? this.#strange(state, keys.pseudonym) : this.#known(state, me)));
    if (me !== undefined) {
      await keepPart({ id: this.places.part, pseudonym: me.pseudonym, role: me.role }).catch(() => undefined);
    }
  }

  #strange(state: CustodyState, pseudonym: string): HTMLElement[] {
    const offered = state.offered === pseudonym;
    return [
      h('p', {}, offered ? 'The part is offered to you. Become one of its custodians, then say that you have received it.'
        : 'You are none of its custodians. Tell whoever has the part this name, so that they offer it to you; or use an invitation.'),
      h('details', { class: 'act', 'data-act': 'enrol', open: offered }, h('summary', {}, 'Become one of its custodians'),
        enrolForm(this.places, offered, async () => this.begin('You are one of its custodians. The registry knows no more of you than what you see here.'))),
    ];
  }

  #known(state: CustodyState, me: Pick<CustodianAdmission, 'pseudonym' | 'role' | 'region'>): HTMLElement[] {
    const forms = actForms(state, me, (kind, words) => this.#sign(kind, words));
    return forms.length > 0 ? forms : [h('p', {}, state.scrapped ? 'The part was scrapped: nothing can be said of it any more.' : 'Somebody else has the part: there is nothing for you to say of it now.')];
  }

  /** As the command line does: the registry proposes, the history is verified here, and has to end where the proposal goes on. */
  async #sign(kind: Kind, words: Words): Promise<void> {
    const root = await readRoot();
    if (root === null) {
      throw new Refused('This browser has no key any more.', 'Take it in again, below.');
    }
    const keys = await CustodianKeys.derive(root, this.places.part);
    try {
      const proposal = await ask<Proposal>(`${this.places.desk}/proposal`, { kind, custodian: keys.pseudonym, ...words });
      const { verdict, state, custodians } = await this.#verify(false);
      const me = custodians.find(({ pseudonym }) => pseudonym === keys.pseudonym);
      if (verdict !== 'valid' || state === null || me === undefined) {
        throw new Refused("Nothing was signed: the part's history so far is not in order.", 'Load the page anew to see what is wrong with it.');
      }
      const event = this.#eventOf(kind, words, proposal, keys.pseudonym);
      if (event.number !== state.number + 1n || !equal(event.previous, state.head)) {
        throw new Refused('Nothing was signed: the registry proposes to go on from another event than the one that the history ends with.', TRY_AGAIN);
      }
      const refusal = whyNoLink(state, event) ?? whyNotAllowed(state, event, me.role);
      if (refusal !== null) {
        throw new Refused(`Nothing was signed. ${REFUSALS[refusal](state, event)}`, 'Load the page anew to see where its history stands.');
      }
      await ask(`${this.places.desk}/events`, { statement: signEvent(keys, event, fromDate(new Date())) });
    } finally {
      keys.wipe();
    }
    await this.begin(`It is signed and entered: ${kind}.`);
  }

  #eventOf(kind: Kind, words: Words, proposal: Proposal, custodian: string): CustodyEvent {
    const bytes = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    const at = parseTime(proposal.at);
    if (at === null || !Number.isSafeInteger(proposal.number)) {
      throw new Refused('Nothing was signed: what the registry proposes cannot be read.', TRY_AGAIN);
    }
    return { event_id: bytes(proposal.event_id.replaceAll('-', '')), part_id: this.places.part, number: BigInt(proposal.number), kind, at, previous: bytes(proposal.previous), custodian, ...words };
  }

  /** The history as the registry has it now, verified with keys that the reader pinned, or else with the registry's own. */
  async #verify(shown: boolean): Promise<Report> {
    const pinned = pinnedTrust();
    const [file, trust] = await Promise.all([fetchBytes(this.places.evidence, MAX_FILE), pinned === null ? fetchBytes(this.places.trust, MAX_TRUST) : new TextEncoder().encode(pinned)]);
    if (file === null || trust === null) {
      throw new Refused('The record of this part cannot be fetched.', 'Nothing was signed. Try again in a moment.');
    }
    const view = new ResultView();
    if (shown) {
      this.#result.replaceChildren(view.element);
    }
    const report = await this.#client.verify({ file, trust, remembered: rememberedHeads(), log: this.places.log, now: Date.now() }, (check) => view.take(check));
    if ('problem' in report) {
      throw new Refused(`The trust file that you pinned cannot be used: ${report.problem}.`, 'Choose another one on the page Check a part.');
    }
    if (report.remember !== null) {
      rememberHead(report.remember.origin, report.remember.checkpoint);
    }
    view.finish(report);
    return report;
  }

  #say(...children: HTMLElement[]): void {
    this.#acts.replaceChildren(h('h2', {}, 'You and this part'), ...children);
  }

  #fail(failure: Error & { todo?: string }): void {
    this.#acts.removeAttribute('aria-busy');
    this.#say(h('div', { class: 'note-bad', role: 'alert' }, h('p', {}, h('strong', {}, failure.message), ' ', failure.todo ?? '')));
  }
}
