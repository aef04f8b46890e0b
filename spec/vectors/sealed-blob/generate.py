#!/usr/bin/env python3
"""Makes sealed-blob.json: spec/sealed-blob.md once more, apart from the C# code. Needs the package `cryptography`."""
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK = 65536


def sha256(data):
    return hashlib.sha256(data).digest()


def plaintext(length):
    return bytes(i % 251 for i in range(length))


def seal(key, context, salt, plain):
    header = b"tm-blob1" + salt
    blob_key = HKDF(SHA256(), 32, salt, b"touchmark sealed-blob v1" + sha256(context)).derive(key)
    chunks = [plain[at:at + CHUNK] for at in range(0, len(plain), CHUNK)] or [b""]
    sealed = [AESGCM(blob_key).encrypt(i.to_bytes(11, "big") + bytes([i == len(chunks) - 1]), chunk, header) for i, chunk in enumerate(chunks)]
    return header + b"".join(sealed)


KEY, SALT, CONTEXT = sha256(b"blob key"), sha256(b"salt"), b"design 0198a5f3"
HEADER, SEALED = 40, CHUNK + 16
good = []
for name, length in [("empty", 0), ("one chunk", 40), ("a chunk exactly", CHUNK), ("three chunks", 2 * CHUNK + 100)]:
    blob = seal(KEY, CONTEXT, SALT, plaintext(length))
    good.append({"name": name, "expect": "success", "plaintext_length": length, "sealed_length": len(blob), "sealed_sha256": sha256(blob)}
                | ({"sealed": blob} if length < 100 else {}))

# A bad blob is made of the ranges [from, to) of the good one called `of`, then one bit is flipped at `flip` (from the end when negative).
second, third = HEADER + SEALED, HEADER + 2 * SEALED
whole = [[0, third + 116]]
bad = [{"name": name, "expect": expect, "of": "three chunks", "ranges": ranges} | more for name, expect, ranges, more in [
    ("altered", "bad tag", whole, {"flip": 100_000}),
    ("bad tag", "bad tag", whole, {"flip": -1}),
    ("another salt", "bad tag", whole, {"flip": 8}),
    ("another magic", "not a blob", whole, {"flip": 0}),
    ("last chunk cut off", "truncated", [[0, third]], {}),
    ("cut within a chunk", "truncated", [[0, second + 5000]], {}),
    ("cut after the header", "truncated", [[0, HEADER]], {}),
    ("reordered", "reordered", [[0, HEADER], [second, third], [HEADER, second], [third, third + 116]], {}),
    ("dropped", "dropped", [[0, HEADER], [second, third + 116]], {}),
    ("repeated", "repeated", [[0, second], [HEADER, second], [second, third + 116]], {}),
    ("a second end", "appended", [[0, third + 116], [third, third + 116]], {}),
    ("wrong context", "wrong context", whole, {"context": b"design 0198a5f4"}),
    ("wrong key", "wrong key", whole, {"key": sha256(b"another key")}),
]]

MASTER, SECRET, NONCE, PURPOSE = sha256(b"master key"), sha256(b"secret"), sha256(b"nonce")[:12], b"design key 0198a5f3"
wrapped = b"\x01" + NONCE + AESGCM(MASTER).encrypt(NONCE, SECRET, b"\x01" + PURPOSE)
wraps = [{"name": name, "expect": expect, "context": context, "wrapped": value} for name, expect, context, value in [
    ("good", "success", PURPOSE, wrapped),
    ("wrong context", "failure", b"design key 0198a5f4", wrapped),
    ("another version", "failure", PURPOSE, b"\x02" + wrapped[1:]),
    ("bad tag", "failure", PURPOSE, wrapped[:-1] + bytes([wrapped[-1] ^ 1])),
    ("cut off", "failure", PURPOSE, wrapped[:28]),
]]

document = {"spec": "spec/sealed-blob.md v1.0.0", "plaintext": "byte i is i mod 251", "key": KEY, "context": CONTEXT, "salt": SALT, "cases": good + bad,
            "key_wrap": {"master_key": MASTER, "secret": SECRET, "nonce": NONCE, "cases": wraps}}
pathlib.Path(__file__).with_name("sealed-blob.json").write_text(json.dumps(document, indent=2, default=bytes.hex) + "\n")
