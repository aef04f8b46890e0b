#!/usr/bin/env python3
"""Makes session-keys.json and ../segment/segment.json: spec/session-keys.md and spec/segment.md once more, apart from the C# code.

Needs the package `cryptography`. All secrets are SHA-256 of a label, so a run gives the same files.
"""
import hashlib
import hmac
import json
import pathlib
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = pathlib.Path(__file__).parent
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LABELS = ["segment", "chain", "control", "telemetry", "certificate"]


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def private(label):
    return ec.derive_private_key(int.from_bytes(sha256(b"touchmark vector: " + label.encode()), "big") % ORDER, ec.SECP256R1())


def scalar(key):
    return key.private_numbers().private_value.to_bytes(32, "big")


def public(key):
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def agree(key, peer):
    return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), peer))


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for code, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if value < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | code]) + struct.pack(form, value)
    raise ValueError(value)


def cbor(item):
    if isinstance(item, int):
        return head(0, item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    return head(4, len(item)) + b"".join(map(cbor, item))


SESSION_ID = bytes.fromhex("0198a5f3c0de7000800000000000002a")
ENGINE_NONCE = sha256(b"engine nonce")
GATEWAY_NONCE = sha256(b"gateway nonce")
TIMESTAMP = 1795251600000000  # 2026-11-21T09:00:00Z in microseconds
MIP = cbor(["any bytes will do here: the profile's own page says what they are"])
ENGINE, GATEWAY, DEVICE, OTHER = (private(l) for l in ("engine ephemeral", "gateway ephemeral", "device", "another device"))


def transcript(device=None, timestamp=TIMESTAMP, mip=MIP):
    return cbor(["touchmark session v1", SESSION_ID, ENGINE_NONCE, GATEWAY_NONCE, timestamp,
                 public(ENGINE), public(GATEWAY), device or public(DEVICE), mip])


def derive(ikm, transcript_bytes, mip):
    prk = mac(sha256(transcript_bytes), ikm)
    return prk, {l: mac(prk, b"touchmark v1 " + l.encode() + sha256(mip) + b"\x01") for l in LABELS}


def session_case(name, expect, device_at_gateway=DEVICE, gateway_mip=MIP, gateway_timestamp=TIMESTAMP, **engine_sees):
    """What either side holds and saw; `expect` says whether their keys come out equal."""
    engine = {"ephemeral_private": scalar(ENGINE), "gateway_ephemeral_public": public(GATEWAY), "device_public": public(DEVICE),
              "transcript": transcript(), "mip": MIP} | engine_sees
    gateway = {"ephemeral_private": scalar(GATEWAY), "device_private": scalar(device_at_gateway), "engine_ephemeral_public": public(ENGINE),
               "transcript": transcript(timestamp=gateway_timestamp, mip=gateway_mip), "mip": gateway_mip}
    case = {"name": name, "expect": expect, "engine": engine, "gateway": gateway}
    if expect != "engine refuses":
        ikm = agree(ENGINE, engine["gateway_ephemeral_public"]) + agree(ENGINE, engine["device_public"])
        prk, keys = derive(ikm, engine["transcript"], engine["mip"])
        case |= {"transcript_hash": sha256(engine["transcript"]), "ikm": ikm, "prk": prk, "keys": keys}
    return case


def seal(keys, session_id, transcript_hash, plaintexts):
    link, out = mac(keys["chain"], transcript_hash), []
    heads, ivs = [link], []
    for i, plain in enumerate(plaintexts, 1):
        number = struct.pack(">Q", i)
        iv = mac(keys["chain"], b"iv" + number)[:12]
        box = AESGCM(keys["segment"]).encrypt(iv, plain, session_id + number + link)
        link = mac(keys["chain"], link + number + iv + box[-16:])
        out.append(box)
        ivs.append(iv)
        heads.append(link)
    return out, ivs, heads


def epoch(keys, transcript_hash, engine_nonce, gateway_nonce, number, link):
    """The keys of a later epoch, and the link that its chain begins with behind segment `number`."""
    prk = mac(engine_nonce + gateway_nonce, keys["segment"] + keys["chain"])
    segment, chain = (mac(prk, b"touchmark v1 epoch " + label + transcript_hash + b"\x01") for label in (b"segment", b"chain"))
    return {"engine_nonce": engine_nonce, "gateway_nonce": gateway_nonce, "segment": segment, "chain": chain, "number": number, "head": link,
            "next_head": mac(chain, b"epoch" + struct.pack(">Q", number) + link)}


def flip(box, at):
    changed = bytearray(box)
    changed[at] ^= 1
    return bytes(changed)


def write(path, document):
    path.write_text(json.dumps(document, indent=2, default=bytes.hex) + "\n")


off_curve = flip(public(DEVICE), 64)
good = session_case("both sides saw the same", "success")
write(HERE / "session-keys.json", {
    "spec": "spec/session-keys.md v1.0.0",
    "transcript_fields": {"session_id": SESSION_ID, "engine_nonce": ENGINE_NONCE, "gateway_nonce": GATEWAY_NONCE, "timestamp": TIMESTAMP,
                          "engine_ephemeral_public": public(ENGINE), "gateway_ephemeral_public": public(GATEWAY),
                          "device_public": public(DEVICE), "mip": MIP},
    "epochs": [epoch(good["keys"], good["transcript_hash"], sha256(b"resume"), sha256(b"resumed"), 41, sha256(b"head"))],
    "cases": [
        good,
        session_case("wrong device: the gateway holds another device key", "keys differ", device_at_gateway=OTHER),
        session_case("another machine: the gateway names another profile", "keys differ", gateway_mip=cbor(["another machine"])),
        session_case("altered handshake: the timestamp was changed on the way", "keys differ", gateway_timestamp=TIMESTAMP + 1),
        session_case("device key off the curve", "engine refuses", device_public=off_curve),
        session_case("gateway ephemeral is the point at infinity", "engine refuses", gateway_ephemeral_public=b"\0"),
        session_case("gateway ephemeral compressed", "engine refuses",
                     gateway_ephemeral_public=GATEWAY.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)),
    ],
})

