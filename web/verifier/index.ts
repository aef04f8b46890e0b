// Touchmark's verifier as a library: bytes, trust and time go in, a verdict comes out. No DOM, no network, no storage; nothing here throws, whatever the bytes.
export type { Check, Outcome, VerdictKind, Watcher } from './checks.js';
export type { CustodyRecord } from './custody.js';
export type { CustodyState } from './custody-rules.js';
export type { CustodianAdmission, CustodyEvent, PrintCertificate } from './documents.js';
export { type EvidenceVerdict, MEDIA_TYPE, type VerifyOptions, verifyEvidence, verifyStatement } from './evidence.js';
export { checkConsistency, verifyCheckpoint } from './head.js';
export { type EarlierHead, parseCheckpoint } from './log.js';
export type { Checkpoint, TreeHead } from './note.js';
export { type PartIdReading, readPartId, showPartId } from './part-id.js';
export { type Plain, plain } from './plain.js';
export { type ProofOptions, verifyProof } from './proof.js';
export type { EvidenceBundle } from './vault-documents.js';
export type { Statement, StatementView } from './statement.js';
export { type FetchTile, consistencyProof } from './tiles.js';
export { type TrustStore, readTrust } from './trust.js';
