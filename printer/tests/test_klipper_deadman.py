# What happens to a protected job when its gateway falls silent, goes away or comes back.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import unittest

import klipper_host
from gateway import Session
from klipper_case import TOOLPATH, Case


class DeadMan(Case):
    settings = {"pause_after": "8", "rest_after": "120"}

    def begin(self):
        self.put("a.gcode", TOOLPATH * 3)
        self.print_file("a.gcode")
        self.reactor.run(2)

    def heater(self):
        return self.printer.lookup_object("heaters").target

    def test_a_gateway_that_restarts_quickly_is_not_noticed_in_the_print(self):
        self.begin()
        self.server.stop()
        self.reactor.run(3)
        self.server = self.start_gateway()
        self.until("complete")
        self.assertEqual(TOOLPATH * 3, self.moves())
        self.assertEqual(2, self.gateway.asked.count("open"))

    def test_a_gateway_that_restarts_while_nothing_is_read_from_it_is_alive_again(self):
        self.put("a.gcode", "".join("G1 X%d F60\n" % i for i in range(2000)))
        self.print_file("a.gcode")
        self.reactor.run(0.5)
        self.assertEqual(1, self.gateway.asked.count("open"))
        self.server.stop()
        self.reactor.run(2)
        self.server = self.start_gateway()
        self.until("complete")
        self.assertEqual(2, self.gateway.asked.count("open"))
        self.assertFalse([line for line in self.gcode.outputs if "Touchmark" in line])

    def test_a_print_that_ran_dry_waits_as_long_as_any_other_before_it_pauses(self):
        self.begin()
        self.gateway.mute.add("read")
        self.reactor.run(25)
        still = len(self.ran)
        self.server.stop()
        self.reactor.run(6.5)
        self.assertEqual(("printing", still), (self.stats.state, len(self.ran)))
        self.gateway.mute.clear()
        self.server = self.start_gateway()
        self.until("complete")
        self.assertEqual(TOOLPATH * 3, self.moves())

    def test_PAUSE_runs_once_however_many_reasons_there_are(self):
        paused = []
        stock = self.gcode.handlers["PAUSE"]
        self.gcode.register_command("PAUSE", lambda gcmd: (paused.append(1), self.reactor.pause(self.reactor.monotonic() + 5), stock(gcmd)))
        self.begin()
        job = self.card.protected
        for _ in range(3):
            self.extra.hold(job, "a reason")
            self.reactor.run(1)
        self.reactor.run(20)
        self.assertEqual(([1], "paused"), (paused, self.stats.state))

    def test_a_gateway_that_stays_away_pauses_the_print_and_RESUME_goes_on_when_it_is_back(self):
        self.begin()
        self.server.stop()
        self.reactor.run(5)
        self.assertEqual("printing", self.stats.state)
        self.reactor.run(6)
        self.assertEqual(("paused", True), (self.stats.state, self.printer.lookup_object("pause_resume").paused))
        self.assertTrue(any(line.startswith("!! Touchmark: The gateway is silent") for line in self.gcode.outputs))
        with self.assertRaisesRegex(klipper_host.CommandError, "not reachable"):
            self.run_line("RESUME")
        self.assertTrue(self.printer.lookup_object("pause_resume").paused)
        self.server = self.start_gateway()
        self.reactor.run(10)
        self.assertIn("// Touchmark: the gateway is back; RESUME goes on.", self.gcode.outputs)
        self.run_line("RESUME")
        self.until("complete")
        self.assertEqual((TOOLPATH * 3, 200.0), (self.moves(), self.heater()))

    def test_a_gateway_that_is_connected_but_silent_pauses_the_print(self):
        self.begin()
        self.gateway.mute.add("read")
        self.reactor.update_timer(self.server.timer, self.reactor.NEVER)
        self.until("paused", 30)
        self.reactor.run(1)
        self.assertTrue(self.printer.lookup_object("pause_resume").paused)

    def test_a_gateway_that_is_alive_but_does_not_read_pauses_the_print_in_the_end(self):
        self.begin()
        self.gateway.mute.add("read")
        self.until("paused", 120)
        self.assertTrue(any("did not answer within" in line for line in self.gcode.outputs))
        self.gateway.mute.clear()
        self.run_line("RESUME")
        self.until("complete")
        self.assertEqual(TOOLPATH * 3, self.moves())

    def test_heaters_go_off_when_it_stays_away_too_long(self):
        self.begin()
        self.server.stop()
        self.reactor.run(118)
        self.assertEqual(200.0, self.heater())
        self.reactor.run(5)
        self.assertEqual(("paused", 0.0), (self.stats.state, self.heater()))
        self.assertIn("TURN_OFF_HEATERS", self.ran)

    def test_the_printers_own_safe_rest_is_used_where_it_has_one(self):
        self.gcode.register_command("TOUCHMARK_SAFE_REST", lambda gcmd: self.ran.append(gcmd.line))
        self.printer.objects["gcode_macro TOUCHMARK_SAFE_REST"] = object()
        self.begin()
        self.server.stop()
        self.reactor.run(130)
        self.assertIn("TOUCHMARK_SAFE_REST", self.ran)
        self.assertFalse([line for line in self.ran if line.startswith("SET_STEPPER_ENABLE")])

    def test_a_file_that_changed_meanwhile_is_not_printed_on(self):
        self.begin()
        self.server.stop()
        self.reactor.run(12)
        self.put("a.gcode", TOOLPATH)
        self.server = self.start_gateway()
        self.reactor.run(10)
        with self.assertRaisesRegex(klipper_host.CommandError, "not the one that this print began with"):
            self.run_line("RESUME")
        self.run_line("CANCEL_PRINT")
        self.assertEqual("cancelled", self.stats.state)

    def test_a_session_whose_gateway_is_silent_rests_after_eight_seconds(self):
        session = Session("a", ["G1 X1\n"])
        session.finished = False
        self.server.tell(self.gateway.session_event(session))
        self.gateway.mute.add("next")
        self.reactor.run(2)
        self.reactor.update_timer(self.server.timer, self.reactor.NEVER)
        self.reactor.run(6)
        self.assertEqual(("printing", 200.0), (self.stats.state, self.heater()))
        self.reactor.run(6)
        self.assertEqual(("error", 0.0), (self.stats.state, self.heater()))

    def test_a_session_whose_gateway_is_gone_rests_at_once(self):
        self.server.tell(self.gateway.session_event(Session("a", ["G1 X1\n"] * 2000)))
        self.reactor.run(1)
        self.server.stop()
        self.until("error", 3)
        self.assertEqual(0.0, self.heater())


if __name__ == "__main__":
    unittest.main()
