// Who had a part and what happened to it: spec/custody.md.
import { equal, hex, uuid } from './bytes.js';
import { Checks } from './checks.js';
import { type CustodyState, REFUSALS, after, whyNoLink, whyNotAllowed } from './custody-rules.js';
import {
  CUSTODIAN_ADMISSION, CUSTODY_EVENT, type CustodianAdmission, type CustodyEvent, type PrintCertificate, RECALL, REGISTRY, type Recall, fold, readDocument,
} from './documents.js';
import { ED25519, ML_DSA_65, keyIdOf } from './signatures.js';
import { type Part, type Statement, checkDocument, checkSignatures } from './statement.js';
import { LATEST, TOLERANCE, type Time, timeText } from './time.js';
import { TrustStore, TrustedKey } from './trust.js';

const MAX_EVENTS = 4096;
const TYPES: readonly string[] = [CUSTODIAN_ADMISSION, CUSTODY_EVENT, RECALL];

/** What happened, in order, and where it leads. Believe it only when the verdict is valid. */
export interface CustodyRecord {
  readonly events: readonly { readonly event: CustodyEvent; readonly custodian: CustodianAdmission | null }[];
  /** Null where the history breaks. */
  readonly state: CustodyState | null;
  readonly holder: CustodianAdmission | null;
}

const NONE: CustodyRecord = { events: [], state: null, holder: null };

export const isOfCustody = (part: Part): boolean => TYPES.includes(part.statement.contentType);

/** Replays the chain of a certificate whose statement is verified already. */
export function checkCustody(checks: Checks, certificate: PrintCertificate, signed: Statement, parts: readonly Part[], trust: TrustStore, now: Time): CustodyRecord {
  const [admissions, events, recalls] = TYPES.map((type) => parts.filter((part) => part.statement.contentType === type)) as [Part[], Part[], Part[]];
  if (events.length > MAX_EVENTS || parts.length > 3 * MAX_EVENTS) {
    checks.fail('custody.length', `The part has ${events.length} events, and no part has more than ${MAX_EVENTS}.`);
    return NONE;
  }
  if (admissions.length + events.length + recalls.length < parts.length) {
    checks.fail('custody.related', 'There are statements among those about the part that are neither its events nor admissions of its custodians nor recalls.');
  }
  const { part_id: partId } = certificate;
  if (partId === undefined || certificate.result !== 'completed') {
    if (parts.length > 0) {
      checks.fail('custody.part', partId === undefined ? 'There are statements about a part, and the certificate names none.'
        : 'There are statements about a part, and the print of the certificate was not completed: there is no such part.');
    }
    return NONE;
  }
  const registry = new Registry(checks, certificate, signed.issuer, trust, now);
  admissions.forEach((part, index) => registry.admit(`admission-${index + 1}`, part));
  recalls.forEach((part, index) => registry.takeRecall(`recall-${index + 1}`, part));
  const beginning = { partId, number: 0n, at: certificate.ended_at, head: signed.sha256, holder: null, offered: null, into: null, recalled: false, scrapped: false };
  return new Replay(checks, registry, now).run(beginning, events);
}

/** What the registry of one part has signed: its custodians with their keys, and the recalls that cover it. */
class Registry {
  readonly custodians = new Map<string, CustodianAdmission>();
  readonly recalls = new Map<string, Recall>();

  constructor(
    private readonly checks: Checks, private readonly certificate: PrintCertificate, private readonly issuer: string, private readonly trust: TrustStore, private readonly now: Time) {}

  checkSigned(subject: string, statement: Statement): void {
    this.checks.require(statement.issuer === this.issuer, `${subject}.registry`, 'It is a statement of the registry of this part, which issued its certificate.',
      'It is not a statement of the registry of this part, which issued its certificate: another registry has no say in it.', { issuer: statement.issuer, registry: this.issuer });
    checkSignatures(this.checks, subject, statement, this.trust, this.now);
  }

  admit(subject: string, part: Part): void {
    this.checkSigned(subject, part.statement);
    const admission = checkDocument(this.checks, subject, part, CUSTODIAN_ADMISSION);
    if (admission === null || !this.checks.require(admission.part_id === this.certificate.part_id, `${subject}.part`,
      `It admits ${admission.pseudonym} as ${describe(admission)}, to this part.`, `It admits a custodian to part ${admission.part_id}, and this is part ${this.certificate.part_id}.`)) {
      return;
    }
    if (this.custodians.has(admission.pseudonym)) {
      this.checks.fail(`${subject}.once`, `${admission.pseudonym} is admitted to this part twice.`, { pseudonym: admission.pseudonym });
    } else {
      this.custodians.set(admission.pseudonym, admission);
    }
  }

