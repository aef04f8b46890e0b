# What Klipper's virtual_sdcard reads a protected job from: file-like objects whose text comes from the gateway, a piece at a time.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import codecs
import collections

from . import words
from .gateway import LOST, Answer

CHUNK, AHEAD = 16384, 3
"""Bytes asked for at once, and how many chunks are fetched while one is read from: 64 KiB of toolpath at most."""
ANSWER_WITHIN, OPEN_WITHIN, PAUSE_WITHIN = 30.0, 120.0, 30.0
"""Seconds: for a read, for opening (the gateway may ask the engine, and reads a Fernet file once through), for PAUSE to take hold."""
CONNECT_WITHIN, RECONNECT_WITHIN = 5.0, 60.0
"""Seconds for a connection: while a person waits, and while a print waits, which the dead-man pauses long before."""

# A byte that is no UTF-8 counts as one character, so that Klipper's position in the file stays right.
codecs.register_error("touchmark", lambda error: ("?" * (error.end - error.start), error.end))


class Interrupted(Exception):
    """Reading was ended on purpose: virtual_sdcard takes it for a pause."""


class Refused(Exception):
    """The gateway does not give this job; the text is for a person."""


class Protected:
    """Common to both kinds of job. `owner` offers: gateway, reactor, hold(job, text), closed(job, reason), pausing()."""

    live = False

    def __init__(self, owner, name, opened):
        self._owner, self.name = owner, name
        self.closed, self.ended, self._opening = False, False, owner.reactor.mutex()
        self._waiting, self._stopped = None, False
        self._take(opened)

    def _take(self, opened):
        self.handle, self.epoch = words.whole(opened, "handle"), self._owner.gateway.epoch
        self.job, self.licence = words.plain(opened, "job"), words.plain(opened, "licence")
        self.layers = words.whole(opened, "layers", 0)
        if self.handle is None:
            raise Refused("The gateway's answer names no handle. Bring gateway and extra to the same version.")

    @property
    def stale(self):
        """The connection that the handle belonged to is gone."""
        return self.epoch != self._owner.gateway.epoch or not self._owner.gateway.connected

    def interrupt(self):
        """Ends a read that waits, and every later one until the next seek."""
        self._stopped = True
        if self._waiting is not None:
            self._waiting.wake()

    def close(self):
        """By virtual_sdcard at the end, on cancel and on reset."""
        self.end("complete" if self.ended else "cancelled")

    def end(self, reason, text=""):
        if self.closed:
            return
        self.closed = True
        self.interrupt()
        if not self.stale:
            self._owner.gateway.ask("close", handle=self.handle, reason=reason, text=text)
        self._forget()
        self._owner.closed(self, reason)

    def _wait(self, answer, seconds):
        """The answer's result; LOST when it takes too long. Raises Interrupted, and the answer may be waited for again."""
        self._waiting = answer
        result = None if self._stopped else answer.wait(seconds)
        self._waiting = None
        if self._stopped or self._owner.pausing():
            raise Interrupted("the print was paused or stopped while it waited for the gateway")
        return LOST if result is None else result

    def reopen(self, wait=None):
        """Opens the job again on a new connection, waiting by `wait` within a read. Returns a sentence on failure, None when it is open."""
        with self._opening:
            if not self.stale:
                return None
            if wait is not None:
                return self._open_again(wait, RECONNECT_WITHIN)
            return self._open_again(lambda answer, seconds: answer.wait(seconds) or LOST, CONNECT_WITHIN)

    def _hold(self, text):
        """Tells a person, has the print paused and ends the reading."""
        self._owner.hold(self, text)
        self._wait(Answer(self._owner.reactor), PAUSE_WITHIN)
        raise Interrupted("the print could not be paused by PAUSE")


