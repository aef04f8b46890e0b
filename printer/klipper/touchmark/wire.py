# Frames of the gateway's printer socket (spec/printer-socket.md), taken apart as bytes arrive.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import struct

MAX_JSON = 65536
"""Longest JSON object of a frame, bytes."""
MAX_RAW = 65536
"""Most raw bytes after a JSON object that Klipper ever asks for."""

_LENGTH = struct.Struct(">I")


class WireError(Exception):
    """What came is no frame, or what should go fits none. The connection is of no use any more."""


def encode(message):
    """The frame of `message`, a dict without raw bytes."""
    try:
        # Lone surrogates stand for bytes of a file name that are not UTF-8: they cannot be told to the gateway.
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise WireError("a message cannot be written as JSON in UTF-8") from error
    if len(text) > MAX_JSON:
        raise WireError("a message is longer than a frame")
    return _LENGTH.pack(len(text)) + text


class Frames:
    """Whole frames out of pieces. Holds one frame's bytes at most, and what came behind it in the same piece."""

    def __init__(self):
        self._buffer = bytearray()
        self._message = None
        self._wanted = _LENGTH.size

    @property
    def missing(self):
        """Bytes that the frame at hand still needs."""
        return max(self._wanted - len(self._buffer), 0)

    def feed(self, data):
        self._buffer += data

    def take(self):
        """The next whole frame as (message, raw bytes), or None. Raises WireError."""
        while len(self._buffer) >= self._wanted:
            if self._message is not None:
                return self._message_and_raw()
            if self._wanted == _LENGTH.size:
                length = _LENGTH.unpack_from(self._buffer)[0]
                if not 0 < length <= MAX_JSON:
                    raise WireError("a frame announces %d bytes of JSON" % length)
                self._wanted += length
            else:
                self._message = _parse(bytes(self._buffer[_LENGTH.size:self._wanted]))
                self._wanted += _raw_length(self._message)
        return None

    def _message_and_raw(self):
        raw = _raw_length(self._message)
        frame = self._message, bytes(self._buffer[self._wanted - raw:self._wanted])
        del self._buffer[:self._wanted]
        self._message, self._wanted = None, _LENGTH.size
        return frame


def _raw_length(message):
    raw = message.get("bytes", 0)
    if type(raw) is not int or not 0 <= raw <= MAX_RAW:
        raise WireError("a frame announces an impossible number of raw bytes")
    return raw


def _parse(text):
    try:
        message = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WireError("a frame is not JSON in UTF-8") from error
    if not isinstance(message, dict):
        raise WireError("a frame is not a JSON object")
    return message


def _no_constant(name):
    raise ValueError(name + " is no JSON")
