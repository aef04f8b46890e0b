"""Signed notes, their keys, and checkpoints (spec/log.md, Checkpoints and keys)."""
import base64
import binascii
import datetime
import hashlib
import unicodedata
from dataclasses import dataclass

from . import ed25519, mldsa65
from .checks import Unreadable
from .documents import LATEST_SECOND, length

MAX_SIZE, MAX_SIGNATURES, MAX_NAME, MAX_KEY_TEXT, MAX_NUMBER = 512 * 1024, 64, 255, 4096, 2**63 - 1
MISSING, WRONG, GOOD = "missing", "wrong", "valid"
ED25519, COSIGNATURE, ML_DSA_65 = b"\x01", b"\x04", b"\xfftouchmark.org/ml-dsa-65"
TYPES = {ED25519: 32, COSIGNATURE: 32, ML_DSA_65: mldsa65.PUBLIC_KEY_SIZE}
MARK = "— "


def decode_base64(text):
    """Bytes, or None for any other spelling of them than the one."""
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return data if base64.b64encode(data).decode() == text else None


def decode_hash(text):
    data = decode_base64(text)
    if data is None or len(data) != 32:
        raise Unreadable("a hash is not the base64 of 32 bytes")
    return data


def decode_number(text):
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or (text[0] == "0" and text != "0") or int(text) > MAX_NUMBER:
        raise Unreadable("a number is not decimal, without leading zeroes and below 2^63")
    return int(text)


def is_name(text):
    return 0 < length(text) <= MAX_NAME and not any(c.isspace() or c == "+" or unicodedata.category(c) == "Cc" for c in text)


@dataclass(frozen=True)
class Key:
    name: str
    type: bytes
    public_key: bytes

    @property
    def id(self):
        return hashlib.sha256(self.name.encode() + b"\n" + self.type + self.public_key).digest()[:4]

    @staticmethod
    def read(text):
        parts = text.split("+", 2)
        material = decode_base64(parts[2]) if len(parts) == 3 and len(text) <= MAX_KEY_TEXT and is_name(parts[0]) else None
        if not material:
            raise Unreadable("a key is not of the form name+id+key")
        kind = next((kind for kind, size in TYPES.items() if material.startswith(kind) and len(material) == len(kind) + size), None)
        if kind is None:
            raise Unreadable("a key is of a type that is not known here, or of another length")
        key = Key(parts[0], kind, material[len(kind):])
        if key.id.hex() != parts[1]:
            raise Unreadable(f"a key's id should be {key.id.hex()}")
        return key


@dataclass(frozen=True)
class Note:
    text: str
    signatures: list  # of name, key id, value

    @staticmethod
    def read(data):
        if len(data) > MAX_SIZE:
            raise Unreadable(f"a note of more than {MAX_SIZE} bytes")
        if any(byte < 0x20 and byte != 0x0A for byte in data):
            raise Unreadable("a note with a control character")
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable("a note that is not UTF-8") from error
        text, separator, lines = whole.rpartition("\n\n")
        if not separator or not lines.endswith("\n"):
            raise Unreadable("a note without signatures")
        lines = lines[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise Unreadable(f"a note with more than {MAX_SIGNATURES} signatures")
        return Note(text + "\n", [Note._line(line) for line in lines])

    @staticmethod
    def _line(line):
        name, space, encoded = line.removeprefix(MARK).partition(" ")
        value = decode_base64(encoded)
        if not line.startswith(MARK) or not space or not is_name(name) or value is None or len(value) <= 4:
            raise Unreadable("a signature line is malformed")
        return name, value[:4], value[4:]

    def check(self, key):
        """Whether a key signed, and when, where it says so. One wrong signature outweighs any others of the key; of several times the latest counts."""
        state, latest = MISSING, None
        for name, key_id, value in self.signatures:
            if name != key.name or key_id != key.id:
                continue
            good, time = self._verify(key, value)
            if not good:
                return WRONG, None
            state, latest = GOOD, max(filter(None, (latest, time)), default=None)
        return state, latest

    def _verify(self, key, value):
        text = self.text.encode()
        if key.type == ED25519:
            return ed25519.verify(key.public_key, text, value), None
        if key.type == ML_DSA_65:
            return mldsa65.verify(key.public_key, text, value), None
        seconds = int.from_bytes(value[:8], "big")
        if len(value) != 72 or seconds > LATEST_SECOND or not ed25519.verify(key.public_key, f"cosignature/v1\ntime {seconds}\n".encode() + text, value[8:]):
            return False, None
        return True, datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    note: Note | None = None

    @staticmethod
    def read_text(text):
        lines = text.removesuffix("\n").split("\n")
        if not text.endswith("\n") or len(lines) < 3 or not all(lines):
            raise Unreadable("a checkpoint does not consist of origin, size and root, each on a line")
        return Checkpoint(lines[0], decode_number(lines[1]), decode_hash(lines[2]))

    @staticmethod
    def read(data):
        note = Note.read(data)
        text = Checkpoint.read_text(note.text)
        return Checkpoint(text.origin, text.size, text.root, note)
