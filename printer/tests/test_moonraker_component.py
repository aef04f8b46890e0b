# The component as front ends see it, beside stand-ins of Moonraker and of the gateway.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import asyncio
import os
import tempfile
import unittest

import gateway
import moonraker_host as host
from moonraker.components import touchmark
from moonraker.components.touchmark import cards

PNG = cards.PNG + b"picture"
CARD = {"slicer": "PrusaSlicer", "estimated_time": 3600, "layer_count": 42, "filament_colors": ["#FF0000"]}
SEALED = gateway.seal("G28\nG1 X10\n")


class Component(unittest.IsolatedAsyncioTestCase):
    """One component beside one gateway, both at work."""

    async def asyncSetUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.socket, self.gcodes = os.path.join(folder.name, "s"), os.path.join(folder.name, "gcodes")
        os.mkdir(self.gcodes)
        self.gateway = gateway.Gateway()
        self.gateway.cards["part.gcode"] = (CARD, [(32, 32, PNG)])
        self.server = host.Server(self.gcodes)
        self.files, self.klippy, self.history = (self.server.lookup_component(name) for name in ("file_manager", "klippy_apis", "history"))
        self.start_gateway()
        await self.start()

    def start_gateway(self):
        self.service = gateway.Server(self.socket, self.gateway).start()
        self.addCleanup(self.service.stop)

    async def start(self, **options):
        options = {"socket": self.socket, "metadata_wait": 10, **options}
        self.component = touchmark.load_component(host.Config(self.server, **options))
        self.component.link._first_pause = 0.01
        up = self.server.next("touchmark:changed")
        await self.component.component_init()
        self.addAsyncCleanup(self.component.close)
        await up
        await self.server.settle()

    async def lose_gateway(self):
        down = self.server.next("touchmark:changed")
        self.service.stop()
        await down

    def metadata(self, name):
        return self.files.storage.get(name)

    async def ask(self, kind, address, **arguments):
        callback, needs_sign_in = self.server.endpoints[kind, address]
        self.assertTrue(needs_sign_in, address)
        return await callback(host.Request(**arguments))

    async def picture(self, path):
        rule, parts = self.server.lookup_component("application").mutable_router.find(path)
        if rule.target == "plain files":
            return None
        handler = rule.target()
        handler.initialize()
        await handler.get(**parts)
        return handler


class Uploads(Component):
    async def test_an_encrypted_upload_has_the_cards_metadata_when_clients_are_told_of_it(self):
        for kind in ("sealed", "fernet"):
            with self.subTest(kind):
                told = self.server.next("file_manager:filelist_changed")
                await self.files.upload("part.gcode", gateway.seal("G28\n", kind))
                await told
                record = self.metadata("part.gcode")
                self.assertEqual({**record, **CARD}, record)
                self.assertEqual((os.path.getsize(os.path.join(self.gcodes, "part.gcode")), kind), (record["size"], record["touchmark"]["kind"]))
                self.assertEqual([], self.files.storage.parsed, "Moonraker's own reader has no business in it")

    async def test_a_plain_file_is_never_asked_about(self):
        for name, content in (("plain.gcode", b"G28\n"), ("short.gcode", b"G"), ("empty.gcode", b""), ("notes.txt", SEALED)):
            await self.files.upload(name, content)
        await self.server.settle()
        self.assertEqual(["plain.gcode", "short.gcode", "empty.gcode", "notes.txt"], self.files.storage.parsed)
        self.assertNotIn("card", self.gateway.asked)

    async def test_a_plain_file_that_begins_like_an_encrypted_one_is_read_by_moonraker(self):
        self.gateway.op_card = lambda request: ({"kind": "plain"}, b"")
        await self.files.upload("odd.gcode", b"gAAAA\nG28\n")
        self.assertEqual(["odd.gcode"], self.files.storage.parsed)
        self.assertEqual("PrusaSlicer", self.metadata("odd.gcode")["slicer"])
        self.assertNotIn("touchmark", self.metadata("odd.gcode"))

    async def test_names_with_quotes_spaces_and_other_letters_reach_the_gateway_as_they_are(self):
        for name in ("qu\"ote' ü部.gcode", "a folder/ß; #1.gcode"):
            self.gateway.cards[os.path.basename(name)] = (CARD, [(32, 32, PNG)])
            await self.files.upload(name, SEALED)
            self.assertEqual(42, self.metadata(name)["layer_count"], name)

    async def test_a_name_that_is_no_utf8_gets_no_card_and_does_no_harm(self):
        name = os.fsdecode(b"b\xff.gcode")
        await self.files.upload(name, SEALED)
        self.assertEqual("REQUEST_TOO_LARGE", self.metadata(name)["touchmark"]["code"])

    async def test_a_refused_file_says_why(self):
        self.gateway.refuse["card"] = gateway.Refused("FILE_WRONG_PRINTER", "This file is for another printer.")
        await self.files.upload("part.gcode", SEALED)
        mark = self.metadata("part.gcode")["touchmark"]
        self.assertEqual(("FILE_WRONG_PRINTER", "This file is for another printer."), (mark["code"], mark["text"]))

    async def test_a_gateway_that_does_not_answer_holds_an_upload_no_longer_than_the_setting(self):
        await self.component.close()
        await self.start(metadata_wait=0)
        self.gateway.mute.add("card")
        await self.files.upload("part.gcode", SEALED)
        self.assertNotIn("touchmark", self.metadata("part.gcode"))
        await self.files.upload("plain.gcode", b"G28\n")
        self.assertEqual("PrusaSlicer", self.metadata("plain.gcode")["slicer"])

    async def test_a_file_that_came_while_the_gateway_was_away_gets_its_card_when_it_is_back(self):
        await self.lose_gateway()
        await self.files.upload("part.gcode", SEALED)
        self.assertNotIn("touchmark", self.metadata("part.gcode"))
        await self.server.settle()
        announced = self.server.next("file_manager:filelist_changed")
        self.start_gateway()
        change, = await announced
        self.assertEqual(("modify_file", "part.gcode"), (change["action"], change["item"]["path"]))
        self.assertEqual(42, self.metadata("part.gcode")["layer_count"])

    async def test_a_file_written_anew_while_its_card_was_opened_does_not_get_the_old_one(self):
        def exchange(request):
            self.files.storage.insert("part.gcode", {"size": 1, "modified": 2})
            return {"kind": "sealed", "metadata": CARD, "thumbnails": []}, b""
        self.gateway.op_card = exchange
        await self.files.upload("part.gcode", SEALED)
        self.assertEqual({"size": 1, "modified": 2}, self.metadata("part.gcode"))

    async def test_closing_gives_moonraker_its_method_back(self):
        await self.component.close()
        await self.files.upload("part.gcode", SEALED)
        self.assertEqual(["part.gcode"], self.files.storage.parsed)


