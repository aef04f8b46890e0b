#!/usr/bin/env python3
"""A second implementation of the receipts of spec/log.md, with nothing but the standard library: it made receipts.json beside it.

The tree and the Ed25519 signatures are those of ../log/generate.py.
"""
import importlib.util
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = importlib.util.spec_from_file_location("log_vectors", os.path.join(HERE, "..", "log", "generate.py"))
log = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(log)


# RFC 8949, section 4.2.1: what receipts need of it

def head(major, n):
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 1 << (8 * size):
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise ValueError(n)


def cbor(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    items = sorted((cbor(k), cbor(v)) for k, v in value.items())
    return head(5, len(items)) + b"".join(k + v for k, v in items)


def sign1(protected, unprotected, payload, signature):
    return b"\xd2" + cbor([protected, unprotected, payload, signature])


LEAVES = [log.leaf(i) for i in range(600)]
ENTRY = 77
KEY = log.seed(1)
ORIGIN = "log.example/one"


def key_id(public):
    return log.sha((-19).to_bytes(4, "big", signed=True) + public)[:8]


def header(changes=None):
    fields = {1: -19, 4: key_id(log.public(KEY)), 15: {1: ORIGIN}, 395: 1, **(changes or {})}
    return cbor({k: v for k, v in fields.items() if v is not None})


def receipt(protected=None, hashes=None, root=None, unprotected=None, payload=None, key=KEY):
    protected = header() if protected is None else protected
    proof = cbor([600, ENTRY, log.path(ENTRY, LEAVES) if hashes is None else hashes])
    signature = log.sign(key, cbor(["Signature1", protected, b"", root or log.mth(LEAVES)]))
    return sign1(protected, {396: {-1: [proof]}} if unprotected is None else unprotected, payload, signature)


def main():
    good = receipt()
    path = log.path(ENTRY, LEAVES)
    proof = cbor([600, ENTRY, path])
    other_name = receipt(protected=header({15: {1: "log.example/two"}})).replace(b"log.example/two", b"log.example/one")
    cases = [
        {"why": "an entry in the middle", "receipt": good},
        {"why": "another entry", "receipt": good, "entry": "entry 78", "outcome": "wrong"},
        {"why": "an altered hash", "receipt": receipt(hashes=[bytes(32)] + path[1:]), "outcome": "wrong"},
        {"why": "a hash is missing", "receipt": receipt(hashes=path[:-1]), "outcome": "wrong"},
        {"why": "another root was signed", "receipt": receipt(root=bytes(32)), "outcome": "wrong"},
        {"why": "another key signed", "receipt": receipt(key=log.seed(4)), "outcome": "wrong"},
        {"why": "another log's name was signed and this one written", "receipt": other_name, "outcome": "wrong"},
        {"why": "no path", "receipt": receipt(hashes=[]), "outcome": "unreadable"},
        {"why": "64 hashes", "receipt": receipt(hashes=[bytes(32)] * 64), "outcome": "unreadable"},
        {"why": "a hash of 31 bytes", "receipt": receipt(hashes=[bytes(31)]), "outcome": "unreadable"},
        {"why": "an index behind the end", "receipt": receipt(unprotected={396: {-1: [cbor([600, 600, path])]}}), "outcome": "unreadable"},
        {"why": "a proof of consistency", "receipt": receipt(unprotected={396: {-2: [proof]}}), "outcome": "unreadable"},
        {"why": "two proofs", "receipt": receipt(unprotected={396: {-1: [proof, proof]}}), "outcome": "unreadable"},
        {"why": "no proof", "receipt": receipt(unprotected={}), "outcome": "unreadable"},
        {"why": "another tree (395 = 2)", "receipt": receipt(protected=header({395: 2})), "outcome": "unreadable"},
        {"why": "no tree (395)", "receipt": receipt(protected=header({395: None})), "outcome": "unreadable"},
        {"why": "no algorithm", "receipt": receipt(protected=header({1: None})), "outcome": "unreadable"},
        {"why": "no log", "receipt": receipt(protected=header({15: None})), "outcome": "unreadable"},
        {"why": "one header more", "receipt": receipt(protected=header({3: "text/plain"})), "outcome": "unreadable"},
        {"why": "the root as payload", "receipt": receipt(payload=log.mth(LEAVES)), "outcome": "unreadable"},
        {"why": "a byte behind the end", "receipt": good + b"\0", "outcome": "unreadable"},
        {"why": "cut", "receipt": good[:-1], "outcome": "unreadable"},
        {"why": "nothing", "receipt": b"", "outcome": "unreadable"},
    ]
    for case in cases:
        case["receipt"] = case["receipt"].hex()
    with open(os.path.join(HERE, "receipts.json"), "w", encoding="utf-8") as file:
        json.dump({"about": "COSE receipts of 'entry 77' of the log of 600 of ../log/proofs.json, by its Ed25519 key: valid; wrong, so that the signature does not verify; or unreadable.",
                   "public_key": log.public(KEY).hex(), "origin": ORIGIN, "cases": cases}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
