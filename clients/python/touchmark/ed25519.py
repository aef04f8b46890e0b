"""Verification of Ed25519 (RFC 8032), as strict as spec/statement.md asks: S below the order, canonical points, none of small order."""
import hashlib
from functools import lru_cache

FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, -1, FIELD) % FIELD
ROOT_OF_MINUS_ONE = pow(2, (FIELD - 1) // 4, FIELD)
NEUTRAL = (0, 1, 1, 0)  # extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z


def verify(public_key, message, signature):
    if len(public_key) != 32 or len(signature) != 64:
        return False
    encoded_r, s = signature[:32], int.from_bytes(signature[32:], "little")
    a, r = decompress(public_key), decompress(encoded_r)
    if s >= ORDER or a is None or r is None or is_small(a) or is_small(r):
        return False
    k = int.from_bytes(hashlib.sha512(encoded_r + public_key + message).digest(), "little") % ORDER
    return same(multiply(s, base()), add(r, multiply(k, a)))


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % FIELD, (p[1] + p[0]) * (q[1] + q[0]) % FIELD
    c, d = 2 * CURVE_D * p[3] * q[3] % FIELD, 2 * p[2] * q[2] % FIELD
    return (b - a) * (d - c) % FIELD, (d + c) * (b + a) % FIELD, (d - c) * (d + c) % FIELD, (b - a) * (b + a) % FIELD


def multiply(scalar, point):
    """Not in constant time: nothing here is secret."""
    total = NEUTRAL
    for bit in bin(scalar)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % FIELD == 0 and (p[1] * q[2] - q[1] * p[2]) % FIELD == 0


def is_small(point):
    return same(multiply(8, point), NEUTRAL)


@lru_cache(maxsize=64)
def decompress(encoding):
    """The point, or None for an encoding that is not canonical or of no point."""
    value = int.from_bytes(encoding, "little")
    y, sign = value & (1 << 255) - 1, value >> 255
    if y >= FIELD:
        return None
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if (x * x - square) % FIELD:
        x = x * ROOT_OF_MINUS_ONE % FIELD
    if (x * x - square) % FIELD or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = FIELD - x
    return x, y, 1, x * y % FIELD


def base():
    return decompress((4 * pow(5, -1, FIELD) % FIELD).to_bytes(32, "little"))
