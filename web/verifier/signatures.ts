// Signature algorithms (spec/statement.md, Envelope). None of these throws, whatever the bytes.
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { concat, sha256 } from './bytes.js';

export interface Algorithm {
  readonly name: 'Ed25519' | 'ES256' | 'ML-DSA-65';
  /** COSE's number. */
  readonly cose: number;
  readonly keySize: number;
  readonly signatureSize: number;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

export const ED25519: Algorithm = { name: 'Ed25519', cose: -19, keySize: 32, signatureSize: 64, verify: guarded(verifyEd25519) };
export const ES256: Algorithm = { name: 'ES256', cose: -7, keySize: 65, signatureSize: 64, verify: guarded(verifyEs256) };
export const ML_DSA_65: Algorithm = { name: 'ML-DSA-65', cose: -49, keySize: 1952, signatureSize: 3309, verify: guarded(verifyMlDsa65) };
export const ALGORITHMS: readonly Algorithm[] = [ED25519, ES256, ML_DSA_65];

/** The first 8 bytes of SHA-256(algorithm as i32 big-endian || public key): it finds a key and proves nothing. */
export function keyIdOf(algorithm: Algorithm, publicKey: Uint8Array): Uint8Array {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setInt32(0, algorithm.cose);
  return sha256(number, publicKey).subarray(0, 8);
}

function guarded(verify: Algorithm['verify']): Algorithm['verify'] {
  return (publicKey, message, signature) => {
    try {
      return verify(publicKey, message, signature);
    } catch {
      return false;
    }
  };
}

/**
 * RFC 8032, as strict as libsodium: S below the order, canonical points, none of small order, and the equation without the cofactor, for which the library's own check allows.
 */
function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { Point } = ed25519;
  const order = Point.Fn.ORDER;
  const encodedR = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  const a = Point.fromBytes(publicKey);
  const r = Point.fromBytes(encodedR);
  if (signature.length !== 64 || s >= order || a.isSmallOrder() || r.isSmallOrder()) {
    return false;
  }
  const k = littleEndian(sha512(concat(encodedR, publicKey, message))) % order;
  const left = s === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(s);
  return left.equals(r.add(k === 0n ? Point.ZERO : a.multiplyUnsafe(k)));
}

function verifyEs256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return publicKey.length === 65 && p256.verify(signature, message, publicKey, { prehash: true, lowS: false, format: 'compact' });
}

function verifyMlDsa65(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return ml_dsa65.verify(signature, message, publicKey);
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) {
    value = (value << 8n) | BigInt(bytes[i]!);
  }
  return value;
}
