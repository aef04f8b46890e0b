# A printer with [touchmark], its gateway, and the lines that it ran: what the tests of the extra begin with.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import logging
import os
import socket
import tempfile
import unittest

import gateway
import klipper_host
from extras import touchmark

TOOLPATH = "".join("G1 X%d.%03d Y%d.%03d E0.02\n" % (i % 200, i % 1000, i % 150, (i * 7) % 1000) for i in range(1, 4001))
"""Prints for 40 s."""


class LoopGateway:
    """The stand-in gateway within the reactor, so that time passes only when nobody has anything to say."""

    def __init__(self, reactor, path, known):
        self.reactor, self.path, self.known, self.peers = reactor, path, known, {}
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(4)
        self.handle = reactor.register_fd(self.listener.fileno(), self.accept)
        self.timer = reactor.register_timer(self.alive, reactor.monotonic() + 2.0)

    def accept(self, eventtime):
        peer = self.listener.accept()[0]
        self.peers[peer] = self.reactor.register_fd(peer.fileno(), lambda e: self.read(peer)), gateway.Conversation(self.known)

    def read(self, peer):
        data = peer.recv(65536)
        if not data:
            self.drop(peer)
        else:
            peer.sendall(self.peers[peer][1].receive(data))

    def alive(self, eventtime):
        if self.known.handles:
            self.tell({"event": "alive"})
        return eventtime + 2.0

    def tell(self, event):
        self.send(gateway.frame(event))

    def send(self, data):
        for peer in list(self.peers):
            peer.sendall(data)

    def drop(self, peer):
        self.reactor.unregister_fd(self.peers.pop(peer)[0])
        peer.close()

    def stop(self):
        """As when the program ends: connections and handles are gone."""
        self.known.handles.clear()
        for peer in list(self.peers):
            self.drop(peer)
        self.reactor.unregister_timer(self.timer)
        self.reactor.unregister_fd(self.handle)
        self.listener.close()
        os.remove(self.path)


class Log(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


class Case(unittest.TestCase):
    settings = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.path = os.path.join(folder.name, "gcodes"), os.path.join(folder.name, "s")
        os.mkdir(self.folder)
        self.printer = klipper_host.Printer(self.folder)
        self.reactor, self.gcode = self.printer.reactor, self.printer.lookup_object("gcode")
        self.extra = touchmark.load_config(klipper_host.Config(self.printer, {"touchmark": dict(self.settings, socket=self.path, guard_memory="False"), "virtual_sdcard": {}}, "touchmark"))
        self.card = self.printer.lookup_object("virtual_sdcard")
        self.printer.objects["pause_resume"] = klipper_host.PauseResume(self.printer)
        self.stats = self.printer.lookup_object("print_stats")
        self.ran = []
        self.gcode.register_command("G1", self.move)
        for name in ("TURN_OFF_HEATERS", "SET_STEPPER_ENABLE", "M118"):
            self.gcode.register_command(name, lambda gcmd: self.ran.append(gcmd.line))
        self.gateway = gateway.Gateway()
        self.server = self.start_gateway()
        self.log = Log()
        root, level = logging.getLogger(), logging.getLogger().level
        root.addHandler(self.log)
        root.setLevel(logging.DEBUG)
        self.addCleanup(root.setLevel, level)
        self.addCleanup(root.removeHandler, self.log)
        self.addCleanup(self.printer.send_event, "klippy:disconnect")
        self.addCleanup(lambda: self.card.current_file and self.card.current_file.close())
        self.printer.send_event("klippy:ready")
        self.reactor.run(1)

    def move(self, gcmd):
        self.ran.append(gcmd.line)
        if len(self.ran) % 25 == 0:
            self.reactor.pause(self.reactor.monotonic() + 0.25)

    def start_gateway(self):
        server = LoopGateway(self.reactor, self.path, self.gateway)
        self.addCleanup(lambda: server.listener.fileno() < 0 or server.stop())
        return server

    def put(self, name, text=TOOLPATH, kind="sealed"):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode() if kind == "plain" else gateway.seal(text, kind))
        return path

    def run_line(self, line):
        return self.reactor.call(self.gcode.run_script, line)

    def print_file(self, name):
        command = klipper_host.Command(self.gcode, "", {"FILENAME": name})
        self.reactor.call(self.card.cmd_SDCARD_PRINT_FILE, command)

    def refused(self, name):
        """The sentence by which printing a file is refused."""
        with self.assertRaises(klipper_host.CommandError) as caught:
            self.print_file(name)
        return str(caught.exception)

    def until(self, state, seconds=300):
        self.reactor.run(seconds, until=lambda: self.stats.state == state)
        self.assertEqual(state, self.stats.state, self.gcode.outputs[-3:])

    def release(self):
        """Answers what was muted."""
        muted, self.gateway.muted = self.gateway.muted, []
        for request in muted:
            fields, raw = self.gateway.answer(request)
            self.server.send(gateway.frame(dict(fields, id=request["id"]), raw))
        self.reactor.run(0.1)

    def status(self):
        return self.extra.get_status(self.reactor.monotonic())

    def moves(self):
        return "".join(line + "\n" for line in self.ran if line.startswith("G1"))
