# Touchmark's component for Moonraker: encrypted files look and print like plain ones. It has no keys: what must be opened, the gateway opens.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations
import logging
import os
from typing import Any, Awaitable, Callable, Dict

from ...common import RequestType
from .cards import Cards
from .jobs import Jobs
from .link import GatewayError, Link
from .slicing import Slicing
from .thumbnails import Thumbnails, serve

VERSION = "1.0"
ALIAS = "/hedera_slicer/slice_and_print"
"""An address of older callers, below which Moonraker lets no component register."""
STATUS_CODES = {"GATEWAY_ABSENT": 503, "GATEWAY_SLOW": 504, "PRINTER_BUSY": 409, "SLICING_BUSY": 409, "PRINT_NOT_STARTED": 409, "REQUEST_TOO_LARGE": 413, "FILE_NOT_WRITTEN": 507}
FILE_CHANGES = ("create_file", "modify_file", "move_file")


class Touchmark:
    """The component as Moonraker knows it."""

    def __init__(self, config: Any) -> None:
        self.server = config.get_server()
        home = os.environ.get("TOUCHMARK_HOME") or os.path.expanduser("~/.touchmark")
        socket = os.path.expanduser(config.get("socket", os.path.join(home, "gateway", "printer.sock")))
        wait = config.getfloat("metadata_wait", 5.0, minval=0.0, maxval=60.0)
        seconds = config.getfloat("slice_timeout", 1800.0, above=0.0)
        layers = config.getboolean("layer_messages", True)
        cleanup = config.getboolean("cleanup", True)
        self.file_manager = self.server.lookup_component("file_manager")
        storage = self.file_manager.get_metadata_storage()
        self.link = Link(socket, f"touchmark for Moonraker {VERSION}", os.path.realpath(self.file_manager.get_directory()), self._on_up, self._changed)
        self.thumbnails = Thumbnails(storage)
        self.cards = Cards(self.link, storage, self.thumbnails, self.file_manager.get_directory, lambda name: self._announce(name, "modify_file"), wait)
        self.jobs = Jobs(self.server, storage, layers, cleanup, self._changed, self._look_again)
        self.slicing = Slicing(self.server, self.link, self.cards, storage, self._announce, self._on_progress, seconds)
        self._stage = ""
        self._register()

    def _register(self) -> None:
        self.server.register_notification("touchmark:changed", "touchmark_changed")
        self.server.register_notification("touchmark:slice_progress", "touchmark_slice_progress")
        self.server.register_event_handler("file_manager:filelist_changed", self._on_files)
        self.server.register_endpoint("/machine/touchmark/status", RequestType.GET, self._answering(self._status))
        self.server.register_endpoint("/machine/touchmark/refresh_token", RequestType.POST, self._answering(self._refresh_token))
        for address in ("/machine/touchmark/slice_and_print", "/machine/hedera_slicer/slice_and_print"):
            self.server.register_endpoint(address, RequestType.POST, self._answering(self.slicing.slice_and_print))
        application = self.server.lookup_component("application")
        serve(application, self.thumbnails, self.cards.pictures)
        _alias(application, "/machine/hedera_slicer/slice_and_print", ALIAS)

    async def component_init(self) -> None:
        """Called by Moonraker when every component is loaded."""
        self.jobs.register_history()
        self.server.get_event_loop().create_task(self.link.run())

    async def close(self) -> None:
        """Called by Moonraker when it stops."""
        self.cards.close()
        self.link.close()

    def get_status(self) -> Dict[str, Any]:
        """What is known without asking the gateway."""
        return {"component": VERSION, "gateway": {"connected": self.link.is_up, "version": self.link.gateway}, "klipper": self.jobs.status, "slicing": self.slicing.progress}

    async def _status(self, _: Any) -> Dict[str, Any]:
        status = self.get_status()
        try:
            answer, _raw = await self.link.ask("status", 5.0)
            status["gateway"].update({key: value for key, value in answer.items() if key not in ("id", "ok", "bytes", "connected", "version")})
        except GatewayError as error:
            status["gateway"]["error"] = str(error)
        return status

    async def _refresh_token(self, _: Any) -> Dict[str, Any]:
        answer, _raw = await self.link.ask("refresh_token", 30.0)
        return {"expires_at": answer.get("expires_at")}

    def _answering(self, method: Callable[[Any], Awaitable[Dict[str, Any]]]) -> Callable[[Any], Awaitable[Dict[str, Any]]]:
        async def answer(request: Any) -> Dict[str, Any]:
            try:
                return await method(request)
            except GatewayError as error:
                # The text becomes the reason of an HTTP answer, which takes nothing else.
                raise self.server.error(str(error).encode("ascii", "replace").decode(), STATUS_CODES.get(error.code, 400)) from error
        return answer

    def _changed(self) -> None:
        self.server.send_event("touchmark:changed", self.get_status())

    def _on_up(self) -> None:
        self._changed()
        self._look_again()

    def _look_again(self) -> None:
        # The gateway opens files of a folder that Klipper names: what it refused before Klipper came is worth asking again.
        self.server.get_event_loop().create_task(self._complete_all())

    async def _complete_all(self) -> None:
        try:
            names = list(self.file_manager.get_file_list("gcodes"))
        except self.server.error:
            return
        await self.cards.complete_all(names)

    async def _on_files(self, change: Dict[str, Any]) -> None:
        item = change.get("item", {})
        if change.get("action") in FILE_CHANGES and item.get("root") == "gcodes" and self.link.is_up:
            await self.cards.complete(item["path"])

    def _announce(self, name: str, action: str) -> None:
        info = self.file_manager.get_path_info(self.cards.path(name), "gcodes", raise_error=False)
        self.server.send_event("file_manager:filelist_changed", {"action": action, "item": {**info, "path": name, "root": "gcodes"}})

    def _on_progress(self, progress: Dict[str, Any]) -> None:
        self.server.send_event("touchmark:slice_progress", progress)
        # Every front end shows Klipper's console: a line for each stage there reaches also those that know nothing of Touchmark.
        if progress["stage"] != self._stage:
            self._stage = progress["stage"]
            self.server.send_event("server:gcode_response", f"// Touchmark: {self._stage}")


def _alias(application: Any, address: str, alias: str) -> None:
    """Has Moonraker answer at `alias` as at `address`, with the same handler and so with the same sign-in."""
    router = getattr(application, "mutable_router", None)
    rule = getattr(router, "pattern_to_rule", {}).get(f"{application.route_prefix}{address}")
    if rule is not None:
        router.add_handler(f"{application.route_prefix}{alias}", rule.target, rule.target_kwargs)
    else:
        logging.warning(f"touchmark: this version of Moonraker does not answer at {alias}; callers use {address}")


def load_component(config: Any) -> Touchmark:
    """Called by Moonraker for the section [touchmark]."""
    return Touchmark(config)
