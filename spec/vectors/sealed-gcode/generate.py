#!/usr/bin/env python3
"""Makes sealed-gcode.json: spec/sealed-gcode.md once more, apart from the C# code.

Needs the package `cryptography`. All secrets are SHA-256 of a label, so a run gives the same file.
"""
import hashlib
import json
import pathlib
import struct
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PRINTER, OTHER_PRINTER = uuid.UUID("0198a5f3-0000-7000-8000-000000000001"), uuid.UUID("0198a5f3-0000-7000-8000-000000000002")
FILE, OTHER_FILE = uuid.UUID("0198a5f3-1111-7000-8000-000000000001"), uuid.UUID("0198a5f3-1111-7000-8000-000000000002")
LICENCE = uuid.UUID("0198a5f3-2222-7000-8000-000000000001")
TOOLPATH = b"G28\nG1 X10 Y10 F3000\nG1 X20 E0.5\nM84\n"  # canonical already
CARD = {"slicer": "PrusaSlicer", "slicer_version": "2.8.1", "estimated_time": 4720.0, "layer_count": 50, "layer_height": 0.2, "filament_total": 1300.0, "filament_type": "PLA",
        "thumbnails": [{"format": "png", "width": 32, "height": 32, "image": b"\x89PNG\r\n\x1a\n"}]}
MINUTE, DAY = 60_000_000, 86_400_000_000
SEALED_AT = 1_796_000_000_000_000  # 2026-11-30T00:53:20Z


def secret(label):
    return hashlib.sha256(b"touchmark vector: " + label.encode()).digest()


def cbor(value):
    """RFC 8949, 4.2.1: shortest arguments, shortest floating point, map keys in bytewise order."""
    def head(major, argument):
        for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
            if argument < 24:
                return bytes([major << 5 | argument])
            if argument < 1 << 8 * size:
                return bytes([major << 5 | code]) + argument.to_bytes(size, "big")
        raise ValueError(argument)
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, float):
        for form, code in (("e", 0xF9), ("f", 0xFA), ("d", 0xFB)):
            try:
                if struct.unpack(">" + form, struct.pack(">" + form, value))[0] == value:
                    return bytes([code]) + struct.pack(">" + form, value)
            except OverflowError:
                pass
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, uuid.UUID):
        return cbor(value.bytes)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(key + item for key, item in sorted((cbor(key), cbor(item)) for key, item in value.items()))


def blob(key, context, salt, plain):
    """One chunk of spec/sealed-blob.md."""
    header = b"tm-blob1" + salt
    blob_key = HKDF(hashes.SHA256(), 32, salt, b"touchmark sealed-blob v1" + hashlib.sha256(context).digest()).derive(key)
    return header + AESGCM(blob_key).encrypt(bytes(11) + b"\x01", plain, header)


def wrap(master, context, nonce, plain):
    return b"\x01" + nonce + AESGCM(master).encrypt(nonce, plain, b"\x01" + context)


def wrap_file_key(psek, role, printer, file, key):
    return wrap(psek, f"touchmark file key v1 {role} {printer} {file}".encode(), secret(f"nonce {role}")[:12], key)


def private(label):
    return ec.derive_private_key(int.from_bytes(secret(label), "big") % ORDER, ec.SECP256R1())


def public(key):
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def seal_to(device, key_id, key):
    ephemeral = private("ephemeral " + key_id)
    salt = public(ephemeral) + public(device)
    once = HKDF(hashes.SHA256(), 32, salt, f"touchmark printer key v1 {key_id}".encode()).derive(ephemeral.exchange(ec.ECDH(), device.public_key()))
    return public(ephemeral) + AESGCM(once).encrypt(bytes(12), key, None)


def sealed(header, card=CARD, toolpath=TOOLPATH, bind=None, tail=b""):
    """A file; `bind` is the header that its blobs are bound to, when it is another than the one written down."""
    def head(fields):
        encoding = fields if isinstance(fields, bytes) else cbor(fields)
        return b"tm-gcode" + len(encoding).to_bytes(4, "big") + encoding
    bound = hashlib.sha256(head(header if bind is None else bind)).digest()
    return head(header) + blob(CARD_KEY, b"touchmark sealed-gcode v1 card " + bound, secret("card salt"), cbor(card)) \
        + blob(CONTENT_KEY, b"touchmark sealed-gcode v1 toolpath " + bound, secret("toolpath salt"), toolpath) + tail


def flipped(data, at):
    altered = bytearray(data)
    altered[at] ^= 1
    return bytes(altered)