texts = [b"G1 X10 Y10 E0.5 F3000\n", b"G1 X20 E1\nG1 Y20 E1.5\n", b"M106 S255\n" * 64, b"G1 X0 Y0\n"]
boxes, ivs, heads = seal(good["keys"], SESSION_ID, good["transcript_hash"], texts)
foreign, _, _ = seal(good["keys"], sha256(b"another session")[:16], good["transcript_hash"], texts)
wrong_device = derive(agree(ENGINE, public(GATEWAY)) + agree(ENGINE, public(OTHER)), transcript(), MIP)[1]
for_other, _, _ = seal(wrong_device, SESSION_ID, good["transcript_hash"], texts)
write(HERE.parent / "segment" / "segment.json", {
    "spec": "spec/segment.md v1.0.0",
    "session": {"session_id": SESSION_ID, "engine": good["engine"], "gateway": good["gateway"], "transcript_hash": good["transcript_hash"],
                "segment_key": good["keys"]["segment"], "chain_key": good["keys"]["chain"]},
    "plaintexts": texts, "sealed": boxes, "ivs": ivs, "chain": heads,
    "cases": [
        {"name": name, "expect": "success" if opens == len(seen) else "failure", "opens": opens, "seen": seen}
        for name, opens, seen in [
            ("in order", 4, boxes),
            ("bad tag", 1, [boxes[0], flip(boxes[1], -1), boxes[2]]),
            ("altered", 1, [boxes[0], flip(boxes[1], 0), boxes[2]]),
            ("replayed", 2, [boxes[0], boxes[1], boxes[1]]),
            ("reordered", 1, [boxes[0], boxes[2], boxes[1]]),
            ("dropped", 1, [boxes[0], boxes[2], boxes[3]]),
            ("first dropped", 0, [boxes[1]]),
            ("shortened", 0, [boxes[0][:-1]]),
            ("only a tag", 0, [boxes[0][-16:]]),
            ("nothing", 0, [b""]),
            ("another session", 0, foreign[:1]),
            ("wrong device", 0, for_other[:1]),
        ]
    ],
})
