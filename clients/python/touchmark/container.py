"""The ZIP file of an archive, read as hostile (spec/archive.md, File)."""
import re
import struct
import zipfile

from . import documents
from .checks import Unreadable

ROOT, CHECKPOINT, MAX_ENTRIES, MAX_TEXT, WIDTH = "root.json", "manifest/checkpoint", 4_000_000, 1 << 20, 256
TILE = re.compile(r"manifest/tile/(entries|[0-7])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
NAMES = (
    (re.compile(r"README\.txt|root\.json|manifest/checkpoint"), MAX_TEXT),
    (re.compile(r"manifest/tile/entries/.*"), WIDTH * (2 + 65_535)),
    (re.compile(r"manifest/tile/.*"), WIDTH * 32),
    (re.compile(r"documents/[0-9a-f]{64}"), documents.MAX_BYTES),
    (re.compile(r"verifier(/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63})+"), MAX_TEXT),
)


def is_archive(data):
    """Whether a file that begins so is a ZIP file."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


class Container:
    """The ZIP file, read as hostile. One entry is in memory at a time."""

    def __init__(self, file):
        self._file, self._entries = file, {}
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise Unreadable("it is no intact ZIP file") from error
        infos = self._zip.infolist()
        if len(infos) > MAX_ENTRIES:
            raise Unreadable(f"it has more than {MAX_ENTRIES} entries")
        file.seek(0, 2)
        available = file.tell()
        for info in infos:
            name = info.orig_filename
            most = next((most for pattern, most in NAMES if pattern.fullmatch(name)), None)
            if most is None or name.startswith("manifest/tile/") and _tile(name) is None:
                raise Unreadable(f"an archive has no entry of the name {name[:80]!r}")
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.compress_size != info.file_size:
                raise Unreadable(f"{name!r} is compressed or encrypted, and an archive's entries are stored")
            if info.file_size > most:
                raise Unreadable(f"{name!r} has {info.file_size} bytes, and may have {most}")
            if name in self._entries:
                raise Unreadable(f"{name!r} is there twice")
            self._entries[name] = info
            available -= info.file_size
            if available < 0:
                raise Unreadable("its entries lie upon each other")

    def read(self, name):
        """The bytes of an entry, or None. The checksums of ZIP are not looked at: nothing here rests on them."""
        info = self._entries.get(name)
        if info is None:
            return None
        self._file.seek(info.header_offset)
        header = self._file.read(30)
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            return None
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        self._file.seek(name_length + extra_length, 1)
        data = self._file.read(info.file_size)
        return data if len(data) == info.file_size else None

    @property
    def tiles(self):
        return [tile for tile in map(_tile, self._entries) if tile]

    @property
    def document_hashes(self):
        return {name.partition("/")[2] for name in self._entries if name.startswith("documents/")}


def _tile(name):
    """Level (-1 for entries), index and width, or None for a name that is not in its one spelling."""
    match = TILE.fullmatch(name)
    if match is None:
        return None
    index = int(match[2].replace("x", "").replace("/", ""))
    level, width = -1 if match[1] == "entries" else int(match[1]), int(match[3] or WIDTH)
    return (level, index, width) if path(level, index, width) == name else None


def path(level, index, width):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return f"manifest/tile/{'entries' if level < 0 else level}/{'/'.join(groups)}" + (f".p/{width}" if width < WIDTH else "")
