// What is checked, step by step, in words for whoever has the part in hand and not the specification.
import type { Check } from '../../verifier/index.js';
import type { Report } from './messages.js';

export interface Step {
  readonly id: string;
  readonly title: string;
  owns(check: Check): boolean;
  /** The check without which the step counts as not made, whatever else passed. */
  readonly essential?: string;
  /** When everything in it passed. */
  passed(report: Report): string;
  /** What a failure means, and what to do. */
  readonly failed: { readonly means: string; readonly todo: string };
}

/** Checks of these subjects: what stands before the dot, up to a number. */
const about = (...subjects: readonly string[]) => ({ id }: Check): boolean => subjects.includes(id.slice(0, id.indexOf('.')).replace(/-\d+$/, ''));

const field = (report: Report, name: string): string => String(report.certificate?.[name] ?? '');

export const STEPS: readonly Step[] = [
  {
    id: 'file', title: 'The record can be read', owns: about('file'),
    passed: () => 'It is complete, and in the one form that its format allows.',
    failed: { means: 'This is no evidence file, or it was damaged on its way to you, or something was put into it that does not belong there.', todo: 'Ask whoever gave it to you to send it again. If that does not help, do not rely on it.' },
  },
  {
    id: 'certificate', title: 'The certificate is genuine', owns: about('certificate', 'statement'),
    passed: (report) => `${report.issuer} signed it twice, once in a way that even a quantum computer cannot forge, and nothing in it was changed since.`,
    failed: { means: 'Somebody changed the certificate after it was signed, or it is not by whom it says.', todo: 'Do not use the part. Ask its maker for the original evidence file, and tell them what you have been given.' },
  },
  {
    id: 'licence', title: "The design's owner allowed this print", owns: about('licence', 'revocation'),
    passed: (report) => `${field(report, 'owner')} licensed it, and it kept to the licence: this machine or its maker, this material, in time, and no more prints than were allowed.`,
    failed: { means: 'It was not printed as the owner of the design allowed, or the licence was changed.', todo: 'Do not use the part before the owner of the design has explained this.' },
  },
  {
    id: 'machine', title: 'It comes from the registered machine', owns: about('enrolment'),
    passed: (report) => `${field(report, 'printer_name')} (${field(report, 'printer_model')}) of ${field(report, 'manufacturer')}, which was registered before it printed.`,
    failed: { means: 'It was printed on another machine than the one that was registered, or the registration was changed.', todo: 'Do not use the part before its manufacturer has explained this.' },
  },
  {
    id: 'toolpath', title: 'It was printed from the approved design', owns: about('slice'),
    passed: (report) => `The machine was given what ${field(report, 'slicer').split(' sha256:')[0]} made from the owner's own file, for this machine and ${field(report, 'material')}, and nothing else.`,
    failed: { means: 'What was printed is not what was made from the licensed design.', todo: 'Do not use the part: its shape or its settings may be others than those that were approved.' },
  },
  {
    id: 'history', title: 'Its history is unbroken', owns: about('custody', 'admission', 'event', 'recall'),
    passed: (report) => (report.events.length === 0 ? 'Nothing has been entered since it was printed.'
      : `${report.events.length} ${report.events.length === 1 ? 'entry' : 'entries'}, each signed by whoever had the part then, and each following the one before it.`),
    failed: { means: 'An entry is missing, was changed, or is by somebody who had no right to make it; or a recall is being kept from you.', todo: 'Do not use the part. Ask the registry that issued the certificate what happened to it.' },
  },
  {
    id: 'log', title: 'It stands in the public log', owns: ({ id }) => id.startsWith('log.') && id !== 'log.consistency' && id !== 'log.head',
    passed: () => 'Every statement above is entered in a log that only grows: nothing can be taken back or put in later without breaking it.',
    failed: { means: 'The record is not shown to be in the public log. It may have been made for your eyes only.', todo: 'Do not rely on it. Ask for a newer evidence file; if that fails too, tell the registry.' },
  },
  {
    id: 'memory', title: 'The log is the one you saw before', essential: 'log.consistency', owns: ({ id }) => id === 'log.consistency' || id === 'log.head',
    passed: () => 'Since this browser last looked, the log has only grown: nothing in it was altered or taken out.',
    failed: { means: 'The log shows something else than when this browser last looked: entries were taken back, or there are two versions of it.', todo: 'Do not rely on any record of this log. Save both checkpoints below: they are signed, and prove it to anybody.' },
  },
];

export interface Headline {
  readonly tone: 'good' | 'caution' | 'bad' | 'unknown';
  readonly title: string;
  readonly words: string;
}

/** The one thing that a reader has to take away. */
export function headlineOf(report: Report, failed: readonly Step[], checks: readonly Check[]): Headline {
  if (report.verdict === 'unreadable') {
    return { tone: 'unknown', title: 'This is not a record of ours', words: 'It could not be read, so nothing was checked. That it cannot be read says nothing about the part.' };
  }
  if (report.verdict === 'untrusted_key') {
    return {
      tone: 'unknown', title: 'Signed by somebody you do not know', words: 'It is signed with keys that are not among those that you believe, so its signatures say nothing to you. Anybody could have made it.',
    };
  }
  if (report.verdict === 'invalid' && checks.every((check) => check.id === 'custody.recall')) {
    return { tone: 'bad', title: 'Recalled: do not use it', words: checks[0]!.words };
  }
  if (report.verdict === 'invalid') {
    return { tone: 'bad', title: 'Do not rely on this record', words: failed.length > 0 ? failed[0]!.failed.means : 'A check failed.' };
  }
  if (report.certificate === null) {
    return { tone: 'good', title: 'This statement is genuine', words: `It is signed by ${report.issuer}, and nothing in it was changed.` };
  }
  if (report.certificate['result'] !== 'completed') {
    return { tone: 'caution', title: 'Genuine record of a print that was not completed', words: `The result is “${field(report, 'result').replaceAll('_', ' ')}”. No part should exist with this certificate.` };
  }
  if (report.standing === 'recalled') {
    return { tone: 'caution', title: 'Recalled: do not use it', words: `The record is genuine, and the part was recalled.${report.recall === null ? '' : ` ${report.recall}`}` };
  }
  if (report.standing === 'scrapped') {
    return { tone: 'caution', title: 'Scrapped: do not use it', words: 'The record is genuine, and says that the part was scrapped. A part with this id that is offered to you is another one.' };
  }
  return { tone: 'good', title: 'The record is genuine and complete', words: 'Now compare the part and its label with what the record says.' };
}
