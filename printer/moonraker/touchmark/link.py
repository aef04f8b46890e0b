# The connection to Touchmark's gateway: one Unix socket, questions with their answers, events.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations
import asyncio
import logging
import os
import socket
import struct
from typing import Any, Awaitable, Callable, Dict, Optional, Tuple

from . import frames

VERSION = 1
"""Version of the protocol on the socket."""
MAX_OUTSTANDING = 12
"""Questions under way at once; the gateway allows a connection 16."""
HELLO_SECONDS = 5.0
LONGEST_PAUSE = 10.0
"""Longest wait between two attempts to reach the gateway, seconds."""

Answer = Tuple[Dict[str, Any], bytes]
Callback = Callable[[], Optional[Awaitable[None]]]


class GatewayError(Exception):
    """The gateway refused, or it could not be asked: a stable code, a sentence and what to do."""

    def __init__(self, code: str, text: str, fix: str = "") -> None:
        super().__init__(text)
        self.code, self.text, self.fix = _plain(code, 64), _plain(text, 400), _plain(fix, 400)

    def __str__(self) -> str:
        return f"{self.code}: {self.text} {self.fix}".rstrip()


class Link:
    """Keeps a connection to the gateway while `run` runs, and asks it things.

    `software` and `gcodes`, the folder of G-code files, are what the gateway is greeted with; `on_up` and `on_down` are called when the gateway was greeted and when it is lost.
    """

    def __init__(self, path: str, software: str, gcodes: str, on_up: Callback, on_down: Callback, first_pause: float = 1.0) -> None:
        self.path = path
        self.gateway: Optional[str] = None
        self._hello = {"role": "moonraker", "version": VERSION, "software": software, "gcodes": gcodes}
        self._on_up, self._on_down = on_up, on_down
        self._first_pause = first_pause
        self._writer: Optional[asyncio.StreamWriter] = None
        self._pending: Dict[int, Tuple[asyncio.Future, Optional[Callable[[Dict[str, Any]], None]]]] = {}
        self._last_id = 0
        self._running: Optional[asyncio.Task] = None
        self._closed = False
        self._places = asyncio.Semaphore(MAX_OUTSTANDING)
        self._said = ""

    @property
    def is_up(self) -> bool:
        """Whether the gateway was greeted and answered."""
        return self.gateway is not None

    async def run(self) -> None:
        """Connects, and connects again until `close`."""
        self._running = asyncio.current_task()
        pause = self._first_pause
        while not self._closed:
            was_up = False
            try:
                await self._serve()
            except Exception as error:  # whatever the other side does, the next attempt is made
                self._say(f"touchmark: the gateway at {self.path} is out of reach ({_reason(error)})")
            finally:
                was_up = self.is_up
                self._drop()
            if was_up:
                pause = self._first_pause
                await _call(self._on_down)
            if not self._closed:
                await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def close(self) -> None:
        """Ends `run`."""
        # Up to Python 3.11 wait_for can lose a cancellation that comes together with its result: so `run` looks for itself, too.
        self._closed = True
        if self._running is not None:
            self._running.cancel()

    async def ask(self, op: str, seconds: float, on_progress: Optional[Callable[[Dict[str, Any]], None]] = None, **fields: Any) -> Answer:
        """The gateway's answer to `op`, with its raw bytes. Raises GatewayError where it refuses, is away, or takes longer than `seconds`."""
        if not self.is_up:
            raise GatewayError("GATEWAY_ABSENT", "Touchmark's gateway does not run on this printer.", "Start it: systemctl start touchmark-gateway")
        try:
            return await asyncio.wait_for(self._ask(op, fields, on_progress), seconds)
        except asyncio.TimeoutError:
            raise GatewayError("GATEWAY_SLOW", f"Touchmark's gateway did not answer '{op}' within {seconds:g} s.", "Try again; its log tells what it is doing.") from None

    async def _serve(self) -> None:
        reader, self._writer = await asyncio.wait_for(asyncio.open_unix_connection(self.path), HELLO_SECONDS)
        _require_own(self._writer)
        reading = asyncio.ensure_future(self._read(reader))
        try:
            hello = asyncio.ensure_future(self._greet())
            await asyncio.wait({hello, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not hello.done():
                hello.cancel()
                await reading  # raises what ended it
            answer, _ = await hello
            if answer.get("version") != VERSION:
                raise GatewayError("GATEWAY_VERSION", "Touchmark's gateway speaks another version of the printer socket.", "Install component and gateway of the same release.")
            self.gateway = _plain(answer.get("gateway"), 64)
            self._said = ""
            logging.info(f"touchmark: the gateway at {self.path} answers (version {self.gateway})")
            await _call(self._on_up)
            await reading
        finally:
            reading.cancel()
            # Not awaited: whoever ends this component meanwhile would be overheard.
            reading.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    async def _greet(self) -> Answer:
        return await asyncio.wait_for(self._ask("hello", self._hello, None), HELLO_SECONDS)

    async def _ask(self, op: str, fields: Dict[str, Any], on_progress: Optional[Callable[[Dict[str, Any]], None]]) -> Answer:
        async with self._places:
            writer = self._writer
            if writer is None:
                raise GatewayError("GATEWAY_ABSENT", "Touchmark's gateway went away.", "Start it: systemctl start touchmark-gateway")
            self._last_id = self._last_id % 0xFFFFFFFF + 1
            number, future = self._last_id, asyncio.get_running_loop().create_future()
            try:
                frame = frames.encode({"id": number, "op": op, **fields})
            except frames.FrameError as error:
                raise GatewayError("REQUEST_TOO_LARGE", f"The request cannot be told to the gateway: {error}.", "Send less, in UTF-8.") from error
            self._pending[number] = (future, on_progress)
            try:
                writer.write(frame)
                await writer.drain()
                answer, raw = await future
            except OSError as error:
                raise GatewayError("GATEWAY_ABSENT", "Touchmark's gateway went away.", "Start it: systemctl start touchmark-gateway") from error
            finally:
                self._pending.pop(number, None)
        if answer.get("ok") is not True:
            raise GatewayError(answer.get("code") or "GATEWAY_REFUSED", answer.get("text") or f"The gateway refused '{op}'.", answer.get("fix") or "")
        return answer, raw

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            message, raw = await frames.read(reader)
            number = message.get("id")
            pending = self._pending.get(number) if isinstance(number, int) else None
            if pending is None:
                continue
            future, on_progress = pending
            if "event" not in message:
                if not future.done():
                    future.set_result((message, raw))
            elif on_progress is not None:
                on_progress(message)

    def _drop(self) -> None:
        self.gateway = None
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        for future, _ in self._pending.values():
            if not future.done():
                future.set_exception(GatewayError("GATEWAY_ABSENT", "Touchmark's gateway went away.", "Start it: systemctl start touchmark-gateway"))

    def _say(self, text: str) -> None:
        # A gateway that is away for a week is worth one line, not a hundred thousand.
        if text != self._said:
            self._said = text
            logging.info(text)


def _require_own(writer: asyncio.StreamWriter) -> None:
    """Refuses a socket behind which somebody else than Moonraker's own user or root listens."""
    peer = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    user = struct.unpack("3i", peer)[1]
    if user not in (os.geteuid(), 0):
        raise GatewayError("GATEWAY_FOREIGN", f"The socket belongs to the user {user}.", "Run gateway and Moonraker as the same user.")


async def _call(callback: Callback) -> None:
    try:
        result = callback()
        if result is not None:
            await result
    except Exception:
        logging.exception("touchmark: a change of the gateway's state could not be carried out")


def _reason(error: BaseException) -> str:
    if isinstance(error, asyncio.IncompleteReadError):
        return "it closed the connection"
    if isinstance(error, asyncio.TimeoutError):
        return "it does not answer"
    return str(error) or type(error).__name__


def _plain(text: Any, longest: int) -> str:
    """One line of printable text, whatever came."""
    return "".join(c if c.isprintable() else " " for c in str(text if text is not None else ""))[:longest]
