// Seals a custodian's legal identity to a regulator's certificate, and opens it again for that regulator: spec/custody.md, Sealed identity.
import { concat, decodeBase64, decodeUtf8, encodeUtf8, equal, sha256 } from '../verifier/bytes.js';
import type { SealedIdentity } from './sign.js';

/** The longest identity, bytes of UTF-8: what is left of 4,096 bytes beside an ephemeral key and a tag. */
export const MAX_IDENTITY = 4096 - 65 - 16;

const P256 = { name: 'ECDH', namedCurve: 'P-256' } as const;

/** AlgorithmIdentifier of an EC key on P-256 (RFC 5480), and the beginning of a bit string of 65 bytes. */
const P256_KEY = Uint8Array.from([0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0]);

/** Null for a certificate that cannot be read, or that has another kind of key. */
export async function seal(identity: string, certificatePem: string, partId: string, pseudonym: string): Promise<SealedIdentity | null> {
  const certificate = derOf(certificatePem);
  const recipient = certificate && keyOf(certificate);
  if (certificate === null || recipient === null) {
    return null;
  }
  const ephemeral = await crypto.subtle.generateKey(P256, false, ['deriveBits']);
  const ephemeralKey = new Uint8Array(await crypto.subtle.exportKey('raw', ephemeral.publicKey));
  const publicKey = await crypto.subtle.importKey('raw', recipient as BufferSource, P256, false, []);
  const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: publicKey }, ephemeral.privateKey, 256);
  const key = await sealingKey(shared, ephemeralKey, recipient, partId, pseudonym, 'encrypt');
  const box = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12), tagLength: 128 }, key, encodeUtf8(identity) as BufferSource);
  return { regulator: sha256(certificate), sealed: concat(ephemeralKey, new Uint8Array(box)) };
}

/** The DER of the first certificate in PEM; null where there is none. */
export function derOf(pem: string): Uint8Array | null {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem)?.[1];
  return body === undefined ? null : decodeBase64(body.replace(/\s/g, ''));
}

/** The P-256 key of a certificate (RFC 5280, section 4.1): the seventh field of what was signed, or the sixth where no version is named. Null where there is none. */
export function keyOf(certificate: Uint8Array): Uint8Array | null {
  const outer = read(certificate, 0x30);
  const signed = outer && read(outer.content, 0x30);
  let rest = signed?.content;
  for (let skip = rest?.[0] === 0xa0 ? 6 : 5; skip > 0 && rest !== undefined; skip--) {
    rest = read(rest)?.after;
  }
  const info = rest === undefined ? null : read(rest, 0x30)?.content;
  return info?.length === P256_KEY.length + 65 && equal(info.subarray(0, P256_KEY.length), P256_KEY) ? info.subarray(P256_KEY.length) : null;
}

/** The first element of DER, and what follows it; null where it does not fit, or is of another type. */
function read(der: Uint8Array, tag?: number): { readonly content: Uint8Array; readonly after: Uint8Array } | null {
  let length = der[1];
  let at = 2;
  if (length === undefined || (tag !== undefined && der[0] !== tag)) {
    return null;
  }
  if (length >= 0x80) {
    const size = length & 0x7f;
    if (size === 0 || size > 3 || der.length < at + size) {
      return null;
    }
    length = der.subarray(at, at + size).reduce((total, byte) => total * 256 + byte, 0);
    at += size;
  }
  return der.length < at + length ? null : { content: der.subarray(at, at + length), after: der.subarray(at + length) };
}

/** What was sealed to the key of a certificate; null when it was sealed to another, for another part or custodian, or altered. */
export async function open(box: Uint8Array, key: CryptoKey, ownKey: Uint8Array, partId: string, pseudonym: string): Promise<string | null> {
  try {
    const ephemeralKey = box.subarray(0, 65);
    const publicKey = await crypto.subtle.importKey('raw', ephemeralKey as BufferSource, P256, false, []);
    const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: publicKey }, key, 256);
    return decodeUtf8(new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: new Uint8Array(12), tagLength: 128 }, await sealingKey(shared, ephemeralKey, ownKey, partId, pseudonym, 'decrypt'), box.subarray(65) as BufferSource)));
  } catch {
    return null;
  }
}

async function sealingKey(shared: ArrayBuffer, ephemeralKey: Uint8Array, recipient: Uint8Array, partId: string, pseudonym: string, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  const info = encodeUtf8(`touchmark sealed identity v1 ${partId} ${pseudonym}`) as BufferSource;
  return crypto.subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt: concat(ephemeralKey, recipient) as BufferSource, info },
    await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']), { name: 'AES-GCM', length: 256 }, false, [use]);
}
