# Nothing of a protected job's toolpath reaches Klipper's log, its clients' answers or its motion endpoints.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import ctypes
import logging
import re
import unittest

import klipper_host
from extras.touchmark import guard
from klipper_case import TOOLPATH, Case

COORDINATES = set(re.findall(r"\d+\.\d{3}", TOOLPATH))


class Request:
    """A client's request to Klipper's API."""

    error = klipper_host.CommandError

    def __init__(self):
        self.closed = False

    def get_client_connection(self):
        return self

    def is_closed(self):
        return self.closed


def record(module, text, *arguments, level=logging.INFO, error=None):
    """A log record as a module of Klipper makes it."""
    return logging.LogRecord("root", level, "/klippy/extras/%s.py" % module, 1, text, arguments, error and (type(error), error, None), "function")


class Guarded(Case):
    def begin(self, text=TOOLPATH, name="a.gcode", kind="sealed"):
        self.put(name, text, kind)
        self.print_file(name)
        self.reactor.run(2)

    def logged(self, *arguments, **more):
        logging.getLogger().handle(record(*arguments, **more))
        return self.log.lines[-1]

    def assert_no_toolpath(self):
        for text in self.log.lines + self.gcode.outputs + [self.stats.message]:
            self.assertFalse([c for c in COORDINATES if c in text], text)

    def test_a_shutdown_in_mid_print_logs_nothing_of_the_toolpath(self):
        for kind, leaks in (("sealed", False), ("plain", True)):
            with self.subTest(kind):
                if kind == "plain":
                    self.setUp()
                self.begin(kind=kind)
                self.printer.invoke_shutdown("emergency stop")
                self.reactor.run(5)
                self.assertEqual(leaks, any("Virtual sdcard (" in line for line in self.log.lines))
                if not leaks:
                    self.assert_no_toolpath()
                    self.assertIn(("shutdown"), [reason for _, reason in self.gateway.closed])

    def test_every_dump_of_klipper_is_replaced(self):
        self.begin()
        for module, text in (
                ("motion_report", "Dumping trapq 'toolhead' 2 moves:\nmove 0: pt=1.000000 sp=(17.123456,2.0,0.2)"),
                ("motion_report", "Dumping stepper 'stepper_x' (mcu) 3 queue_step:\nqueue_step 0: t=1 p=17123456"),
                ("motion_report", "Requested toolhead position at shutdown time 1.0: (17.123456, 1.0)"),
                ("motion_report", "stepcompress error info: {'interval': 17123456}"),
                ("gcode_move", "gcode state: absolute_coord=True last_position=[17.123456, 2.0]"),
                ("virtual_sdcard", "Virtual sdcard (0): 'G1 X17.123456'\nUpcoming (9): ''"),
                ("gcode", "Dumping gcode input 1 blocks\nRead 1.0: 'G1 X17.123456'"),
                ("mcu", "MCU 'mcu' shutdown: x\nSent 99 1.0 1.0 6: queue_step oid=1 interval=17123456 count=1 add=0"),
                ("anything", "something with G1 X17.123456 in it")):
            with self.subTest(text[:30]):
                line = self.logged(module, text)
                self.assertNotIn("17", line.replace("1.0", ""))
                self.assertIn("not logged because of a protected job", line)

    def test_what_is_no_toolpath_is_logged_as_ever(self):
        self.begin()
        for text in ("Stats 17.5: gcodein=0 mcu_awake=0.001 sd_pos=512 print_time=17.125", "webhooks client 5: Disconnected"):
            self.assertEqual(text, self.logged("statistics", text))
        self.assertEqual("MCU 'mcu' shutdown: none", self.logged("mcu", "MCU '%s' shutdown: %s", "mcu", "none"))

    def test_an_exceptions_words_are_not_logged(self):
        self.begin()
        self.assertNotIn("17.125", self.logged("virtual_sdcard", "virtual_sdcard dispatch", error=ValueError("could not convert 17.125")))

    def test_after_the_job_the_guard_stays_as_long_as_klipper_remembers_the_motion(self):
        self.begin()
        self.until("complete")
        self.reactor.run(guard.LINGER - 2)
        self.assertIn("not logged", self.logged("motion_report", "Dumping trapq"))
        self.reactor.run(3)
        self.assertEqual("Dumping trapq", self.logged("motion_report", "Dumping trapq"))

    def test_after_a_shutdown_the_guard_stays_until_klipper_restarts(self):
        self.begin()
        self.printer.invoke_shutdown("emergency stop")
        self.reactor.run(3600)
        self.assertIn("not logged", self.logged("motion_report", "Dumping trapq"))
        self.printer.send_event("klippy:disconnect")
        self.assertEqual("Dumping trapq", self.logged("motion_report", "Dumping trapq"))

    def test_the_error_of_a_move_names_no_coordinate(self):
        def out_of_range(gcmd):
            raise gcmd.error("Move out of range: 317.125 2.000 0.200 [1.5] on '%s'" % gcmd.line)
        self.gcode.register_command("G0", out_of_range)
        self.begin("G0 X317.125\n")
        self.until("error")
        for text in self.log.lines + self.gcode.outputs + [self.stats.message]:
            self.assertNotIn("317", text)
        self.assertIn("Move out of range: # # # [#]", self.stats.message)

    def test_an_unknown_command_of_a_job_is_not_repeated(self):
        self.begin("SECRET_17 A=1\n")
        self.until("complete")
        self.assertFalse([line for line in self.gcode.outputs if "SECRET_17 A" in line])

    def test_answers_to_others_and_to_plain_files_stay_as_they_are(self):
        def out_of_range(gcmd):
            raise gcmd.error("Move out of range: 317.125")
        self.gcode.register_command("G0", out_of_range)
        self.put("p.gcode", "G0 X317.125\n", kind="plain")
        self.print_file("p.gcode")
        self.until("error")
        self.assertEqual("Move out of range: 317.125", self.stats.message)
        self.begin("G1 X1\n", "b.gcode")
        self.until("complete")
        self.gcode.respond_raw("// X:317.125")
        self.assertEqual("// X:317.125", self.gcode.outputs[-1])

    def test_the_process_cannot_be_dumped_from_the_first_protected_job_on(self):
        dumpable = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # noqa: E731
        before = dumpable()
        watch = guard.Guard(self.printer, True)
        watch.begin()
        self.assertEqual(0, dumpable())
        watch.remove()
        self.assertEqual(before, dumpable())

    def test_motion_endpoints_are_refused_and_subscriptions_end_while_a_protected_job_runs(self):
        webhooks = self.printer.lookup_object("webhooks")
        subscribe = lambda: webhooks.get_callback("motion_report/dump_trapq")(Request())  # noqa: E731
        subscribe()
        self.assertEqual(1, webhooks.publish())
        self.begin()
        self.assertEqual(0, webhooks.publish())
        with self.assertRaisesRegex(klipper_host.CommandError, "refused while a protected job runs"):
            subscribe()
        webhooks.get_callback("info")(Request())
        self.until("complete")
        self.reactor.run(guard.LINGER + 1)
        subscribe()
        self.assertEqual(1, webhooks.publish())


class Unguarded(Case):
    settings = {"guard_motion_report": "False"}

    def test_motion_endpoints_stay_open_where_the_setting_says_so(self):
        webhooks = self.printer.lookup_object("webhooks")
        self.put("a.gcode")
        self.print_file("a.gcode")
        self.reactor.run(1)
        webhooks.get_callback("motion_report/dump_trapq")(Request())
        self.assertEqual(1, webhooks.publish())


if __name__ == "__main__":
    unittest.main()
