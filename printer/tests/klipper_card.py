# A stand-in for Klipper's virtual_sdcard: what Touchmark's extra relies on of it.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import logging
import os


class VirtualSD:
    """Reads by a timer, dispatches a line at a time, keeps its place in bytes."""

    def __init__(self, printer, folder):
        self.printer, self.reactor, self.gcode, self.print_stats = printer, printer.get_reactor(), printer.lookup_object("gcode"), printer.lookup_object("print_stats")
        self.sdcard_dirname, self.current_file, self.file_position, self.file_size = folder, None, 0, 0
        self.must_pause_work, self.cmd_from_sd, self.work_timer = False, False, None
        for name in ("SDCARD_PRINT_FILE", "SDCARD_RESET_FILE", "M23", "M24", "M25", "M26"):
            self.gcode.register_command(name, getattr(self, "cmd_" + name))
        printer.register_event_handler("klippy:shutdown", self.shut_down)

    def shut_down(self):
        if self.work_timer is not None:
            self.must_pause_work = True
            try:
                self.current_file.seek(max(self.file_position - 1024, 0))
                logging.info("Virtual sdcard (%d): %r", self.file_position, self.current_file.read(1152))
            except Exception:
                logging.exception("virtual_sdcard shutdown read")

    def get_file_list(self, check_subdirs=False):
        found = []
        for root, _, names in os.walk(self.sdcard_dirname):
            if check_subdirs or root == self.sdcard_dirname:
                found += [(os.path.relpath(os.path.join(root, name), self.sdcard_dirname), 0) for name in names]
        return sorted(found)

    def get_status(self, eventtime):
        return {"progress": self.progress(), "is_active": self.is_active(), "file_path": self.file_path()}

    def file_path(self):
        return self.current_file.name if self.current_file else None

    def progress(self):
        return self.file_position / self.file_size if self.file_size else 0.0

    def is_active(self):
        return self.work_timer is not None

    def do_pause(self):
        if self.work_timer is not None:
            self.must_pause_work = True
            while self.work_timer is not None and not self.cmd_from_sd:
                self.reactor.pause(self.reactor.monotonic() + .001)

    def do_resume(self):
        if self.work_timer is not None:
            raise self.gcode.error("SD busy")
        self.must_pause_work = False
        self.work_timer = self.reactor.register_timer(self.work_handler, self.reactor.NOW)

    def do_cancel(self):
        if self.current_file is not None:
            self.do_pause()
            self.current_file.close()
            self.current_file = None
            self.print_stats.note_cancel()
        self.file_position = self.file_size = 0

    def _reset_file(self):
        if self.current_file is not None:
            self.do_pause()
            self.current_file.close()
            self.current_file = None
        self.file_position = self.file_size = 0
        self.print_stats.reset()

    def _load_file(self, gcmd, filename, check_subdirs=False):
        listed = {name.lower(): name for name, _ in self.get_file_list(check_subdirs)}
        if filename.lower() not in listed:
            raise gcmd.error("Unable to open file")
        self.current_file = open(os.path.join(self.sdcard_dirname, listed[filename.lower()]), newline="")
        self.file_position, self.file_size = 0, os.path.getsize(self.current_file.name)
        self.print_stats.set_current_file(filename)

    def cmd_SDCARD_PRINT_FILE(self, gcmd):
        self._reset_file()
        self._load_file(gcmd, gcmd.get("FILENAME"), check_subdirs=True)
        self.do_resume()

    def cmd_SDCARD_RESET_FILE(self, gcmd):
        self._reset_file()

    def cmd_M23(self, gcmd):
        self._reset_file()
        self._load_file(gcmd, gcmd.get_raw_command_parameters())

    def cmd_M24(self, gcmd):
        self.do_resume()

    def cmd_M25(self, gcmd):
        self.do_pause()

    def cmd_M26(self, gcmd):
        self.file_position = gcmd.get_int("S")

    def work_handler(self, eventtime):
        self.reactor.unregister_timer(self.work_timer)
        try:
            self.current_file.seek(self.file_position)
        except Exception:
            logging.exception("virtual_sdcard seek")
            self.work_timer = None
            return self.reactor.NEVER
        self.print_stats.note_start()
        error_message, partial, lines = None, "", []
        while not self.must_pause_work:
            if not lines:
                try:
                    data = self.current_file.read(8192)
                except Exception:
                    logging.exception("virtual_sdcard read")
                    break
                if not data:
                    self.current_file.close()
                    self.current_file = None
                    self.gcode.respond_raw("Done printing file")
                    break
                lines = (partial + data).split("\n")
                partial = lines.pop()
                self.reactor.pause(self.reactor.NOW)
                continue
            if self.gcode.get_mutex().test():
                self.reactor.pause(self.reactor.monotonic() + .05)
                continue
            self.cmd_from_sd, line = True, lines.pop(0)
            try:
                self.gcode.run_script(line)
            except self.gcode.error as error:
                error_message = str(error)
                break
            except Exception:
                logging.exception("virtual_sdcard dispatch")
                break
            self.cmd_from_sd = False
            self.file_position += len(line.encode()) + 1
        self.work_timer, self.cmd_from_sd = None, False
        if error_message is not None:
            self.print_stats.note_error(error_message)
        elif self.current_file is not None:
            self.print_stats.note_pause()
        else:
            self.print_stats.note_complete()
        return self.reactor.NEVER
