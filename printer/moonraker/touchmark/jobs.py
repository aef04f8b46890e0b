# Follows protected jobs: what the history keeps of them, layers on the printer's display, and files that were made for one print.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations
import asyncio
import logging
from typing import Any, Callable, Dict, List, Optional

FIELDS = (("licence", "Licence that the print was counted against"), ("job", "Job at the engine"))
"""What Moonraker's history keeps of a protected job: the fields of Klipper's object `touchmark`, and what they are."""
OBJECT = "touchmark"


class Jobs:
    """Takes part in Moonraker's events. `storage` is its store of metadata, `layers` whether M117 messages are sent, `cleanup` whether files made for one
    print are removed after it, `on_change` is called when a protected job begins or ends, and `on_klipper` when Klipper, too, has found the gateway."""

    def __init__(self, server: Any, storage: Any, layers: bool, cleanup: bool, on_change: Callable[[], None], on_klipper: Callable[[], None]) -> None:
        self.status: Dict[str, Any] = {}
        self._server, self._storage = server, storage
        self._layers, self._cleanup, self._on_change, self._on_klipper = layers, cleanup, on_change, on_klipper
        self._message: Optional[str] = None
        self._sending = False
        self._trackers: Dict[str, Any] = {}
        server.register_event_handler("server:klippy_ready", self._on_ready)
        server.register_event_handler("server:klippy_disconnect", self._on_disconnect)
        server.register_event_handler("history:history_changed", self._on_history)
        server.register_event_handler("job_state:layer_changed", self._on_layer)

    def register_history(self) -> None:
        """Adds the fields to the history, where this Moonraker keeps one that takes fields."""
        history = self._server.lookup_component("history", None)
        if history is None or not hasattr(history, "register_auxiliary_field"):
            return
        try:
            from ...common import HistoryFieldData
        except ImportError:
            return
        for name, words in FIELDS:
            field = HistoryFieldData(name, "touchmark", words, "basic", reset_callback=lambda name=name: self.status.get(name))
            history.register_auxiliary_field(field)
            self._trackers[name] = field.tracker

    def is_once(self, name: str) -> bool:
        """Whether the file was made for one print."""
        return bool((self._mark(name) or {}).get("once"))

    async def _on_ready(self) -> None:
        klippy = self._server.lookup_component("klippy_apis")
        try:
            if OBJECT in await klippy.get_object_list(default=[]):
                self._take((await klippy.subscribe_objects({OBJECT: None}, self._on_status, {})).get(OBJECT))
            stats = (await klippy.query_objects({"print_stats": ["state", "filename"]}, {})).get("print_stats", {})
        except self._server.error as error:
            logging.info(f"touchmark: Klipper's state could not be read: {error}")
            return
        await self._remove_leftovers(stats)

    def _on_disconnect(self) -> None:
        self.status = {}

    async def _on_status(self, status: Dict[str, Any], _: float) -> None:
        self._take(status.get(OBJECT))

    def _take(self, changed: Any) -> None:
        if not isinstance(changed, dict):
            return
        before = dict(self.status)
        self.status.update(changed)
        for name, tracker in self._trackers.items():
            # What was known of a job stays when Klipper clears its object at the end of the print: the history is written after that.
            if changed.get(name) not in (None, ""):
                tracker.update(changed[name])
        if self.status.get("job") != before.get("job"):
            self._on_change()
        if self.status.get("gateway") == "connected" != before.get("gateway"):
            self._on_klipper()

    async def _on_history(self, change: Dict[str, Any]) -> None:
        # Not at the job's end itself: what the history keeps of a file is read from its metadata, which goes with the file.
        if change.get("action") == "finished":
            self._message = None
            await self._remove(str(change["job"].get("filename")))

    def _on_layer(self, current: int, total: int) -> None:
        state = self._server.lookup_component("job_state").get_last_stats()
        mark = self._mark(state.get("filename") or "")
        if not self._layers or (mark is None and not self.status.get("job")):
            return
        if not total:
            total = (self._storage.get(state.get("filename") or "", None) or {}).get("layer_count") or 0
        self._message = f"Layer {int(current)}/{int(total)}" if total else f"Layer {int(current)}"
        if not self._sending:
            self._sending = True
            self._server.get_event_loop().create_task(self._send())

    async def _send(self) -> None:
        # A line waits while Klipper homes or heats: of what happened meanwhile only the last is worth showing.
        try:
            while self._message is not None:
                message, self._message = self._message, None
                await self._server.lookup_component("klippy_apis").run_gcode(f"M117 {message}", None)
        finally:
            self._sending = False

    async def _remove_leftovers(self, stats: Dict[str, Any]) -> None:
        """Files made for one print whose end Moonraker did not see."""
        printing = stats.get("filename") if stats.get("state") in ("printing", "paused") else None
        for name in self._names():
            if name != printing and self.is_once(name) and (self._storage.get(name, None) or {}).get("print_start_time") is not None:
                await self._remove(name)

    def _names(self) -> List[str]:
        try:
            return list(self._server.lookup_component("file_manager").get_file_list("gcodes"))
        except self._server.error:
            return []

    async def _remove(self, name: str) -> None:
        if not self._cleanup or not self.is_once(name):
            return
        try:
            await self._server.lookup_component("file_manager").delete_file(f"gcodes/{name}")
            logging.info(f"touchmark: {name!r} was made for one print and is removed after it")
        except (self._server.error, OSError) as error:
            logging.info(f"touchmark: {name!r} could not be removed after its print: {error}")

    def _mark(self, name: str) -> Optional[Dict[str, Any]]:
        mark = (self._storage.get(name, None) or {}).get("touchmark")
        return mark if isinstance(mark, dict) else None
