# The connection to Touchmark's gateway over its Unix socket, within Klipper's reactor: nothing here blocks.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import errno
import logging
import os
import socket
import struct

from . import wire, words

RETRY_FIRST, RETRY_MOST = 0.25, 5.0
"""Seconds between two attempts to connect: doubled from the first to the most."""
HELLO_WITHIN = 5.0
MOST_OUTSTANDING = 16
MOST_EVENTS = 200
"""Events a second. A gateway sends two; whoever sends hundreds wants to keep the reactor busy."""

LOST = "lost"
"""What an answer becomes when the connection ends first."""


class Answer:
    """What will be answered: `result` is (message, raw bytes) or LOST once it is known. One greenlet at a time may wait for it."""

    def __init__(self, reactor):
        self._reactor, self._wake, self.result = reactor, None, None

    def set(self, result):
        if self.result is None:
            self.result = result
            self.wake()

    def wake(self):
        """Ends the wait for it, answered or not; a later wait may still get the answer."""
        if self._wake is not None and not self._wake.test():
            self._wake.complete(True)

    def wait(self, seconds):
        """The result, or None when it did not come within `seconds` or the wait was ended."""
        if self.result is None:
            self._wake = self._reactor.completion()
            self._wake.wait(self._reactor.monotonic() + seconds)
        return self.result


class Gateway:
    """One connection that comes back by itself.

    `epoch` counts connections: a handle lives as long as the epoch it was opened in. `heard` is when (reactor time) the last well-formed frame came.
    """

    def __init__(self, reactor, path, hello, on_event, on_connected):
        self.reactor, self.path = reactor, path
        self.epoch, self.heard, self.state = 0, reactor.monotonic(), "absent"
        self._hello, self._on_event, self._on_connected = hello, on_event, on_connected
        self._socket = self._fd = self._frames = None
        self._output, self._pending, self._last_id = b"", {}, 0
        self._retry, self._timer, self._told = RETRY_FIRST, None, None
        self._events, self._events_since = 0, 0.0
        self._waiting = []

    @property
    def connected(self):
        return self.state == "connected"

    def start(self):
        self._timer = self.reactor.register_timer(self._connect, self.reactor.NOW)

    def stop(self):
        if self._timer is not None:
            self.reactor.unregister_timer(self._timer)
            self._timer = None
        self._drop(None)

    def ask(self, op, **fields):
        """Sends a request and returns its Answer. Raises wire.WireError where it fits no frame."""
        answer = Answer(self.reactor)
        if self._socket is None or len(self._pending) >= MOST_OUTSTANDING:
            answer.set(LOST)
            return answer
        self._last_id = self._last_id % 0xFFFFFFFF + 1
        self._output += wire.encode(dict(fields, op=op, id=self._last_id))
        self._pending[self._last_id] = answer
        self._write()
        return answer

    def until_connected(self):
        """An Answer that is there when requests can be sent."""
        answer = Answer(self.reactor)
        if self.connected:
            answer.set(True)
        else:
            self._waiting.append(answer)
        return answer

    def _connect(self, eventtime):
        if self._socket is not None:
            # The hello was not answered in time.
            if not self.connected:
                self._drop("the gateway does not answer its hello")
            return self.reactor.NEVER if self.connected else eventtime + self._retry
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.setblocking(False)
        try:
            peer.connect(self.path)
            _check_owner(peer)
        except (OSError, wire.WireError) as error:
            peer.close()
            self._tell("cannot reach the gateway at %s: %s" % (self.path, error))
            self._retry = min(self._retry * 2, RETRY_MOST)
            return eventtime + self._retry
        self._socket, self._frames, self.state = peer, wire.Frames(), "connecting"
        self._fd = self.reactor.register_fd(peer.fileno(), self._read, self._write)
        greeting = self.ask("hello", **self._hello)
        self.reactor.register_callback(lambda e: self._greeted(greeting.wait(HELLO_WITHIN)))
        return eventtime + HELLO_WITHIN + 1.0

    def _greeted(self, answer):
        if answer is None or answer is LOST:
            return
        message, _ = answer
        if message.get("ok") is not True or message.get("version") != 1:
            self._drop("the gateway refused: " + words.refusal(message))
            return
        self.state, self._retry, self._told = "connected", RETRY_FIRST, None
        self.epoch += 1
        logging.info("touchmark: connected to the gateway")
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer.set(True)
        self._on_connected()

    def _read(self, eventtime):
        if self._socket is None:
            return
        try:
            # A flood of small frames is cut by reading little at a time, a long frame is taken in one go.
            data = self._socket.recv(max(4096, self._frames.missing))
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR):
                self._drop("the connection failed: %s" % error)
            return
        if not data:
            self._drop("the gateway closed the connection")
            return
        self._frames.feed(data)
        try:
            while self._socket is not None:
                frame = self._frames.take()
                if frame is None:
                    return
                self._take(eventtime, *frame)
        except wire.WireError as error:
            self._drop("the gateway broke the protocol: %s" % error)

    def _take(self, eventtime, message, raw):
        self.heard = eventtime
        if isinstance(message.get("event"), str):
            if eventtime - self._events_since > 1.0:
                self._events, self._events_since = 0, eventtime
            self._events += 1
            if self._events > MOST_EVENTS:
                raise wire.WireError("more than %d events in a second" % MOST_EVENTS)
            if self.connected:
                self._on_event(message)
            return
        answer = self._pending.pop(message.get("id"), None) if type(message.get("id")) is int else None
        if answer is not None:
            answer.set((message, raw))

    def _write(self, eventtime=None):
        if self._socket is None:
            return
        try:
            sent = self._socket.send(self._output) if self._output else 0
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR):
                self._drop("the connection failed: %s" % error)
                return
            sent = 0
        self._output = self._output[sent:]
        self.reactor.set_fd_wake(self._fd, True, bool(self._output))

    def _drop(self, why):
        if self._socket is not None:
            self.reactor.unregister_fd(self._fd)
            self._socket.close()
        self._socket = self._fd = self._frames = None
        self._output, self.state = b"", "absent"
        pending, self._pending = self._pending, {}
        for answer in pending.values():
            answer.set(LOST)
        if why is not None:
            self._tell(why)
        if self._timer is not None:
            self.reactor.update_timer(self._timer, self.reactor.monotonic() + self._retry)
            self._retry = min(self._retry * 2, RETRY_MOST)

    def _tell(self, why):
        # Once for each reason: a printer may stand for weeks without its gateway.
        if why != self._told:
            logging.info("touchmark: %s", why)
        self._told = why


def _check_owner(peer):
    """Only this user or root may play the gateway."""
    _, user, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    if user not in (0, os.geteuid()):
        raise wire.WireError("another user's program listens there")
