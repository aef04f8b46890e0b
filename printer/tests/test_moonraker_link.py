# The connection to the gateway, beside gateways that are slow, mute, hostile or gone.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import asyncio
import logging
import os
import tempfile
import unittest
from unittest import mock

import gateway
import moonraker_host  # noqa: F401  makes moonraker.components importable
from moonraker.components.touchmark import link


class Peer:
    """A gateway that a test scripts: `answers` maps an op to the bytes that come for it, or to a function of the request."""

    def __init__(self, **answers):
        self.answers = {"hello": lambda request: gateway.frame({"id": request["id"], "ok": True, "version": 1, "gateway": "peer"}), **answers}
        self.connections, self.requests = 0, []

    async def serve(self, reader, writer):
        self.connections += 1
        buffer = bytearray()
        try:
            while True:
                data = await reader.read(65536)
                if not data:
                    return
                buffer += data
                for request, _ in iter(lambda: gateway.parse(buffer), None):
                    self.requests.append(request)
                    answer = self.answers.get(request["op"], b"")
                    writer.write(answer(request) if callable(answer) else answer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


class Links(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "s")
        self.changes = asyncio.Queue()

    async def start(self, peer):
        server = await asyncio.start_unix_server(peer.serve, self.path)
        self.addCleanup(server.close)
        return server

    def run_link(self):
        made = link.Link(self.path, "test", "/gcodes", lambda: self.changes.put_nowait("up"), lambda: self.changes.put_nowait("down"), first_pause=0.001)
        asyncio.ensure_future(made.run())
        self.addCleanup(made.close)
        return made

    async def change(self):
        return await asyncio.wait_for(self.changes.get(), 20)

    async def linked(self, **answers):
        peer = Peer(**answers)
        await self.start(peer)
        made = self.run_link()
        self.assertEqual("up", await self.change())
        return made, peer

    def logged(self, part):
        """Waits for a line of the log with `part` in it."""
        found, logger = asyncio.Event(), logging.getLogger()
        handler = logging.Handler()
        handler.emit = lambda record: found.set() if part in record.getMessage() else None
        logger.addHandler(handler)
        self.addCleanup(logger.setLevel, logger.level)
        self.addCleanup(logger.removeHandler, handler)
        logger.setLevel(logging.INFO)
        return asyncio.wait_for(found.wait(), 20)

    async def refusal(self, made, op="status", seconds=20.0, **fields):
        with self.assertRaises(link.GatewayError) as refused:
            await made.ask(op, seconds, **fields)
        return refused.exception.code

    async def test_answers_find_their_questions_whatever_their_order(self):
        held = []

        def answer(request):
            held.append(gateway.frame({"id": request["id"], "ok": True, "said": request["word"]}, request["word"].encode()))
            return b"".join(reversed(held)) if len(held) == 3 else b""
        made, _ = await self.linked(echo=answer)
        answers = await asyncio.gather(*(made.ask("echo", 20, word=word) for word in "abc"))
        self.assertEqual([("a", b"a"), ("b", b"b"), ("c", b"c")], [(answer["said"], raw) for answer, raw in answers])

    async def test_a_connection_that_breaks_is_made_again_and_its_questions_are_refused(self):
        def vanish(request):
            raise ConnectionError
        made, peer = await self.linked(vanish=vanish)
        self.assertEqual("GATEWAY_ABSENT", await self.refusal(made, "vanish"))
        self.assertEqual(["down", "up"], [await self.change(), await self.change()])
        self.assertEqual(2, peer.connections)

    async def test_without_a_gateway_questions_are_refused_at_once(self):
        self.assertEqual("GATEWAY_ABSENT", await self.refusal(self.run_link()))

    async def test_a_mute_gateway_is_given_up_after_the_time_and_the_place_is_free_again(self):
        made, _ = await self.linked()
        for _ in range(2 * link.MAX_OUTSTANDING):
            self.assertEqual("GATEWAY_SLOW", await self.refusal(made, "mute", 0.001))

    async def test_no_more_questions_are_under_way_than_the_protocol_allows(self):
        waiting = []

        def answer(request):
            waiting.append(request["id"])
            if len(waiting) < link.MAX_OUTSTANDING:
                return b""
            answers, waiting[:] = list(waiting), []
            return b"".join(gateway.frame({"id": number, "ok": True}) for number in answers)
        made, _ = await self.linked(ask=answer)
        await asyncio.gather(*(made.ask("ask", 20) for _ in range(3 * link.MAX_OUTSTANDING)))

    async def test_what_is_no_frame_ends_the_connection(self):
        rubbish = [b"\xff\xff\xff\xff", b"\0\0\0\x02{]", gateway.frame({"event": "x", "bytes": 5 << 20})]
        made, _ = await self.linked(rubbish=lambda request: rubbish[request["number"]])
        for number in range(len(rubbish)):
            self.assertEqual("GATEWAY_ABSENT", await self.refusal(made, "rubbish", number=number))
            self.assertEqual(["down", "up"], [await self.change(), await self.change()])

    async def test_answers_nobody_asked_for_and_unknown_events_are_passed_over(self):
        strange = b"".join(gateway.frame(message) for message in (
            {"id": 4711, "ok": True}, {"id": "1", "ok": True}, {"id": None}, {"id": [1]}, {}, {"event": "alive"}, {"event": ["x"], "id": 99}))
        made, _ = await self.linked(strange=lambda request: strange + gateway.frame({"id": request["id"], "ok": True}))
        answer, _ = await made.ask("strange", 20)
        self.assertTrue(answer["ok"])

    async def test_a_refusal_keeps_its_code_and_an_answer_that_is_none_is_a_refusal(self):
        made, _ = await self.linked(no=lambda request: gateway.frame({"id": request["id"], "ok": False, "code": "FILE_EXPIRED", "text": "Too late."}),
                                    odd=lambda request: gateway.frame({"id": request["id"], "ok": "yes", "code": {"a": 1}}))
        self.assertEqual("FILE_EXPIRED", await self.refusal(made, "no"))
        self.assertEqual("{'a': 1}", await self.refusal(made, "odd"))

    async def test_progress_comes_before_the_answer(self):
        def answer(request):
            return gateway.frame({"event": "progress", "id": request["id"], "fraction": 0.5}) + gateway.frame({"id": request["id"], "ok": True})
        made, _ = await self.linked(slice=answer)
        heard = []
        await made.ask("slice", 20, heard.append)
        self.assertEqual([0.5], [event["fraction"] for event in heard])

    async def test_another_version_of_the_protocol_is_not_used(self):
        await self.start(Peer(hello=lambda request: gateway.frame({"id": request["id"], "ok": True, "version": 2})))
        logged = self.logged("GATEWAY_VERSION")
        made = self.run_link()
        await logged
        self.assertFalse(made.is_up)

    async def test_a_socket_of_another_user_is_not_spoken_to(self):
        peer = Peer()
        await self.start(peer)
        with mock.patch.object(link.os, "geteuid", return_value=4711), mock.patch.object(link.struct, "unpack", return_value=(1, 4712, 1)):
            logged = self.logged("GATEWAY_FOREIGN")
            made = self.run_link()
            await logged
        self.assertEqual((False, []), (made.is_up, peer.requests))

    async def test_a_gateway_that_stays_away_is_told_of_once(self):
        with self.assertLogs(level="INFO") as log, mock.patch.object(link.asyncio, "sleep", side_effect=[None] * 50 + [asyncio.CancelledError]):
            with self.assertRaises(asyncio.CancelledError):
                await link.Link(self.path, "test", "/gcodes", lambda: None, lambda: None).run()
        self.assertEqual(1, len(log.output), log.output)


if __name__ == "__main__":
    unittest.main()
