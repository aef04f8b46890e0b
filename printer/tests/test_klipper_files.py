# Encrypted files print through Klipper's virtual_sdcard as plain ones do.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import unittest

import klipper_host
from extras import touchmark
from extras.touchmark import sealed
from gateway import Refused
from klipper_case import TOOLPATH, Case


class Files(Case):
    def test_an_encrypted_file_runs_the_lines_of_the_plain_one(self):
        for kind in ("plain", "sealed", "fernet"):
            with self.subTest(kind):
                self.ran.clear()
                self.put("a.gcode", kind=kind)
                self.print_file("a.gcode")
                self.until("complete")
                self.assertEqual(TOOLPATH, self.moves())
        self.reactor.run(1)
        self.assertEqual(["complete", "complete"], [reason for _, reason in self.gateway.closed])

    def test_a_plain_file_never_asks_the_gateway(self):
        self.put("a.gcode", kind="plain")
        self.server.stop()
        self.print_file("a.gcode")
        self.until("complete")
        self.assertNotIn("probe", self.gateway.asked)

    def test_what_only_looks_encrypted_prints_as_plain_where_the_gateway_says_so(self):
        self.put("a.gcode", "gAAAA\nG1 X1\n", kind="plain")
        self.gateway.op_probe = lambda request: ({"kind": "plain"}, b"")
        self.print_file("a.gcode")
        self.until("complete")
        self.assertEqual("G1 X1\n", self.moves())

    def test_pause_and_resume_lose_and_repeat_no_line(self):
        self.put("a.gcode")
        self.print_file("a.gcode")
        for _ in range(20):
            self.reactor.run(1.37)
            self.run_line("PAUSE")
            self.assertEqual(("paused", "paused"), (self.stats.state, self.status()["phase"]))
            still = len(self.ran)
            self.reactor.run(3)
            self.assertEqual(still, len(self.ran))
            self.run_line("RESUME")
        self.until("complete")
        self.assertEqual(TOOLPATH, self.moves())

    def test_a_pause_between_two_chunks_loses_none_whatever_is_under_way(self):
        text = "".join("G1 X%011d\n" % i for i in range(12 * sealed.CHUNK // 16))
        self.put("a.gcode", text)
        self.print_file("a.gcode")
        for _ in range(2):
            self.gateway.mute.add("read")
            self.reactor.run(45)
            self.assertEqual(0, len(self.ran) * 16 % sealed.CHUNK)
            self.run_line("M25")
            self.gateway.mute.clear()
            self.release()
            self.run_line("M24")
            self.reactor.run(2)
        self.until("complete")
        self.assertEqual(text, self.moves())

    def test_cancel_and_reset_close_the_file_at_the_gateway(self):
        self.put("a.gcode")
        for line, state in (("CANCEL_PRINT", "cancelled"), ("SDCARD_RESET_FILE", "standby")):
            with self.subTest(line):
                self.print_file("a.gcode")
                self.reactor.run(1)
                self.run_line(line)
                self.reactor.run(1)
                self.assertEqual((state, "idle", None), (self.stats.state, self.status()["phase"], self.status()["kind"]))
                self.assertEqual("cancelled", self.gateway.closed[-1][1])
                self.assertEqual({}, self.gateway.handles)

    def test_a_file_is_selected_positioned_and_started_by_M_codes(self):
        self.put("a.gcode")
        self.run_line("M23 a.gcode")
        self.run_line("M26 S%d" % TOOLPATH.index("G1 X100.900"))
        self.run_line("M24")
        self.until("complete")
        self.assertEqual(TOOLPATH[TOOLPATH.index("G1 X100.900"):], self.moves())

    def test_a_position_beyond_the_file_is_refused(self):
        self.put("a.gcode")
        self.run_line("M23 a.gcode")
        self.run_line("M26 S%d" % (len(TOOLPATH) + 1))
        with self.assertRaises(klipper_host.CommandError):
            self.run_line("M24")

    def test_characters_keep_their_place_whatever_they_are_and_wherever_a_chunk_ends(self):
        text = "".join("G1 X%d ; Größe 部品 %s\n" % (i, "é" * (i % 7)) for i in range(3000))
        self.put("a.gcode", text)
        self.print_file("a.gcode")
        for _ in range(5):
            self.reactor.run(4.1)
            self.run_line("PAUSE")
            self.run_line("RESUME")
        self.until("complete")
        self.assertEqual(text, self.moves())

    def test_bytes_that_are_no_text_do_not_shift_the_position(self):
        path = self.put("a.gcode", "")
        with open(path, "ab") as file:
            file.write("".join("G1 X%d ;\n" % i for i in range(500)).encode("ascii").replace(b";", b";\xff\xfe\xe2").translate(bytes(255 - i for i in range(256))))
        self.print_file("a.gcode")
        self.reactor.run(2.5)
        self.run_line("PAUSE")
        self.run_line("RESUME")
        self.until("complete")
        self.assertEqual("".join("G1 X%d ;???\n" % i for i in range(500)), self.moves())

    def test_memory_holds_sixty_four_KiB_at_most(self):
        self.put("a.gcode")
        self.print_file("a.gcode")
        lengths = []
        answer = self.gateway.op_read
        self.gateway.op_read = lambda request: (lengths.append((request["length"], request["offset"] - self.card.protected.tell())), answer(request))[1]
        self.until("complete")
        self.assertLessEqual(max(length for length, _ in lengths), sealed.CHUNK)
        self.assertLessEqual(max(length + ahead for length, ahead in lengths), 65536)

    def test_names_that_people_give_are_printed_and_paths_out_of_the_folder_are_not(self):
        for name in ("It's \"quoted\".gcode", "sub dir/Größe 部品.gcode", "..gcode"):
            with self.subTest(name):
                self.put(name, "G1 X1\n")
                self.print_file(name)
                self.until("complete")
                self.stats.state = "standby"
        for name in ("../secret.gcode", "/etc/passwd", "sub dir/../../secret.gcode"):
            with self.subTest(name):
                self.put("../secret.gcode")
                asked = list(self.gateway.asked)
                self.assertEqual("Unable to open file", self.refused(name))
                self.assertEqual(asked, self.gateway.asked)

    def test_a_name_that_is_no_text_is_refused_in_words(self):
        with open(os.fsencode(self.folder) + b"/a\xff.gcode", "wb") as file:
            file.write(b"tm-gcode")
        self.assertIn("not UTF-8", self.refused(os.fsdecode(b"a\xff.gcode")))

    def test_a_refusal_carries_the_gateways_words(self):
        self.put("a.gcode")
        self.gateway.refuse["open"] = Refused("FILE_KEY_REFUSED", "The licence has\nexpired.", "Ask its owner.")
        self.assertEqual("Touchmark: The licence has expired. Ask its owner. (FILE_KEY_REFUSED)", self.refused("a.gcode"))
        self.assertEqual(("standby", None), (self.stats.state, self.card.current_file))

    def test_without_a_gateway_an_encrypted_file_is_refused_in_words(self):
        self.put("a.gcode")
        self.server.stop()
        self.assertIn("gateway is not reachable", self.refused("a.gcode"))

    def test_a_gateway_that_never_opens_is_given_up_and_klipper_lives_on_meanwhile(self):
        self.put("a.gcode")
        self.gateway.mute.add("open")
        ticks = []
        timer = self.reactor.register_timer(lambda now: ticks.append(now) or now + 1)
        self.reactor.update_timer(timer, self.reactor.monotonic())
        self.assertIn("did not answer", self.refused("a.gcode"))
        self.assertGreater(len(ticks), 25)

    def test_a_shutdown_while_the_file_is_opened_closes_it_again(self):
        self.put("a.gcode")
        opened = self.gateway.op_open
        self.gateway.op_open = lambda request: (self.printer.invoke_shutdown("stop"), opened(request))[1]
        self.assertIn("shut down", self.refused("a.gcode"))
        self.reactor.run(1)
        self.assertEqual(([(1, "shutdown")], None), (self.gateway.closed, self.card.current_file))

    def test_a_line_that_fails_ends_the_job(self):
        self.put("a.gcode", "G1 X1\nFAIL X9\nG1 X2\n")

        def fail(gcmd):
            raise gcmd.error("it failed")
        self.gcode.register_command("FAIL", fail)
        self.print_file("a.gcode")
        self.until("error")
        self.reactor.run(1)
        self.assertEqual("error", self.gateway.closed[-1][1])


class OtherHosts(unittest.TestCase):
    def load(self, card, sections):
        printer = klipper_host.Printer("/nowhere", card)
        return klipper_host.Config(printer, dict(sections, touchmark={"socket": "/nowhere/s"}), "touchmark")

    def test_a_host_whose_virtual_sdcard_is_another_is_refused_at_the_start(self):
        class Renamed(klipper_host.VirtualSD):
            _load_file = None

        class Otherwise(klipper_host.VirtualSD):
            def work_handler(self, eventtime):
                return self.reactor.NEVER

        for card in (Renamed, Otherwise):
            with self.subTest(card.__name__), self.assertRaisesRegex(klipper_host.ConfigError, "does not fit this Klipper"):
                touchmark.load_config(self.load(card, {"virtual_sdcard": {}}))

    def test_a_printer_without_virtual_sdcard_is_told_what_to_add(self):
        with self.assertRaisesRegex(klipper_host.ConfigError, r"needs \[virtual_sdcard\]"):
            touchmark.load_config(self.load(klipper_host.VirtualSD, {}))

    def test_a_card_that_other_modules_hold_already_is_the_one_that_learns(self):
        config = self.load(klipper_host.VirtualSD, {"virtual_sdcard": {}})
        held = config.printer.load_object(config, "virtual_sdcard")
        touchmark.load_config(config)
        self.assertIs(held, config.printer.lookup_object("virtual_sdcard"))
        self.assertTrue(hasattr(held, "protected"))
        config.printer.send_event("klippy:disconnect")


if __name__ == "__main__":
    unittest.main()
