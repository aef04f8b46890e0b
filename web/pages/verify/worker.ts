// Verifies and reads QR codes beside the page, so that the page stays alive whatever it is given.
import jsQR from 'jsqr';
import { type CustodianAdmission, type EvidenceVerdict, type Plain, type TrustStore, plain, readTrust, verifyEvidence, verifyStatement } from '../../verifier/index.js';
import { hex } from '../../verifier/bytes.js';
import { CUSTODIAN_ADMISSION } from '../../verifier/documents.js';
import { compareHeads } from './heads.js';
import type { Answer, Report, Request, ScanRequest, ShownEvent, ShownStatement, Standing, VerifyRequest } from './messages.js';

/** A statement on its own begins with CBOR's tag 18. */
const STATEMENT = 0xd2;

/** Largest side of an image that is searched for a code, pixels: larger ones are made smaller. */
const LARGEST_SIDE = 1600;

const answer = (message: Answer): void => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  switch (data.kind) {
    case 'scan': answer({ kind: 'scanned', text: scan(data) }); break;
    case 'trust': answer(trustOf(data.trust)); break;
    case 'verify': verify(data).catch(reportError); break;
  }
});

async function verify({ file, trust: trustFile, remembered, log, now }: VerifyRequest): Promise<void> {
  const begun = performance.now();
  const trust = readTrust(trustFile);
  if ('problem' in trust) {
    answer(trustOf(trustFile));
    return;
  }
  const options = { now: new Date(now), onCheck: (check: EvidenceVerdict['checks'][number]) => answer({ kind: 'check', check }) };
  const verdict = file[0] === STATEMENT ? verifyStatement(file, null, trust, options) : verifyEvidence(file, trust, options);
  const heads = await seen(verdict, trust, remembered, log, options.now);
  for (const check of heads.checks) {
    answer({ kind: 'check', check });
  }
  const failed = heads.checks.some((check) => check.outcome === 'failed');
  const sum = failed && verdict.verdict === 'valid' ? 'invalid' : isByStrangers(verdict) ? 'untrusted_key' : verdict.verdict;
  answer({ kind: 'report', report: { ...reportOf(verdict), verdict: sum, remember: heads.remember, milliseconds: performance.now() - begun } });
}

/** Whether nothing is wrong but that its signers, and so their log, are unknown: that is no sign of a forgery. */
function isByStrangers({ checks }: EvidenceVerdict): boolean {
  const failed = checks.filter((check) => check.outcome === 'failed');
  const ofAnotherLog = failed.some((check) => check.id === 'log.origin');
  return failed.some((check) => check.makes === 'untrusted_key') && failed.every((check) => check.makes === 'untrusted_key' || (ofAnotherLog && check.id.startsWith('log.')));
}

function trustOf(file: Uint8Array): Answer {
  const trust = readTrust(file);
  return 'problem' in trust ? { kind: 'trust', names: [], problem: trust.problem } : { kind: 'trust', names: [...new Set(trust.keys.map((key) => key.name))], problem: null };
}

/** A log that shows this browser something else than before makes its records worth nothing; one whose checkpoint does not verify is not even compared. */
function seen(verdict: EvidenceVerdict, trust: TrustStore, remembered: VerifyRequest['remembered'], log: string, now: Date): ReturnType<typeof compareHeads> {
  const believed = verdict.checks.filter((check) => check.id.startsWith('log.')).every((check) => check.outcome !== 'failed');
  return verdict.checkpoint !== null && trust.log !== null && believed
    ? compareHeads(verdict.checkpoint, trust, remembered, log, now) : Promise.resolve({ checks: [], remember: null });
}

function reportOf(verdict: EvidenceVerdict): Omit<Report, 'remember' | 'milliseconds'> {
  const { certificate, custody, statements } = verdict;
  const state = custody?.state ?? null;
  const who = (custodian: { role: string; region: string } | null): string | null => (custodian === null ? null : `${custodian.role}, ${custodian.region}`);
  const standing: Standing = state === null || state.holder === null ? (state?.recalled ? 'recalled' : 'unknown')
    : state.scrapped ? 'scrapped' : state.recalled ? 'recalled' : state.into !== null ? 'installed' : 'held';
  const recall = statements.filter((view) => view.subject.startsWith('recall-')).at(-1)?.document as { reason?: string } | null | undefined;
  return {
    verdict: verdict.verdict,
    issuer: statements[0]?.statement.issuer ?? null,
    certificate: certificate === null ? null : (plain(certificate) as Record<string, Plain>),
    statements: statements.map(show),
    events: (custody?.events ?? []).map(({ event, custodian }): ShownEvent => ({
      number: Number(event.number), kind: event.kind, at: plain(event.at, 'at') as string, custodian: event.custodian, who: who(custodian), to: event.to ?? null, into: event.into ?? null,
      outcome: event.outcome ?? null, text: [event.reason, event.note].filter(Boolean).join(' ') || null,
    })),
    standing,
    holder: state?.holder ? { pseudonym: state.holder, who: who(custody!.holder) } : null,
    into: state?.into ?? null,
    state,
    custodians: statements.filter((view) => view.document !== null && view.statement.contentType === CUSTODIAN_ADMISSION)
      .map((view) => view.document as CustodianAdmission).map(({ pseudonym, role, region }) => ({ pseudonym, role, region })),
    recall: recall?.reason ?? null,
  };
}

function show({ subject, statement, document }: EvidenceVerdict['statements'][number]): ShownStatement {
  return {
    subject, type: statement.contentType, issuer: statement.issuer, names: statement.subject, issuedAt: statement.issuedAt === null ? null : (plain(statement.issuedAt, 'at') as string),
    sha256: hex(statement.sha256), signatures: [statement.primary, statement.shadow].map((signature) => ({ algorithm: signature.algorithm.name, keyId: hex(signature.keyId) })),
    document: plain(document), envelope: statement.envelope.slice(),
  };
}

/** The text of the QR code in an image, or null. */
function scan({ image }: ScanRequest): string | null {
  const scale = Math.min(1, LARGEST_SIDE / Math.max(image.width, image.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale)));
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  // What is transparent counts as white: codes are often drawn on nothing.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  return jsQR(data, width, height)?.data || null;
}
