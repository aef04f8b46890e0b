"""Writes wire.json and ../session/session.json: the second implementation of spec/wire.md and of the authenticated parts of spec/session.md."""

import hashlib
import hmac
import json
import pathlib

HERE = pathlib.Path(__file__).parent
SESSION = bytes.fromhex("0198a5f3c0de7000800000000000002a")
PRINTER = bytes.fromhex("0198a5f3c0de700080000000000000aa")
CONTROL = bytes(range(32))
TELEMETRY = bytes(range(32, 64))
NONCE = bytes(i * 7 % 256 for i in range(32))
POINT = b"\x04" + bytes(range(64))
SIGNATURE = bytes(reversed(range(64)))
TIME = 1795262400000000  # 2026-11-21 12:00 UTC


def head(major, value):
    for bits, size in ((24, 0), (1 << 8, 1), (1 << 16, 2), (1 << 32, 4), (1 << 64, 8)):
        if value < bits:
            return bytes([major << 5 | (value if size == 0 else {1: 24, 2: 25, 4: 26, 8: 27}[size])]) + (value.to_bytes(size, "big") if size else b"")
    raise ValueError(value)


def cbor(item):
    if isinstance(item, bool):
        raise TypeError("booleans travel as 0 and 1")
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    return head(4, len(item)) + b"".join(map(cbor, item))


def tagged(key, items):
    """An authenticated frame: the MAC covers every byte before it."""
    body = head(4, len(items) + 1) + b"".join(map(cbor, items))
    return body + cbor(hmac.digest(key, body, "sha256"))


SAMPLE = [5000250000, 12345, -1, 250000, -1234567, 299999, 20987, 21000, 6001, 6000, 3150, 4500, 502, 950, 1050, 7, 0]
FACTS = [PRINTER, bytes(reversed(PRINTER)), "Bracket, 2½ mm", 1234, 5678900000, 21500, 6000, 0, -1500, 0, 200, 100250, 200000, 30000, 2, 3]

FRAMES = {
    "challenge": (cbor([1, 1, "gateway", NONCE]), None),
    "hello": (cbor([2, 1, PRINTER, NONCE, "touchmark-gateway 0.1.0", SIGNATURE]), None),
    "welcome": (cbor([3, TIME, SIGNATURE]), None),
    "status": (cbor([4, TIME, 3, 1, 2225, -350, "mcu: überhitzt"]), None),
    "bundle order": (cbor([5, SESSION, NONCE, 1234567, "PrusaSlicer 2.5.0", "PLA", TIME, TIME + 420000000]), None),
    "bundle report": (cbor([6, SESSION, b"statement"]), None),
    "endorsement order": (cbor([7, SESSION, PRINTER, NONCE, bytes(reversed(NONCE))]), None),
    "endorsement report": (cbor([8, SESSION, b"statement", b"vault certificate"]), None),
    "vault refusal": (cbor([9, SESSION, "NO_VAULT", "There is no vault beside this printer."]), None),
    "vault notice": (cbor([10]), None),
    "offer": (cbor([16, SESSION, NONCE, TIME, POINT, FACTS, [200, 30000], 128]), None),
    "accept": (tagged(TELEMETRY, [17, SESSION, NONCE, POINT, b"profile", SIGNATURE, "unix", ["GCODE_STORE", "Moonraker keeps scripts."]]), "telemetry"),
    "start": (tagged(CONTROL, [19, SESSION, SIGNATURE, NONCE]), "control"),
    "telemetry": (tagged(TELEMETRY, [21, SESSION, 300, 17, [SAMPLE]]), "telemetry"),
    "telemetry without samples": (tagged(TELEMETRY, [21, SESSION, 1, 0, []]), "telemetry"),
    "verified": (tagged(CONTROL, [22, SESSION, 5, 65536]), "control"),
    "halt": (tagged(CONTROL, [23, SESSION, TIME, 1, NONCE[:16]]), "control"),
    "purge": (tagged(CONTROL, [24, SESSION, 6, 8]), "control"),
    "finish": (tagged(CONTROL, [25, SESSION, 7, 99, NONCE]), "control"),
    "ended": (tagged(TELEMETRY, [26, SESSION, 8, 18, "Timer too close", 1, ["GCODE_STORE", "3 commands are kept."]]), "telemetry"),
    "alive": (tagged(CONTROL, [27, SESSION, 24]), "control"),
    "resume": (tagged(CONTROL, [28, SESSION, 25, 0, NONCE]), "control"),
    "resumed": (tagged(TELEMETRY, [29, SESSION, 301, NONCE, bytes(reversed(NONCE)), 18, 17, NONCE, bytes(reversed(NONCE)), 5000, 5004250000]), "telemetry"),
}