PSEK, CARD_KEY, CONTENT_KEY = secret("psek"), secret("card key"), secret("content key")
HEADER = {
    "version": 1, "file_id": FILE, "printer_id": PRINTER, "key_id": f"{PRINTER}/1",
    "card_key": wrap_file_key(PSEK, "card", PRINTER, FILE, CARD_KEY), "content_key": wrap_file_key(PSEK, "toolpath", PRINTER, FILE, CONTENT_KEY),
    "gcode_sha256": hashlib.sha256(TOOLPATH).digest(), "toolpath_bytes": len(TOOLPATH), "card_bytes": 56 + len(cbor(CARD)),
    "sealed_at": SEALED_AT, "valid_from": SEALED_AT, "valid_until": SEALED_AT + 7 * DAY, "name": "bracket.gcode",
}


def without(*names):
    return {name: value for name, value in HEADER.items() if name not in names}


def case(name, expect, file, now=SEALED_AT + DAY, key="printer", released=None):
    return {"name": name, "expect": expect, "file": file, "now": now, "key": key} | ({"released": released} if released else {})


GOOD = sealed(HEADER)
FULL = HEADER | {"licence_id": LICENCE, "name": "Bügel »rechts« ü.gcode",
                 "external": {"uri": "hedera://0.0.48221/17", "wallet_address": "0.0.77", "token_id": "0.0.48221", "contract_address": "0.0.900"}}
RELEASED = wrap_file_key(PSEK, "toolpath", PRINTER, FILE, CONTENT_KEY)
HEAD, CARD_AT = 12 + len(cbor(HEADER)), 12 + len(cbor(HEADER)) + HEADER["card_bytes"]
CASES = [
    case("key inside", "success", GOOD),
    case("every field", "success", sealed(FULL)),
    case("key released by the engine", "success", sealed(without("content_key")), released=RELEASED),
    case("no times but sealed_at", "success", sealed(without("valid_from", "valid_until"))),
    case("no key at all", "FILE_KEY_NOT_INSIDE", sealed(without("content_key"))),
    # Not a sealed file, or not a whole one.
    case("a plain file", "FILE_NOT_SEALED", TOOLPATH),
    case("nothing", "FILE_NOT_SEALED", b""),
    case("a plain file that looks sealed", "FILE_HEADER", b"tm-gcode\nG28\nG1 X10\n"),
    case("the magic alone", "FILE_CUT_OFF", GOOD[:8]),
    case("cut off within the header", "FILE_CUT_OFF", GOOD[:100]),
    case("cut off within the card", "FILE_CUT_OFF", GOOD[:HEAD + 10]),
    case("one byte short", "FILE_CUT_OFF", GOOD[:-1]),
    case("one byte more", "FILE_ALTERED", GOOD + b"\0"),
    # A header that is none.
    case("a length of 0", "FILE_HEADER", b"tm-gcode" + bytes(4) + GOOD[12:]),
    case("a length over 16 KiB", "FILE_HEADER", b"tm-gcode" + (16385).to_bytes(4, "big") + GOOD[12:]),
    case("a header that is not deterministic CBOR", "FILE_HEADER", sealed(b"\xbf" + cbor(HEADER)[1:] + b"\xff")),
    case("another version", "FILE_HEADER", sealed(HEADER | {"version": 2})),
    case("an unknown field", "FILE_HEADER", sealed(HEADER | {"colour": "red"})),
    case("a missing field", "FILE_HEADER", sealed(without("card_key"))),
    case("a key id of another printer", "FILE_HEADER", sealed(HEADER | {"key_id": f"{OTHER_PRINTER}/1"})),
    case("a key id with a leading zero", "FILE_HEADER", sealed(HEADER | {"key_id": f"{PRINTER}/01"})),
    case("a name with a folder", "FILE_HEADER", sealed(HEADER | {"name": "../../etc/passwd"})),
    case("a name with a line feed", "FILE_HEADER", sealed(HEADER | {"name": "a\nb"})),
    case("an empty toolpath", "FILE_HEADER", sealed(HEADER | {"toolpath_bytes": 0}, toolpath=b"")),
    # Altered: every field is bound.
    case("another name", "FILE_ALTERED", sealed(HEADER | {"name": "racket.gcode.x"[:13]}, bind=HEADER)),
    case("a later end", "FILE_ALTERED", sealed(HEADER | {"valid_until": SEALED_AT + 70 * DAY}, bind=HEADER)),
    case("another licence", "FILE_ALTERED", sealed(HEADER | {"licence_id": LICENCE}, bind=HEADER)),
    case("the end taken away", "FILE_ALTERED", sealed(without("valid_until"), bind=HEADER)),
    case("another file id", "FILE_KEY_REFUSED", sealed(HEADER | {"file_id": OTHER_FILE})),
    case("the keys exchanged", "FILE_KEY_REFUSED", sealed(HEADER | {"card_key": HEADER["content_key"], "content_key": HEADER["card_key"]})),
    case("an altered card key", "FILE_KEY_REFUSED", sealed(HEADER | {"card_key": flipped(HEADER["card_key"], 40)})),
    case("an altered content key", "FILE_KEY_REFUSED", sealed(HEADER | {"content_key": flipped(HEADER["content_key"], 40)})),
    case("an altered card", "FILE_ALTERED", flipped(GOOD, HEAD + 60)),
    case("an altered salt of the toolpath", "FILE_ALTERED", flipped(GOOD, CARD_AT + 20)),
    case("an altered toolpath", "FILE_ALTERED", flipped(GOOD, -20)),
    case("the card of another file", "FILE_ALTERED", GOOD[:HEAD] + sealed(HEADER | {"name": "trinket.gcode"})[HEAD:CARD_AT] + GOOD[CARD_AT:]),
    case("the toolpath of another file", "FILE_ALTERED", GOOD[:CARD_AT] + sealed(HEADER | {"name": "trinket.gcode"})[CARD_AT:]),
    case("a card that is none", "FILE_ALTERED", sealed(HEADER, card={"slicer": 7} | {name: value for name, value in CARD.items() if name != "slicer"} | {"slicer_version": "2.8.1" + " " * 11})),
    # Another key.
    case("another printer", "FILE_OTHER_PRINTER", GOOD, key="other printer"),
    case("a newer version of the key", "FILE_OTHER_KEY", GOOD, key="rotated"),
    case("another key under the same name", "FILE_KEY_REFUSED", GOOD, key="forged"),
    case("a released key of another file", "FILE_KEY_REFUSED", sealed(without("content_key")), released=wrap_file_key(PSEK, "toolpath", PRINTER, OTHER_FILE, CONTENT_KEY)),
    # Time, with five minutes of tolerance.
    case("expired", "FILE_EXPIRED", GOOD, now=SEALED_AT + 8 * DAY),
    case("expired within the tolerance", "success", GOOD, now=SEALED_AT + 7 * DAY + 5 * MINUTE),
    case("expired just beyond the tolerance", "FILE_EXPIRED", GOOD, now=SEALED_AT + 7 * DAY + 5 * MINUTE + 1),
    case("not valid yet", "FILE_NOT_YET_VALID", sealed(HEADER | {"valid_from": SEALED_AT + 2 * DAY})),
    case("sealed in the future, within the tolerance", "success", GOOD, now=SEALED_AT - 5 * MINUTE),
    case("sealed in the future", "FILE_FROM_THE_FUTURE", GOOD, now=SEALED_AT - 5 * MINUTE - 1),
    case("a clock that is a year slow", "FILE_FROM_THE_FUTURE", GOOD, now=SEALED_AT - 364 * DAY),
    case("a clock that is a year fast", "FILE_EXPIRED", GOOD, now=SEALED_AT + 366 * DAY),
]

