# Touchmark's extra for Klipper: settings, the job at hand, and what happens to it.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import os

from . import card, endpoints, wire, words
from .deadman import DeadMan, rest
from .gateway import LOST, Gateway
from .guard import Dispatch, Guard
from .sealed import CONNECT_WITHIN, OPEN_WITHIN, LiveSession, Refused, SealedFile

_NOBODY = {"kind": None, "name": None, "job": None, "licence": None, "layers": 0, "segments": 0, "verified": 0, "exposure": 0.0, "gateway_phase": None}


class Touchmark:
    def __init__(self, config):
        self.printer = config.get_printer()
        self.reactor, self.gcode = self.printer.get_reactor(), self.printer.lookup_object("gcode")
        path = os.path.expanduser(config.get("socket", _default_socket()))
        pause_after = config.getfloat("pause_after", 8.0, minval=4.0)
        rest_after = config.getfloat("rest_after", 120.0, above=pause_after)
        self._card = self._protect_card(config)
        self._guard = Guard(self.printer, config.getboolean("guard_memory", True))
        if config.getboolean("guard_motion_report", True):
            endpoints.protect(self.printer.lookup_object("webhooks"), self._guard)
        self._dispatch, self._facts, self._phase, self._layer = None, dict(_NOBODY), "idle", None
        self._offer = self._pausing = False
        hello = {"role": "klipper", "version": 1, "software": "klipper " + str(self.printer.get_start_args().get("software_version")), "gcodes": os.path.abspath(self._card.sdcard_dirname)}
        self.gateway = Gateway(self.reactor, path, hello, self._event, self._connected)
        self._dead_man = DeadMan(self, pause_after, rest_after)
        self._guard.install()
        self.printer.register_event_handler("klippy:ready", self.gateway.start)
        self.printer.register_event_handler("klippy:shutdown", self._shutdown)
        self.printer.register_event_handler("klippy:disconnect", self._disconnect)

    def _protect_card(self, config):
        if not config.has_section("virtual_sdcard"):
            raise config.error("[touchmark] needs [virtual_sdcard]: add that section with the path of your G-code files")
        sdcard = self.printer.load_object(config, "virtual_sdcard")
        lack = card.unfit(sdcard)
        if lack is not None:
            raise config.error("[touchmark] does not fit this Klipper: %s. Update Touchmark, or remove [touchmark] to print plain files." % lack)
        card.protect(sdcard, self)
        return sdcard

    # What the card asks for

    def open(self, path):
        """The protected job of a file that looks encrypted; None when the gateway says that it is plain. Raises gcode.error."""
        self._phase = "opening"
        try:
            if self._answer(path, "probe").get("kind") == "plain":
                return None
            job = SealedFile(self, path, self._answer(path, "open"))
            if self.printer.is_shutdown():
                self.gateway.ask("close", handle=job.handle, reason="shutdown", text="")
                raise Refused("The printer was shut down while the file was opened.")
            return job
        except Refused as refused:
            raise self.gcode.error("Touchmark: %s" % refused) from None
        finally:
            self._phase = "idle"

    def _answer(self, path, op):
        try:
            answer = self.gateway.until_connected().wait(CONNECT_WITHIN) and self.gateway.ask(op, path=path).wait(OPEN_WITHIN)
        except wire.WireError:
            raise Refused("This file's name is not UTF-8. Rename it, then print again. (FILE_NAME_REFUSED)") from None
        if answer is LOST or not self.gateway.connected:
            raise Refused("This file is encrypted and the gateway is not reachable. Start it (systemctl start touchmark-gateway), then print again. (GATEWAY_ABSENT)")
        if answer is None:
            raise Refused("The gateway did not answer. See its log (journalctl -u touchmark-gateway), then print again. (GATEWAY_SILENT)")
        message, _ = answer
        if message.get("ok") is not True:
            raise Refused(words.refusal(message))
        return message

    def begin(self, job):
        self._guard.begin()
        self._dispatch = self._card.gcode = Dispatch(self.gcode, self._guard)
        self._facts = dict(_NOBODY, kind=job.kind, name=os.path.basename(job.name), job=job.job, licence=job.licence, layers=job.layers, segments=getattr(job, "segments", 0))
        self._phase, self._layer = "printing", None
        self._dead_man.watch(job)

    def before_resume(self, job, position):
        """Refuses what cannot go on, before virtual_sdcard starts to read. Raises gcode.error."""
        if job.stale:
            trouble = job.reopen()
            if trouble is not None:
                raise self.gcode.error("Touchmark: " + trouble)
        if not job.reaches(position):
            raise self.gcode.error("Touchmark: this job cannot go to position %d." % position)

    def session_progress(self):
        return min(self._facts["verified"] / self._facts["segments"], 1.0) if self._facts["segments"] else 0.0

    # What a job asks for (see sealed.Protected)

    def pausing(self):
        return self._card.must_pause_work or self.printer.is_shutdown()

    def closed(self, job, reason):
        self._dead_man.leave()
        self._guard.end()
        self._dispatch.remove()
        self._card.gcode, self._dispatch = self.gcode, None
        self._facts, self._phase = dict(_NOBODY), "idle"

    def hold(self, job, text):
        """Pauses a file; a live session, which could not go on, ends."""
        if job.live:
            self.fail(job, text)
            return
        self.say("!! Touchmark: " + text)
        self.reactor.register_callback(lambda eventtime: self._pause())

    def fail(self, job, text):
        """Ends the job as an error and brings the printer to rest."""
        if job.closed or self._phase == "resting":
            return
        self._phase = "resting"
        self.say("!! Touchmark: " + text)
        rest(self.printer)
        self.reactor.register_callback(lambda eventtime: self._end(job, text))

    def say(self, text):
        self.gcode.respond_raw(words.line(text, 600))

    def _pause(self):
        if self._pausing or not self._card.is_active() or self.printer.is_shutdown():
            return
        self._pausing = True
        if self.printer.lookup_object("pause_resume", None) is not None:
            try:
                self.gcode.run_script("PAUSE")
            except self.gcode.error as error:
                self.say("!! Touchmark: PAUSE failed: %s" % error)
        self._card.do_pause()
        self._pausing = False

    def _end(self, job, text):
        self._card.do_pause()
        if not job.closed:
            self._card.drop(job, "error", text)
            self._card.print_stats.note_error(text)

    # What the gateway says

    def _connected(self):
        job = self._card.protected
        if job is not None and not job.live:
            self.reactor.register_callback(lambda eventtime: self._reopen(job))

    def _reopen(self, job):
        """A file is opened again as soon as the gateway is back, which says that it is alive only while it has one open."""
        if job.closed:
            return
        trouble = job.reopen()
        if trouble is not None:
            self.say("!! Touchmark: " + trouble)
        elif not self._card.is_active():
            self.say("// Touchmark: the gateway is back; RESUME goes on.")

    def _event(self, message):
        job, event = self._card.protected, message["event"]
        if event == "session" and not self._offer:
            self._offer = True
            self.reactor.register_callback(lambda eventtime: self._offered(message))
        elif event == "status" and job is not None:
            self._status(message)
        elif event == "stop" and job is not None and words.whole(message, "handle") == job.handle and not job.stale:
            self.fail(job, words.plain(message, "text") or "The gateway stopped this job.")

    def _status(self, message):
        facts = self._facts
        self._facts = dict(facts, job=words.plain(message, "job", facts["job"]), licence=words.plain(message, "licence", facts["licence"]),
                           segments=words.whole(message, "segments", facts["segments"]), verified=words.whole(message, "verified", facts["verified"]),
                           exposure=words.number(message, "exposure_s", facts["exposure"]), gateway_phase=words.plain(message, "phase", facts["gateway_phase"]))
        layer = words.whole(message, "layer")
        if layer is not None and layer != self._layer and facts["layers"]:
            self._layer = layer
            values = {"TOTAL_LAYER": str(facts["layers"]), "CURRENT_LAYER": str(layer)}
            self._card.print_stats.cmd_SET_PRINT_STATS_INFO(self.gcode.create_gcode_command("SET_PRINT_STATS_INFO", "SET_PRINT_STATS_INFO", values))

    def _offered(self, message):
        try:
            session = LiveSession(self, message)
            if not self.printer.is_shutdown() and self._card.start_session(session):
                return
            self.gateway.ask("close", handle=session.handle, reason="error", text="The printer prints something else.")
        except Refused as refused:
            self.say("!! Touchmark: %s" % refused)
        finally:
            self._offer = False

    # Klipper

    def _shutdown(self):
        self._guard.latch()
        job = self._card.protected
        if job is not None:
            self._dead_man.leave()
            job.interrupt()
            if not job.stale:
                self.gateway.ask("close", handle=job.handle, reason="shutdown", text=words.line(self.printer.get_state_message()[0]))

    def _disconnect(self):
        self._dead_man.leave()
        self.gateway.stop()
        self._guard.remove()

    def get_status(self, eventtime):
        phase = self._phase
        if phase == "printing" and not self._card.is_active():
            phase = "paused"
        return dict(self._facts, phase=phase, gateway=self.gateway.state)


def _default_socket():
    return os.path.join(os.environ.get("TOUCHMARK_HOME") or "~/.touchmark", "gateway", "printer.sock")
