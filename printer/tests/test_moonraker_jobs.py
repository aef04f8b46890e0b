# slice_and_print, and what becomes of protected jobs, beside stand-ins of Moonraker and of the gateway.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import asyncio
import json
import os
import random
import unittest

import gateway
import moonraker_host as host
from moonraker.components.touchmark import link, slicing
from test_moonraker_component import CARD, SEALED, Component

ADDRESS = "/machine/touchmark/slice_and_print"
TOKEN = gateway.seal("G28\n", "fernet")


class Slicing(Component):
    async def refused(self, **arguments):
        with self.assertRaises(host.ServerError) as refused:
            await self.ask("POST", ADDRESS, **arguments)
        return str(refused.exception).partition(":")[0], refused.exception.status_code

    async def test_a_request_becomes_a_sealed_file_that_is_printed_by_who_asked(self):
        answer = await self.ask("POST", ADDRESS, user="ana", token_id="8", uri="hedera://0.0.1047", print="true")
        self.assertEqual(("hedera_print_8.gcode", "file-1", True), (answer["name"], answer["file_id"], answer["print_started"]))
        self.assertEqual([("hedera_print_8.gcode", "ana")], self.klippy.started)
        self.assertTrue(self.metadata(answer["name"])["touchmark"]["once"])

    async def test_older_addresses_answer_in_the_same_way(self):
        application = self.server.lookup_component("application")
        handlers = [application.mutable_router.find(address)[0].target_kwargs["callback"] for address in ("/machine/hedera_slicer/slice_and_print", "/hedera_slicer/slice_and_print")]
        for number, callback in enumerate(handlers):
            answer = await callback(host.Request(token_id=str(number), print=False))
            self.assertEqual(f"hedera_print_{number}.gcode", answer["name"])

    async def test_fields_reach_the_gateway_whether_single_or_in_data_and_secrets_do_not(self):
        asked = []
        original = self.gateway.op_slice
        self.gateway.op_slice = lambda request: asked.append(request) or original(request)
        data = {"wallet_address": "0x82", "token_id": "8", "contract_address": "0x38", "encryption_key": "d125", "uri": "hedera://0.0.1047", "print": "false", "target": "/etc/passwd", "op": "open"}
        await self.ask("POST", ADDRESS, data=json.dumps(data), machine_settings="{\"bed\": [1, 2]}", filament={"type": "PLA"})
        request, = asked
        self.assertEqual(("0x82", "8", {"bed": [1, 2]}, {"type": "PLA"}, os.path.join(self.gcodes, "hedera_print_8.gcode")),
                         tuple(request[key] for key in ("wallet_address", "token_id", "machine_settings", "filament", "target")))
        self.assertNotIn("encryption_key", request)
        self.assertEqual([], self.klippy.started)

    async def test_progress_is_told_to_all_and_each_stage_in_the_console(self):
        await self.ask("POST", ADDRESS, token_id="8", print=False)
        self.assertEqual([0.0, 0.5, 1.0, 1.0], [event[1]["fraction"] for event in self.server.sent if event[0] == "touchmark:slice_progress"])
        self.assertEqual(["// Touchmark: slicing", "// Touchmark: done"], [event[1] for event in self.server.sent if event[0] == "server:gcode_response"])
        self.assertEqual("notify_touchmark_slice_progress", self.server.notifications["touchmark:slice_progress"])

    async def test_a_gateway_that_talks_without_end_is_not_listened_to(self):
        link_ask = self.component.link.ask

        async def chatter(op, seconds, on_progress=None, **fields):
            for number in range(10_000):
                on_progress({"stage": f"{number}" * 100, "fraction": float(number)})
                on_progress({"stage": number, "fraction": "x"})
            return await link_ask(op, seconds, **fields)
        self.component.slicing._link.ask = chatter
        await self.ask("POST", ADDRESS, token_id="8", print=False)
        told = [event[1] for event in self.server.sent if event[0] == "touchmark:slice_progress"]
        self.assertEqual(slicing.MOST_PROGRESS + 1, len(told))
        self.assertTrue(all(len(event["stage"]) <= 64 and 0 <= event["fraction"] <= 1 for event in told))

    async def test_a_token_that_comes_along_is_stored_as_it_is(self):
        answer = await self.ask("POST", ADDRESS, wallet_address="0x1", token_id="9", encrypted_gcode=TOKEN.hex())
        path = os.path.join(self.gcodes, answer["name"])
        with open(path, "rb") as file:
            self.assertEqual(TOKEN, file.read())
        self.assertEqual(0o600, os.stat(path).st_mode & 0o777)
        self.assertEqual("fernet", self.metadata(answer["name"])["touchmark"]["kind"])

    async def test_what_is_no_token_is_not_stored(self):
        for wrong in ("zz", "", b"G28\n".hex(), 7, ["gAAAA"]):
            self.assertEqual(("ENCRYPTED_GCODE_INVALID", 400), await self.refused(token_id="9", encrypted_gcode=wrong))
        self.assertEqual([], os.listdir(self.gcodes))

    async def test_a_busy_printer_is_not_disturbed(self):
        for state in ("printing", "paused"):
            self.klippy.state["state"] = state
            self.assertEqual(("PRINTER_BUSY", 409), await self.refused(token_id="8"))
        self.assertEqual([], self.klippy.started)
        self.assertEqual("hedera_print_8.gcode", (await self.ask("POST", ADDRESS, token_id="8", print=False))["name"])

    async def test_one_at_a_time(self):
        self.gateway.mute.add("slice")
        first = asyncio.ensure_future(self.ask("POST", ADDRESS, token_id="8", print=False))
        await self.server.next("touchmark:slice_progress")
        self.assertEqual(("SLICING_BUSY", 409), await self.refused(token_id="9"))
        await self.lose_gateway()
        with self.assertRaises(host.ServerError) as refused:
            await first
        self.assertEqual(503, refused.exception.status_code)
        self.assertEqual(("GATEWAY_ABSENT", 503), await self.refused(token_id="9"))

    async def test_a_refusal_leaves_no_file(self):
        def fail(request):
            with open(request["target"], "wb") as file:
                file.write(b"half a file")
            raise gateway.Refused("LICENCE_USED_UP", "The licence has no prints left.")
        self.gateway.op_slice = fail
        self.assertEqual(("LICENCE_USED_UP", 400), await self.refused(token_id="8"))
        self.assertEqual([], os.listdir(self.gcodes))

    async def test_a_plain_file_from_the_gateway_is_thrown_away(self):
        def leave_plain(request):
            with open(request["target"], "wb") as file:
                file.write(b"G28\n")
            return {"name": "x", "size": 4}, b""
        self.gateway.op_slice = leave_plain
        self.assertEqual(("SLICE_NOT_SEALED", 400), await self.refused(token_id="8"))
        self.assertEqual([], os.listdir(self.gcodes))

    async def test_a_print_that_klipper_refuses_is_told_and_its_file_stays(self):
        self.klippy.refusal = "Must home first"
        self.assertEqual(("PRINT_NOT_STARTED", 409), await self.refused(token_id="8"))
        self.assertEqual(["hedera_print_8.gcode"], os.listdir(self.gcodes))

    async def test_requests_that_are_none_are_refused_with_a_code(self):
        for code, arguments in (("FIELD_INVALID", {"data": "[1]"}), ("FIELD_INVALID", {"filament": "{"}), ("FIELD_INVALID", {"machine_settings": 7}),
                                ("REQUEST_TOO_LARGE", {"uri": "x" * 70000}), ("REQUEST_TOO_LARGE", {"uri": "\ud800"}), ("NAME_REFUSED", {"name": "../../x"})):
            with self.subTest(code):
                self.assertEqual(code, (await self.refused(print=False, **arguments))[0])


