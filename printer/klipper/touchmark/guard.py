# Keeps the toolpath of a protected job out of klippy.log and out of the answers that Klipper's clients see.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import ctypes
import logging
import re
import traceback

from .sealed import Interrupted

LINGER = 60.0
"""Seconds after a job for which Klipper still remembers its motion (it keeps 30 s of moves and steps)."""
OWN = ("!! Touchmark: ", "// Touchmark: ")
"""How the extra's own sentences begin, which hold no toolpath."""
WITHHELD = "touchmark: %s is not logged because of a protected job (%s)"

_MOVE = re.compile(r"\s*(?:N\d+\s*)?G0*[0-35](?!\d)", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?\d*\.?\d+")
_TOOLPATH = re.compile(r"\bG[0-3] ?[XYZEFIJ][-+.\d]|\bqueue_step\b|\bset_next_step_dir\b|\bsp=\(", re.IGNORECASE)
_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4

# (module of Klipper, how the text begins, what it is). Found by reading every logging call of Klipper v0.12 to master.
_DUMPS = (
    ("motion_report", "", "the motion queue"),
    ("gcode_move", "gcode state", "the position"),
    ("virtual_sdcard", "Virtual sdcard (", "the text around the position"),
    ("gcode", "Dumping gcode input", "the G-code input"),
)


class Guard(logging.Filter):
    """On while a protected job is loaded and for LINGER seconds more; after a shutdown until Klipper restarts.

    A filter of the root logger, by which every module of Klipper logs: records are altered before any handler sees them.
    """

    def __init__(self, printer, memory):
        super().__init__()
        self._printer, self._reactor, self._memory = printer, printer.get_reactor(), memory
        self._jobs, self._until, self._latched = 0, 0.0, False
        self.line = None
        self._dumpable = None

    def install(self):
        logging.getLogger().addFilter(self)

    def remove(self):
        logging.getLogger().removeFilter(self)
        self._set_dumpable(1)

    @property
    def on(self):
        return self._latched or self._jobs > 0 or self._reactor.monotonic() < self._until

    def begin(self):
        self._jobs += 1
        self._set_dumpable(0)

    def end(self):
        self._jobs -= 1
        self._until = self._reactor.monotonic() + LINGER
        self._latched = self._latched or self._printer.is_shutdown()

    def latch(self):
        """Klipper shuts down: its analysis runs later, and no job can follow."""
        self._latched = self.on

    def _set_dumpable(self, value):
        # No core dump holds the toolpath, and no other process of this user can look into this one.
        if not self._memory or (value == 1 and self._dumpable is None):
            return
        prctl = ctypes.CDLL(None).prctl
        if self._dumpable is None:
            self._dumpable = prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0)
        prctl(_PR_SET_DUMPABLE, value and self._dumpable, 0, 0, 0)

    def redact(self, text):
        """`text`, which a line of the job gave rise to, without that line's content."""
        line = (self.line or "").strip()
        if not line:
            return text
        if _MOVE.match(line):
            return _NUMBER.sub("#", text.replace(line, "(line withheld)").replace(line.upper(), "(line withheld)"))
        return text.replace(line, "(line withheld)").replace(line.upper(), "(line withheld)")

    def filter(self, record):
        if not self.on:
            return True
        if record.exc_info:
            # An exception's words may repeat what it stumbled over: its type and place are kept.
            kind, _, trace = record.exc_info
            if kind is not None and issubclass(kind, Interrupted):
                logging.info("touchmark: reading ended before the end of the job: pause, cancel, shutdown or no gateway")
                return False
            record.exc_text = "%s%s (text withheld)" % ("".join(traceback.format_tb(trace)), getattr(kind, "__name__", "exception"))
            record.exc_info = None
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)
        record.msg, record.args = self._passed(record, text), None
        return True

    def _passed(self, record, text):
        place = "%s.%s" % (record.module, record.funcName)
        for module, beginning, what in _DUMPS:
            if record.module == module and text.startswith(beginning):
                return WITHHELD % (what, place)
        if record.module == "mcu" and "\n" in text and _TOOLPATH.search(text):
            return text.split("\n", 1)[0] + "\n" + WITHHELD % ("the queue of messages", place)
        if record.module in ("gcode", "virtual_sdcard"):
            if record.levelno <= logging.DEBUG:
                return WITHHELD % ("a line", place)
            text = self.redact(text)
        return WITHHELD % ("what looks like toolpath", place) if _TOOLPATH.search(text) else text


class Dispatch:
    """Stands before Klipper's gcode object for virtual_sdcard while it prints a protected job: knows the line that runs, so that no answer repeats it."""

    def __init__(self, gcode, guard):
        self._gcode, self._guard, self._run = gcode, guard, gcode.run_script
        self.error = gcode.error
        gcode.respond_raw = self._respond

    def __getattr__(self, name):
        return getattr(self._gcode, name)

    def remove(self):
        if self._gcode.__dict__.get("respond_raw") == self._respond:
            del self._gcode.respond_raw

    def run_script(self, script):
        guard = self._guard
        guard.line = script
        try:
            self._run(script)
        except self.error as error:
            raise self.error(guard.redact(str(error))) from None
        finally:
            guard.line = None

    def _respond(self, text):
        if self._guard.line is not None and text.startswith(("!!", "//")) and not text.startswith(OWN):
            text = self._guard.redact(text)
        type(self._gcode).respond_raw(self._gcode, text)