class SealedFile(Protected):
    """An encrypted file: seekable, read ahead, opened again by itself when the gateway comes back."""

    def __init__(self, owner, path, opened):
        self.path = path
        self.size, self.kind = words.whole(opened, "size"), words.plain(opened, "kind")
        self.title = words.plain(opened, "name")
        if self.size is None:
            raise Refused("The gateway's answer names no size. Bring gateway and extra to the same version.")
        super().__init__(owner, path, opened)
        self._forget()

    def _forget(self):
        self._go_to(0)
        self._decoder = codecs.getincrementaldecoder("utf-8")("touchmark")

    def _go_to(self, position):
        """Nothing is held and nothing under way. `_ahead` has what is, in the order of the file: (offset, answer)."""
        self._chunk, self._start, self._at, self._ahead = b"", position, 0, collections.deque()

    def tell(self):
        return self._start + self._at

    def seek(self, position, whence=0):
        if whence != 0 or not self.reaches(position):
            raise ValueError("position %r does not lie in the file" % (position,))
        self._stopped = False
        self._decoder.reset()
        if self._start <= position <= self._start + len(self._chunk):
            self._at = position - self._start
        else:
            self._go_to(position)
        return position

    def read(self, size):
        """Text of at most `size` bytes, "" at the end of the file. Raises Interrupted."""
        if self._stopped or self.closed or self._owner.pausing():
            raise Interrupted("the print is paused or stopped")
        while self._at >= len(self._chunk):
            if self.tell() >= self.size:
                self.ended = True
                return ""
            self._next_chunk()
        data = self._chunk[self._at:self._at + size]
        self._at += len(data)
        # What is cut within a character comes out with the next call; an empty text would mean the end.
        return self._decoder.decode(data, self.tell() >= self.size) or self.read(size)

    def reaches(self, position):
        return 0 <= position <= self.size

    def _open_again(self, wait, connect_within):
        owner = self._owner
        if wait(owner.gateway.until_connected(), connect_within) is LOST:
            return "The gateway is not reachable. Start it (systemctl start touchmark-gateway), then RESUME."
        epoch = owner.gateway.epoch
        answer = wait(owner.gateway.ask("open", path=self.path), OPEN_WITHIN)
        if answer is LOST:
            return "The gateway did not open the file again in %d s. RESUME tries it once more." % OPEN_WITHIN
        message, _ = answer
        if message.get("ok") is not True:
            return words.refusal(message)
        if (words.whole(message, "size"), words.plain(message, "name")) != (self.size, self.title) or epoch != owner.gateway.epoch or self.closed:
            return "The file is not the one that this print began with. CANCEL_PRINT, then print it anew."
        self._ahead.clear()
        try:
            self._take(message)
        except Refused as refused:
            return str(refused)
        return None

    def _next_chunk(self):
        self._start, self._chunk, self._at = self.tell(), b"", 0
        if not self._ahead or self._ahead[0][0] != self._start or self._ahead[0][1].result is LOST:
            self._ahead.clear()
            trouble = self.reopen(self._wait) if self.stale else None
            if trouble is not None:
                self._hold(trouble)
            self._ask_ahead()
        answer = self._wait(self._ahead.popleft()[1], ANSWER_WITHIN)
        if answer is LOST:
            self._ahead.clear()
            if not self.stale:
                self._hold("The gateway did not answer within %d s. RESUME tries it once more." % ANSWER_WITHIN)
            return
        message, raw = answer
        if message.get("ok") is not True:
            self._ahead.clear()
            self._hold(words.refusal(message))
        expected = min(CHUNK, self.size - self._start)
        if len(raw) != expected:
            self._ahead.clear()
            self._hold("The gateway gave %d bytes where %d were asked for. Restart it, then RESUME." % (len(raw), expected))
        self._chunk = raw
        if not self.stale:
            self._ask_ahead()

    def _ask_ahead(self):
        while len(self._ahead) < AHEAD:
            offset = self._start + len(self._chunk) + len(self._ahead) * CHUNK
            if offset >= self.size:
                return
            self._ahead.append((offset, self._owner.gateway.ask("read", handle=self.handle, offset=offset, length=min(CHUNK, self.size - offset))))


class LiveSession(Protected):
    """A live session: whole lines a segment at a time. The next one is asked for only when Klipper has queued the one before, because asking says just that."""

    live = True
    kind = "session"
    size = 0

    def __init__(self, owner, opened):
        name = (words.plain(opened, "name") or "live session").replace("/", "_")
        self.segments = words.whole(opened, "segments", 0)
        super().__init__(owner, name, opened)
        self._start = 0
        self._forget()

    def _forget(self):
        self._segment, self._at, self._next = b"", 0, None

    def tell(self):
        return self._start + self._at

    def seek(self, position, whence=0):
        """Only within the segment at hand: what came before is gone, also at the gateway."""
        if whence != 0 or not self.reaches(position):
            raise ValueError("a live session cannot go back to position %r" % (position,))
        self._stopped = False
        self._at = position - self._start
        return position

    def reaches(self, position):
        return self._start <= position <= self._start + len(self._segment)

    def _open_again(self, wait, connect_within):
        return "A live session cannot go on after its gateway was gone. Start the print anew."

    def read(self, size):
        """The rest of the segment, whatever `size`: each line of it counts as queued only when virtual_sdcard asks for more."""
        if self._stopped or self.closed or self._owner.pausing():
            raise Interrupted("the print is paused or stopped")
        while self._at >= len(self._segment):
            if self.ended:
                return ""
            self._next_segment()
        text = self._segment[self._at:].decode("utf-8", "touchmark")
        self._at = len(self._segment)
        return text

    def _next_segment(self):
        # Kept over a pause: what it answers is handed out once only.
        if self._next is None and not self.stale:
            self._next = self._owner.gateway.ask("next", handle=self.handle)
        answer = LOST if self._next is None else self._wait(self._next, ANSWER_WITHIN)
        self._next = None
        if answer is LOST:
            self._hold("The gateway is gone." if self.stale else "The gateway did not answer within %d s." % ANSWER_WITHIN)
        message, raw = answer
        if message.get("ok") is not True:
            self._hold(words.refusal(message))
        if raw and not raw.endswith(b"\n"):
            self._hold("The gateway sent half a line. Bring gateway and extra to the same version.")
        self._start, self._segment, self._at = self._start + len(self._segment), raw, 0
        self.ended = message.get("eof") is True and not raw
