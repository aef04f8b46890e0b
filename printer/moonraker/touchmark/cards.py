# What a front end shows of an encrypted file: the card that the gateway opens, put where Moonraker keeps the metadata of plain ones.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations
import asyncio
import logging
import math
import os
import secrets
import stat
import uuid
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from .link import GatewayError, Link
from .thumbnails import Thumbnails, Picture

CARD_SECONDS = 120.0
"""Longest wait for a card: a Fernet token is read once as a whole before anything of it is believed."""
SIGNS = (b"tm-gcode", b"gAAAA")
"""How files that may be encrypted begin: sealed G-code, and Fernet tokens (version 0x80 and a time before the year 2100). The gateway decides."""
# What Moonraker's own reader finds in plain files; anything else from a card is left out, above all a size or a time.
TEXTS = ("slicer", "slicer_version", "filament_name", "filament_type")
NUMBERS = ("gcode_start_byte", "gcode_end_byte", "layer_count", "object_height", "estimated_time", "nozzle_diameter", "layer_height", "first_layer_height",
           "first_layer_extr_temp", "first_layer_bed_temp", "chamber_temp", "filament_change_count", "filament_total", "filament_weight_total", "mmu_print")
LISTS = ("filament_colors", "extruder_colors", "filament_temps", "filament_weights", "referenced_tools")
ENDINGS = (".gcode", ".g", ".gco", ".nc")
"""Endings of the files that Moonraker reads metadata of."""
KEPT = ("size", "modified", "uuid", "file_processors", "print_start_time", "job_id")
MAX_THUMBNAILS = 8
PNG = b"\x89PNG\r\n\x1a\n"


class Cards:
    """Completes the metadata of encrypted files, in Moonraker's own store.

    `root` gives the folder of G-code files, `announce` tells every client that a file's metadata changed, and `wait` is how long an upload or a scan is
    held back for a card, seconds: a card that takes longer comes later, with an announcement.
    """

    def __init__(self, link: Link, storage: Any, thumbnails: Thumbnails, root: Callable[[], str], announce: Callable[[str], None], wait: float) -> None:
        self._link, self._storage, self._thumbnails = link, storage, thumbnails
        self._root, self._announce, self._wait = root, announce, wait
        self._running: Dict[str, asyncio.Task] = {}
        self._waiting: Set[asyncio.Task] = set()
        # Moonraker reads each file that appears through this one method of its store: uploads, scans asked for, files that the system reports.
        self._parse = storage.parse_metadata
        storage.parse_metadata = self._parse_metadata

    def close(self) -> None:
        """Gives Moonraker's method back and ends what is under way."""
        self._storage.parse_metadata = self._parse
        for task in (*self._running.values(), *self._waiting):
            task.cancel()

    async def complete(self, name: str) -> None:
        """Puts the card of the file `name`, relative to the folder of G-code files, in place where it has one and it is not there yet."""
        if self._is_complete(name) or self._storage.get(name, None) is None:
            return
        if await asyncio.get_running_loop().run_in_executor(None, self._looks_encrypted, name):
            await asyncio.wait({self._start(name)})
            if self._is_complete(name):
                self._announce(name)

    async def complete_all(self, names: List[str]) -> None:
        """Does so for all of `names`, one after the other."""
        for name in names:
            if not self._link.is_up:
                return
            await self.complete(name)

    async def pictures(self, name: str) -> List[Picture]:
        """The thumbnails of the file `name`, from the gateway. Raises GatewayError."""
        answer, raw = await self._link.ask("card", CARD_SECONDS, path=self.path(name))
        return read_pictures(answer, raw)

    def path(self, name: str) -> str:
        """The absolute path of the file `name`."""
        return os.path.join(os.path.realpath(self._root()), name)

    def _parse_metadata(self, name: str, info: Dict[str, Any]) -> asyncio.Event:
        if info.get("ufp_path") or not self._looks_encrypted(name):
            return self._parse(name, info)
        # Moonraker's own reader has nothing to find here, and what it may run on the way, to mark objects or to estimate times, could write into the file.
        done = asyncio.Event()
        before = self._storage.get(name, None) or {}
        if any(before.get(key) != info.get(key) for key in ("size", "modified")):
            self._storage.insert(name, {"size": info.get("size"), "modified": info.get("modified"), "uuid": str(uuid.uuid4()), "print_start_time": None, "job_id": None})
        if self._is_complete(name):
            done.set()
        else:
            task = asyncio.ensure_future(self._wait_for(name, done))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
        return done

    async def _wait_for(self, name: str, done: asyncio.Event) -> None:
        task = self._start(name)
        await asyncio.wait({task}, timeout=self._wait)
        done.set()
        if not task.done():
            logging.info(f"touchmark: the card of {name!r} takes longer than {self._wait:g} s; it is shown when it comes")
            task.add_done_callback(lambda late: late.cancelled() or self._announce(name))

    def _start(self, name: str) -> asyncio.Task:
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.ensure_future(self._refresh(name))
            task.add_done_callback(lambda _: self._running.pop(name, None))
        return task

    async def _refresh(self, name: str) -> None:
        before = self._storage.get(name, None)
        if not isinstance(before, dict):
            return
        try:
            answer, raw = await self._link.ask("card", CARD_SECONDS, path=self.path(name))
            if answer.get("kind") not in ("sealed", "fernet"):
                await self._read_as_plain(name, before)
                return
            card = secrets.token_hex(16)
            mark = {"kind": answer["kind"], "name": os.path.basename(name), "card": card}
            found = {**read_metadata(answer.get("metadata")), "thumbnails": self._thumbnails.keep(name, card, read_pictures(answer, raw))}
        except GatewayError as error:
            logging.info(f"touchmark: no card of {name!r}: {error}")
            if error.code.startswith("GATEWAY_"):
                return
            mark = {"kind": "encrypted", "name": os.path.basename(name), "code": error.code, "text": error.text}
            found = {}
        now = self._storage.get(name, None)
        # Was the file removed or written anew while the gateway read it, then what was read is not its card.
        if isinstance(now, dict) and all(now.get(key) == before.get(key) for key in ("size", "modified")):
            if (now.get("touchmark") or {}).get("once"):
                mark["once"] = True
            self._storage.insert(name, {**{key: now[key] for key in KEPT if key in now}, **found, "touchmark": mark})

    async def _read_as_plain(self, name: str, record: Dict[str, Any]) -> None:
        """A plain file that begins like an encrypted one is Moonraker's own to read."""
        removed = self._storage.remove_file_metadata(name)
        if removed is not None:
            await removed
        await self._parse(name, {key: record.get(key) for key in ("size", "modified")}).wait()

    def _looks_encrypted(self, name: str) -> bool:
        return os.path.splitext(name)[1] in ENDINGS and looks_encrypted(self.path(name))

    def _is_complete(self, name: str) -> bool:
        mark = (self._storage.get(name, None) or {}).get("touchmark")
        # A file that was renamed has its old card, whose thumbnails are named after it.
        return isinstance(mark, dict) and "card" in mark and mark.get("name") == os.path.basename(name)


