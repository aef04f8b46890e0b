"""The keys that a verifier believes: trust.json (spec/certificate.md, Trust), read strictly."""
import base64
import binascii
import datetime
import hashlib
import json
import re
from dataclasses import dataclass

from . import ed25519, mldsa65, p256
from .checks import Unreadable
from .policy import Policy

VERSION, MAX_BYTES, MAX_KEYS = 1, 1 << 20, 256


@dataclass(frozen=True)
class Algorithm:
    name: str
    cose: int
    key_size: int
    signature_size: int
    verify: object


ALGORITHMS = (
    Algorithm("Ed25519", -19, 32, 64, ed25519.verify),
    Algorithm("ES256", -7, 65, 64, p256.verify),
    Algorithm("ML-DSA-65", -49, mldsa65.PUBLIC_KEY_SIZE, mldsa65.SIGNATURE_SIZE, mldsa65.verify),
)


@dataclass(frozen=True)
class TrustedKey:
    name: str
    algorithm: Algorithm
    public_key: bytes
    valid_from: datetime.datetime
    valid_until: datetime.datetime | None

    @property
    def key_id(self):
        return hashlib.sha256(self.algorithm.cose.to_bytes(4, "big", signed=True) + self.public_key).digest()[:8]

    def is_valid_at(self, time):
        # Statements tell whole seconds, so the one in which a key came into use counts.
        return time >= self.valid_from.replace(microsecond=0) and (self.valid_until is None or time < self.valid_until)


@dataclass(frozen=True)
class Trust:
    keys: list
    policy: Policy | None = None

    def find(self, algorithm, key_id):
        return next((key for key in self.keys if key.algorithm == algorithm and key.key_id == key_id), None)


def read(data):
    if len(data) > MAX_BYTES:
        raise Unreadable(f"a trust store has at most {MAX_BYTES} bytes")
    try:
        whole = json.loads(data.decode("utf-8"), object_pairs_hook=_members)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Unreadable("it is not the JSON of a trust store") from error
    _expect(whole, {"version", "keys"}, {"log"})
    if type(whole["version"]) is not int or whole["version"] != VERSION or not isinstance(whole["keys"], list) or len(whole["keys"]) > MAX_KEYS:
        raise Unreadable(f"it is not version {VERSION} of a trust store with at most {MAX_KEYS} keys")
    log = whole.get("log")
    if log is not None and not isinstance(log, str):
        raise Unreadable("the policy of the log is not text")
    return Trust([_key(entry) for entry in whole["keys"]], None if log is None else Policy.read(log.encode("utf-8", "surrogatepass")))


def _members(pairs):
    if len({name for name, _ in pairs}) < len(pairs):
        raise Unreadable("a member occurs twice")
    return dict(pairs)


def _expect(value, required, optional):
    if not isinstance(value, dict) or not required <= value.keys() <= required | optional:
        raise Unreadable("members of the trust store are missing or unknown")


def _key(entry):
    _expect(entry, {"name", "algorithm", "key_id", "public_key", "valid_from"}, {"valid_until"})
    algorithm = next((known for known in ALGORITHMS if known.name == entry["algorithm"]), None)
    try:
        public_key = base64.b64decode(entry["public_key"], validate=True)
    except (TypeError, ValueError, binascii.Error):
        public_key = b""
    if algorithm is None or len(public_key) != algorithm.key_size or not isinstance(entry["name"], str) or not 0 < len(entry["name"]) <= 256:
        raise Unreadable("name, algorithm and public key of a key do not fit together")
    until = entry.get("valid_until")
    key = TrustedKey(entry["name"], algorithm, public_key, _time(entry["valid_from"]), None if until is None else _time(until))
    if key.key_id.hex() != entry["key_id"] or (key.valid_until is not None and key.valid_until <= key.valid_from):
        raise Unreadable("key id or times of a key do not fit")
    return key


def _time(text):
    """ISO 8601 with an offset; fractions beyond microseconds are cut, as Python tells no finer time."""
    try:
        time = datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except (TypeError, ValueError) as error:
        raise Unreadable("a time of the trust store is not ISO 8601") from error
    if time.tzinfo is None:
        raise Unreadable("a time of the trust store has no offset")
    return time.astimezone(datetime.timezone.utc)
