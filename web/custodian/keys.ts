// A custodian's keys for one part, from the root that it keeps for all of them: spec/custody.md, Keys and pseudonyms.
import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { encodeUtf8 } from '../verifier/bytes.js';
import { pseudonymOf } from '../verifier/documents.js';

/** Length of a root, bytes: that is all a key file holds. */
export const ROOT_SIZE = 32;

/** The root as something to derive from that no script can read again. A browser may keep it. */
export function importRoot(root: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  if (root.length !== ROOT_SIZE) {
    throw new RangeError(`A root has ${ROOT_SIZE} bytes, not ${root.length}.`);
  }
  return crypto.subtle.importKey('raw', root, 'HKDF', false, ['deriveBits']);
}

/** Both keys of a custodian for one part. Wipe it when it has signed. */
export class CustodianKeys {
  readonly ed25519Key: Uint8Array;
  readonly mlDsa65Key: Uint8Array;
  readonly pseudonym: string;
  readonly #seed: Uint8Array;
  readonly #secretKey: Uint8Array;

  private constructor(seed: Uint8Array, shadowSeed: Uint8Array) {
    const shadow = ml_dsa65.keygen(shadowSeed);
    this.#seed = seed;
    this.#secretKey = shadow.secretKey;
    this.ed25519Key = ed25519.getPublicKey(seed);
    this.mlDsa65Key = shadow.publicKey;
    this.pseudonym = pseudonymOf(this.ed25519Key, this.mlDsa65Key);
    shadowSeed.fill(0);
  }

  static async derive(root: CryptoKey, partId: string): Promise<CustodianKeys> {
    const seed = async (algorithm: string): Promise<Uint8Array> => new Uint8Array(await crypto.subtle.deriveBits(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: encodeUtf8(`touchmark custody v1 ${algorithm} ${partId}`) as BufferSource }, root, 256));
    return new CustodianKeys(await seed('ed25519'), await seed('ml-dsa-65'));
  }

  signPrimary(message: Uint8Array): Uint8Array {
    return ed25519.sign(message, this.#seed);
  }

  signShadow(message: Uint8Array): Uint8Array {
    return ml_dsa65.sign(message, this.#secretKey);
  }

  wipe(): void {
    this.#seed.fill(0);
    this.#secretKey.fill(0);
  }
}
