# The printer's virtual_sdcard, able to print protected jobs. Plain files take the host's own way throughout.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import inspect
import os

from .sealed import Protected

MAGICS = (b"tm-gcode", b"gAAAA")
_ATTRIBUTES = ("current_file", "file_position", "file_size", "work_timer", "must_pause_work", "cmd_from_sd", "print_stats", "gcode", "reactor", "sdcard_dirname")
_METHODS = ("get_file_list", "do_pause", "do_resume", "do_cancel", "is_active", "progress", "file_path", "_reset_file", "cmd_SDCARD_PRINT_FILE")
# method: names that its code must use, because this file replaces or answers just those.
_USES = {
    "cmd_SDCARD_PRINT_FILE": {"_load_file", "do_resume"},
    "do_resume": {"work_handler", "must_pause_work", "work_timer"},
    "do_pause": {"must_pause_work", "work_timer"},
    "work_handler": {"current_file", "seek", "read", "close", "gcode", "run_script", "must_pause_work", "file_position"},
}


def unfit(card):
    """What this host's virtual_sdcard lacks of what is relied on, or None. True of Klipper v0.12 up to at least v0.13."""
    for name in _ATTRIBUTES:
        if not hasattr(card, name):
            return "its virtual_sdcard has no '%s'" % name
    for name in _METHODS:
        if not callable(getattr(card, name, None)):
            return "its virtual_sdcard has no method '%s'" % name
    for name, used in _USES.items():
        code = getattr(getattr(card, name, None), "__code__", None)
        if code is None or not used <= set(code.co_names):
            return "its virtual_sdcard.%s works in another way" % name
    load = getattr(card, "_load_file", None)
    if load is None or list(inspect.signature(load).parameters) != ["gcmd", "filename", "check_subdirs"]:
        return "its virtual_sdcard opens files in another way"
    return None


def protect(card, touchmark):
    """Makes the host's own object, which other modules hold already, one of a subclass of its class."""
    card.touchmark = touchmark
    card.__class__ = type("ProtectedVirtualSD", (ProtectedCard, type(card)), {})


def looks_encrypted(path):
    """A first look at the file itself, so that no plain file ever depends on the gateway."""
    try:
        with open(path, "rb") as file:
            return file.read(8).startswith(MAGICS)
    except OSError:
        return False


class ProtectedCard:
    """What is different from the host's virtual_sdcard; mixed into its class."""

    @property
    def protected(self):
        """The protected job that is loaded, or None."""
        return self.current_file if isinstance(self.current_file, Protected) else None

    def _load_file(self, gcmd, filename, check_subdirs=False):
        path = self._find(filename, check_subdirs)
        job = self.touchmark.open(path) if path is not None and looks_encrypted(path) else None
        if job is None:
            super()._load_file(gcmd, filename, check_subdirs=check_subdirs)
            return
        gcmd.respond_raw("File opened:%s Size:%d" % (filename, job.size))
        gcmd.respond_raw("File selected")
        self._select(job, filename)

    def _find(self, filename, check_subdirs):
        """The path of a listed file, found as the host finds it; None for whatever is not listed."""
        names = [name for name, _ in self.get_file_list(check_subdirs)]
        if filename not in names:
            filename = {name.lower(): name for name in names}.get(filename.lower())
        return None if filename is None else os.path.abspath(os.path.join(self.sdcard_dirname, filename))

    def _select(self, job, filename):
        self.current_file, self.file_position, self.file_size = job, 0, job.size
        self.print_stats.set_current_file(filename)
        self.touchmark.begin(job)

    def start_session(self, session):
        """Loads and starts a live session. False when something else is printed or paused."""
        with self.gcode.get_mutex():
            if self.work_timer is not None or self.current_file is not None:
                return False
            self._reset_file()
            self.gcode.respond_raw("File opened:%s Size:0" % session.name)
            self._select(session, session.name)
            self.do_resume()
        return True

    def do_pause(self):
        if self.protected is not None and self.work_timer is not None:
            self.must_pause_work = True
            self.protected.interrupt()
        super().do_pause()

    def do_resume(self):
        if self.protected is not None and self.work_timer is None:
            self.touchmark.before_resume(self.protected, self.file_position)
        super().do_resume()

    def work_handler(self, eventtime):
        job = self.protected
        result = super().work_handler(eventtime)
        if job is not None and self.print_stats.get_status(self.reactor.monotonic())["state"] == "error":
            self.drop(job, "error")
        return result

    def drop(self, job, reason, text=""):
        """Ends a job that is not being read."""
        job.end(reason, text)
        if self.current_file is job:
            self.current_file = None
            self.file_position = self.file_size = 0

    def progress(self):
        job = self.protected
        return self.touchmark.session_progress() if job is not None and job.live else super().progress()
