"""Deterministic CBOR (RFC 8949, section 4.2.1), read strictly: spec/statement.md, Conventions."""
import math
import struct
from dataclasses import dataclass

from .checks import Unreadable

MAX_DEPTH = 16
MAX_ITEMS = 200_000
NOT_DETERMINISTIC = "not deterministically encoded (RFC 8949 section 4.2.1)"


@dataclass(frozen=True)
class Tagged:
    tag: int
    content: object


class Map:
    """Entries in their order. No dict: Python holds 1, 1.0 and true for the same key, and a key may be an array."""

    def __init__(self, entries):
        self.entries = entries

    def get(self, key):
        return next((value for name, value in self.entries if type(name) is type(key) and name == key), None)

    def __eq__(self, other):
        return isinstance(other, Map) and self.entries == other.entries


def head(major, argument):
    """The initial bytes of an item, in their shortest form."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, length in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * length:
            return bytes([major << 5 | info]) + argument.to_bytes(length, "big")
    raise ValueError("beyond 64 bits")


def sequence(*items):
    """An array of texts, byte strings and already encoded arrays: what the structures that are signed consist of."""
    parts = [head(4, len(items))]
    for item in items:
        if isinstance(item, str):
            parts += [head(3, len(item.encode())), item.encode()]
        elif isinstance(item, bytes):
            parts += [head(2, len(item)), item]
        else:
            parts.append(sequence(*item))
    return b"".join(parts)


def decode(data, max_bytes=16 << 20, max_depth=MAX_DEPTH, max_items=MAX_ITEMS):
    """The one item that fills the bytes. What is not its only encoding is refused, with the reason."""
    if len(data) > max_bytes:
        raise Unreadable(f"{len(data)} bytes of CBOR, at most {max_bytes} are accepted")
    reader = _Reader(data, max_depth, max_items)
    value = reader.item(0)
    if reader.at != len(data):
        raise Unreadable(f"{len(data) - reader.at} bytes after the end of the CBOR item")
    if not reader.deterministic:
        raise Unreadable(NOT_DETERMINISTIC)
    return value


class _Reader:
    def __init__(self, data, max_depth, max_items):
        self.data, self.at, self.items = data, 0, 0
        self.max_depth, self.max_items = max_depth, max_items
        self.deterministic = True  # told at the end: what is not well-formed at all is worse

    def take(self, length):
        if length > len(self.data) - self.at:
            raise Unreadable("not well-formed CBOR: it ends too early")
        self.at += length
        return bytes(self.data[self.at - length:self.at])

    def item(self, depth):
        self.items += 1
        if depth > self.max_depth:
            raise Unreadable(f"CBOR nested deeper than {self.max_depth} levels")
        if self.items > self.max_items:
            raise Unreadable(f"more than {self.max_items} CBOR items")
        initial = self.take(1)[0]
        major, info = initial >> 5, initial & 31
        if major == 7:
            return self.simple(info)
        if info == 31:
            raise Unreadable("CBOR of indefinite length" if major in (4, 5) else "CBOR in chunks is not accepted" if major in (2, 3) else "not well-formed CBOR")
        argument = self.argument(info)
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return self.text(argument)
        if major == 6:
            return Tagged(argument, self.item(depth + 1))
        if argument * (major - 3) > len(self.data) - self.at:
            raise Unreadable("not well-formed CBOR: it says more items than it has bytes")
        return [self.item(depth + 1) for _ in range(argument)] if major == 4 else self.map(argument, depth)

    def argument(self, info):
        if info < 24:
            return info
        if info > 27:
            raise Unreadable("not well-formed CBOR: reserved additional information")
        length = 1 << info - 24
        value = int.from_bytes(self.take(length), "big")
        self.deterministic &= value >= (24 if length == 1 else 1 << 4 * length)
        return value

    def text(self, length):
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable("not well-formed CBOR: a text is not UTF-8") from error

    def map(self, length, depth):
        entries, encodings = [], []
        for _ in range(length):
            start = self.at
            key = self.item(depth + 1)
            encodings.append(bytes(self.data[start:self.at]))
            entries.append((key, self.item(depth + 1)))
        if len(set(encodings)) < length:
            raise Unreadable("not well-formed CBOR: a map has a key twice")
        self.deterministic &= encodings == sorted(encodings)
        return Map(entries)

    def simple(self, info):
        if info in (20, 21):
            return info == 21
        if info == 22:
            return None
        if info in (25, 26, 27):
            return self.float(1 << info - 24)
        if info in (28, 29, 30, 31):
            raise Unreadable("not well-formed CBOR")
        raise Unreadable("CBOR item of a kind that is not accepted")

    def float(self, length):
        data = self.take(length)
        value = struct.unpack({2: ">e", 4: ">f", 8: ">d"}[length], data)[0]
        self.deterministic &= data == _shortest(value)
        return value


def _shortest(value):
    if math.isnan(value):
        return b"\x7e\x00"
    for form in (">e", ">f"):
        try:
            data = struct.pack(form, value)
            if struct.unpack(form, data)[0] == value:
                return data
        except OverflowError:
            pass
    return struct.pack(">d", value)