  takeRecall(subject: string, part: Part): void {
    this.checkSigned(subject, part.statement);
    const recall = checkDocument(this.checks, subject, part, RECALL);
    if (recall !== null && this.checks.require(covers(recall, this.certificate), `${subject}.covers`, `${recall.by} recalled parts of which this is one: ${recall.reason}`,
      'The recall is of other parts than this one.', { recall_id: uuid(recall.recall_id) })) {
      const sha256 = hex(part.statement.sha256);
      if (this.recalls.has(sha256)) {
        this.checks.fail(`${subject}.once`, 'The recall is there twice.', { recall_id: uuid(recall.recall_id) });
      }
      this.recalls.set(sha256, recall);
    }
  }

  /** Whether a custodian admitted to this part signed the event, after the admission; the admission, or null where there is none. */
  checkCustodian(subject: string, statement: Statement, event: CustodyEvent): CustodianAdmission | null {
    const id = `${subject}.custodian`;
    const name = event.custodian;
    const admission = this.custodians.get(name);
    if (admission === undefined) {
      this.checks.fail(id, `There is no admission of custodian ${name}: nobody says who that is.`, { pseudonym: name });
      return null;
    }
    const { primary, shadow } = statement;
    if (primary.algorithm !== ED25519 || !equal(primary.keyId, keyIdOf(ED25519, admission.ed25519_key)) || !equal(shadow.keyId, keyIdOf(ML_DSA_65, admission.ml_dsa_65_key))) {
      this.checks.fail(id, `It is signed by other keys than those with which ${name} was admitted.`, { pseudonym: name });
      return admission;
    }
    this.checks.require(admission.admitted_at <= event.at, id, `${name} is ${describe(admission)}, admitted by the registry.`, `${name} was admitted to this part only after the event.`,
      { pseudonym: name, admitted_at: timeText(admission.admitted_at), at: timeText(event.at) });
    const keys = [[ED25519, admission.ed25519_key], [ML_DSA_65, admission.ml_dsa_65_key]] as const;
    checkSignatures(this.checks, subject, statement, new TrustStore(keys.map(([algorithm, key]) => new TrustedKey(`custodian/${name}`, algorithm, key, admission.admitted_at, null))), this.now);
    return admission;
  }
}

class Replay {
  readonly #entered = new Set<string>();

  constructor(private readonly checks: Checks, private readonly registry: Registry, private readonly now: Time) {}

  run(beginning: CustodyState, parts: readonly Part[]): CustodyRecord {
    const links = this.#read(parts);
    this.#checkNumbers(links.map(({ event }) => event.number));
    let state: CustodyState | null = links.length === parts.length ? beginning : null;
    const events = [];
    for (const { event, part } of links) {
      const { statement } = part;
      const subject = `event-${event.number}`;
      let custodian: CustodianAdmission | null = null;
      if (checkDocument(this.checks, subject, part, CUSTODY_EVENT) === null) {
        state = null;
      }
      if (event.custodian === REGISTRY) {
        this.registry.checkSigned(subject, statement);
        this.#checkRecall(subject, event);
      } else {
        custodian = this.registry.checkCustodian(subject, statement, event);
      }
      this.checks.require(event.at <= (statement.issuedAt ?? this.now) + TOLERANCE, `${subject}.at`, `It happened at ${timeText(event.at)}.`, 'It was signed before it happened.',
        { at: timeText(event.at) });
      state = this.#follow(subject, state, event, statement.sha256, custodian);
      events.push({ event, custodian });
    }
    state = this.#conclude(state);
    return { events, state, holder: (state?.holder && this.registry.custodians.get(state.holder)) || null };
  }

