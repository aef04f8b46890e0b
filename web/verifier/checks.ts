// What a verification leaves behind: a list of checks in words, and their sum. Never a bare yes or no.
import type { StatementView } from './statement.js';

export type Outcome = 'passed' | 'failed' | 'not_checked';

/** What came of it all: `untrusted_key` says that nothing is wrong but that a key is not pinned; `unreadable`, that there was nothing to check. */
export type VerdictKind = 'valid' | 'invalid' | 'untrusted_key' | 'unreadable';

/** One thing that was looked at. */
export interface Check {
  /** Stable: what it is about, a dot, and what of it, such as `licence.print-number`. */
  readonly id: string;
  readonly outcome: Outcome;
  /** A sentence for people. */
  readonly words: string;
  /** The values that were compared, by name. */
  readonly figures: Readonly<Record<string, string>>;
  /** What a failure makes of the whole. */
  readonly makes?: VerdictKind;
}

/** Bytes that are not what they should be; the message says why, in words. Never leaves this library. */
export class Unreadable extends Error {}

/** Told of each check, and of each statement that was looked into, at once. */
export interface Watcher {
  onCheck?(check: Check): void;
  onStatement?(statement: StatementView): void;
}

/** Collects checks while they are made. */
export class Checks {
  readonly made: Check[] = [];
  readonly statements: StatementView[] = [];
  readonly #failures = new Set<VerdictKind>();

  constructor(private readonly watcher: Watcher = {}) {}

  get verdict(): VerdictKind {
    return (['unreadable', 'invalid', 'untrusted_key'] as const).find((kind) => this.#failures.has(kind)) ?? 'valid';
  }

  pass(id: string, words: string, figures: Record<string, string> = {}): void {
    this.#add({ id, outcome: 'passed', words, figures });
  }

  skip(id: string, words: string, figures: Record<string, string> = {}): void {
    this.#add({ id, outcome: 'not_checked', words, figures });
  }

  fail(id: string, words: string, figures: Record<string, string> = {}, kind: VerdictKind = 'invalid'): void {
    this.#failures.add(kind);
    this.#add({ id, outcome: 'failed', words, figures, makes: kind });
  }

  /** Passed or failed; returns which. */
  require(holds: boolean, id: string, words: string, otherwise: string, figures: Record<string, string> = {}): boolean {
    if (holds) {
      this.pass(id, words, figures);
    } else {
      this.fail(id, otherwise, figures);
    }
    return holds;
  }

  show(statement: StatementView): void {
    this.statements.push(statement);
    this.watcher.onStatement?.(statement);
  }

  #add(check: Check): void {
    this.made.push(check);
    this.watcher.onCheck?.(check);
  }
}