class Thumbnails(Component):
    async def test_a_thumbnail_is_served_under_the_address_where_front_ends_look_for_it(self):
        for folder in ("", "sub/dir one/"):
            await self.files.upload(folder + "part.gcode", SEALED)
            thumbnail, = self.metadata(folder + "part.gcode")["thumbnails"]
            answer = await self.picture(f"/server/files/gcodes/{folder}{thumbnail['relative_path']}")
            self.assertEqual((PNG, "image/png"), (answer.body, answer.headers["Content-Type"]))
            self.assertEqual(len(PNG), thumbnail["size"])

    async def test_no_thumbnail_is_written_to_a_file(self):
        await self.files.upload("part.gcode", SEALED)
        self.assertEqual(["part.gcode"], os.listdir(self.gcodes))

    async def test_a_wrong_card_name_or_another_file_gives_nothing(self):
        await self.files.upload("part.gcode", SEALED)
        await self.files.upload("other.gcode", SEALED)
        path = self.metadata("part.gcode")["thumbnails"][0]["relative_path"]
        card = self.metadata("part.gcode")["touchmark"]["card"]
        for wrong in (path.replace(card, "0" * 32), path.replace("part.gcode", "other.gcode"), path.replace("32x32", "64x64"), path.replace("part.gcode", "..%2fpart.gcode")):
            with self.subTest(wrong):
                self.assertEqual(404, (await self.picture("/server/files/gcodes/" + wrong)).status)

    async def test_a_picture_that_is_not_kept_any_more_is_asked_for_again(self):
        await self.files.upload("part.gcode", SEALED)
        self.component.thumbnails._kept.clear()
        path = "/server/files/gcodes/" + self.metadata("part.gcode")["thumbnails"][0]["relative_path"]
        self.assertEqual(PNG, (await self.picture(path)).body)
        self.component.thumbnails._kept.clear()
        await self.lose_gateway()
        self.assertEqual(404, (await self.picture(path)).status)

    async def test_what_is_kept_is_bounded(self):
        big = cards.PNG + bytes(3_000_000)
        for number in range(4):
            self.gateway.cards[f"{number}.gcode"] = (CARD, [(300, 300, big)])
            await self.files.upload(f"{number}.gcode", SEALED)
        kept = self.component.thumbnails
        self.assertEqual((2, 2 * len(big)), (len(kept._kept), kept._bytes))

    async def test_a_renamed_file_gets_thumbnails_under_its_new_name(self):
        await self.files.upload("old.gcode", SEALED)
        os.rename(os.path.join(self.gcodes, "old.gcode"), os.path.join(self.gcodes, "part.gcode"))
        self.files.storage.insert("part.gcode", self.files.storage.metadata.pop("old.gcode"))
        await self.server.send_event("file_manager:filelist_changed", {"action": "move_file", "item": {"path": "part.gcode", "root": "gcodes"}})
        thumbnail, = self.metadata("part.gcode")["thumbnails"]
        self.assertEqual(PNG, (await self.picture("/server/files/gcodes/" + thumbnail["relative_path"])).body)