  /** The events that can be read, by their number, whatever order they come in. */
  #read(parts: readonly Part[]): { event: CustodyEvent; part: Part }[] {
    const links: { event: CustodyEvent; part: Part }[] = [];
    for (const part of parts) {
      try {
        links.push({ event: readDocument(CUSTODY_EVENT, part.document ?? part.statement.payload), part });
      } catch {
        checkDocument(this.checks, 'event', part, CUSTODY_EVENT);
      }
    }
    return links.sort((a, b) => Number(a.event.number - b.event.number));
  }

  #checkNumbers(numbers: readonly bigint[]): void {
    const wrong = numbers.findIndex((number, index) => number !== BigInt(index + 1));
    const [found, expected] = [numbers[wrong]!, BigInt(wrong + 1)];
    if (wrong >= 0) {
      this.checks.fail('custody.chain', found > expected ? `Event ${expected} is missing: somebody left it out.`
        : `There are two events number ${found}: whoever signed them wrote two histories.`);
    } else {
      this.checks.pass('custody.chain', numbers.length === 0 ? 'Nothing has been written about the part since it was printed.'
        : `There are ${numbers.length} events, without a gap. Whether there are later ones that were left out, the registry's log tells.`);
    }
  }

  #follow(subject: string, state: CustodyState | null, event: CustodyEvent, sha256: Uint8Array, custodian: CustodianAdmission | null): CustodyState | null {
    if (state === null) {
      this.checks.skip(`${subject}.rules`, 'It cannot be judged, because an event before it is refused.');
      return null;
    }
    const noLink = whyNoLink(state, event);
    if (noLink !== null) {
      this.checks.fail(`${subject}.link`, REFUSALS[noLink](state, event), { code: noLink });
      return null;
    }
    this.checks.pass(`${subject}.link`, event.number === 1n ? 'It follows the certificate.' : `It follows event ${event.number - 1n}.`);
    const notAllowed = whyNotAllowed(state, event, custodian?.role ?? null);
    if (notAllowed !== null) {
      this.checks.fail(`${subject}.rules`, REFUSALS[notAllowed](state, event), { code: notAllowed });
      return null;
    }
    this.checks.pass(`${subject}.rules`, `It says that the part was ${describeEvent(event)}. Its signer may say so, and nothing before it stands against it.`);
    return after(state, event, sha256);
  }

  #checkRecall(subject: string, event: CustodyEvent): void {
    const recall_sha256 = hex(event.recall!);
    this.#entered.add(recall_sha256);
    const recall = this.registry.recalls.get(recall_sha256);
    this.checks.require(recall !== undefined && recall.at <= event.at, `${subject}.recall`, 'The recall that it names is there, and is of this part.',
      'The recall that it names is not there, is of other parts, or came later.', { recall_sha256 });
  }

  /** What all of it amounts to. */
  #conclude(state: CustodyState | null): CustodyState | null {
    let recalled = state?.recalled ?? false;
    for (const [recall_sha256, recall] of this.registry.recalls) {
      if (this.#entered.has(recall_sha256)) {
        continue;
      }
      if (state?.scrapped && state.at <= recall.at) {
        this.checks.skip('custody.recall', 'A recall covers the part, which had been scrapped before.', { recall_sha256 });
      } else if (state?.number === 0n) {
        recalled = true;
        this.checks.skip('custody.recall', `${recall.by} recalled the part: do not use it. It has no history yet that could say so. The reason: ${recall.reason}`,
          { recall_sha256, recalled_at: timeText(recall.at) });
      } else {
        this.checks.fail('custody.recall', `${recall.by} recalled the part and its history does not say so: do not use it before the registry has explained this. The reason: ${recall.reason}`,
          { recall_sha256, recalled_at: timeText(recall.at) });
      }
    }
    if (state === null) {
      this.checks.skip('custody.holder', 'Who has the part cannot be said, because its history breaks.');
    } else if (state.holder === null) {
      this.checks.skip('custody.holder', 'Who has the part is not known: its manufacturer has not entered it.');
    } else {
      this.checks.pass('custody.holder', this.#describeState(state, state.holder), { pseudonym: state.holder });
    }
    return state && { ...state, recalled };
  }

  #describeState(state: CustodyState, holder: string): string {
    const admission = this.registry.custodians.get(holder);
    const who = admission ? `${holder} (${describe(admission)})` : holder;
    if (state.scrapped) {
      return `The part was scrapped. ${who} had it last. A part with this id that is in use is not this part, or should not be in use.`;
    }
    if (state.recalled) {
      return `The part was recalled and has passed no inspection since: do not use it. ${who} has it.`;
    }
    const offered = state.offered !== null && state.offered !== holder ? `, and has offered it to ${state.offered}, who has not received it yet` : '';
    return `${who} has the part${state.into === null ? '' : `, built into ${state.into}`}${offered}.`;
  }
}

function covers(recall: Recall, certificate: PrintCertificate): boolean {
  return (['design_id', 'licence_id', 'printer_id'] as const).every((field) => recall[field] === undefined || equal(recall[field], certificate[field]))
    && (recall.printed_from ?? 0n) <= certificate.ended_at && certificate.started_at <= (recall.printed_to ?? LATEST)
    && fold(recall.material ?? certificate.material) === fold(certificate.material);
}

/** Role and region, for a sentence. */
const describe = (admission: CustodianAdmission): string => `${admission.role} in ${admission.region}`;

function describeEvent(event: CustodyEvent): string {
  switch (event.kind) {
    case 'transferred': return `offered to ${event.to}`;
    case 'installed': return `installed into ${event.into}`;
    case 'inspected': return event.outcome === 'passed' ? 'inspected and passed' : 'inspected and did not pass';
    default: return event.kind;
  }
}
