# Whoever plays the gateway and sends what it should not ends the connection at worst: Klipper and its memory stay as they are.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import random
import struct
import unittest
from unittest import mock

import gateway
from extras.touchmark import wire
from extras.touchmark import gateway as client
from klipper_case import TOOLPATH, Case


def framed(text, raw=b""):
    return struct.pack(">I", len(text)) + text + raw


MALFORMED = (b"", b"x", b"[1]", b"\"a\"", b"{\"a\":NaN}", b"\xff\xfe", b"[" * 60000, b"{\"a\":" * 10000, b"{\"bytes\":-1}", b"{\"bytes\":true}", b"{\"bytes\":\"1\"}",
             b"{\"bytes\":65537}", b"{\"bytes\":1e3}", b"{\"id\":1,\"bytes\":null}")


class Frames(unittest.TestCase):
    def test_frames_come_out_whole_however_they_are_cut(self):
        messages = [({"id": i, "bytes": i * 7}, bytes(i * 7)) for i in range(1, 30)]
        data = b"".join(framed(json.dumps(m).encode(), raw) for m, raw in messages)
        source = random.Random(6)
        for _ in range(50):
            frames, out, at = wire.Frames(), [], 0
            while at < len(data):
                size = source.choice((1, 2, 3, 5, 50, 4096))
                frames.feed(data[at:at + size])
                at += size
                out += list(iter(frames.take, None))
            self.assertEqual(messages, out)

    def test_what_is_no_frame_is_refused(self):
        for text in MALFORMED:
            with self.subTest(text[:20]), self.assertRaises(wire.WireError):
                frames = wire.Frames()
                frames.feed(framed(text))
                frames.take()

    def test_a_length_beyond_the_limit_is_refused_at_once(self):
        frames = wire.Frames()
        frames.feed(struct.pack(">I", wire.MAX_JSON + 1))
        self.assertRaises(wire.WireError, frames.take)

    def test_random_bytes_never_raise_anything_else(self):
        source = random.Random(7)
        for _ in range(2000):
            frames = wire.Frames()
            frames.feed(framed(bytes(source.choice(b"{}[]\",:0123bytesulan\\\xc3\xff ") for _ in range(source.randrange(1, 40))), b"abc"))
            try:
                frames.take()
            except wire.WireError:
                pass


class Hostile(Case):
    def raw(self, data):
        self.server.send(data)
        self.reactor.run(0.1)

    def test_a_malformed_frame_ends_the_connection_and_the_next_one_is_made(self):
        for text in MALFORMED:
            with self.subTest(text[:20]):
                before = self.extra.gateway.epoch
                self.raw(framed(text))
                self.assertNotEqual("connected", self.status()["gateway"])
                self.reactor.run(10)
                self.assertEqual((before + 1, "connected"), (self.extra.gateway.epoch, self.status()["gateway"]))

    def test_a_flood_of_events_ends_the_connection(self):
        self.raw(gateway.frame({"event": "alive"}) * (client.MOST_EVENTS + 1))
        self.assertEqual("absent", self.status()["gateway"])

    def test_events_of_wrong_types_change_nothing(self):
        self.put("a.gcode")
        self.print_file("a.gcode")
        self.reactor.run(1)
        before = self.status()
        for event in ({"event": 1}, {"event": "status", "verified": "9", "segments": -1, "exposure_s": [], "job": {}, "phase": 3, "layer": "x"},
                      {"event": "stop", "handle": "1"}, {"event": "stop"}, {"event": "session"}, {"event": "nobody knows"}, {}, {"id": 10 ** 9, "ok": True}, {"id": [1]}, {"id": True}):
            self.raw(gateway.frame(event))
        self.assertEqual(before, self.status())
        self.until("complete")
        self.assertEqual(TOOLPATH, self.moves())

    def test_answers_to_open_of_wrong_types_are_refused(self):
        self.put("a.gcode")
        for answer in ({}, {"handle": 1}, {"handle": "1", "size": 5}, {"handle": 1, "size": -5}, {"handle": 1, "size": 1.5}, {"handle": True, "size": 5}, {"handle": 1, "size": 1 << 60}):
            with self.subTest(str(answer)), mock.patch.object(self.gateway, "op_open", lambda request, a=answer: (a, b"")):
                self.assertIn("names no", self.refused("a.gcode"))

    def test_a_refusal_without_words_or_with_control_characters_stays_one_line(self):
        self.put("a.gcode")
        for refusal in ({}, {"text": 5, "code": [], "fix": {}}, {"text": "a\r\n!! b\x1b[2J" * 1000}):
            with self.subTest(str(refusal)[:20]):
                answer = mock.Mock(fields=refusal)
                self.gateway.refuse["open"] = gateway.Refused("", "")
                self.gateway.refuse["open"].fields = answer.fields
                sentence = self.refused("a.gcode")
                self.assertTrue(sentence.isprintable() and len(sentence) < 1000, sentence)

    def test_too_few_or_too_many_bytes_pause_the_print_in_words(self):
        for amount in (0, 1, 1000):
            with self.subTest(amount):
                self.put("a.gcode")
                with mock.patch.object(self.gateway, "op_read", lambda request, n=amount: ({"eof": True}, b"G1 X1\n" * n)):
                    self.print_file("a.gcode")
                    self.until("paused", 10)
                    self.reactor.run(1)
                self.assertTrue(any("bytes where" in line for line in self.gcode.outputs))
                self.run_line("CANCEL_PRINT")

    def test_a_gateway_that_never_says_hello_leaves_plain_files_alone(self):
        self.gateway.mute.add("hello")
        self.raw(framed(b"x"))
        self.put("a.gcode", kind="plain")
        self.print_file("a.gcode")
        self.until("complete")
        self.assertNotEqual("connected", self.status()["gateway"])

    def test_a_gateway_of_another_version_is_not_used(self):
        self.gateway.op_hello = lambda request: ({"version": 2}, b"")
        self.raw(framed(b"x"))
        self.reactor.run(20)
        self.assertNotEqual("connected", self.status()["gateway"])

    def test_a_peer_that_writes_a_byte_at_a_time_is_read_as_any_other(self):
        self.put("a.gcode", TOOLPATH[:2000])
        writing = self.reactor.mutex()

        def slowly(peer):
            data = peer.recv(65536)
            if not data:
                self.server.drop(peer)
                return
            with writing:
                for byte in self.server.peers[peer][1].receive(data):
                    peer.sendall(bytes([byte]))
                    self.reactor.pause(self.reactor.monotonic() + 0.001)
        self.server.read = slowly
        self.reactor.update_timer(self.server.timer, self.reactor.NEVER)
        self.raw(framed(b"x"))
        self.reactor.run(5)
        self.print_file("a.gcode")
        self.until("complete")
        self.assertEqual(TOOLPATH[:2000].rpartition("\n")[0] + "\n", self.moves())

    def test_another_users_program_is_not_spoken_to(self):
        with mock.patch.object(client.os, "geteuid", lambda: 12345), mock.patch.object(client.struct, "unpack", lambda *unused: (1, 54321, 1)):
            self.raw(framed(b"x"))
            self.reactor.run(10)
            self.assertEqual("absent", self.status()["gateway"])
        self.assertTrue(any("another user" in line for line in self.log.lines))

    def test_no_more_than_sixteen_requests_wait_and_nothing_piles_up(self):
        self.gateway.mute.add("status")
        answers = [self.extra.gateway.ask("status") for _ in range(40)]
        self.assertEqual(24, sum(answer.result == client.LOST for answer in answers))


if __name__ == "__main__":
    unittest.main()