class Prefix(unittest.IsolatedAsyncioTestCase):
    async def test_a_moonraker_below_a_prefix_answers_below_it(self):
        with tempfile.TemporaryDirectory() as gcodes:
            server = host.Server(gcodes, route_prefix="/printer1")
            component = touchmark.load_component(host.Config(server, socket=os.path.join(gcodes, "s")))
            router = server.lookup_component("application").mutable_router
            for path in ("/hedera_slicer/slice_and_print", f"/server/files/gcodes/.touchmark/{'0' * 32}/32x32/x.gcode.png"):
                self.assertNotEqual("plain files", router.find("/printer1" + path)[0].target)
                self.assertIsNone(router.find(path)[0])
            await component.close()

    async def test_a_moonraker_that_cannot_be_extended_loads_the_component_all_the_same(self):
        with tempfile.TemporaryDirectory() as gcodes:
            server = host.Server(gcodes)
            server.register_endpoint = lambda *arguments: None
            del server.lookup_component("application").mutable_router
            with self.assertLogs(level="WARNING") as log:
                component = touchmark.load_component(host.Config(server, socket=os.path.join(gcodes, "s")))
            self.assertEqual(2, len(log.output))
            await component.close()


class Status(Component):
    async def test_status_has_what_the_gateway_says(self):
        status = await self.ask("GET", "/machine/touchmark/status")
        self.assertEqual((True, "stand-in", "printer-1"), tuple(status["gateway"][key] for key in ("connected", "version", "printer_id")))

    async def test_status_answers_without_a_gateway_and_refreshing_says_what_to_do(self):
        await self.lose_gateway()
        status = (await self.ask("GET", "/machine/touchmark/status"))["gateway"]
        self.assertEqual((False, "GATEWAY_ABSENT"), (status["connected"], status["error"].partition(":")[0]))
        with self.assertRaises(host.ServerError) as refused:
            await self.ask("POST", "/machine/touchmark/refresh_token")
        self.assertEqual(503, refused.exception.status_code)
        self.assertIn("GATEWAY_ABSENT", str(refused.exception))
        self.assertIn("systemctl start", str(refused.exception))

    async def test_status_answers_beside_a_gateway_that_refuses_to(self):
        self.gateway.refuse["status"] = gateway.Refused("ENGINE_UNREACHABLE", "The engine does not answer.")
        status = (await self.ask("GET", "/machine/touchmark/status"))["gateway"]
        self.assertEqual((True, "ENGINE_UNREACHABLE: The engine does not answer."), (status["connected"], status["error"]))

    async def test_a_token_is_refreshed(self):
        self.assertEqual({"expires_at": 3}, await self.ask("POST", "/machine/touchmark/refresh_token"))

    async def test_a_refusal_is_one_line_of_plain_text_whatever_the_gateway_says(self):
        self.gateway.refuse["refresh_token"] = gateway.Refused("X\r\nSet-Cookie: a=b", "ü\nline" + "y" * 10000)
        with self.assertRaises(host.ServerError) as refused:
            await self.ask("POST", "/machine/touchmark/refresh_token")
        self.assertTrue(str(refused.exception).isprintable() and str(refused.exception).isascii())
        self.assertLess(len(str(refused.exception)), 1000)


class Hostile(unittest.TestCase):
    def test_of_a_cards_metadata_only_what_moonraker_knows_is_taken_and_in_its_types(self):
        metadata = {"size": 1, "modified": 2, "filename": "../x", "thumbnails": [], "touchmark": {"once": True}, "slicer": ["x"], "estimated_time": "1", "layer_count": True,
                    "object_height": 1e300, "filament_colors": [{}], "filament_temps": [1] * 65, "filament_name": "n" * 9999, "layer_height": 0.2}
        self.assertEqual({"filament_name": "n" * 512, "layer_height": 0.2}, cards.read_metadata(metadata))
        for nothing in (None, [], "x", 1):
            self.assertEqual({}, cards.read_metadata(nothing))

    def test_thumbnails_that_do_not_fit_together_are_left_out(self):
        good = {"width": 32, "height": 32, "bytes": len(PNG)}
        for listed, raw, count in (([good], PNG, 1), ([good], PNG[:-1], 0), ([good], b"<svg>" + PNG, 0), ([{**good, "width": 5000}], PNG, 0), ([{**good, "bytes": -1}], PNG, 0),
                                   ([{**good, "bytes": True}], PNG, 0), ([good] * 99, PNG * 99, cards.MAX_THUMBNAILS), ("x", PNG, 0), ([None], PNG, 0), (None, PNG, 0)):
            with self.subTest(str(listed)[:60]):
                self.assertEqual(count, len(cards.read_pictures({"thumbnails": listed}, raw)))

    def test_a_pipe_or_a_folder_is_no_encrypted_file(self):
        with tempfile.TemporaryDirectory() as folder:
            pipe = os.path.join(folder, "pipe.gcode")
            os.mkfifo(pipe)
            self.assertEqual([False] * 4, [cards.looks_encrypted(path) for path in (pipe, folder, pipe + "x", "a\0b")])


if __name__ == "__main__":
    unittest.main()
