# Prints one file of a folder through the extra, against a gateway that runs: `print_file.py SOCKET FOLDER NAME` writes every line that the printer ran to standard output, and what it
# was told to standard error. Exit code 0: complete.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import select
import sys
import time

import klipper_host
from extras import touchmark
from klipper_reactor import NEVER, Reactor


class Clock(Reactor):
    """The stand-in reactor by a real clock: what it waits for comes from another process."""

    def monotonic(self):
        self.time = time.monotonic()
        return self.time

    def _step(self, until):
        if super()._step(self.monotonic()):
            return True
        due = min([until] + [timer.waketime for timer in self.timers if timer.waketime < NEVER])
        if due <= self.monotonic():
            return due < until
        select.select([fd for fd, file in self.files.items() if file.wake_read], [fd for fd, file in self.files.items() if file.wake_write], [], due - self.time)
        return True


def main(socket, folder, name):
    reactor = Clock()
    reactor.monotonic()
    printer = klipper_host.Printer(folder, reactor=reactor)
    extra = touchmark.load_config(klipper_host.Config(printer, {"touchmark": {"socket": socket, "guard_memory": "False"}, "virtual_sdcard": {}}, "touchmark"))
    gcode, card, stats = (printer.lookup_object(name) for name in ("gcode", "virtual_sdcard", "print_stats"))
    printer.objects["pause_resume"] = klipper_host.PauseResume(printer)
    gcode.register_command("G1", lambda gcmd: print(gcmd.line))
    gcode.register_command("TURN_OFF_HEATERS", lambda gcmd: None)
    printer.send_event("klippy:ready")
    try:
        reactor.call(card.cmd_SDCARD_PRINT_FILE, klipper_host.Command(gcode, "", {"FILENAME": name}), seconds=30.0)
        # What it is asked at the start and by people while it runs.
        print(extra.get_status(reactor.monotonic()), file=sys.stderr)
        reactor.run(60.0, until=lambda: stats.state in ("complete", "error", "cancelled", "paused"))
    except klipper_host.CommandError as refused:
        print(refused, file=sys.stderr)
        return 2
    finally:
        printer.send_event("klippy:disconnect")
    print(stats.state, *gcode.outputs, sep="\n", file=sys.stderr)
    return 0 if stats.state == "complete" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
