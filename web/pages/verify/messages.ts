// What the page and its worker say to each other.
import type { Check, CustodianAdmission, CustodyState, Plain, VerdictKind } from '../../verifier/index.js';

/** Verify this file. */
export interface VerifyRequest {
  readonly kind: 'verify';
  readonly file: Uint8Array;
  readonly trust: Uint8Array;
  /** The checkpoint that this browser saw last of the log, as it was signed; by its origin. */
  readonly remembered: Readonly<Record<string, string>>;
  /** Where this site serves its log. */
  readonly log: string;
  /** ms since 1970. */
  readonly now: number;
}

/** Read the QR code in this image. */
export interface ScanRequest {
  readonly kind: 'scan';
  readonly image: ImageBitmap;
}

/** Say whose keys are in this trust file. */
export interface TrustRequest {
  readonly kind: 'trust';
  readonly trust: Uint8Array;
}

export type Request = VerifyRequest | ScanRequest | TrustRequest;

/** A statement for people. */
export interface ShownStatement {
  /** What the ids of its checks begin with. */
  readonly subject: string;
  readonly type: string;
  readonly issuer: string;
  readonly names: string;
  readonly issuedAt: string | null;
  readonly sha256: string;
  readonly signatures: readonly { readonly algorithm: string; readonly keyId: string }[];
  readonly document: Plain;
  readonly envelope: Uint8Array;
}

export interface ShownEvent {
  readonly number: number;
  readonly kind: string;
  readonly at: string;
  readonly custodian: string;
  /** Role and region; null for the registry, and for somebody who was never admitted. */
  readonly who: string | null;
  readonly to: string | null;
  readonly into: string | null;
  readonly outcome: string | null;
  readonly text: string | null;
}

export type Standing = 'unknown' | 'held' | 'installed' | 'recalled' | 'scrapped';

/** All that came of a verification. What the file says is to be believed only when the verdict is valid. */
export interface Report {
  readonly verdict: VerdictKind;
  /** How long it took, with what was asked of the log. */
  readonly milliseconds: number;
  readonly issuer: string | null;
  readonly certificate: Readonly<Record<string, Plain>> | null;
  readonly statements: readonly ShownStatement[];
  readonly events: readonly ShownEvent[];
  readonly standing: Standing;
  readonly holder: { readonly pseudonym: string; readonly who: string | null } | null;
  readonly into: string | null;
  /** Where the chain of custody ends; null where it breaks. */
  readonly state: CustodyState | null;
  /** All that were admitted to the part. */
  readonly custodians: readonly Pick<CustodianAdmission, 'pseudonym' | 'role' | 'region'>[];
  /** The reason of the recall, where there is one. */
  readonly recall: string | null;
  /** The newest head of the log, to be remembered; null when nothing new is to be believed. */
  readonly remember: { readonly origin: string; readonly checkpoint: string } | null;
}

export type Answer =
  | { readonly kind: 'check'; readonly check: Check }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'trust'; readonly names: readonly string[]; readonly problem: string | null }
  | { readonly kind: 'scanned'; readonly text: string | null };
