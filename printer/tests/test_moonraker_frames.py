# What Moonraker's component says and takes over the gateway's socket.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import asyncio
import json
import random
import struct
import unittest

import moonraker_host  # noqa: F401  makes moonraker.components importable
from moonraker.components.touchmark import frames


def framed(text, raw=b""):
    return struct.pack(">I", len(text)) + text + raw


class Frames(unittest.IsolatedAsyncioTestCase):
    async def take(self, data):
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await frames.read(reader)

    async def test_what_is_encoded_is_read_back(self):
        message = {"id": 7, "op": "card", "path": "/gcodes/a \"b\" ü 部品.gcode"}
        self.assertEqual((message, b""), await self.take(frames.encode(message)))

    async def test_raw_bytes_follow_the_object_that_announces_them(self):
        text = json.dumps({"id": 1, "ok": True, "bytes": 3}).encode()
        message, raw = await self.take(framed(text, b"\x00\xff\n"))
        self.assertEqual((1, b"\x00\xff\n"), (message["id"], raw))

    async def test_what_is_no_frame_is_refused(self):
        for text in (b"", b"x", b"[1]", b"\"a\"", b"{\"a\":NaN}", b"{\"a\":1e999}", b"{\"a\":\"\\ud800\"}", b"\xff\xfe", b"[" * 60000, b"{\"bytes\":-1}", b"{\"bytes\":true}", b"{\"bytes\":\"1\"}", b"{\"bytes\":4194305}"):
            with self.subTest(text[:20]), self.assertRaises(frames.FrameError):
                await self.take(framed(text))

    async def test_a_length_beyond_the_limit_is_refused_before_anything_is_read(self):
        with self.assertRaises(frames.FrameError):
            await self.take(struct.pack(">I", frames.MAX_JSON + 1))

    async def test_a_stream_that_ends_within_a_frame_says_so(self):
        whole = framed(b"{\"bytes\":4}", b"abcd")
        for length in range(len(whole)):
            with self.subTest(length), self.assertRaises(asyncio.IncompleteReadError):
                await self.take(whole[:length])

    async def test_random_bytes_never_raise_anything_else(self):
        source = random.Random(6)
        for _ in range(500):
            text = bytes(source.choice(b"{}[]\",:0123bytesulan\\\xc3\xff ") for _ in range(source.randrange(1, 40)))
            try:
                message, _raw = await self.take(framed(text))
                self.assertIsInstance(message, dict)
            except (frames.FrameError, asyncio.IncompleteReadError):
                pass

    def test_the_deepest_message_that_a_frame_takes(self):
        inner = 1
        for _ in range(frames.MAX_DEPTH - 1):
            inner = [inner]
        self.assertTrue(frames.encode({"a": inner}))
        with self.assertRaises(frames.FrameError):
            frames.encode({"a": [inner]})

    def test_a_message_that_fits_no_frame_is_refused(self):
        for message in ({"path": "x" * frames.MAX_JSON}, {"path": "\udcff"}, {"path": object()}, {"path": float("nan")}):
            with self.subTest(str(message)[:20].encode("ascii", "replace")), self.assertRaises(frames.FrameError):
                frames.encode(message)


if __name__ == "__main__":
    unittest.main()
