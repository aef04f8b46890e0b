# slice_and_print: hands a request to the gateway, which has the engine slice and seal it, and prints what comes.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations
import asyncio
import binascii
import json
import logging
import os
from typing import Any, Callable, Dict, Optional

from .cards import Cards, looks_encrypted
from .link import GatewayError, Link

SETTINGS = ("machine_settings", "process_settings", "filament")
SECRETS = ("encryption_key",)
"""Fields of older callers that nobody needs to be told: keys are the engine's and the gateway's."""
MOST_PROGRESS = 500
"""Most events of progress of one request that clients are told."""
LONGEST_NAME = 120
"""Longest name of a file, bytes, without its ending."""


class Slicing:
    """One request at a time. `cards` completes the new file's metadata, `announce` tells clients of it, `on_progress` is called with what the gateway says."""

    def __init__(self, server: Any, link: Link, cards: Cards, storage: Any, announce: Callable[[str, str], None], on_progress: Callable[[Dict[str, Any]], None], seconds: float) -> None:
        self.progress: Optional[Dict[str, Any]] = None
        self._told = 0
        self._server, self._link, self._cards, self._storage = server, link, cards, storage
        self._announce, self._on_progress, self._seconds = announce, on_progress, seconds

    async def slice_and_print(self, request: Any) -> Dict[str, Any]:
        """Answers a request of Moonraker's. Raises GatewayError with a code, or Moonraker's own error."""
        fields = read_fields(request.get_args())
        wants_print = is_true(fields.pop("print", True))
        token = fields.pop("encrypted_gcode", None)
        if self.progress is not None:
            raise GatewayError("SLICING_BUSY", "Another file is being sliced for this printer.", "Wait until it is done.")
        self.progress = {"stage": "starting", "fraction": 0.0}
        outcome, self._told = "failed", 0
        try:
            name = choose_name(fields.pop("name", None) or named_after(fields.get("token_id")), self._taken)
            if wants_print:
                await self._require_idle()
            made = await (self._slice(name, fields) if token is None else self._store(name, token))
            answer = await self._finish(name, made, wants_print, request.get_current_user())
            outcome = "done"
            return answer
        finally:
            self.progress = None
            self._on_progress({"stage": outcome, "fraction": 1.0})

    def _taken(self, name: str) -> bool:
        return os.path.lexists(self._cards.path(name))

    async def _require_idle(self) -> None:
        stats = await self._server.lookup_component("klippy_apis").query_objects({"print_stats": ["state"]})
        state = stats.get("print_stats", {}).get("state")
        if state in ("printing", "paused"):
            raise GatewayError("PRINTER_BUSY", f"The printer is {state}.", "Wait for the end of its job, or send print=false.")

    async def _slice(self, name: str, fields: Dict[str, Any]) -> Dict[str, Any]:
        path = self._cards.path(name)
        try:
            answer, _ = await self._link.ask("slice", self._seconds, self._take_progress, **{**fields, "target": path})
        except GatewayError:
            # A part of the file may be there already.
            await _in_thread(_remove, path)
            raise
        if not await _in_thread(looks_encrypted, path):
            await _in_thread(_remove, path)
            raise GatewayError("SLICE_NOT_SEALED", "The gateway said that it had sliced the file, and left no sealed one.", "Its log tells more.")
        return {"file_id": answer.get("file_id"), "size": answer.get("size")}

    async def _store(self, name: str, token: Any) -> Dict[str, Any]:
        return await _in_thread(store_token, self._cards.path(name), token)

    async def _finish(self, name: str, made: Dict[str, Any], wants_print: bool, user: Any) -> Dict[str, Any]:
        file_manager = self._server.lookup_component("file_manager")
        await self._storage.parse_metadata(name, file_manager.get_path_info(self._cards.path(name), "gcodes")).wait()
        self._mark_once(name)
        self._announce(name, "create_file")
        if wants_print:
            try:
                await self._server.lookup_component("klippy_apis").start_print(name, user=user)
            except self._server.error as error:
                raise GatewayError("PRINT_NOT_STARTED", f"{name} is there, but Klipper did not start it: {error}.", "Put that right, then print it from the list of files.") from error
        logging.info(f"touchmark: {name!r} was made{' and is printed' if wants_print else ''}")
        return {"name": name, **made, "print_started": wants_print, "message": "G-code received, print started" if wants_print else "G-code received"}

    def _mark_once(self, name: str) -> None:
        record = self._storage.get(name, None)
        if isinstance(record, dict):
            record["touchmark"] = {**(record.get("touchmark") or {}), "once": True}
            self._storage.insert(name, record)

    def _take_progress(self, event: Dict[str, Any]) -> None:
        stage, fraction = event.get("stage"), event.get("fraction")
        if not isinstance(stage, str) or not isinstance(fraction, (int, float)):
            return
        told = {"stage": stage[:64], "fraction": round(min(max(float(fraction), 0.0), 1.0), 2)}
        # All clients hear of it: a gateway that talks without end is not listened to.
        if told != self.progress and self._told < MOST_PROGRESS:
            self._told += 1
            self.progress = told
            self._on_progress(told)


