// What a customer's root and its officers have signed, as far as it bears on one vault (spec/bundle.md, Papers).
import { equal, hex, uuid } from './bytes.js';
import type { Checks } from './checks.js';
import type { ContentType, DocumentOf } from './documents.js';
import { ALGORITHMS, ED25519, ML_DSA_65, type Algorithm, keyIdOf } from './signatures.js';
import { type Part, type Signature, type Statement, checkDocument, checkSignatures } from './statement.js';
import type { Time } from './time.js';
import { TrustStore, TrustedKey } from './trust.js';
import {
  FIRMWARE_APPROVAL, type FirmwareApproval, KEY_REVOCATION, type KeyRevocation, OFFICER_APPOINTMENT, type OfficerAppointment, SLICER_MANIFEST, type SlicerManifest,
  VAULT_CERTIFICATE, type VaultCertificate,
} from './vault-documents.js';

export const ROOT_SIGNS: readonly string[] = [VAULT_CERTIFICATE, OFFICER_APPOINTMENT, KEY_REVOCATION];
export const OFFICERS_SIGN: readonly string[] = [FIRMWARE_APPROVAL, SLICER_MANIFEST];

/** A statement beside a bundle, and its place in the manifest where that is known. */
export interface PlacedPart extends Part {
  readonly proof: { readonly index: bigint } | null;
}

export const customerIssuer = (customerId: string): string => `customer/${customerId}`;
export const officerIssuer = (officerId: Uint8Array): string => `officer/${uuid(officerId)}`;
export const vaultIssuer = (vaultId: Uint8Array): string => `vault/${uuid(vaultId)}`;
export const manifestOrigin = (customerId: string, vaultId: Uint8Array): string => `${customerId}/manifest/${uuid(vaultId)}`;

export const algorithmOf = (key: { readonly algorithm: string }): Algorithm => ALGORITHMS.find(({ name }) => name === key.algorithm)!;

export function checkIssuer(checks: Checks, subject: string, statement: Statement, issuer: string): void {
  checks.require(statement.issuer === issuer, `${subject}.issuer`, `It is a statement of ${issuer}.`, `It should be a statement of ${issuer}.`, { issuer: statement.issuer });
}

interface Signed<T> {
  readonly document: T;
  readonly sha256: Uint8Array;
}

interface Certified {
  readonly certificate: VaultCertificate;
  readonly revocation: KeyRevocation | null;
  /** Its place in the manifest. */
  readonly revokedAt: bigint | null;
}

/** First what the root signs is taken, then <settle> is called, then what others sign. */
export class Papers {
  /** Only the root's keys before <settle>. */
  trust: TrustStore;
  /** The certificate that came into force last. */
  newest: VaultCertificate | null = null;
  readonly approvals = new Map<string, { readonly approval: FirmwareApproval; readonly issuer: string }>();
  readonly slicers = new Map<string, SlicerManifest>();
  readonly #certificates: Signed<VaultCertificate>[] = [];
  readonly #appointments: Signed<OfficerAppointment>[] = [];
  readonly #revocations = new Map<string, { readonly document: KeyRevocation; readonly index: bigint | null }>();

  constructor(readonly customerId: string, readonly vaultId: Uint8Array, private readonly root: TrustStore, private readonly now: Time) {
    this.trust = root;
  }

  takeOfRoot(checks: Checks, subject: string, part: PlacedPart): void {
    const { statement } = part;
    checkIssuer(checks, subject, statement, customerIssuer(this.customerId));
    checkSignatures(checks, subject, statement, this.root, this.now);
    if (statement.contentType === VAULT_CERTIFICATE) {
      const document = checkDocument(checks, subject, part, VAULT_CERTIFICATE);
      if (document !== null && checks.require(document.customer_id === this.customerId && equal(document.vault_id, this.vaultId), `${subject}.vault`,
        'It certifies the keys of this vault.', 'It certifies the keys of another vault.', { vault_id: uuid(document.vault_id) })) {
        this.#certificates.push({ document, sha256: statement.sha256 });
      }
    } else if (statement.contentType === OFFICER_APPOINTMENT) {
      const document = checkDocument(checks, subject, part, OFFICER_APPOINTMENT);
      if (document !== null && this.#isOfCustomer(checks, subject, document)) {
        this.#appointments.push({ document, sha256: statement.sha256 });
      }
    } else {
      const document = checkDocument(checks, subject, part, KEY_REVOCATION);
      if (document !== null && this.#isOfCustomer(checks, subject, document)) {
        const revoked = hex(document.revoked_statement);
        const known = this.#revocations.get(revoked);
        if (known === undefined || document.revoked_at < known.document.revoked_at) {
          this.#revocations.set(revoked, { document, index: part.proof?.index ?? null });
        }
      }
    }
  }

