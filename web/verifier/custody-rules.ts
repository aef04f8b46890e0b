// Who may say what of a part, and when (spec/custody.md, Rules).
import { equal } from './bytes.js';
import { type CustodianAdmission, type CustodyEvent, REGISTRY } from './documents.js';
import { type Time, timeText } from './time.js';

/** Where a part's chain of custody stands. */
export interface CustodyState {
  readonly partId: string;
  readonly number: bigint;
  readonly at: Time;
  /** SHA-256 of the envelope that the next event has to name. */
  readonly head: Uint8Array;
  readonly holder: string | null;
  readonly offered: string | null;
  readonly into: string | null;
  readonly recalled: boolean;
  readonly scrapped: boolean;
}

type Signer = 'the present holder' | 'the custodian whom the part is offered to' | 'a manufacturer' | 'an inspector' | 'a maintainer' | 'the registry';
type Condition = 'installed' | 'not installed' | 'recalled';

interface Rule {
  readonly by: readonly Signer[];
  /** It is refused while the part is any of these. */
  readonly never: readonly Condition[];
  then(state: CustodyState, event: CustodyEvent): Partial<CustodyState>;
}

const HOLDER: readonly Signer[] = ['the present holder'];

const TABLE: Readonly<Record<CustodyEvent['kind'], Rule>> = {
  manufactured: { by: ['a manufacturer'], never: [], then: (_, event) => ({ holder: event.custodian }) },
  transferred: { by: HOLDER, never: [], then: (_, event) => ({ offered: event.to! }) },
  received: { by: ['the custodian whom the part is offered to'], never: [], then: (_, event) => ({ holder: event.custodian, offered: null }) },
  installed: { by: HOLDER, never: ['installed', 'recalled'], then: (_, event) => ({ into: event.into! }) },
  removed: { by: HOLDER, never: ['not installed'], then: () => ({ into: null }) },
  inspected: { by: [...HOLDER, 'an inspector'], never: [], then: (state, event) => ({ recalled: state.recalled && event.outcome !== 'passed' }) },
  maintained: { by: [...HOLDER, 'a maintainer'], never: [], then: () => ({}) },
  recalled: { by: ['the registry'], never: [], then: () => ({ recalled: true }) },
  scrapped: { by: HOLDER, never: ['installed'], then: () => ({ scrapped: true, offered: null }) },
};

/** What each refusal says, by its stable code. */
export const REFUSALS = {
  CUSTODY_PART: (state: CustodyState, event: CustodyEvent) => `It is an event of part ${event.part_id}, and this is part ${state.partId}.`,
  CUSTODY_NUMBER: (state: CustodyState, event: CustodyEvent) => `It is event ${event.number}, and event ${state.number + 1n} is the next.`,
  CUSTODY_PREVIOUS: () => 'It names another event before it than the one that is there: one of both was exchanged.',
  CUSTODY_TIME: (state: CustodyState, event: CustodyEvent) => `It happened at ${timeText(event.at)}, before the event that it follows, at ${timeText(state.at)}.`,
  CUSTODY_SCRAPPED: () => 'The part was scrapped: nothing can happen to it any more.',
  CUSTODY_FIRST: () => 'The first event of a part says that it was manufactured, and no other one does.',
  CUSTODY_SIGNER: (_: CustodyState, event: CustodyEvent) => `${event.custodian} may not say that it was ${event.kind}: that is for ${TABLE[event.kind].by.join(' or ')}.`,
  CUSTODY_INSTALLED: (state: CustodyState) => `The part is built into ${state.into}.`,
  CUSTODY_NOT_INSTALLED: () => 'The part is not built into anything.',
  CUSTODY_RECALLED: () => 'The part was recalled and has passed no inspection since: it must not be installed.',
};

export type CustodyRefusal = keyof typeof REFUSALS;

/** Why an event does not follow what the chain ends with; null when it does. */
export function whyNoLink(state: CustodyState, event: CustodyEvent): CustodyRefusal | null {
  return event.part_id !== state.partId ? 'CUSTODY_PART' : event.number !== state.number + 1n ? 'CUSTODY_NUMBER'
    : !equal(event.previous, state.head) ? 'CUSTODY_PREVIOUS' : event.at < state.at ? 'CUSTODY_TIME' : null;
}

/** Why it may not happen, or not by this custodian. */
export function whyNotAllowed(state: CustodyState, event: CustodyEvent, role: CustodianAdmission['role'] | null): CustodyRefusal | null {
  if (state.scrapped) {
    return 'CUSTODY_SCRAPPED';
  }
  if ((event.kind === 'manufactured') !== (state.number === 0n)) {
    return 'CUSTODY_FIRST';
  }
  const { by, never } = TABLE[event.kind];
  const signers = whoSigns(state, event, role);
  if (!by.some((signer) => signers.includes(signer))) {
    return 'CUSTODY_SIGNER';
  }
  const standing: Condition[] = [state.into === null ? 'not installed' : 'installed', ...(state.recalled ? ['recalled' as const] : [])];
  const against = standing.find((condition) => never.includes(condition));
  return against === 'installed' ? 'CUSTODY_INSTALLED' : against === 'not installed' ? 'CUSTODY_NOT_INSTALLED' : against === 'recalled' ? 'CUSTODY_RECALLED' : null;
}

/** Where the chain stands after an event that is allowed. */
export function after(state: CustodyState, event: CustodyEvent, sha256: Uint8Array): CustodyState {
  return { ...state, ...TABLE[event.kind].then(state, event), number: event.number, at: event.at, head: sha256 };
}

function whoSigns(state: CustodyState, event: CustodyEvent, role: CustodianAdmission['role'] | null): readonly Signer[] {
  const roles: Partial<Record<CustodianAdmission['role'], Signer>> = { manufacturer: 'a manufacturer', inspector: 'an inspector', maintainer: 'a maintainer' };
  const signers: (Signer | undefined)[] = [
    event.custodian === state.holder ? 'the present holder' : undefined,
    event.custodian === state.offered ? 'the custodian whom the part is offered to' : undefined,
    event.custodian === REGISTRY && role === null ? 'the registry' : undefined,
    role === null ? undefined : roles[role],
  ];
  return signers.filter((signer) => signer !== undefined);
}