def read_fields(arguments: Dict[str, Any]) -> Dict[str, Any]:
    """The fields of a request, whether they came one by one or as JSON in `data`, with the settings as objects. Raises GatewayError."""
    fields = dict(arguments)
    data = _object("data", fields.pop("data", {}))
    fields.update(data)
    for name in SETTINGS:
        if name in fields:
            fields[name] = _object(name, fields[name])
    for name in (*SECRETS, "id", "op", "target", "bytes"):
        fields.pop(name, None)
    return fields


def choose_name(wished: str, taken: Callable[[str], bool]) -> str:
    """A free name for a file in the folder of G-code files. Raises GatewayError where `wished` is none."""
    stem = wished[:-6] if wished.lower().endswith(".gcode") else wished
    if not stem.strip() or stem.startswith(".") or any(c in "/\\" or not c.isprintable() for c in stem):
        raise GatewayError("NAME_REFUSED", "The file's name is empty, begins with a dot, or has slashes or control characters.", "Give a plain name.")
    # Klipper takes ; and # for the beginning of a comment and * for that of a checksum, whatever quotes are around them.
    stem = "".join("_" if c in "\";#*" else c for c in stem.strip())
    stem = stem.encode("utf-8", "replace")[:LONGEST_NAME].decode("utf-8", "ignore")
    for number in range(1, 1000):
        name = f"{stem}.gcode" if number == 1 else f"{stem}-{number}.gcode"
        if not taken(name):
            return name
    raise GatewayError("NAME_TAKEN", f"There are too many files called {stem}.", "Remove some of them.")


def named_after(token_id: Any) -> str:
    """The name that the marketplace's own plugin gives a file."""
    return "hedera_print_" + "".join(c if c.isalnum() or c in "-_." else "_" for c in str(token_id)) if token_id not in (None, "") else "touchmark"


def store_token(path: str, token: Any) -> Dict[str, Any]:
    """Writes a token that came as hexadecimal digits to a new file. Raises GatewayError where it is none: nothing plain is stored this way."""
    try:
        content = binascii.unhexlify(token.strip() if isinstance(token, str) else b"x")
    except (binascii.Error, ValueError):
        content = b""
    if not content.startswith(b"gAAAA"):
        raise GatewayError("ENCRYPTED_GCODE_INVALID", "encrypted_gcode is not a Fernet token in hexadecimal digits.", "Send the token's text, each byte as two digits.")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        _remove(path)
        raise GatewayError("FILE_NOT_WRITTEN", f"The file could not be written: {error.strerror}.", "Make room, or mend the rights of the folder.") from error
    return {"file_id": None, "size": len(content)}


def is_true(value: Any) -> bool:
    """Whether a field of a form or of JSON says yes."""
    return value is True or (not isinstance(value, bool) and str(value).strip().lower() in ("true", "1", "yes"))


def _object(name: str, value: Any) -> Dict[str, Any]:
    try:
        value = json.loads(value) if isinstance(value, (str, bytes)) else value
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise GatewayError("FIELD_INVALID", f"'{name}' is not a JSON object.", "Send it as one.")
    return value


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass


async def _in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)