  /** Works out whose keys count, now that everything that the root signed is known. */
  settle(): void {
    const keys = [...this.root.keys];
    for (const { document, sha256 } of this.#certificates) {
      for (const key of [document.keys.primary, document.keys.shadow]) {
        keys.push(this.#key(vaultIssuer(document.vault_id), algorithmOf(key), key.public_key, document, sha256));
      }
      this.newest = this.newest !== null && this.newest.valid_from > document.valid_from ? this.newest : document;
    }
    for (const { document, sha256 } of this.#appointments) {
      const issuer = officerIssuer(document.officer_id);
      keys.push(this.#key(issuer, ED25519, document.ed25519_key, document, sha256), this.#key(issuer, ML_DSA_65, document.ml_dsa_65_key, document, sha256));
    }
    this.trust = new TrustStore(keys);
  }

  takeOfOfficers(checks: Checks, subject: string, part: Part): void {
    const { statement } = part;
    checkSignatures(checks, subject, statement, this.trust, this.now);
    const isFirmware = statement.contentType === FIRMWARE_APPROVAL;
    const role = isFirmware ? 'firmware' : 'slicer';
    const may = this.isOfficer(statement.issuer, role) || (!isFirmware && statement.issuer === customerIssuer(this.customerId));
    checks.require(may, `${subject}.issuer`, `It is signed by ${statement.issuer}, who may.`, `It is signed by ${statement.issuer}, whom nobody appointed to that.`, { issuer: statement.issuer, role });
    if (isFirmware) {
      const approval = checkDocument(checks, subject, part, FIRMWARE_APPROVAL);
      if (approval !== null && this.#isOfCustomer(checks, subject, approval)) {
        this.approvals.set(hex(statement.sha256), { approval, issuer: statement.issuer });
      }
    } else {
      const slicer = checkDocument(checks, subject, part, SLICER_MANIFEST);
      if (slicer !== null && this.#isOfCustomer(checks, subject, slicer)) {
        this.slicers.set(hex(statement.sha256), slicer);
      }
    }
  }

  /** The certificate of the key that made this signature; null where nobody certified it. */
  certificateOf({ algorithm, keyId }: Signature): Certified | null {
    for (const { document: certificate, sha256 } of this.#certificates) {
      const { primary } = certificate.keys;
      if (algorithmOf(primary) === algorithm && equal(keyIdOf(algorithm, primary.public_key), keyId)) {
        const found = this.#revocations.get(hex(sha256));
        return { certificate, revocation: found?.document ?? null, revokedAt: found?.index ?? null };
      }
    }
    return null;
  }

  isOfficer(issuer: string, role: OfficerAppointment['roles'][number]): boolean {
    return this.#appointments.some(({ document }) => issuer === officerIssuer(document.officer_id) && document.roles.includes(role));
  }

  /** The document of a statement of the vault itself; null and a failed check where it is not one. */
  ofVault<C extends ContentType>(checks: Checks, subject: string, part: Part, contentType: C): DocumentOf<C> | null {
    checkIssuer(checks, subject, part.statement, vaultIssuer(this.vaultId));
    checkSignatures(checks, subject, part.statement, this.trust, this.now);
    return checkDocument(checks, subject, part, contentType);
  }

  #isOfCustomer(checks: Checks, subject: string, { customer_id }: { readonly customer_id: string }): boolean {
    return checks.require(customer_id === this.customerId, `${subject}.customer`, 'It is of this customer.', 'It is of another customer.', { customer_id });
  }

  #key(name: string, algorithm: Algorithm, publicKey: Uint8Array, period: { readonly valid_from: Time; readonly valid_until?: Time }, sha256: Uint8Array): TrustedKey {
    const ends = [period.valid_until, this.#revocations.get(hex(sha256))?.document.revoked_at].filter((end) => end !== undefined);
    return new TrustedKey(name, algorithm, publicKey, period.valid_from, ends.length === 0 ? null : ends.reduce((first, end) => (end < first ? end : first)));
  }
}
