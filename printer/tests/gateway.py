# A stand-in for Touchmark's gateway on its printer socket, for tests and for trials beside real Klipper and Moonraker.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Three layers, each usable alone:
#   Gateway       what the gateway knows: files, cards, sessions. No I/O.
#   Conversation  one connection: bytes in, bytes out. No I/O.
#   Server        a Unix socket and threads around them. `python3 gateway.py SOCKET` runs one.
# A "sealed" file of this stand-in is its magic and the plain text with every bit turned over: enough to prove that no plain text lies about.
import argparse
import base64
import json
import os
import socket
import struct
import sys
import threading
import time

MAX_HEADER = 65536
MAX_BYTES = 65536
MAX_OUTSTANDING = 16
TURN = bytes(255 - i for i in range(256))


class Refused(Exception):
    """An answer `ok: false`."""

    def __init__(self, code, text, fix="", **figures):
        super().__init__(text)
        self.fields = {"code": code, "text": text, "fix": fix, "figures": figures}


def frame(header, raw=b""):
    """One frame, as both sides write it."""
    if raw:
        header = dict(header, bytes=len(raw))
    body = json.dumps(header).encode()
    return struct.pack(">I", len(body)) + body + raw


def parse(buffer):
    """The first whole frame of a bytearray, taken out of it: (header, raw), or None as long as it is not whole. ValueError when malformed."""
    if len(buffer) < 4:
        return None
    (n,) = struct.unpack_from(">I", buffer)
    if n > MAX_HEADER:
        raise ValueError("a header of %d bytes" % n)
    if len(buffer) < 4 + n:
        return None
    header = json.loads(buffer[4:4 + n].decode())
    if not isinstance(header, dict):
        raise ValueError("not an object")
    count = header.get("bytes", 0)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAX_BYTES:
        raise ValueError("bytes %r" % (count,))
    if len(buffer) < 4 + n + count:
        return None
    raw = bytes(buffer[4 + n:4 + n + count])
    del buffer[:4 + n + count]
    return header, raw


def seal(text, kind="sealed"):
    """A file as this stand-in protects it."""
    data = text if isinstance(text, bytes) else text.encode()
    if kind == "fernet":
        return b"gAAAA" + base64.urlsafe_b64encode(data.translate(TURN))
    return b"tm-gcode" + data.translate(TURN)


def kind_of(data):
    if data.startswith(b"tm-gcode"):
        return "sealed"
    return "fernet" if data.startswith(b"gAAAA") else "plain"


def unseal(data):
    kind = kind_of(data)
    if kind == "sealed":
        return data[8:].translate(TURN)
    if kind == "fernet":
        try:
            return base64.b64decode(data[5:], altchars=b"-_", validate=True).translate(TURN)
        except ValueError:
            raise Refused("FILE_DAMAGED", "This file is no whole token.", "Upload it again.") from None
    raise Refused("FILE_NOT_ENCRYPTED", "This is a plain file.", "Print it as any other.")


class Session:
    """A live session's segments, handed out one at a time; `finish` after the last."""

    def __init__(self, name, segments, layers=0):
        self.name, self.layers = name, layers
        self.segments, self.taken, self.finished = list(segments), 0, True

    def take(self):
        """The next segment, b"" when there is none yet, None at the end."""
        if self.taken < len(self.segments):
            self.taken += 1
            return self.segments[self.taken - 1].encode()
        return None if self.finished else b""


