"""Sealed G-code without a key (spec/sealed-gcode.md): what anybody can read of a file, and whether its times allow a print."""
import unicodedata
import uuid

from . import cbor
from .checks import Unreadable
from .documents import HASH, ID, MAX_INTEGER, TIME, _rule, fields, integer, length, octets, text

MAGIC, MAX_HEADER, TOLERANCE = b"tm-gcode", 16 * 1024, 5 * 60 * 1_000_000
CHUNK, TAG, BLOB_HEADER = 65536, 16, 40

_EXTERNAL = {name: text(1024) for name in ("uri", "wallet_address", "token_id", "contract_address")}


def _is_name(value):
    return 0 < length(value) <= 255 and value not in (".", "..") and not any(c in "/\\" or unicodedata.category(c) == "Cc" for c in value)


_HEADER = fields(
    {"version": integer(1, 1), "file_id": ID, "printer_id": ID, "key_id": text(64), "card_key": octets(61), "gcode_sha256": HASH,
     "toolpath_bytes": integer(1, 2**40), "card_bytes": integer(57, 4_195_368), "sealed_at": TIME, "name": _rule(str, _is_name)},
    {"content_key": octets(61), "licence_id": ID, "valid_from": TIME, "valid_until": TIME, "external": fields({}, _EXTERNAL)})


class Refused(Exception):
    """Why a file is not read: a code of the specification, and words."""

    def __init__(self, code, words):
        super().__init__(words)
        self.code = code


def blob_size(plain):
    """Bytes of the sealed blob of so many bytes (spec/sealed-blob.md)."""
    return BLOB_HEADER + plain + max(1, -(-plain // CHUNK)) * TAG


def read(file, size):
    """The header of a file of `size` bytes, its fields by name."""
    prefix = file.read(12)
    if not prefix.startswith(MAGIC):
        raise Refused("FILE_NOT_SEALED", "the file does not begin as sealed G-code does")
    count = int.from_bytes(prefix[8:], "big")
    if len(prefix) == 12 and not 0 < count <= MAX_HEADER:
        raise Refused("FILE_HEADER", f"a header of {count} bytes")
    if size < 12 + count or len(prefix) < 12:
        raise Refused("FILE_CUT_OFF", "the header is cut off")
    try:
        decoded = cbor.decode(file.read(count), MAX_HEADER, 3, 64)
        _HEADER(decoded, "header")
    except Unreadable as problem:
        raise Refused("FILE_HEADER", str(problem)) from problem
    header = dict(decoded.entries)
    version = header["key_id"].removeprefix(f"{uuid.UUID(bytes=header['printer_id'])}/")
    if not (version.isascii() and version.isdigit() and version[0] != "0" and int(version) < 2**31):
        raise Refused("FILE_HEADER", "key_id is not a version of this printer's key")
    expected = 12 + count + header["card_bytes"] + blob_size(header["toolpath_bytes"])
    if size != expected:
        raise Refused("FILE_CUT_OFF" if size < expected else "FILE_ALTERED", f"{size} bytes, the header says {expected}")
    return header


def check_time(header, now):
    """Refuses a file that its times do not allow to print at `now`, in microseconds since 1970."""
    if header["sealed_at"] > now + TOLERANCE:
        raise Refused("FILE_FROM_THE_FUTURE", "it was sealed later than it is now")
    if header.get("valid_from", 0) > now + TOLERANCE:
        raise Refused("FILE_NOT_YET_VALID", "it is not valid yet")
    if header.get("valid_until", MAX_INTEGER) < now - TOLERANCE:
        raise Refused("FILE_EXPIRED", "it is not valid any more")
