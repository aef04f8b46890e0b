#!/usr/bin/env python3
"""Runs this verifier over every vector under spec/ that it has a word on (python3 vectors.py): what they expect is what it has to say."""
import base64
import datetime
import hashlib
import io
import json
import pathlib
import unittest

from touchmark import archive, cbor, custody, documents, ed25519, evidence, log, mldsa65, note, p256, policy, rootpin, sealedfile, statement, tree, trust
from touchmark.checks import Checks, Unreadable

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "spec" / "vectors"
ACVP = FOLDER.parents[1] / "tests/Touchmark.Cryptography.Tests/Acvp"
NOW = datetime.datetime(2026, 6, 3, 9, 30, tzinfo=datetime.timezone.utc)


def lines(path):
    text = (FOLDER / path).read_text("utf-8")
    return [line.split("\t") for line in text.split("\n") if line and not line.startswith("#")]


def cases(path):
    return json.loads((FOLDER / path).read_text("utf-8"))["cases"]


def hexadecimal(path):
    return bytes.fromhex("".join(line[0] for line in lines(path)))


def store(path):
    return trust.read((FOLDER / path if path.endswith(".json") else FOLDER / path / "trust.json").read_bytes())


def decoded(hashes):
    return [base64.b64decode(value) for value in hashes]


class Cbor(unittest.TestCase):
    def test_accepted(self):
        for encoding, notation in lines("cbor/accepted.txt"):
            with self.subTest(notation):
                cbor.decode(bytes.fromhex(encoding))

    def test_refused(self):
        for encoding, reason, what in lines("cbor/refused.txt"):
            with self.subTest(what), self.assertRaisesRegex(Unreadable, reason):
                cbor.decode(bytes.fromhex(encoding))


class Statements(unittest.TestCase):
    def test_valid(self):
        for name in ("licence-grant", "licence-grant-terms", "audit-record"):
            with self.subTest(name):
                checks, document = statement.verify(hexadecimal(f"statement/{name}.hex"), None, store("statement"), NOW)
                self.assertEqual(("valid", []), (checks.verdict, checks.failures))
                self.assertIsNotNone(document)

    def test_refused(self):
        for what, reason, encoding in lines("statement/refused.txt"):
            with self.subTest(what):
                checks, _ = statement.verify(bytes.fromhex(encoding), None, store("statement"), NOW, documents.LICENCE_GRANT)
                self.assertNotEqual("valid", checks.verdict)
                self.assertIn(reason, " ".join(check.words for check in checks.failures))

    def test_any_altered_byte_is_noticed(self):
        envelope, keys = hexadecimal("statement/licence-grant.hex"), store("statement")
        for at in range(0, len(envelope), 97):
            altered = bytearray(envelope)
            altered[at] ^= 1 << at % 8
            with self.subTest(at):
                self.assertNotEqual("valid", statement.verify(bytes(altered), None, keys, NOW)[0].verdict)


class Files(unittest.TestCase):
    def test_valid(self):
        checks, document = evidence.verify(hexadecimal("certificate/valid.hex"), store("certificate"), NOW)
        self.assertEqual(("valid", []), (checks.verdict, checks.failures))
        self.assertEqual("Bracket", document["part_name"])

    def test_keys_of_others_make_nothing_valid(self):
        checks, _ = evidence.verify(hexadecimal("certificate/valid.hex"), store("certificate/other-trust.json"), NOW)
        self.assertEqual("untrusted_key", checks.verdict)

    def test_refused(self):
        for what, failing, encoding in lines("certificate/refused.txt"):
            with self.subTest(what):
                checks, _ = evidence.verify(bytes.fromhex(encoding), store("certificate"), NOW)
                self.assertIn(failing, [check.id for check in checks.failures])

    def test_in_the_log(self):
        checks, document = evidence.verify(hexadecimal("certificate/logged.hex"), store("certificate/trust-log.json"), NOW, datetime.timedelta(days=1))
        self.assertEqual(("valid", []), (checks.verdict, checks.failures))
        self.assertEqual("passed", checks.made[-1].outcome)
        self.assertEqual("Bracket", document["part_name"])

    def test_not_in_the_log(self):
        for what, failing, age, encoding in lines("certificate/refused-log.txt"):
            with self.subTest(what):
                limit = None if age == "-" else datetime.timedelta(seconds=int(age))
                checks, _ = evidence.verify(bytes.fromhex(encoding), store("certificate/trust-log.json"), NOW, limit)
                self.assertIn(failing, [check.id for check in checks.failures])

    def test_any_altered_byte_is_noticed(self):
        data, keys = hexadecimal("certificate/valid.hex"), store("certificate")
        for at in range(0, len(data), 211):
            altered = bytearray(data)
            altered[at] ^= 1 << at % 8
            with self.subTest(at):
                self.assertNotEqual("valid", evidence.verify(bytes(altered), keys, NOW)[0].verdict)


