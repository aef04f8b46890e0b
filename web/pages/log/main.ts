// What an auditor sees of the log, checked in the reader's own browser: an entry with its signatures and its proof, and that the log only grew.
import { type Check, checkConsistency, consistencyProof, readTrust, verifyProof, verifyStatement } from '../../verifier/index.js';
import { decodeBase64 } from '../../verifier/bytes.js';
import { h } from '../verify/dom.js';
import { fetchBytes } from '../verify/fetch.js';
import { pinnedTrust } from '../verify/memory.js';

const MAX_TRUST = 1 << 20;
const MAX_PROOF = 1 << 20;
const MAX_STATEMENT = 1 << 17;
const MAX_TILE = 256 * 32;

/** Says of a check what came of it, as badges do. */
const TONES: Readonly<Record<Check['outcome'], readonly [tone: string, words: string]>> = { passed: ['good', 'in order'], failed: ['bad', 'failed'], not_checked: ['quiet', 'not checked'] };

async function checkEntry(place: HTMLElement): Promise<void> {
  const { statement, proof, trust } = place.dataset as { statement: string; proof: string; trust: string };
  const pinned = pinnedTrust();
  const [entry, proven, keys] = await Promise.all([fetchBytes(statement, MAX_STATEMENT), fetchBytes(proof, MAX_PROOF), pinned === null ? fetchBytes(trust, MAX_TRUST) : new TextEncoder().encode(pinned)]);
  const store = keys && readTrust(keys);
  if (entry === null || proven === null || store === null || 'problem' in store || store.log === null) {
    say(place, 'Nothing could be checked: entry, proof or keys could not be fetched, or the keys name no log.');
    return;
  }
  const now = new Date();
  const checks = [...verifyProof(entry, proven, store.log, { now }).checks];
  // The first entry is the log's own and no statement; a custodian's or a vault's key is not among those of the registry.
  const signed = verifyStatement(entry, null, store, { now }).checks.filter(({ id }) => id !== 'log.inclusion');
  const unreadable = signed.some(({ makes }) => makes === 'unreadable');
  checks.push(...(unreadable ? [] : signed.map((check) => (check.makes === 'untrusted_key' ? { ...check, outcome: 'not_checked' as const } : check))));
  show(place, checks);
}

async function checkGrowth(place: HTMLElement): Promise<void> {
  const { origin, oldSize, oldRoot, size, root, log } = place.dataset as Readonly<Record<'origin' | 'oldSize' | 'oldRoot' | 'size' | 'root' | 'log', string>>;
  const [from, to] = [BigInt(oldSize), BigInt(size)];
  // Of the log's own tiles, and not of the hashes on the page: those are for reading.
  const proof = from === to || from === 0n ? null : await consistencyProof(from, to, (path) => fetchBytes(`${log}${path}`, MAX_TILE));
  if (from === 0n || (from !== to && proof === null)) {
    say(place, from === 0n ? 'An empty log is the beginning of every log.' : "The log's tiles could not be fetched, so nothing was checked.");
    return;
  }
  show(place, [checkConsistency({ origin, size: to, root: decodeBase64(root)! }, { origin, size: from, root: decodeBase64(oldRoot)!, proof })]);
}

function show(place: HTMLElement, checks: readonly Check[]): void {
  const failed = checks.filter(({ outcome }) => outcome === 'failed').length;
  say(place, failed > 0 ? `${failed} of ${checks.length} checks failed. Keep the statement and the proof: they are evidence.` : checks.length === 1 ? 'One check was made in this browser, and it did not fail.' : `${checks.length} checks were made in this browser, and none failed.`);
  place.dataset['verdict'] = failed > 0 ? 'invalid' : 'valid';
  place.querySelector('[data-said]')!.after(h('ul', { class: 'plain-checks' }, ...checks.map(({ outcome, words }) => {
    const [tone, name] = TONES[outcome];
    return h('li', {}, h('span', { class: 'badge', 'data-tone': tone }, name), ' ', words);
  })));
}

const say = (place: HTMLElement, words: string): void => {
  place.querySelector('[data-said]')!.textContent = words;
};

for (const [id, check] of [['#log-entry', checkEntry], ['#log-growth', checkGrowth]] as const) {
  const place = document.querySelector<HTMLElement>(id);
  if (place) {
    say(place, 'Being checked …');
    check(place).catch(() => say(place, 'The check broke off; nothing is known about it.'));
  }
}
