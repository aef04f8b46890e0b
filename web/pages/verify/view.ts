// The result as it comes about: headline, what the record says, the steps, the history.
import type { Check } from '../../verifier/index.js';
import { h, facts, moment, mono } from './dom.js';
import type { Report, ShownEvent } from './messages.js';
import { rawStatements } from './raw.js';
import { STEPS, type Step, headlineOf } from './steps.js';

type State = 'waiting' | 'running' | 'passed' | 'failed' | 'not_checked';

const SAID: Readonly<Record<State, string>> = { waiting: 'not yet checked', running: 'being checked', passed: 'in order', failed: 'failed', not_checked: 'not checked' };

const NO_WITNESS = 'Nobody else watches this log, or nobody whom you believe. That it shows everybody the same is its word alone.';

/** One verification on the page. */
export class ResultView {
  readonly #rows: readonly StepRow[] = STEPS.map((step) => new StepRow(step));
  readonly #headline = h('div', { class: 'headline', 'data-tone': 'checking', role: 'status' }, h('h2', {}, 'Checking'), h('p', {}, 'Your browser is checking every signature itself.'));
  readonly #record = h('div', { class: 'record' });
  readonly #effort = h('p', { class: 'note' });
  readonly element: HTMLElement = h('section', { class: 'result' }, this.#headline, this.#record,
    h('h2', {}, 'What was checked'), this.#effort, h('ol', { class: 'steps' }, ...this.#rows.map((row) => row.element)));

  take(check: Check): void {
    this.#rows.find((row) => row.step.owns(check))?.take(check);
  }

  finish(report: Report): void {
    this.#rows.forEach((row) => row.finish(report));
    const failed = this.#rows.filter((row) => row.state === 'failed').map((row) => row.step);
    const { tone, title, words } = headlineOf(report, failed, this.#rows.flatMap((row) => row.failures));
    this.#headline.dataset['tone'] = tone;
    this.#headline.replaceChildren(h('h2', {}, title), h('p', {}, words), ...(failed.length > 0 && tone === 'bad' ? [h('p', { class: 'todo' }, failed[0]!.failed.todo)] : []));
    this.#record.replaceChildren(...recordOf(report));
    const checks = this.#rows.reduce((sum, row) => sum + row.count, 0);
    this.#effort.textContent = `${checks} checks on ${report.statements.length} signed statements, made in your browser in ${(report.milliseconds / 1000).toFixed(2)} s.`;
    this.element.dataset['verdict'] = report.verdict;
  }
}

class StepRow {
  readonly #checks: Check[] = [];
  readonly #words = h('p', {});
  readonly #state = h('span', { class: 'state' });
  readonly #more = h('div', {});
  readonly element: HTMLElement;
  state: State = 'waiting';

  constructor(readonly step: Step) {
    this.element = h('li', { 'data-step': step.id }, h('h3', {}, step.title, ' ', this.#state), this.#words, this.#more);
    this.#enter('waiting');
  }

  get failures(): readonly Check[] {
    return this.#checks.filter((check) => check.outcome === 'failed');
  }

  get count(): number {
    return this.#checks.length;
  }

  take(check: Check): void {
    this.#checks.push(check);
    this.#enter(this.state === 'failed' || check.outcome === 'failed' ? 'failed' : 'running');
    this.#words.textContent = `${this.#checks.length} ${this.#checks.length === 1 ? 'check' : 'checks'} made`;
  }

  finish(report: Report): void {
    const outcomes = new Set(this.#checks.map((check) => check.outcome));
    const skipped = this.#checks.filter((check) => check.outcome === 'not_checked').sort((a, b) => Number(b.id === this.step.essential) - Number(a.id === this.step.essential));
    const made = outcomes.has('passed') && !skipped.some((check) => check.id === this.step.essential);
    this.#enter(outcomes.has('failed') ? 'failed' : made ? 'passed' : 'not_checked');
    if (this.state === 'failed') {
      this.#words.replaceChildren(h('strong', {}, report.verdict === 'untrusted_key' ? 'It is signed with a key that you have not chosen to believe.' : this.step.failed.means), ' ',
        report.verdict === 'untrusted_key' ? 'Get the trust file of whoever issued it over a way that you trust, and choose it below.' : this.step.failed.todo);
      this.#more.replaceChildren(h('ul', { class: 'failures' }, ...this.failures.slice(0, 5).map((check) => h('li', {}, check.words))));
    } else if (this.state === 'passed') {
      this.#words.textContent = this.step.passed(report);
      // What limits the meaning of a step is said beside it, and not only behind a click.
      this.#more.replaceChildren(...(this.step.id === 'log' ? limitsOf(this.#checks) : []));
    } else {
      this.#words.textContent = skipped[0]?.words ?? 'There was nothing to check.';
    }
    const statements = report.statements.filter((statement) => this.step.owns({ id: `${statement.subject}.document`, outcome: 'passed', words: '', figures: {} }));
    if (this.#checks.length > 0) {
      this.#more.append(h('details', { open: this.state === 'failed' && this.step.id === 'memory' }, h('summary', {}, this.#checks.length === 1 ? 'What exactly was checked' : `The ${this.#checks.length} checks one by one`), checkTable(this.#checks)));
    }
    if (statements.length > 0) {
      this.#more.append(rawStatements(statements));
    }
  }

  #enter(state: State): void {
    this.state = state;
    this.element.dataset['state'] = state;
    this.#state.textContent = SAID[state];
  }
}

/** How far the log is to be believed: who watches it, and when they last did. */
function limitsOf(checks: readonly Check[]): HTMLElement[] {
  const seen = checks.find((check) => check.id === 'log.age')?.figures['seen_at'];
  const unwatched = checks.some((check) => check.id === 'log.witnesses' && check.outcome === 'not_checked');
  return [
    ...(unwatched ? [h('p', { class: 'note' }, NO_WITNESS)] : []),
    ...(seen === undefined || seen === 'never' ? [] : [h('p', { class: 'note' }, 'Its witnesses last saw it on ', moment(seen), '. What was entered since, such as a recall, is not in this record: when that is long ago, ask for a newer one.')]),
  ];
}

function checkTable(checks: readonly Check[]): HTMLElement {
  return h('ul', { class: 'checks' }, ...checks.map((check) =>
    h('li', { 'data-state': check.outcome }, h('span', { class: 'state' }, SAID[check.outcome]), h('span', {}, check.words), mono(check.id),
      check.outcome === 'failed' && facts(Object.entries(check.figures).map(([name, value]) => [name.replaceAll('_', ' '), value.includes('\n') ? h('pre', { tabindex: '0' }, value) : value])))));
}

/** What the record says, with the proviso that a record which is not valid deserves. */
function recordOf(report: Report): HTMLElement[] {
  const { certificate } = report;
  if (certificate === null) {
    return [];
  }
  const text = (name: string): string | null => (certificate[name] === undefined ? null : String(certificate[name]));
  const believed = report.verdict === 'valid';
  const partId = text('part_id');
  return [
    h('h2', {}, believed ? 'What the record says' : 'What the record claims, and is not to be believed'),
    facts([
      ['Part', text('part_name')], ['Part id', partId && mono(partId.match(/.{4}/g)!.join('-'))], ['Printed by', text('manufacturer')], ['Design of', text('owner')],
      ['Printed', moment(text('ended_at')!)], ['Material', `${text('material')}, ${text('quality')}`], ['Machine', `${text('printer_name')} (${text('printer_model')})`],
      ['Result', text('result')!.replaceAll('_', ' ')], ['Now with', report.holder && `${report.holder.who ?? 'somebody unknown'} · ${report.holder.pseudonym}`], ['Built into', report.into],
    ]),
    ...(report.events.length === 0 ? [] : [h('h2', {}, 'Its history'), h('ol', { class: 'history' }, ...report.events.map(historyEntry))]),
  ];
}

function historyEntry(event: ShownEvent): HTMLElement {
  const titles: Readonly<Record<string, string>> = {
    transferred: `Offered to ${event.to}`, installed: `Installed into ${event.into}`, inspected: event.outcome === 'passed' ? 'Inspected: passed' : 'Inspected: did not pass',
  };
  const title = titles[event.kind] ?? event.kind.charAt(0).toUpperCase() + event.kind.slice(1);
  return h('li', { 'data-kind': event.kind, 'data-outcome': event.outcome ?? '' }, h('h3', {}, title),
    h('p', {}, moment(event.at), ' · ', event.custodian === 'REGISTRY' ? 'the registry' : event.who ?? 'somebody unknown', event.custodian === 'REGISTRY' ? null : h('span', { class: 'pseudonym' }, ` ${event.custodian}`)),
    event.text !== null && h('p', { class: 'said' }, event.text));
}
