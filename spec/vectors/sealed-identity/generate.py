#!/usr/bin/env python3
"""Makes sealed-identity.json: spec/custody.md, Sealed identity, once more, apart from the C# code.

Needs the package `cryptography`. All secrets are SHA-256 of a label, so a run gives the same file.
"""
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PART, OTHER_PART = "PPG0A0EV8ZB4ERYQ", "0000000000000000"
PSEUDONYM, OTHER_PSEUDONYM = "05DAW7HKMKRXGSV9", "H3WN1494DA9FVWMB"
IDENTITY = "Clinique Sainte-Anne, 12 rue des Lilas, 69003 Lyon"


def private(label):
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(b"touchmark vector: " + label.encode()).digest(), "big") % ORDER, ec.SECP256R1())


def public(key):
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def seal(ephemeral, recipient, part, pseudonym, identity):
    secret = ephemeral.exchange(ec.ECDH(), recipient.public_key())
    key = HKDF(hashes.SHA256(), 32, public(ephemeral) + public(recipient), f"touchmark sealed identity v1 {part} {pseudonym}".encode()).derive(secret)
    return public(ephemeral) + AESGCM(key).encrypt(bytes(12), identity.encode(), None)


def flipped(box, at):
    altered = bytearray(box)
    altered[at] ^= 1
    return bytes(altered)


REGULATOR, OTHER = private("regulator"), private("another regulator")
BOX = seal(private("ephemeral"), REGULATOR, PART, PSEUDONYM, IDENTITY)
CASES = [
    ("opens", BOX, REGULATOR, PART, PSEUDONYM, IDENTITY),
    ("an empty identity opens", seal(private("ephemeral 2"), REGULATOR, PART, PSEUDONYM, ""), REGULATOR, PART, PSEUDONYM, ""),
    ("another regulator", BOX, OTHER, PART, PSEUDONYM, None),
    ("another part", BOX, REGULATOR, OTHER_PART, PSEUDONYM, None),
    ("another custodian", BOX, REGULATOR, PART, OTHER_PSEUDONYM, None),
    ("ephemeral key off the curve", flipped(BOX, 40), REGULATOR, PART, PSEUDONYM, None),
    ("ephemeral key of another form", flipped(BOX, 0), REGULATOR, PART, PSEUDONYM, None),
    ("altered identity", flipped(BOX, 70), REGULATOR, PART, PSEUDONYM, None),
    ("altered tag", flipped(BOX, len(BOX) - 1), REGULATOR, PART, PSEUDONYM, None),
    ("cut off", BOX[:80], REGULATOR, PART, PSEUDONYM, None),
    ("nothing", b"", REGULATOR, PART, PSEUDONYM, None),
]

(pathlib.Path(__file__).parent / "sealed-identity.json").write_text(json.dumps([{
    "name": name, "sealed": box.hex(), "pkcs8": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()).hex(), "part_id": part, "pseudonym": pseudonym, "identity": identity,
} for name, box, key, part, pseudonym, identity in CASES], indent=1) + "\n")