class Custody(unittest.TestCase):
    def test_chains(self):
        chains = json.loads((FOLDER / "custody/chains.json").read_text("utf-8"))
        envelopes = {name: base64.b64decode(envelope) for name, envelope in chains["statements"].items()}
        now, keys = datetime.datetime.fromisoformat(chains["now"]), store("custody")
        for case in chains["cases"]:
            with self.subTest(case["name"]):
                signed = statement.parse(envelopes[case["certificate"]])
                certificate = documents.read(documents.PRINT_CERTIFICATE, signed.payload)
                parts, checks = [(statement.parse(envelopes[name]), None) for name in case["statements"]], Checks()
                state = custody.check(checks, certificate, signed.issuer, signed.sha256, parts, keys, now)
                if "fails" in case:
                    self.assertIn(case["fails"], [check.id for check in checks.failures])
                else:
                    self.assertEqual((case["holder"], case["standing"], []), (state.holder, state.standing, checks.failures))

    def test_part_ids(self):
        ids = json.loads((FOLDER / "part-id/part-id.json").read_text("utf-8"))
        self.assertTrue(all(documents.is_part_id(case["id"]) for case in ids["valid"]))
        self.assertFalse(any(documents.is_part_id(case["id"][:-1] + other) for case in ids["valid"] for other in documents.CROCKFORD if other != case["id"][-1]))


class Vaults(unittest.TestCase):
    """Files about a vault's bundle, and archives: every check that is made, in its order, and what came of it."""

    def told(self, path, verify):
        told = json.loads((FOLDER / path).read_text("utf-8"))
        blobs = {name: base64.b64decode(blob) for name, blob in told["blobs"].items()}
        now, age = datetime.datetime.fromisoformat(told["now"]), datetime.timedelta(seconds=told["max_age_s"])
        marks = {"passed": "+", "failed": "-", "not_checked": "?"}
        for case in told["cases"]:
            with self.subTest(case["name"]):
                data = b"".join(blobs[piece[1:]] if piece.startswith("@") else bytes.fromhex(piece) for piece in case["file"])
                checks, _ = verify(case, data, now, age)
                self.assertEqual((case["verdict"], case["checks"]), (checks.verdict, [marks[check.outcome] + check.id for check in checks.made]))

    def test_bundles(self):
        keys = store("bundle")
        self.told("bundle/bundles.json", lambda case, data, now, age: evidence.verify(data, keys, now, age))

    def test_endorsements(self):
        self.told("bundle/endorsements.json", lambda case, data, now, age: evidence.verify(data, store(case["trust"]), now, age))

    def test_archives(self):
        keys = store("archive")
        self.told("archive/archives.json", lambda case, data, now, age: archive.verify(
            io.BytesIO(data), None if case["pin"] is None else rootpin.read(case["pin"]), keys, now, age))


