// Whether a print kept to its papers: the table of spec/certificate.md, Verification.
import { equal, hex, uuid } from './bytes.js';
import { Checks } from './checks.js';
import {
  type ContentType, type DocumentOf, LICENCE_GRANT, LICENCE_REVOCATION, type LicenceGrant, PRINTER_ENROLMENT, type PrintCertificate, type PrinterEnrolment, SLICE_RECORD,
  type SliceRecord, agree, fold,
} from './documents.js';
import { type Part, checkDocument, checkSignatures } from './statement.js';
import { type Time, timeText } from './time.js';
import type { TrustStore } from './trust.js';

/** Numbers that went through a step or two of floating point. */
const ROUNDING = 0.01;

/** Checks the certificate against the statements beside it, and takes those that it refers to out of <others>. */
export function checkPapers(checks: Checks, certificate: PrintCertificate, sessionCode: Uint8Array | null, others: Part[], trust: TrustStore, now: Time): void {
  if (sessionCode === null) {
    checks.fail('certificate.session-code', "The certificate lacks its session's authentication code.");
  } else {
    checks.skip('certificate.session-code', "The session's authentication code can only be checked by the engine and the gateway of that session, which hold its key.",
      { session_mac: hex(sessionCode) });
  }
  const take = <C extends ContentType>(subject: string, at: number, contentType: C): DocumentOf<C> | null => {
    const [part] = others.splice(at, 1) as [Part];
    checkSignatures(checks, subject, part.statement, trust, now);
    return checkDocument(checks, subject, part, contentType);
  };
  const referenced = <C extends ContentType>(subject: string, name: string, sha256: Uint8Array, contentType: C): DocumentOf<C> | null => {
    const at = others.findIndex((other) => equal(other.statement.sha256, sha256));
    return checks.require(at >= 0, `${subject}.reference`, `The ${name} is the one that the certificate refers to.`, `The file does not hold the ${name} that the certificate refers to.`,
      { statement_sha256: hex(sha256) }) ? take(subject, at, contentType) : null;
  };
  const licence = referenced('licence', 'licence grant', certificate.licence_statement, LICENCE_GRANT);
  const enrolment = referenced('enrolment', "printer's enrolment", certificate.enrolment_statement, PRINTER_ENROLMENT);
  const slice = referenced('slice', 'slice record', certificate.slice_statement, SLICE_RECORD);
  if (licence !== null) {
    checkLicence(checks, certificate, licence);
  }
  if (enrolment !== null) {
    checkEnrolment(checks, certificate, enrolment);
  }
  if (slice !== null) {
    checkSlice(checks, certificate, slice);
  }
  const at = others.findIndex((other) => other.statement.contentType === LICENCE_REVOCATION);
  if (at < 0) {
    checks.skip('licence.revocation', 'The file holds no revocation of the licence. Whether there is one that the file leaves out, only the engine can tell.');
    return;
  }
  const revocation = take('revocation', at, LICENCE_REVOCATION);
  if (revocation !== null) {
    checks.require(agree(revocation, certificate, 'licence_id', 'licence_statement'), 'revocation.reference', 'The revocation is of this licence.',
      'The revocation is of another licence.', { licence_id: uuid(revocation.licence_id) });
    checks.require(revocation.revoked_at > certificate.started_at, 'licence.revocation', 'The licence was revoked only after the print had started.',
      'The licence was revoked before the print started.', { revoked_at: timeText(revocation.revoked_at), started_at: timeText(certificate.started_at) });
  }
}