DEVICE, OTHER_DEVICE = private("device"), private("another device")
BOX = seal_to(DEVICE, f"{PRINTER}/1", PSEK)
KEYS = {
    "printer": {"printer_id": PRINTER, "key_version": 1, "sealed": BOX},
    "other printer": {"printer_id": OTHER_PRINTER, "key_version": 1, "sealed": seal_to(DEVICE, f"{OTHER_PRINTER}/1", secret("psek of another printer"))},
    "rotated": {"printer_id": PRINTER, "key_version": 2, "sealed": seal_to(DEVICE, f"{PRINTER}/2", secret("rotated psek"))},
    "forged": {"printer_id": PRINTER, "key_version": 1, "sealed": seal_to(DEVICE, f"{PRINTER}/1", secret("forged psek"))},
}
BOXES = [{"name": name, "expect": expect, "printer_id": printer, "key_version": version, "sealed": box} for name, expect, printer, version, box in [
    ("good", "success", PRINTER, 1, BOX),
    ("another printer", "failure", OTHER_PRINTER, 1, BOX),
    ("another version", "failure", PRINTER, 2, BOX),
    ("another device", "failure", PRINTER, 1, seal_to(OTHER_DEVICE, f"{PRINTER}/1", PSEK)),
    ("sender off the curve", "failure", PRINTER, 1, flipped(BOX, 40)),
    ("sender of another form", "failure", PRINTER, 1, flipped(BOX, 0)),
    ("altered", "failure", PRINTER, 1, flipped(BOX, 70)),
    ("altered tag", "failure", PRINTER, 1, flipped(BOX, -1)),
    ("cut off", "failure", PRINTER, 1, BOX[:-1]),
    ("a key of 16 bytes", "failure", PRINTER, 1, seal_to(DEVICE, f"{PRINTER}/1", PSEK[:16])),
    ("nothing", "failure", PRINTER, 1, b""),
]]

document = {"spec": "spec/sealed-gcode.md v1.0.0", "device_pkcs8": DEVICE.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), "psek": PSEK, "toolpath": TOOLPATH,
            "card": CARD, "keys": KEYS, "boxes": BOXES, "cases": CASES}
pathlib.Path(__file__).with_name("sealed-gcode.json").write_text(
    json.dumps(document, indent=1, ensure_ascii=False, default=lambda value: str(value) if isinstance(value, uuid.UUID) else value.hex()) + "\n")
