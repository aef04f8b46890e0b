# Live sessions print as jobs of Klipper's virtual_sdcard.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import unittest

from gateway import Session
from klipper_case import TOOLPATH, Case

LINES = TOOLPATH.splitlines(True)[:1200]
SEGMENTS = ["".join(LINES[i:i + 40]) for i in range(0, len(LINES), 40)]
TEXT = "".join(LINES)


class Sessions(Case):
    def offer(self, segments=SEGMENTS, finished=True, **more):
        session = Session("bracket.gcode", segments, layers=9)
        session.finished = finished
        event = dict(self.gateway.session_event(session), segments=len(SEGMENTS), **more)
        self.server.tell(event)
        self.reactor.run(0.3)
        return session, event["handle"]

    def test_a_session_is_a_job_with_name_and_progress_by_segments(self):
        self.offer()
        self.assertEqual(("printing", "bracket.gcode"), (self.stats.state, self.stats.filename))
        self.server.tell({"event": "status", "verified": 6, "exposure_s": 1.5, "phase": "streaming", "layer": 2})
        self.reactor.run(0.1)
        status = self.status()
        self.assertEqual((6, 30, 1.5, "streaming", "printing", "connected", "licence-1"),
                         tuple(status[name] for name in ("verified", "segments", "exposure", "gateway_phase", "phase", "gateway", "licence")))
        self.assertEqual((0.2, (9, 2)), (self.card.progress(), self.stats.layers))
        self.until("complete")
        self.reactor.run(1)
        self.assertEqual((TEXT, "complete"), (self.moves(), self.gateway.closed[-1][1]))

    def test_the_next_segment_is_asked_for_only_when_the_one_before_is_queued(self):
        session, _ = self.offer()
        following = self.gateway.op_next
        ran = []
        self.gateway.op_next = lambda request: (ran.append((len(self.ran), session.taken)), following(request))[1]
        self.until("complete")
        self.assertTrue(ran)
        for lines, taken in ran:
            self.assertEqual(min(taken * 40, len(LINES)), lines)

    def test_pause_and_resume_lose_and_repeat_no_line_even_while_a_segment_is_on_its_way(self):
        session, _ = self.offer(SEGMENTS[:3], finished=False)
        for _ in range(3):
            self.gateway.mute.add("next")
            self.reactor.run(2)
            self.run_line("PAUSE")
            taken = session.taken
            self.reactor.run(2)
            self.assertEqual(taken, session.taken)
            self.gateway.mute.clear()
            self.assertEqual(1, len(self.gateway.muted))
            self.release()
            self.run_line("RESUME")
            session.segments += SEGMENTS[len(session.segments):len(session.segments) + 9]
        session.finished = True
        self.until("complete")
        self.assertEqual(TEXT, self.moves())

    def test_cancel_closes_the_session_at_the_gateway(self):
        self.offer()
        self.run_line("CANCEL_PRINT")
        self.reactor.run(1)
        self.assertEqual(("cancelled", "cancelled"), (self.stats.state, self.gateway.closed[-1][1]))

    def test_a_busy_printer_refuses_a_session_and_prints_on(self):
        self.put("a.gcode")
        self.print_file("a.gcode")
        _, handle = self.offer()
        self.reactor.run(1)
        self.assertEqual(((handle, "error"), "a.gcode"), (self.gateway.closed[-1], self.stats.filename))
        self.until("complete")
        self.assertEqual(TOOLPATH, self.moves())

    def test_the_gateways_stop_ends_the_job_and_brings_the_printer_to_rest(self):
        _, handle = self.offer()
        self.server.tell({"event": "stop", "handle": handle + 1, "text": "another job"})
        self.reactor.run(0.1)
        self.assertEqual("printing", self.stats.state)
        self.server.tell({"event": "stop", "handle": handle, "text": "The licence was revoked."})
        self.until("error", 5)
        self.reactor.run(2)
        self.assertEqual(("The licence was revoked.", 0.0), (self.stats.message, self.printer.lookup_object("heaters").target))
        self.assertIn('SET_STEPPER_ENABLE STEPPER="stepper_x" ENABLE=0', self.ran)
        self.assertNotIn('SET_STEPPER_ENABLE STEPPER="stepper_z" ENABLE=0', self.ran)
        self.assertEqual((handle, "error"), self.gateway.closed[-1])

    def test_half_a_line_ends_the_session_before_anything_of_it_runs(self):
        self.offer(["G1 X1\n", "G1 X2\nG1 X2"])
        self.until("error", 5)
        self.assertEqual("G1 X1\n", self.moves())

    def test_a_session_cannot_go_back(self):
        self.offer()
        self.reactor.run(3)
        self.run_line("M25")
        self.run_line("M26 S0")
        with self.assertRaisesRegex(Exception, "cannot go to position 0"):
            self.run_line("M24")

    def test_a_session_without_handle_is_refused(self):
        for handle in (None, "7", True, -1, 1.5):
            with self.subTest(repr(handle)):
                self.server.tell({"event": "session", "name": "a", "handle": handle})
                self.reactor.run(1)
                self.assertEqual(("standby", "idle"), (self.stats.state, self.status()["phase"]))


if __name__ == "__main__":
    unittest.main()
