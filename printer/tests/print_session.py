# Prints live sessions through the extra, against a gateway that runs: `print_session.py SOCKET FOLDER PRINTER` has each line run by the virtual printer at the address PRINTER, which stands
# for Klipper's motion, and writes it to standard output. A line on standard input is run as if a person had typed it: PAUSE, RESUME, CANCEL_PRINT; `M112` shuts Klipper down, `end` ends this
# program as a crash does. Each change of the job's state is told behind `//`.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import concurrent.futures
import http.client
import json
import logging
import os
import sys
import urllib.parse

import klipper_host
from extras import touchmark
from print_file import Clock


class Machine:
    """What runs a line: a printer beside this program. Who waits for it waits within the reactor, as for Klipper's toolhead."""

    def __init__(self, reactor, address):
        self.reactor, self.thread = reactor, concurrent.futures.ThreadPoolExecutor(1)
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc, timeout=60)

    def run(self, line):
        done = self.thread.submit(self._send, line)
        while not done.done():
            self.reactor.pause(self.reactor.monotonic() + 0.002)
        done.result()

    def _send(self, line):
        self.connection.request("POST", "/printer/gcode/script", json.dumps({"script": line}), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise klipper_host.CommandError(json.loads(text)["error"]["message"])


def main(socket, folder, address):
    logging.disable()
    reactor = Clock()
    reactor.monotonic()
    printer = klipper_host.Printer(folder, reactor=reactor)
    machine = Machine(reactor, address)
    extra = touchmark.load_config(klipper_host.Config(printer, {"touchmark": {"socket": socket, "guard_memory": "False"}, "virtual_sdcard": {}}, "touchmark"))
    gcode, card, stats = (printer.lookup_object(name) for name in ("gcode", "virtual_sdcard", "print_stats"))
    printer.objects["pause_resume"] = klipper_host.PauseResume(printer)
    printer.objects["gcode_macro TOUCHMARK_SAFE_REST"] = object()
    own = dict(gcode.handlers)

    def run(script):
        for line in script.split("\n"):
            if line in own:
                own[line](klipper_host.Command(gcode, line, {}))
            elif line:
                if card.cmd_from_sd:
                    print(line, flush=True)
                machine.run(line)

    def typed(eventtime):
        for line in os.read(0, 4096).decode().split("\n"):
            if line == "end":
                os._exit(0)
            elif line == "M112":
                printer.invoke_shutdown("Shutdown due to M112 command")
            elif line:
                reactor.register_callback(lambda eventtime, line=line: gcode.run_script(line))

    told = [None]

    def tell(eventtime):
        status = dict(extra.get_status(eventtime), state=stats.state, message=stats.message)
        state = " ".join(str(status[name]) for name in ("gateway", "phase", "state", "message"))
        if state != told[0]:
            told[0] = state
            print("// " + state, flush=True)
        return eventtime + 0.02

    gcode.run_script_from_command = run
    reactor.register_fd(0, typed)
    reactor.register_timer(tell, reactor.NOW)
    printer.send_event("klippy:ready")
    reactor.run(86400.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
