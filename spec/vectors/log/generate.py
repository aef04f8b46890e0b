#!/usr/bin/env python3
"""A second implementation of spec/log.md, with nothing but the standard library: it made the vectors beside it.

It follows the recursive definitions of RFC 6962 and the reference code's arithmetic of RFC 8032, slow and plain.
"""
import base64
import hashlib
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def b64(data):
    return base64.b64encode(data).decode()


def write(name, about, cases):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        json.dump({"about": about, "cases": cases}, file, indent=1, ensure_ascii=False)
        file.write("\n")


# RFC 6962, section 2.1

def sha(data):
    return hashlib.sha256(data).digest()


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\0" + leaves[0])
    k = split(len(leaves))
    return sha(b"\1" + mth(leaves[:k]) + mth(leaves[k:]))


def path(m, leaves):
    if len(leaves) <= 1:
        return []
    k = split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [mth(leaves[k:])]
    return path(m - k, leaves[k:]) + [mth(leaves[:k])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], whole) + [mth(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [mth(leaves[:k])]


# RFC 8032, section 6

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    x = (a[1] - a[0]) * (b[1] - b[0]) % P
    y = (a[1] + a[0]) * (b[1] + b[0]) % P
    z = 2 * a[3] * b[3] * D % P
    t = 2 * a[2] * b[2] % P
    e, f, g, h = y - x, t - z, t + z, y + x
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(s, point):
    result = (0, 1, 1, 0)
    while s:
        if s & 1:
            result = add(result, point)
        point = add(point, point)
        s >>= 1
    return result


BY = 4 * pow(5, P - 2, P) % P
BX2 = (BY * BY - 1) * pow(D * BY * BY + 1, P - 2, P) % P
BX = pow(BX2, (P + 3) // 8, P)
if (BX * BX - BX2) % P:
    BX = BX * pow(2, (P - 1) // 4, P) % P
if BX & 1:
    BX = P - BX
BASE = (BX, BY, 1, BX * BY % P)


def compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def expand(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    return a, h[32:]


def public(seed):
    return compress(times(expand(seed)[0], BASE))


def sign(seed, message):
    a, prefix = expand(seed)
    pub = compress(times(a, BASE))
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    point = compress(times(r, BASE))
    h = int.from_bytes(hashlib.sha512(point + pub + message).digest(), "little") % L
    return point + ((r + h * a) % L).to_bytes(32, "little")


# C2SP signed-note, tlog-cosignature

MLDSA = b"\xfftouchmark.org/ml-dsa-65"


def key_id(name, material):
    return sha(name.encode() + b"\n" + material)[:4]


def vkey(name, material):
    return f"{name}+{key_id(name, material).hex()}+{b64(material)}"


def line(name, material, value):
    return f"— {name} {b64(key_id(name, material) + value)}\n"


class Signer:
    def __init__(self, name, seed, kind=b"\x01"):
        self.name, self.seed, self.material = name, seed, kind + public(seed)
        self.vkey = vkey(name, self.material)

    def line(self, text):
        return line(self.name, self.material, sign(self.seed, text.encode()))

    def cosign(self, text, time):
        message = f"cosignature/v1\ntime {time}\n{text}".encode()
        return line(self.name, self.material, time.to_bytes(8, "big") + sign(self.seed, message))


def seed(n):
    return sha(b"touchmark log vector %d" % n)


# tree.json

def leaf(i):
    return b"entry %d" % i


RFC_LEAVES = [bytes.fromhex(h) for h in
              ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
# The roots of the test tree of the reference implementation of RFC 6962, from one leaf to eight.
RFC_ROOTS = """
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
""".split()


def trees():
    cases = []
    for n in range(1, 9):
        assert mth(RFC_LEAVES[:n]).hex() == RFC_ROOTS[n - 1]
    cases.append({"leaves": [x.hex() for x in RFC_LEAVES], "roots": RFC_ROOTS})
    sized = []
    for n in (0, 1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 100, 255, 256, 257, 511, 512, 513, 600):
        leaves = [leaf(i) for i in range(n)]
        sized.append({
            "size": n, "root": b64(mth(leaves)),
            "inclusion": [{"index": m, "proof": [b64(h) for h in path(m, leaves)]}
                          for m in sorted({0, 1, n // 2, 255, 256, n - 2, n - 1}) if 0 <= m < n],
            "consistency": [{"from": m, "root": b64(mth(leaves[:m])), "proof": [b64(h) for h in subproof(m, leaves, True)]}
                            for m in sorted({1, 2, 3, n // 3, n // 2, 255, 256, 257, n - 1, n}) if 0 < m <= n]})
    write("tree.json", "Merkle trees of RFC 6962: the reference implementation's test tree, then trees whose leaf i is the text 'entry i'.",
          [{"reference": cases[0]}] + sized)


# tiles.json

def tile_path(n):
    groups = [n % 1000]
    while n >= 1000:
        n //= 1000
        groups.insert(0, n % 1000)
    return "/".join("x%03d" % g for g in groups[:-1]) + ("/" if len(groups) > 1 else "") + "%03d" % groups[-1]


def tiles():
    cases = []
    for level in ("0", "1", "5", "entries"):
        for index in (0, 7, 999, 1000, 1234067, 2**15):
            if level.isdigit() and (index + 1) << 8 * (int(level) + 1) >= 2**63:
                continue
            for width in (256, 1, 255):
                suffix = "" if width == 256 else f".p/{width}"
                cases.append({"path": f"tile/{level}/{tile_path(index)}{suffix}", "level": -1 if level == "entries" else int(level),
                              "index": index, "width": width})
    for path_, why in (
            ("tile/0/0", "short group"), ("tile/0/0000", "long group"), ("tile/0/x000/001", "leading zero group"), ("tile/0/001/002", "no x"),
            ("tile/0/x001", "ends in x"), ("tile/0/x001/", "ends in slash"), ("tile/00/001", "leading zero level"), ("tile/8/000", "no such tree"),
            ("tile/64/000", "no such level"), ("tile/-1/000", "no such level"), ("tile/entries", "no index"), ("tile/0/000.p/0", "empty"),
            ("tile/0/000.p/256", "full tile as partial"), ("tile/0/000.p/01", "leading zero width"), ("tile/0/000.p/", "no width"),
            ("tile/0/000.p/1/", "trailing slash"), ("tile/0/../0/000", "climbs"), ("/tile/0/000", "absolute"), ("tile/0/000\u0000", "nul"),
            ("tile/0/٠٠٠", "digits of another script"), ("tile/0/x999/x999/x999/x999/x999/x999/x999/999", "too large"),
            ("tile/0/x922/x337/x203/x685/x477/580", "beyond 2^63 leaves"), ("checkpoint", "not a tile"), ("", "nothing")):
        cases.append({"path": path_, "refused": why})
    bundles = [leaf(0), b"", bytes(range(256)), b"\xff" * 65535]
    bundle = b"".join(len(e).to_bytes(2, "big") + e for e in bundles)
    cases.append({"entries": [len(e) for e in bundles], "bundle_sha256": sha(bundle).hex()})
    write("tiles.json", "Paths of tiles and entry bundles to take and to refuse; a bundle of the entries 'entry 0', nothing, 00..ff and 65,535 times ff.", cases)


# notes.json

def notes():
    log, witness = Signer("log.example/one", seed(1)), Signer("witness.example/w", seed(2), b"\x04")
    text = f"log.example/one\n600\n{b64(mth([leaf(i) for i in range(600)]))}\n"
    good = text + "\n" + log.line(text) + witness.cosign(text, 1795000000)
    cases = [
        {"note": "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
         "vkey": "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "expect": "valid", "why": "the example of C2SP signed-note"},
        {"note": good, "vkey": log.vkey, "expect": "valid", "seed": log.seed.hex()},
        {"note": good, "vkey": witness.vkey, "expect": "valid", "time": 1795000000, "seed": witness.seed.hex()},
        {"note": good, "vkey": Signer("log.example/two", seed(1)).vkey, "expect": "missing", "why": "the same key under another name"},
        {"note": good, "vkey": Signer("log.example/one", seed(3)).vkey, "expect": "missing", "why": "another key"},
        {"note": good.replace("\n600\n", "\n601\n"), "vkey": log.vkey, "expect": "wrong", "why": "altered text"},
        {"note": good.replace("\n600\n", "\n601\n"), "vkey": witness.vkey, "expect": "wrong", "why": "altered text"},
        {"note": text + "\n" + line(witness.name, witness.material, (1795000001).to_bytes(8, "big") + sign(seed(2), f"cosignature/v1\ntime 1795000000\n{text}".encode())),
         "vkey": witness.vkey, "expect": "wrong", "why": "altered time"},
        {"note": text + "\n" + line(log.name, log.material, sign(seed(1), text.encode())[:63]), "vkey": log.vkey, "expect": "wrong", "why": "short signature"},
        {"note": text + "\n\n" + log.line(text + "\n"), "vkey": log.vkey, "expect": "valid", "why": "a text may hold empty lines"},
    ]
    for note, why in (
            (text, "no signatures"), (text + "\n", "no signature line"), (good[:-1], "last line does not end"), (good.replace("— ", "- "), "hyphen"),
            (good.replace("\n", "\r\n"), "carriage returns"), (good.replace("600", "6\t00"), "tab"), (good.replace("— log", "—  log"), "two spaces"),
            (good[:-2] + "\n", "cut base64"), (good + "\n", "empty line at the end"), (good.replace("=\n—", "= \n—"), "space at the end"),
            (text + "\n— log.example/one AAAAAA==\n", "nothing behind the key id"), (text + "\n— a+b " + b64(b"12345") + "\n", "plus in the name"),
            (text + "\n— a\u00a0b " + b64(b"12345") + "\n", "Unicode space in the name"),
            (text + "\n— a MTIzNDV=\n", "stray bits in base64"), (text + "\n" + log.line(text) * 65, "65 signatures")):
        cases.append({"note": note, "expect": "unreadable", "why": why})
    for key, why in (
            ("", "nothing"), ("a+b", "two parts"), (log.vkey.replace("+" + key_id(log.name, log.material).hex(), "+00000000"), "wrong id"),
            (vkey("a b", log.material), "space in the name"), (vkey("a", log.material[:-1]), "short key"), (vkey("a", b"\x02" + log.material[1:]), "ECDSA"),
            (vkey("a", b"\x06" + bytes(1312)), "ML-DSA-44"), (vkey("a", b"\xff" + b"example.com/other" + bytes(32)), "somebody else's type FF"),
            (vkey("a", MLDSA + bytes(1951)), "short ML-DSA-65 key"), (log.vkey + " ", "space at the end"), (log.vkey.upper(), "upper case")):
        cases.append({"vkey": key, "expect": "no key", "why": why})
    material = MLDSA + bytes(i % 251 for i in range(1952))
    cases.append({"vkey": vkey("log.example/one", material), "expect": "key", "key_id": key_id("log.example/one", material).hex(), "why": "the form of an ML-DSA-65 key"})
    write("notes.json", "Signed notes and verifier keys. A note without a vkey has to be refused by every reader; a vkey without a note is read alone.", cases)
    checkpoints = [{"text": text, "size": 600}, {"text": f"o\n0\n{b64(sha(b''))}\n", "size": 0},
                   {"text": f"o\n{2**63 - 1}\n{b64(sha(b''))}\nextension\n", "size": 2**63 - 1, "extensions": ["extension"]}]
    for bad, why in ((text[:-1], "last line does not end"), ("\n" + text, "empty origin"), (text.replace("600", "0600"), "leading zero"),
                     (text.replace("600", "-1"), "negative"), (text.replace("600", "+1"), "sign"), (text.replace("600", str(2**63)), "too large"),
                     (text.replace("600", ""), "no size"), (text.replace("=\n", "\n"), "root without padding"), (text + "\n", "empty extension line"),
                     ("o\n1\n" + b64(bytes(31)) + "\n", "short root"), ("o\n1\n", "no root"), (text.replace("600", "６００"), "digits of another script")):
        checkpoints.append({"text": bad, "refused": why})
    write("checkpoints.json", "Texts of checkpoints to take and to refuse.", checkpoints)


# policies.json

def policies():
    log = Signer("log.example/one", seed(1))
    w = [Signer(f"witness.example/w{i}", seed(10 + i), b"\x04") for i in range(6)]
    names = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
    head = f"log {log.vkey}\n"
    listed = "".join(f"witness {n} {s.vkey}\n" for n, s in zip(names, w))
    two = (f"# the example of C2SP tlog-policy\n{head}\n{listed}\ngroup X 2 X1 X2 X3\n\tgroup  Y any Y1 Y2 Y3 \n"
           "group X-and-Y all X Y\nquorum X-and-Y\n")
    cases = [{"policy": two, "met": [["X1", "X3", "Y2"], names], "not_met": [[], ["X1", "X2", "X3"], ["X1", "Y1", "Y2", "Y3"]]},
             {"policy": head + "quorum none\n", "met": [[]], "not_met": []},
             {"policy": f"witness a {w[0].vkey} https://witness.example/\nquorum a\n", "met": [["a"], ["a", "b"]], "not_met": [[], ["b"]]}]
    for bad, why in (("", "no quorum"), (head, "no quorum"), ("quorum none\nquorum none\n", "two quorums"), ("quorum x\n", "undefined"),
                     ("quorum none", "last line does not end"), (two.replace("group X 2", "group X 4"), "threshold too large"),
                     (two.replace("group X 2", "group X 0"), "threshold 0"), (two.replace("group X 2", "group X 02"), "leading zero"),
                     (two.replace("X1 X2 X3\n", "X1 X2 X2\n"), "a member twice"), (two.replace("any Y1", "any X1 Y1"), "a member of two groups"),
                     (head + head + "quorum none\n", "a log twice"), (listed + listed.replace("X", "Z").replace("Y", "V") + "quorum none\n", "a witness's key twice"),
                     (f"witness none {w[0].vkey}\nquorum none\n", "reserved name"), (f"log {w[0].vkey}\nquorum none\n", "a witness's key for a log"),
                     (f"witness a {log.vkey}\nquorum none\n", "a log's key for a witness"), ("group g all\nquorum none\n", "no members"),
                     ("logs x\nquorum none\n", "unknown word"), ("quorum none\r\n", "carriage return"), ("quorum none x\n", "too many items")):
        cases.append({"policy": bad, "refused": why})
    write("policies.json", "Policies (C2SP tlog-policy): with which witnesses their quorum is met, and files to refuse.", cases)


# proofs.json

def proofs():
    def both(name, number, vkey_line, signature_line):
        signer = Signer(name, seed(number))
        return signer, f"log {signer.vkey}\nlog {vkey_line}\n", signature_line + "\n"

    with open(os.path.join(HERE, "ml-dsa-65.txt"), encoding="utf-8") as file:
        made = [text for text in file.read().splitlines() if not text.startswith("#")]
    log, keys, second = both("log.example/one", 1, made[0], made[1])
    other, _, other_second = both("log.example/other", 4, made[2], made[3])
    witnesses = [Signer(f"witness.example/w{i}", seed(20 + i), b"\x04") for i in range(3)]
    policy = keys + "".join(f"witness w{i} {w.vkey}\n" for i, w in enumerate(witnesses)) + "group two 2 w0 w1 w2\nquorum two\n"
    leaves = [leaf(i) for i in range(600)]
    root = mth(leaves)
    now = 1795000000

    def proof(index=77, signer=log, shadow=second, seen=(now - 60,) * 2, size=600, hashes=None, extra=None, head=None):
        text = f"{signer.name}\n{size}\n{b64(head or root)}\n"
        lines = (signer.line(text) if signer else "") + shadow + "".join(w.cosign(text, t) for w, t in zip(witnesses, seen) if t)
        body = "".join(b64(h) + "\n" for h in (path(index, leaves) if hashes is None else hashes))
        return "c2sp.org/tlog-proof@v1\n" + (f"extra {b64(extra)}\n" if extra is not None else "") + f"index {index}\n{body}\n{text}\n{lines}"

    good = proof()
    unsigned = good.replace(log.line(f"log.example/one\n600\n{b64(root)}\n"), "")
    hundred = {"size": 100, "root": b64(mth(leaves[:100])), "proof": [b64(h) for h in subproof(100, leaves, True)]}
    longer = leaves + [leaf(i) for i in range(600, 700)]
    cases = [
        {"why": "in a witnessed log", "proof": good},
        {"why": "with extra data", "proof": proof(extra=b"extra")},
        {"why": "within the limit of age", "proof": good, "maximum_age": 60},
        {"why": "the log has grown since", "proof": good, "earlier": hundred},
        {"why": "the head that was seen before", "proof": good, "earlier": {"size": 600, "root": b64(root)}},
        {"why": "an older proof, shown to lead to the head seen before", "proof": good,
         "earlier": {"size": 700, "root": b64(mth(longer)), "proof": [b64(h) for h in subproof(600, longer, True)]}},
        {"why": "no witness is asked for", "proof": proof(seen=()), "policy": keys + "quorum none\n"},
        {"why": "another entry", "proof": good, "entry": "entry 78", "fails": "log.inclusion"},
        {"why": "another place", "proof": good.replace("index 77", "index 76"), "fails": "log.inclusion"},
        {"why": "an altered hash", "proof": proof(hashes=[bytes(32)] + path(77, leaves)[1:]), "fails": "log.inclusion"},
        {"why": "a hash is missing", "proof": proof(hashes=path(77, leaves)[:-1]), "fails": "log.inclusion"},
        {"why": "a hash too many", "proof": proof(hashes=path(77, leaves) + [bytes(32)]), "fails": "log.inclusion"},
        {"why": "an index behind the end", "proof": good.replace("index 77", "index 600"), "fails": "log.inclusion"},
        {"why": "a receipt from another log", "proof": proof(signer=other, shadow=other_second), "fails": "log.origin"},
        {"why": "another log's receipt under this log's name", "proof": proof(signer=other, shadow=other_second).replace("\nlog.example/other\n600", "\nlog.example/one\n600"),
         "fails": "log.signature"},
        {"why": "only the Ed25519 signature", "proof": proof(shadow=""), "fails": "log.shadow-signature"},
        {"why": "only the ML-DSA-65 signature", "proof": unsigned, "fails": "log.signature"},
        {"why": "only one key in the policy", "proof": good, "policy": policy.split("\n", 1)[0] + "\n" + policy.split("\n", 2)[2], "fails": "log.shadow-signature"},
        {"why": "too few witnesses", "proof": proof(seen=(now,)), "fails": "log.witnesses"},
        {"why": "witnesses of the future", "proof": proof(seen=(now + 301, now)), "fails": "log.witnesses"},
        {"why": "a witness's signature of another time", "proof": proof(seen=(now, now)) + line(witnesses[2].name, witnesses[2].material, bytes(8 + 64)), "fails": "log.witness"},
        {"why": "stale", "proof": good, "maximum_age": 59, "fails": "log.age"},
        {"why": "one of the two is stale", "proof": proof(seen=(now - 61, now)), "maximum_age": 60, "fails": "log.age"},
        {"why": "a limit of age and nobody who tells the time", "proof": proof(seen=()), "policy": keys + "quorum none\n", "maximum_age": 60, "fails": "log.age"},
        {"why": "forked: another root at the same size", "proof": good, "earlier": {"size": 600, "root": b64(bytes(32))}, "fails": "log.consistency"},
        {"why": "forked: another past", "proof": good, "earlier": dict(hundred, root=b64(bytes(32))), "fails": "log.consistency"},
        {"why": "shrunk", "proof": good, "earlier": {"size": 700, "root": b64(mth(longer))}, "fails": "log.consistency"},
        {"why": "another version", "proof": good.replace("@v1", "@v2"), "fails": "log.proof"},
        {"why": "no index", "proof": good.replace("index 77\n", ""), "fails": "log.proof"},
        {"why": "index with a leading zero", "proof": good.replace("index 77", "index 077"), "fails": "log.proof"},
        {"why": "extra data twice", "proof": proof(extra=b"a").replace("extra YQ==\n", "extra YQ==\n" * 2), "fails": "log.proof"},
        {"why": "64 hashes", "proof": proof(hashes=[bytes(32)] * 64), "fails": "log.proof"},
        {"why": "no checkpoint", "proof": good.split("\n\n")[0] + "\n\n", "fails": "log.proof"},
        {"why": "carriage returns", "proof": good.replace("\n", "\r\n"), "fails": "log.proof"},
        {"why": "nothing", "proof": "", "fails": "log.proof"},
    ]
    for case in cases:
        # A proof holds 4.4 kB of ML-DSA-65: said once.
        case["proof"] = case["proof"].replace(made[1], "{shadow}").replace(made[3], "{other-shadow}")
        if case.get("policy") is not None:
            case["policy"] = case["policy"].replace(made[0], "{shadow-key}")
    write("proofs.json", f"Proofs for 'entry 77' of a log of 600 at the time {now} under the policy of the first case, unless a case says otherwise: valid, or the check that fails. "
          "{shadow-key}, {shadow} and {other-shadow} stand for the first, second and fourth line of ml-dsa-65.txt.",
          [{"now": now, "policy": policy.replace(made[0], "{shadow-key}")}] + cases)


if __name__ == "__main__":
    proofs()
    trees()
    tiles()
    notes()
    policies()
