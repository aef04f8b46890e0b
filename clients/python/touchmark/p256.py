"""Verification of ES256: ECDSA on P-256 with SHA-256 (FIPS 186-5), signatures r || s, keys as uncompressed points."""
import hashlib

FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CURVE_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
BASE = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def verify(public_key, message, signature):
    point = read(public_key)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if point is None or len(signature) != 64 or not 0 < r < ORDER or not 0 < s < ORDER:
        return False
    inverse = pow(s, -1, ORDER)
    u = int.from_bytes(hashlib.sha256(message).digest(), "big") * inverse % ORDER
    total = add(multiply(u, BASE), multiply(r * inverse % ORDER, point))
    return total is not None and total[0] % ORDER == r


def read(encoding):
    if len(encoding) != 65 or encoding[0] != 4:
        return None
    x, y = int.from_bytes(encoding[1:33], "big"), int.from_bytes(encoding[33:], "big")
    return (x, y) if x < FIELD and y < FIELD and (y * y - x**3 + 3 * x - CURVE_B) % FIELD == 0 else None


def add(p, q):
    """None is the point at infinity."""
    if p is None or q is None:
        return p or q
    if p[0] == q[0] and (p[1] + q[1]) % FIELD == 0:
        return None
    slope = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, FIELD) if p == q else (q[1] - p[1]) * pow(q[0] - p[0], -1, FIELD)
    x = (slope * slope - p[0] - q[0]) % FIELD
    return x, (slope * (p[0] - x) - p[1]) % FIELD


def multiply(scalar, point):
    total = None
    for bit in bin(scalar)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total