function checkLicence(checks: Checks, certificate: PrintCertificate, licence: LicenceGrant): void {
  const started = certificate.started_at;
  checks.require(agree(licence, certificate, 'licence_id', 'design_id', 'design_sha256', 'owner'), 'licence.design',
    'The licence is for the design that was printed.', 'The licence is for another design than the one that was printed.',
    { licensed_sha256: hex(licence.design_sha256), printed_sha256: hex(certificate.design_sha256) });
  checks.require(licence.printers.some((printer) => equal(printer, certificate.printer_id)) || licence.manufacturers.includes(certificate.manufacturer), 'licence.printer',
    'The licence lets this printer or its manufacturer print.', 'The licence names neither this printer nor its manufacturer.',
    { printer_id: uuid(certificate.printer_id), manufacturer: certificate.manufacturer });
  checks.require(certificate.print_number <= licence.prints, 'licence.print-number', `It is print ${certificate.print_number} of ${licence.prints}.`,
    `It is print ${certificate.print_number}, and the licence is for ${licence.prints}.`, { print_number: `${certificate.print_number}`, prints: `${licence.prints}` });
  checks.require(licence.granted_at <= started && (licence.expires_at === undefined || started < licence.expires_at), 'licence.period',
    'The print started while the licence was in force.', 'The print started outside the time of the licence.',
    { started_at: timeText(started), granted_at: timeText(licence.granted_at), expires_at: licence.expires_at === undefined ? 'open' : timeText(licence.expires_at) });
  checks.require(allows(licence.materials, certificate.material), 'licence.material', `The licence allows ${certificate.material}.`,
    `The licence does not allow ${certificate.material}.`, { allowed: licence.materials.join(', ') });
  checks.require(allows(licence.qualities, certificate.quality), 'licence.quality', `The licence allows quality ${certificate.quality}.`,
    `The licence does not allow quality ${certificate.quality}.`, { allowed: licence.qualities.join(', ') });
  const limit = licence.exposure_limit_s;
  if (limit !== undefined) {
    checks.require(certificate.exposure.motion_s <= limit, 'licence.exposure', 'No more toolpath was exposed than the licence allows.',
      'More toolpath was exposed than the licence allows.', { exposure_s: figure(certificate.exposure.motion_s), limit_s: figure(limit) });
  }
  const [maxSlowdown, maxTrim] = [licence.max_slowdown_percent ?? 0, licence.max_temperature_trim_c ?? 0];
  const { slowdown, trim } = adjusted(certificate);
  checks.require(slowdown <= maxSlowdown + ROUNDING && trim <= maxTrim + ROUNDING, 'licence.adjustments',
    'The engine adjusted feed and heat no further than the licence allows.', 'The engine adjusted feed or heat further than the licence allows.',
    { slowdown_percent: figure(slowdown), max_slowdown_percent: figure(maxSlowdown), temperature_trim_c: figure(trim), max_temperature_trim_c: figure(maxTrim) });
}

/** The largest slowdown by the engine, %, and the largest sum of its trims of one value, °C. What somebody changed at the printer no licence bounds. */
function adjusted(certificate: PrintCertificate): { slowdown: number; trim: number } {
  const trims = new Map<string, number>();
  let [slowdown, trim] = [0, 0];
  for (const { what, by, from, to } of certificate.adjustments) {
    if (by === 'toolpath') {
      trims.delete(what);
    } else if (by === 'engine' && what === 'speed_factor') {
      slowdown = Math.max(slowdown, Math.abs(1 - to) * 100);
    } else if (by === 'engine') {
      trims.set(what, (trims.get(what) ?? 0) + from - to);
      trim = Math.max(trim, Math.abs(trims.get(what)!));
    }
  }
  return { slowdown, trim };
}

function checkEnrolment(checks: Checks, certificate: PrintCertificate, enrolment: PrinterEnrolment): void {
  checks.require(agree(enrolment, certificate, 'printer_id', 'manufacturer', 'machine_id') && enrolment.enrolled_at <= certificate.started_at, 'enrolment.machine',
    'The machine that printed is the one that was enrolled.', 'The machine that printed is not the one that was enrolled.',
    { enrolled_machine: hex(enrolment.machine_id), printed_machine: hex(certificate.machine_id) });
}

function checkSlice(checks: Checks, certificate: PrintCertificate, slice: SliceRecord): void {
  checks.require(agree(slice, certificate, 'slice_sha256', 'slicer') && slice.sliced_at <= certificate.started_at, 'slice.toolpath',
    'The toolpath that was printed is the one that was sliced.', 'The toolpath that was printed is not the one that was sliced.',
    { sliced_sha256: hex(slice.slice_sha256), printed_sha256: hex(certificate.slice_sha256) });
  checks.require(agree(slice, certificate, 'design_id', 'design_sha256'), 'slice.design', 'It was sliced from the licensed design.', 'It was sliced from another design.',
    { sliced_sha256: hex(slice.design_sha256), licensed_sha256: hex(certificate.design_sha256) });
  checks.require(agree(slice, certificate, 'printer_id', 'material', 'quality'), 'slice.settings', 'It was sliced for this printer, material and quality.',
    'It was sliced for another printer, material or quality.', { printer_id: uuid(slice.printer_id), material: slice.material, quality: slice.quality });
}

const allows = (allowed: readonly string[], value: string): boolean => allowed.length === 0 || allowed.map(fold).includes(fold(value));

const figure = (value: number): string => String(Math.round(value * 1000) / 1000);
