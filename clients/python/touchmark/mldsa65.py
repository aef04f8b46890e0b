"""Verification of ML-DSA-65 (FIPS 204): algorithm 3 with an empty context, algorithm 8, and what they call. Names follow the standard."""
from functools import lru_cache
from hashlib import shake_128, shake_256

Q, D, TAU, GAMMA_1, GAMMA_2, K, L, BETA, OMEGA, C_TILDE = 8380417, 13, 49, 1 << 19, (8380417 - 1) // 32, 6, 5, 196, 55, 48
N = 256
Z_BYTES = N * 20 // 8  # gamma_1 - z takes 20 bits
T_BYTES = N * 10 // 8
PUBLIC_KEY_SIZE = 32 + K * T_BYTES
SIGNATURE_SIZE = C_TILDE + L * Z_BYTES + OMEGA + K
ZETAS = [pow(1753, int(f"{k:08b}"[::-1], 2), Q) for k in range(N)]
INVERSE_OF_N = pow(N, -1, Q)


def verify(public_key, message, signature):
    return verify_mu(public_key, shake_256(shake_256(public_key).digest(64) + b"\0\0" + message).digest(64), signature)


def verify_mu(public_key, mu, signature):
    """From the message representative on: what NIST's vectors hold."""
    if len(public_key) != PUBLIC_KEY_SIZE or len(signature) != SIGNATURE_SIZE:
        return False
    c_tilde, packed_z, packed_h = signature[:C_TILDE], signature[C_TILDE:-(OMEGA + K)], signature[-(OMEGA + K):]
    h = hint_bit_unpack(packed_h)
    z = [[GAMMA_1 - value for value in unpack(packed_z[i * Z_BYTES:(i + 1) * Z_BYTES], 20)] for i in range(L)]
    if h is None or max(abs(value) for row in z for value in row) >= GAMMA_1 - BETA:
        return False
    matrix, t1 = expand(public_key)
    c = ntt(sample_in_ball(c_tilde))
    z = [ntt(row) for row in z]
    w1 = []
    for i in range(K):
        total = [-x * y for x, y in zip(c, t1[i])]
        for row, column in zip(matrix[i], z):
            total = [t + x * y for t, x, y in zip(total, row, column)]
        w1.append([use_hint(hint, value) for hint, value in zip(h[i], inverse_ntt(total))])
    encoded = b"".join(pack_4(row) for row in w1)
    return shake_256(mu + encoded).digest(C_TILDE) == c_tilde


@lru_cache(maxsize=16)
def expand(public_key):
    """The matrix A, and t1 times 2^d, in the domain of the NTT."""
    rho = public_key[:32]
    matrix = [[reject_ntt_poly(rho + bytes([s, r])) for s in range(L)] for r in range(K)]
    rows = [public_key[32 + i * T_BYTES:32 + (i + 1) * T_BYTES] for i in range(K)]
    return matrix, [ntt([value << D for value in unpack(row, 10)]) for row in rows]


def unpack(data, bits):
    whole, mask = int.from_bytes(data, "little"), (1 << bits) - 1
    return [whole >> bits * i & mask for i in range(N)]


def pack_4(row):
    return bytes(low | high << 4 for low, high in zip(row[::2], row[1::2]))


def hint_bit_unpack(data):
    """Algorithm 21: one encoding for each hint, or None."""
    h, index = [[0] * N for _ in range(K)], 0
    for i in range(K):
        end = data[OMEGA + i]
        if end < index or end > OMEGA:
            return None
        places = data[index:end]
        if any(a >= b for a, b in zip(places, places[1:])):
            return None
        for place in places:
            h[i][place] = 1
        index = end
    return None if any(data[index:OMEGA]) else h


def reject_ntt_poly(seed):
    # 4,000 bytes hold more than 256 values below q but for a chance that nobody meets; then more are drawn.
    length = 4000
    while True:
        data = shake_128(seed).digest(length)
        values = (data[i] | data[i + 1] << 8 | (data[i + 2] & 127) << 16 for i in range(0, length - 2, 3))
        found = [value for value in values if value < Q][:N]
        if len(found) == N:
            return found
        length *= 2


def sample_in_ball(seed):
    length = 512
    while True:
        data = shake_256(seed).digest(length)
        c, signs, at = [0] * N, int.from_bytes(data[:8], "little"), 8
        try:
            for i in range(N - TAU, N):
                while data[at] > i:
                    at += 1
                c[i], c[data[at]] = c[data[at]], 1 - 2 * (signs >> i + TAU - N & 1)
                at += 1
            return c
        except IndexError:
            length *= 2


def ntt(row):
    w, k, length = list(row), 0, 128
    while length:
        for start in range(0, N, 2 * length):
            k += 1
            for j in range(start, start + length):
                t = ZETAS[k] * w[j + length]
                w[j], w[j + length] = (w[j] + t) % Q, (w[j] - t) % Q
        length >>= 1
    return w


def inverse_ntt(row):
    w, k, length = list(row), N, 1
    while length < N:
        for start in range(0, N, 2 * length):
            k -= 1
            for j in range(start, start + length):
                t = w[j]
                w[j], w[j + length] = (t + w[j + length]) % Q, -ZETAS[k] * (t - w[j + length]) % Q
        length <<= 1
    return [value * INVERSE_OF_N % Q for value in w]


def use_hint(hint, r):
    m = (Q - 1) // (2 * GAMMA_2)
    r0 = r % (2 * GAMMA_2)
    if r0 > GAMMA_2:
        r0 -= 2 * GAMMA_2
    r1, r0 = (0, r0 - 1) if r - r0 == Q - 1 else ((r - r0) // (2 * GAMMA_2), r0)
    return r1 if not hint else (r1 + (1 if r0 > 0 else -1)) % m