class Gateway:
    """What the gateway knows. Tests set `refuse[op] = Refused(…)`, `mute` (ops that get no answer, kept in `muted`) and `cards[name]`, and read `closed` and `asked`."""

    def __init__(self, job="job-1", licence="licence-1", layers=0):
        self.job, self.licence, self.layers = job, licence, layers
        self.handles, self.next_handle = {}, 1
        self.refuse, self.mute, self.cards = {}, set(), {}
        self.closed, self.asked, self.greetings, self.muted = [], [], [], []
        self.token = {"issued_at": 1, "expires_at": 2, "state": "valid"}

    def hold(self, thing):
        handle, self.next_handle = self.next_handle, self.next_handle + 1
        self.handles[handle] = thing
        return handle

    def session_event(self, session):
        """The event that offers a live session to Klipper."""
        return {"event": "session", "handle": self.hold(session), "name": session.name, "job": self.job, "licence": self.licence, "layers": session.layers}

    def answer(self, request):
        """The answer (fields, raw bytes) to a request, or None when it is muted."""
        op = request.get("op")
        self.asked.append(op)
        if op in self.mute:
            self.muted.append(request)
            return None
        try:
            if op in self.refuse:
                raise self.refuse[op]
            method = getattr(self, "op_" + str(op), None)
            if method is None:
                raise Refused("OP_UNKNOWN", "This gateway knows no '%s'." % op)
            fields, raw = method(request)
            return dict(fields, ok=True), raw
        except Refused as refusal:
            return dict(refusal.fields, ok=False), b""

    @staticmethod
    def content(request):
        path = request.get("path")
        if not isinstance(path, str) or not os.path.isabs(path) or ".." in path.split("/"):
            raise Refused("PATH_REFUSED", "The path is not an absolute one.", "Ask for a file in the gcodes folder.")
        if os.path.islink(path) or not os.path.isfile(path):
            raise Refused("FILE_NOT_FOUND", "There is no such file.", "Upload it again.")
        with open(path, "rb") as file:
            return file.read()

    def op_hello(self, request):
        self.greetings.append(request)
        return {"version": 1, "gateway": "stand-in"}, b""

    def op_probe(self, request):
        return {"kind": kind_of(self.content(request))}, b""

    def op_card(self, request):
        kind = kind_of(self.content(request))
        metadata, thumbnails = self.cards.get(os.path.basename(request["path"]), ({"slicer": "stand-in", "estimated_time": 60}, []))
        sizes = [{"width": w, "height": h, "bytes": len(png)} for w, h, png in thumbnails]
        return {"kind": kind, "metadata": metadata, "thumbnails": sizes}, b"".join(png for _, _, png in thumbnails)

    def op_open(self, request):
        data = self.content(request)
        text = unseal(data)
        return {"handle": self.hold(text), "size": len(text), "kind": kind_of(data), "name": os.path.basename(request["path"]),
                "job": self.job, "licence": self.licence, "layers": self.layers}, b""

    def held(self, request, kind):
        thing = self.handles.get(request.get("handle"))
        if not isinstance(thing, kind):
            raise Refused("HANDLE_UNKNOWN", "This handle is not open.", "Open the file again.")
        return thing

    def op_read(self, request):
        text, offset, length = self.held(request, bytes), request["offset"], request["length"]
        if not (0 <= offset <= len(text) and 0 < length <= MAX_BYTES):
            raise Refused("RANGE_REFUSED", "This range does not lie in the file.", offset=offset, length=length)
        return {"eof": offset + length >= len(text)}, text[offset:offset + length]

    def op_next(self, request):
        segment = self.held(request, Session).take()
        return {"eof": segment is None}, segment or b""

    def op_close(self, request):
        self.handles.pop(request.get("handle"), None)
        self.closed.append((request.get("handle"), request.get("reason")))
        return {}, b""

    def op_status(self, request):
        return {"printer_id": "printer-1", "engine": "connected", "token": self.token, "job": self.job if self.handles else None}, b""

    def op_refresh_token(self, request):
        self.token = dict(self.token, expires_at=self.token["expires_at"] + 1)
        return {"expires_at": self.token["expires_at"]}, b""

    def op_slice(self, request):
        target = request.get("target")
        if not isinstance(target, str) or os.path.exists(target):
            raise Refused("TARGET_REFUSED", "The target exists or is no path.", "Choose another name.")
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(seal("G28\nG1 X10 Y10 F3000\n"))
        return {"name": os.path.basename(target), "file_id": "file-1", "size": os.path.getsize(target)}, b""