class Names(unittest.TestCase):
    def choose(self, wished, *there):
        return slicing.choose_name(wished, lambda name: name in there)

    def test_a_name_keeps_what_is_harmless(self):
        for wished, name in (("bracket", "bracket.gcode"), ("bracket.gcode", "bracket.gcode"), ("it's ü 部", "it's ü 部.gcode"), ("a\"b;c#d*e", "a_b_c_d_e.gcode"), (" x ", "x.gcode")):
            self.assertEqual(name, self.choose(wished))

    def test_a_taken_name_gets_a_number(self):
        self.assertEqual("a-3.gcode", self.choose("a", "a.gcode", "a-2.gcode"))

    def test_a_name_that_leads_elsewhere_is_refused(self):
        for wished in ("../x", "a/b", "a\\b", "", " ", ".gcode", ".hidden", "a\nM112", "a\0b", "a\x7f", "\u202egcode"):
            with self.subTest(repr(wished)), self.assertRaises(link.GatewayError) as refused:
                self.choose(wished)
            self.assertEqual("NAME_REFUSED", refused.exception.code)

    def test_whatever_is_wished_the_name_is_one_file_in_the_folder(self):
        source = random.Random(6)
        letters = "ab./\\\"';#*\n\0 ü部\U0001f600\ud800"
        for _ in range(2000):
            wished = "".join(source.choice(letters) for _ in range(source.randrange(0, 80)))
            try:
                name = self.choose(wished)
            except link.GatewayError:
                continue
            self.assertEqual(name, os.path.basename(name))
            self.assertTrue(name.endswith(".gcode") and not name.startswith(".") and name.isprintable() and len(name.encode()) <= 255, repr(name))

    def test_a_token_id_is_a_name_whatever_is_in_it(self):
        self.assertEqual(("hedera_print_.._.._8", "touchmark"), (slicing.named_after("../../8"), slicing.named_after(None)))


