"""Deterministic CBOR, the envelope of statements, and custodians' keys, apart from the C# code: for generate.py. Needs the package `cryptography`, 48 or later."""
import base64
import hashlib
import hmac
import math
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def sha256(data):
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).digest()


def head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    length = next(length for length in (1, 2, 4, 8) if argument < 1 << 8 * length)
    return bytes([major << 5 | 24 + (1, 2, 4, 8).index(length)]) + argument.to_bytes(length, "big")


def cbor(value):
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        for code, form in ((0xF9, ">e"), (0xFA, ">f"), (0xFB, ">d")):
            try:
                packed = struct.pack(form, value)
            except OverflowError:
                continue
            if struct.unpack(form, packed)[0] == value or math.isnan(value):
                return bytes([code]) + packed
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(key + item for key, item in sorted((cbor(key), cbor(item)) for key, item in value.items()))
    raise TypeError(value)


class Keys:
    """An Ed25519 key and an ML-DSA-65 key of one issuer."""

    def __init__(self, issuer, ed25519_seed, ml_dsa_65_seed):
        self.issuer = issuer
        self.seeds = ed25519_seed, ml_dsa_65_seed
        self.ed25519 = Ed25519PrivateKey.from_private_bytes(ed25519_seed)
        self.ml_dsa_65 = MLDSA65PrivateKey.from_seed_bytes(ml_dsa_65_seed)
        self.ed25519_key = self.ed25519.public_key().public_bytes_raw()
        self.ml_dsa_65_key = self.ml_dsa_65.public_key().public_bytes_raw()

    def trust(self):
        return [{"name": self.issuer, "algorithm": name, "key_id": key_id(algorithm, key).hex(), "public_key": base64.b64encode(key).decode(),
                 "valid_from": "2025-05-04T09:30:00+00:00", "valid_until": None}
                for name, algorithm, key in (("Ed25519", -19, self.ed25519_key), ("ML-DSA-65", -49, self.ml_dsa_65_key))]


def key_id(algorithm, key):
    return sha256(struct.pack(">i", algorithm) + key)[:8]


def hkdf(root, info):
    extracted = hmac.digest(bytes(32), root, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def base32(data):
    number = int.from_bytes(data, "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(8 * len(data) - 5, -1, -5))


class Custodian(Keys):
    """The keys of one custodian for one part."""

    def __init__(self, root, part):
        super().__init__(None, *(hkdf(root, f"touchmark custody v1 {name} {part}".encode()) for name in ("ed25519", "ml-dsa-65")))
        self.pseudonym = base32(sha256(self.ed25519_key + self.ml_dsa_65_key)[:10])
        self.issuer = f"custodian/{self.pseudonym}"


def sign(keys, kind, subject, document, issued, extra=None):
    """The envelope of a statement; `issued` in microseconds."""
    payload = cbor(document)
    protected = cbor({1: -19, 3: f"application/vnd.touchmark.{kind}+cbor", 4: key_id(-19, keys.ed25519_key),
                      15: {1: keys.issuer, 2: subject, 6: issued // 1_000_000}} | (extra or {}))
    signature = keys.ed25519.sign(cbor(["Signature1", protected, b"", payload]))
    shadow = cbor({1: -49, 4: key_id(-49, keys.ml_dsa_65_key)})
    countersignature = keys.ml_dsa_65.sign(cbor(["CounterSignatureV2", protected, shadow, b"", payload, [signature]]))
    return b"\xd2" + cbor([protected, {11: [shadow, {}, countersignature]}, payload, signature])
