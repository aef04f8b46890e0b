# Frames of the gateway's printer socket (spec/printer-socket.md): a length, a JSON object, and raw bytes where the object announces them.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations
import asyncio
import json
import struct
from typing import Any, Dict, Tuple

MAX_JSON = 65536
"""Longest JSON object of a frame, bytes."""
MAX_RAW = 4 * 1024 * 1024
"""Most raw bytes after a JSON object: a file's thumbnails."""

MAX_DEPTH = 8
"""Objects and lists within one another, the message itself counted."""

_LENGTH = struct.Struct(">I")


class FrameError(Exception):
    """What came over the socket is not a frame. The connection is of no use any more."""


def encode(message: Dict[str, Any]) -> bytes:
    """The frame of `message`, which carries no raw bytes. Raises FrameError where it is too long for one, or too deep."""
    # Half surrogates, which stand for bytes of a file name that are not UTF-8, cannot be told to the gateway.
    try:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except (UnicodeError, TypeError, ValueError, RecursionError) as error:
        raise FrameError("the message cannot be written as JSON in UTF-8") from error
    if len(text) > MAX_JSON:
        raise FrameError(f"the message has {len(text)} bytes, and a frame holds {MAX_JSON}")
    if _depth(message) > MAX_DEPTH:
        raise FrameError(f"the message is nested deeper than {MAX_DEPTH}")
    return _LENGTH.pack(len(text)) + text


async def read(reader: asyncio.StreamReader) -> Tuple[Dict[str, Any], bytes]:
    """The next frame: its object and its raw bytes (often none).

    Raises FrameError where something else comes, and asyncio.IncompleteReadError at the end of the stream.
    """
    length = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))[0]
    if not 0 < length <= MAX_JSON:
        raise FrameError(f"a frame announces {length} bytes of JSON")
    message = _parse(await reader.readexactly(length))
    raw = message.get("bytes", 0)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= MAX_RAW:
        raise FrameError("a frame announces an impossible number of raw bytes")
    return message, await reader.readexactly(raw)


def _parse(text: bytes) -> Dict[str, Any]:
    # Written again, because Moonraker hands on what it reads here: numbers such as 1e999 and half surrogates would make its own JSON fail.
    try:
        message = json.loads(text.decode("utf-8"))
        json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (UnicodeError, ValueError, RecursionError) as error:
        raise FrameError("a frame is not JSON in UTF-8") from error
    if not isinstance(message, dict):
        raise FrameError("a frame is not a JSON object")
    return message


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max((_depth(item) for item in inner), default=0)