class Jobs(Component):
    async def ready(self, **fields):
        self.klippy.objects["touchmark"] = {"job": "", "licence": "", **fields}
        await self.server.send_event("server:klippy_ready")

    async def test_the_history_keeps_job_and_licence_although_klipper_forgets_them_at_the_end(self):
        await self.ready()
        self.history.start("part.gcode")
        await self.klippy.tell({"touchmark": {"job": "job-1", "licence": "licence-1", "verified": 3}})
        await self.klippy.tell({"touchmark": {"job": "", "licence": ""}})
        self.assertEqual({"job": "job-1", "licence": "licence-1"}, self.history.finish("completed")["auxiliary_data"])
        self.history.start("plain.gcode")
        self.assertFalse(any(self.history.finish("completed")["auxiliary_data"].values()))

    async def test_clients_are_told_when_a_protected_job_begins_and_ends(self):
        await self.ready()
        for job in ("job-1", ""):
            told = self.server.next("touchmark:changed")
            await self.klippy.tell({"touchmark": {"job": job}})
            status, = await told
            self.assertEqual(job, status["klipper"]["job"])

    async def test_files_that_were_refused_before_klipper_came_are_asked_about_again(self):
        self.gateway.refuse["card"] = gateway.Refused("PATH_REFUSED", "The folder is not known yet.")
        await self.files.upload("part.gcode", SEALED)
        self.assertEqual("PATH_REFUSED", self.metadata("part.gcode")["touchmark"]["code"])
        self.gateway.refuse.clear()
        await self.ready(gateway="connecting")
        told = self.server.next("file_manager:filelist_changed")
        await self.klippy.tell({"touchmark": {"gateway": "connected"}})
        await told
        self.assertEqual(CARD["layer_count"], self.metadata("part.gcode")["layer_count"])

    async def test_a_klipper_without_the_extra_and_a_moonraker_without_a_history_are_no_fault(self):
        await self.server.send_event("server:klippy_ready")
        self.assertEqual([], self.klippy.callbacks)
        del self.server.components["history"]
        self.component.jobs.register_history()

    async def test_layers_of_a_protected_job_are_shown_and_those_of_a_plain_one_are_not(self):
        await self.files.upload("part.gcode", SEALED)
        await self.files.upload("plain.gcode", b"G28\n")
        state = self.server.lookup_component("job_state")
        for name, total in (("plain.gcode", 9), ("part.gcode", 0), ("part.gcode", 50)):
            state.stats = {"filename": name}
            await self.server.send_event("job_state:layer_changed", 7, total)
            await self.server.settle()
        self.assertEqual([f"M117 Layer 7/{CARD['layer_count']}", "M117 Layer 7/50"], self.klippy.scripts)

    async def test_of_layers_that_pass_while_klipper_is_busy_only_the_last_is_shown(self):
        await self.files.upload("part.gcode", SEALED)
        self.server.lookup_component("job_state").stats = {"filename": "part.gcode"}
        self.klippy.hold = asyncio.Event()
        for layer in (1, 2, 3, 4):
            await self.server.send_event("job_state:layer_changed", layer, 9)
        self.klippy.hold.set()
        await self.server.settle()
        self.assertEqual(["M117 Layer 1/9", "M117 Layer 4/9"], self.klippy.scripts)

    async def test_a_file_made_for_one_print_goes_with_it_and_an_uploaded_one_stays(self):
        await self.files.upload("part.gcode", SEALED)
        name = (await self.ask("POST", ADDRESS, token_id="8"))["name"]
        for printed, status in (("part.gcode", "completed"), (name, "cancelled")):
            self.history.start(printed)
            self.history.finish(status)
            await self.server.settle()
        self.assertEqual(["part.gcode"], os.listdir(self.gcodes))

    async def test_a_file_whose_end_was_not_seen_goes_at_the_next_start(self):
        for name in ("waiting", "printing", "ended"):
            await self.ask("POST", ADDRESS, name=name, print=False)
            if name != "waiting":
                self.files.storage.insert(f"{name}.gcode", {**self.metadata(f"{name}.gcode"), "print_start_time": 1.0})
        self.klippy.state = {"state": "printing", "filename": "printing.gcode"}
        await self.ready()
        self.assertEqual(["printing.gcode", "waiting.gcode"], sorted(os.listdir(self.gcodes)))

    async def test_a_file_that_is_gone_already_is_no_fault(self):
        name = (await self.ask("POST", ADDRESS, token_id="8"))["name"]
        os.remove(os.path.join(self.gcodes, name))
        self.history.start(name)
        self.history.finish("completed")
        await self.server.settle()
        self.assertEqual([f"gcodes/{name}"], self.files.deleted)


if __name__ == "__main__":
    unittest.main()