class Signatures(unittest.TestCase):
    """What a lenient Ed25519 would take: RFC 8032 leaves it open, spec/statement.md does not."""

    def setUp(self):
        self.good = statement.parse(hexadecimal("statement/licence-grant.hex")).primary
        self.key = store("statement").find(self.good.algorithm, self.good.key_id).public_key

    def test_scalar_beyond_the_order(self):
        larger = int.from_bytes(self.good.value[32:], "little") + ed25519.ORDER
        self.assertTrue(ed25519.verify(self.key, self.good.message, self.good.value))
        self.assertFalse(ed25519.verify(self.key, self.good.message, self.good.value[:32] + larger.to_bytes(32, "little")))

    def test_key_of_small_order_signs_everything_but_is_refused(self):
        neutral = (1).to_bytes(32, "little")
        self.assertFalse(ed25519.verify(neutral, b"any message", neutral + bytes(32)))

    def test_points_that_are_not_canonical(self):
        for encoding in (ed25519.FIELD + 1, ed25519.FIELD, 1 | 1 << 255, 2):
            self.assertIsNone(ed25519.decompress(encoding.to_bytes(32, "little")))

    def test_ml_dsa_65(self):
        """NIST's: from the message representative on, and by the internal interface."""
        for case in json.loads((ACVP / "ml-dsa-65.json").read_text("utf-8"))["verification"]:
            key, mu, signature = (bytes.fromhex(case[name]) for name in ("public_key", "mu", "signature"))
            self.assertEqual(case["expect"] == "success", mldsa65.verify_mu(key, mu, signature))
        internal = json.loads((ACVP / "ml-dsa-65-internal.json").read_text("utf-8"))
        key = bytes.fromhex(internal["public_key"])
        for case in internal["verification"]:
            mu = hashlib.shake_256(hashlib.shake_256(key).digest(64) + bytes.fromhex(case["message"])).digest(64)
            self.assertEqual(case["passes"], mldsa65.verify_mu(key, mu, bytes.fromhex(case["signature"])), case["reason"])

    def test_es256(self):
        """The example of RFC 6979, appendix A.2.5, with SHA-256."""
        key = bytes.fromhex("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
        signature = bytes.fromhex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")
        self.assertTrue(p256.verify(key, b"sample", signature))
        self.assertFalse(p256.verify(key, b"simple", signature))


class Log(unittest.TestCase):
    def test_tree(self):
        sized = [case for case in cases("log/tree.json") if "size" in case]
        for case in sized:
            size, root = case["size"], base64.b64decode(case["root"])
            for proof in case["inclusion"]:
                leaf, hashes = tree.leaf_hash(f"entry {proof['index']}".encode()), decoded(proof["proof"])
                self.assertTrue(tree.is_included(leaf, proof["index"], size, hashes, root))
                self.assertFalse(tree.is_included(leaf, proof["index"], size, hashes + [root], root))
                self.assertFalse(hashes and tree.is_included(leaf, proof["index"], size, hashes[:-1], root))
            for proof in case["consistency"]:
                old, hashes = base64.b64decode(proof["root"]), decoded(proof["proof"])
                self.assertTrue(tree.is_consistent(proof["from"], old, size, root, hashes))
                self.assertFalse(tree.is_consistent(proof["from"], old, size, root, hashes + [root]))
                self.assertFalse(tree.is_consistent(proof["from"], bytes(32), size, root, hashes))
        self.assertGreater(len(sized), 5)

    def test_notes_and_keys(self):
        for case in cases("log/notes.json"):
            with self.subTest(case.get("why")):
                if case["expect"] == "unreadable":
                    self.assertRaises(Unreadable, note.Note.read, case["note"].encode())
                elif case["expect"] == "no key":
                    self.assertRaises(Unreadable, note.Key.read, case["vkey"])
                elif case["expect"] == "key":
                    self.assertEqual(case["key_id"], note.Key.read(case["vkey"]).id.hex())
                else:
                    state, time = note.Note.read(case["note"].encode()).check(note.Key.read(case["vkey"]))
                    self.assertEqual((case["expect"], case.get("time")), (state, time and int(time.timestamp())))

    def test_checkpoints(self):
        for case in cases("log/checkpoints.json"):
            with self.subTest(case.get("refused")):
                if "refused" in case:
                    self.assertRaises(Unreadable, note.Checkpoint.read_text, case["text"])
                else:
                    self.assertEqual(case["size"], note.Checkpoint.read_text(case["text"]).size)

    def test_policies(self):
        for case in cases("log/policies.json"):
            with self.subTest(case.get("refused")):
                if "refused" in case:
                    self.assertRaises(Unreadable, policy.Policy.read, case["policy"].encode())
                    continue
                read = policy.Policy.read(case["policy"].encode())
                self.assertTrue(all(read.is_met(seen) for seen in case["met"]))
                self.assertFalse(any(read.is_met(seen) for seen in case["not_met"]))

    def test_proofs(self):
        made = [text for text in (FOLDER / "log/ml-dsa-65.txt").read_text("utf-8").split("\n") if text and not text.startswith("#")]
        common, *rest = cases("log/proofs.json")
        now = datetime.datetime.fromtimestamp(common["now"], datetime.timezone.utc)
        for case in rest:
            with self.subTest(case["why"]):
                believed = policy.Policy.read(case.get("policy", common["policy"]).replace("{shadow-key}", made[0]).encode())
                proof = case["proof"].replace("{shadow}", made[1]).replace("{other-shadow}", made[3]).encode()
                earlier = case.get("earlier")
                checks = Checks()
                log.check_proof(
                    checks, case.get("entry", "entry 77").encode(), proof, believed, now,
                    datetime.timedelta(seconds=case["maximum_age"]) if "maximum_age" in case else None,
                    earlier and log.Earlier(earlier["size"], base64.b64decode(earlier["root"]), decoded(earlier["proof"]) if "proof" in earlier else None))
                self.assertEqual("fails" not in case, checks.verdict == "valid", checks.failures)
                if "fails" in case:
                    self.assertIn(case["fails"], [check.id for check in checks.failures])


class SealedFiles(unittest.TestCase):
    """What is told without a key: the codes up to the times. A file that passes is opened or refused by who has the key."""
    TOLD = {"FILE_NOT_SEALED", "FILE_HEADER", "FILE_CUT_OFF", "FILE_FROM_THE_FUTURE", "FILE_NOT_YET_VALID", "FILE_EXPIRED"}

    def test_cases(self):
        for case in cases("sealed-gcode/sealed-gcode.json"):
            with self.subTest(case["name"]):
                file = bytes.fromhex(case["file"])
                try:
                    header = sealedfile.read(io.BytesIO(file), len(file))
                    sealedfile.check_time(header, case["now"])
                except sealedfile.Refused as refused:
                    self.assertEqual(case["expect"], refused.code)
                else:
                    self.assertNotIn(case["expect"], self.TOLD)
                    self.assertIn("card_key", header)


if __name__ == "__main__":
    unittest.main()