def looks_encrypted(path: str) -> bool:
    """Whether the file begins as encrypted ones do. Plain files are never asked about, so that nothing of Touchmark can disturb them."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    try:
        return stat.S_ISREG(os.fstat(file).st_mode) and os.pread(file, 8, 0).startswith(SIGNS)
    except OSError:
        return False
    finally:
        os.close(file)


def read_metadata(metadata: Any) -> Dict[str, Any]:
    """What of a card's metadata is what Moonraker would have found in a plain file, in the same types."""
    if not isinstance(metadata, dict):
        return {}
    read: Dict[str, Any] = {key: metadata[key][:512] for key in TEXTS if isinstance(metadata.get(key), str)}
    read.update({key: metadata[key] for key in NUMBERS if _is_number(metadata.get(key))})
    for key in LISTS:
        items = metadata.get(key)
        if isinstance(items, list) and len(items) <= 64 and all(_is_number(i) or (isinstance(i, str) and len(i) <= 64) for i in items):
            read[key] = items
    return read


def read_pictures(answer: Dict[str, Any], raw: bytes) -> List[Picture]:
    """The thumbnails of an answer. What does not fit together, or is no PNG, is left out."""
    pictures: List[Picture] = []
    listed = answer.get("thumbnails")
    start = 0
    for item in listed[:MAX_THUMBNAILS] if isinstance(listed, list) else []:
        size = _sizes(item)
        if size is None or start + size[2] > len(raw):
            break
        png = raw[start:start + size[2]]
        start += size[2]
        if png.startswith(PNG):
            pictures.append(Picture(size[0], size[1], png))
    return pictures


def _sizes(item: Any) -> Optional[Tuple[int, int, int]]:
    values = [item.get(key) for key in ("width", "height", "bytes")] if isinstance(item, dict) else []
    if len(values) != 3 or any(isinstance(v, bool) or not isinstance(v, int) or v <= 0 for v in values) or max(values[:2]) > 4096:
        return None
    return values[0], values[1], values[2]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < 1e15