REFUSED = {
    "nothing": b"",
    "not an array": cbor(22),
    "no such type": cbor([99, SESSION]),
    "a vault notice with something in it": cbor([10, 1]),
    "a bundle report without a statement": cbor([6, SESSION, b""]),
    "an endorsement order whose hash is too short": cbor([7, SESSION, PRINTER, NONCE[:31], NONCE]),
    "a number in a longer form than it needs": b"\x83\x18\x03" + cbor(TIME) + cbor(SIGNATURE),
    "an array of indefinite length": b"\x9f" + cbor(3) + cbor(TIME) + cbor(SIGNATURE) + b"\xff",
    "a byte string of indefinite length": b"\x83" + cbor(3) + cbor(TIME) + b"\x5f" + cbor(SIGNATURE) + b"\xff",
    "an item too few": cbor([3, TIME]),
    "an item too many": cbor([3, TIME, SIGNATURE, 0]),
    "a byte after the end": cbor([3, TIME, SIGNATURE]) + b"\x00",
    "a byte missing": cbor([3, TIME, SIGNATURE])[:-1],
    "a signature that is too short": cbor([3, TIME, SIGNATURE[:-1]]),
    "a length beyond the frame": b"\x83\x03\x00\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "text that is not UTF-8": b"\x84\x01\x01\x62\xc3\x28" + cbor(NONCE),
    "a negative time": cbor([3, -1, SIGNATURE]),
    "floating point where a number stands": b"\x83\x03\xf9\x3c\x00" + cbor(SIGNATURE),
    "an unknown printer state": cbor([4, TIME, 5, 1, 0, 0, ""]),
    "a boolean that is 2": cbor([4, TIME, 0, 2, 0, 0, ""]),
    "more samples than 64": tagged(TELEMETRY, [21, SESSION, 1, 0, [SAMPLE] * 65]),
    "a warning without its text": tagged(TELEMETRY, [17, SESSION, NONCE, POINT, b"profile", SIGNATURE, "ws", ["GCODE_STORE"]]),
    "a warning without its text": tagged(TELEMETRY, [26, SESSION, 1, 0, "", 1, ["GCODE_STORE"]]),
    "an unknown reason to halt": tagged(CONTROL, [23, SESSION, TIME, 5, NONCE[:16]]),
    "a resume with a short nonce": tagged(CONTROL, [28, SESSION, 25, 0, NONCE[:16]]),
    "a resume with a flag of 2": tagged(CONTROL, [28, SESSION, 25, 2, NONCE]),
    "a resumed without a chain head": tagged(TELEMETRY, [29, SESSION, 301, NONCE, NONCE, 18, 17, b"", NONCE, 0, 0]),
    "an unknown reason to end": tagged(CONTROL, [24, SESSION, 1, 200]),
}

HALT = tagged(CONTROL, [23, SESSION, TIME, 0, NONCE[:16]])
LATER = tagged(CONTROL, [23, SESSION, TIME, 0, NONCE[16:]])
HALTS = [
    ("under another key", tagged(TELEMETRY, [23, SESSION, TIME, 0, NONCE[:16]]), 0, "forged"),
    ("with another reason than was signed", HALT.replace(b"\x00\x50", b"\x01\x50"), 0, "forged"),
    ("ten and a half seconds old", HALT, 10_500_000, "stale"),
    ("from ten and a half seconds ahead", HALT, -10_500_000, "stale"),
    ("nine and a half seconds old", HALT, 9_500_000, "genuine"),
    ("the same again", HALT, 9_600_000, "replayed"),
    ("with a nonce of its own", LATER, 9_700_000, "genuine"),
]

MACHINE = ("10000000a3c2b1d0", "usb-Klipper_stm32f446xx_3A0031", "stm32f446xx")


def connection(role, time):
    return cbor(["touchmark connection v1", role, 1, "gateway", NONCE, bytes(reversed(NONCE)), PRINTER, POINT, b"\x04" + bytes(64), time])


def write(path, content):
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


write(HERE / "wire.json", {
    "spec": "spec/wire.md v1.0.0",
    "control_key": CONTROL.hex(),
    "telemetry_key": TELEMETRY.hex(),
    "accepted": [{"name": name, "key": key, "frame": frame.hex()} for name, (frame, key) in FRAMES.items()],
    "refused": [{"name": name, "frame": frame.hex()} for name, frame in REFUSED.items()],
})
write(HERE.parent / "session" / "session.json", {
    "spec": "spec/session.md v1.0.0",
    "control_key": CONTROL.hex(),
    "halts": [{"name": name, "frame": frame.hex(), "engine_time": TIME + after, "verdict": verdict} for name, frame, after, verdict in HALTS],
    "machine_id": {
        "cpu_serial": MACHINE[0], "mcu_id": MACHINE[1], "board": MACHINE[2],
        "id": hashlib.sha256(cbor(["touchmark machine v1", *MACHINE])).hexdigest(),
    },
    "connection": {
        "engine_nonce": NONCE.hex(), "gateway_nonce": bytes(reversed(NONCE)).hex(), "printer_id": PRINTER.hex(), "channel": "gateway",
        "device_key": POINT.hex(), "engine_key": (b"\x04" + bytes(64)).hex(), "time": TIME,
        "signed_by_gateway": connection("gateway", 0).hex(), "signed_by_engine": connection("engine", TIME).hex(),
    },
})