class Conversation:
    """One connection's bytes. A malformed frame ends it: `receive` raises ValueError."""

    def __init__(self, gateway):
        self.gateway, self.buffer, self.role = gateway, bytearray(), None

    def receive(self, data):
        self.buffer += data
        replies = []
        while True:
            found = parse(self.buffer)
            if found is None:
                return b"".join(replies)
            request, _ = found
            if self.role is None and request.get("op") != "hello":
                raise ValueError("no hello")
            if request.get("op") == "hello":
                self.role = request.get("role")
            for event in self.progress(request):
                replies.append(frame(event))
            answer = self.gateway.answer(request)
            if answer is not None:
                replies.append(frame(dict(answer[0], id=request.get("id")), answer[1]))

    @staticmethod
    def progress(request):
        if request.get("op") == "slice":
            for fraction in (0.0, 0.5, 1.0):
                yield {"event": "progress", "id": request.get("id"), "stage": "slicing", "fraction": fraction}


class Server:
    """The socket: `start`, `stop`; `tell(event)` sends an event to every Klipper; says `alive` every `alive` seconds while a handle is open."""

    def __init__(self, path, gateway=None, alive=2.0):
        self.path, self.gateway, self.alive = path, gateway or Gateway(), alive
        self.lock, self.connections, self.listener, self.stopped = threading.RLock(), {}, None, threading.Event()

    def start(self):
        if os.path.exists(self.path):
            os.remove(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old = os.umask(0o177)
        try:
            self.listener.bind(self.path)
        finally:
            os.umask(old)
        self.listener.listen(8)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        threading.Thread(target=self._keep_alive, daemon=True).start()
        return self

    def stop(self):
        self.stopped.set()
        self.listener.close()
        with self.lock:
            for connection in list(self.connections):
                connection.shutdown(socket.SHUT_RDWR)
        if os.path.exists(self.path):
            os.remove(self.path)

    def tell(self, event):
        with self.lock:
            for connection, conversation in list(self.connections.items()):
                if conversation.role == "klipper":
                    connection.sendall(frame(event))

    def _accept(self, listener):
        while not self.stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections[connection] = Conversation(self.gateway)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while True:
                data = connection.recv(65536)
                if not data:
                    return
                with self.lock:
                    connection.sendall(self.connections[connection].receive(data))
        except (OSError, ValueError):
            return
        finally:
            with self.lock:
                self.connections.pop(connection, None)
            connection.close()

    def _keep_alive(self):
        while not self.stopped.wait(self.alive):
            if self.gateway.handles:
                self.tell({"event": "alive"})


def main():
    """Serves SOCKET. Lines on standard input: `session FILE` offers a plain file as a live session, `event JSON` sends any event, `quit` ends; --seal seals a file and ends."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("socket")
    options.add_argument("--seal", nargs=2, metavar=("PLAIN", "SEALED"), action="append", default=[])
    arguments = options.parse_args()
    for plain, sealed in arguments.seal:
        with open(plain, "rb") as source, open(sealed, "wb") as target:
            target.write(seal(source.read()))
    if arguments.seal:
        return
    server = Server(arguments.socket).start()
    for line in iter(sys.stdin.readline, ""):
        word, _, rest = line.strip().partition(" ")
        if word == "session":
            with open(rest, encoding="utf-8") as file:
                lines = file.read().splitlines(True)
            segments = ["".join(lines[i:i + 40]) for i in range(0, len(lines), 40)]
            server.tell(server.gateway.session_event(Session(os.path.basename(rest), segments)))
        elif word == "event":
            server.tell(json.loads(rest))
        elif word == "quit":
            break
    else:
        while True:
            time.sleep(3600)
    server.stop()


if __name__ == "__main__":
    main()
