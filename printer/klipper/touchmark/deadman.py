# Brings the printer to rest when its gateway is silent during a protected job.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import logging

EVERY = 1.0
_BOXED = ("cartesian", "corexy", "hybrid_corexy", "corexz", "hybrid_corexz")


class DeadMan:
    """Watches one job at a time. A file is paused after `pause_after` seconds of silence and the printer rests after `rest_after`; a session ends and rests at once."""

    def __init__(self, touchmark, pause_after, rest_after):
        self._touchmark, self._reactor = touchmark, touchmark.reactor
        self._pause_after, self._rest_after = pause_after, rest_after
        self._timer, self._job, self._since = None, None, 0.0
        self._paused = self._rested = False

    def watch(self, job):
        self.leave()
        self._job, self._since = job, self._reactor.monotonic()
        self._paused = self._rested = False
        self._timer = self._reactor.register_timer(self._look, self._since + EVERY)

    def leave(self):
        if self._timer is not None:
            self._reactor.unregister_timer(self._timer)
        self._timer = self._job = None

    def _look(self, eventtime):
        job, touchmark = self._job, self._touchmark
        silent = eventtime - max(touchmark.gateway.heard, self._since)
        if silent < self._pause_after:
            self._paused = self._rested = False
        elif job.live:
            touchmark.fail(job, "The gateway is silent for %.0f s. The session is over; start the print anew." % silent)
            return self._reactor.NEVER
        elif not self._paused:
            self._paused = True
            touchmark.hold(job, "The gateway is silent for %.0f s: the print pauses. RESUME goes on when the gateway is back." % silent)
        elif silent >= self._rest_after and not self._rested:
            self._rested = True
            touchmark.say("!! Touchmark: The gateway stayed away for %.0f s: heaters off." % silent)
            rest(touchmark.printer)
        return eventtime + EVERY


def rest(printer):
    """Heaters off at once, then TOUCHMARK_SAFE_REST where the printer has it, else motors off except what holds Z."""
    heaters = printer.lookup_object("heaters", None)
    if heaters is not None:
        # Not by a command: a line that waits for a temperature holds the G-code mutex.
        heaters.turn_off_all_heaters()
    printer.get_reactor().register_callback(lambda eventtime: _run_rest(printer))


def _run_rest(printer):
    gcode = printer.lookup_object("gcode")
    lines = ["TURN_OFF_HEATERS"]
    if printer.lookup_object("gcode_macro TOUCHMARK_SAFE_REST", None) is not None:
        lines.append("TOUCHMARK_SAFE_REST")
    else:
        lines += ["SET_STEPPER_ENABLE STEPPER=\"%s\" ENABLE=0" % name for name in _free_steppers(printer)]
    for line in lines:
        try:
            gcode.run_script(line)
        except gcode.error as error:
            logging.info("touchmark: safe-rest: %s", error)


def _free_steppers(printer):
    """Steppers that hold no Z: a bed or gantry that sinks would press the part against the nozzle."""
    enable = printer.lookup_object("stepper_enable", None)
    if enable is None:
        return []
    settings = printer.lookup_object("configfile").get_status(printer.get_reactor().monotonic())["settings"]
    kinematics = settings.get("printer", {}).get("kinematics", "")
    held = ("stepper_z",) if kinematics in _BOXED else ("stepper_",)
    if kinematics in ("corexz", "hybrid_corexz"):
        held += ("stepper_x",)
    return [name for name in enable.get_steppers() if name.startswith("extruder") or (name.startswith("stepper_") and not name.startswith(held))]
