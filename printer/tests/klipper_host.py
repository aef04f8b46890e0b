# Stand-ins for what Klipper gives its extras, so that `extras.touchmark` is loaded here as Klipper loads it. They follow Klipper's source and hold none of it.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import logging
import pathlib
import sys
import types

from klipper_card import VirtualSD
from klipper_reactor import Reactor

EXTRAS = pathlib.Path(__file__).resolve().parent.parent / "klipper"
sys.modules.setdefault("extras", types.ModuleType("extras")).__path__ = [str(EXTRAS)]


class ConfigError(Exception):
    pass


class CommandError(Exception):
    pass


class Config:
    """One section of printer.cfg."""

    error = ConfigError

    def __init__(self, printer, sections, name):
        self.printer, self.sections, self.name = printer, sections, name

    def get_printer(self):
        return self.printer

    def has_section(self, name):
        return name in self.sections

    def get(self, option, default=None):
        return self.sections[self.name].get(option, default)

    def getfloat(self, option, default=None, minval=None, above=None):
        value = float(self.get(option, default))
        if (minval is not None and value < minval) or (above is not None and value <= above):
            raise ConfigError("option %s" % option)
        return value

    def getboolean(self, option, default=None):
        return str(self.get(option, default)).lower() == "true"


class Command:
    error = CommandError

    def __init__(self, gcode, line, parameters):
        self.line, self.parameters = line, parameters
        self.respond_raw = gcode.respond_raw

    def get(self, name):
        return self.parameters[name]

    def get_int(self, name):
        return int(self.parameters[name])

    def get_raw_command_parameters(self):
        return self.line.partition(" ")[2]


class GCode:
    error = CommandError

    def __init__(self, printer):
        self.printer, self.mutex = printer, printer.get_reactor().mutex()
        self.handlers, self.outputs, self.done = {}, [], []

    def get_mutex(self):
        return self.mutex

    def register_command(self, name, handler, when_not_ready=False, desc=None):
        self.handlers[name] = handler

    def create_gcode_command(self, name, line, parameters):
        return Command(self, line, parameters)

    def respond_raw(self, text):
        self.outputs.append(text)

    def run_script(self, script):
        with self.mutex:
            self.run_script_from_command(script)

    def run_script_from_command(self, script):
        for line in script.split("\n"):
            name = line.split(" ")[0]
            parameters = dict(word.split("=", 1) if "=" in word else (word[:1], word[1:]) for word in line.split(" ")[1:])
            try:
                if name in self.handlers:
                    self.handlers[name](Command(self, line, parameters))
                elif name:
                    self.respond_raw('// Unknown command:"%s"' % name)
            except CommandError as error:
                logging.warning("%s", error)
                self.respond_raw("!! %s" % error)
                raise


class PrintStats:
    def __init__(self):
        self.state, self.filename, self.message, self.layers = "standby", "", "", None

    def set_current_file(self, name):
        self.state, self.filename, self.message = "standby", name, ""

    def note_start(self):
        self.state = "printing"

    def note_pause(self):
        self.state = "paused"

    def note_complete(self):
        self.finish("complete", "")

    def note_cancel(self):
        self.finish("cancelled", "")

    def note_error(self, message):
        self.finish("error", message)

    def finish(self, state, message):
        if self.state in ("printing", "paused"):
            self.state, self.message = state, message

    def reset(self):
        self.state, self.filename, self.message = "standby", "", ""

    def get_status(self, eventtime):
        return {"state": self.state, "filename": self.filename, "message": self.message}

    def cmd_SET_PRINT_STATS_INFO(self, gcmd):
        self.layers = gcmd.get_int("TOTAL_LAYER"), gcmd.get_int("CURRENT_LAYER")


class PauseResume:
    def __init__(self, printer):
        self.card, self.paused = printer.lookup_object("virtual_sdcard"), False
        gcode = printer.lookup_object("gcode")
        for name in ("PAUSE", "RESUME", "CANCEL_PRINT"):
            gcode.register_command(name, getattr(self, name))

    def PAUSE(self, gcmd):
        self.card.do_pause()
        self.paused = True

    def RESUME(self, gcmd):
        if not self.paused:
            raise gcmd.error("Print is not paused")
        self.card.do_resume()
        self.paused = False

    def CANCEL_PRINT(self, gcmd):
        self.card.do_cancel()
        self.paused = False


class WebHooks:
    """Endpoints, and clients that subscribe to motion."""

    def __init__(self):
        self.endpoints, self.subscribers = {"motion_report/dump_trapq": self.subscribe, "info": lambda request: None}, []

    def get_callback(self, path):
        return self.endpoints[path]

    def subscribe(self, request):
        self.subscribers.append(request.get_client_connection())

    def publish(self):
        """How many clients get a batch of moves."""
        self.subscribers = [client for client in self.subscribers if not client.is_closed()]
        return len(self.subscribers)


class Heaters:
    def __init__(self):
        self.target = 200.0

    def turn_off_all_heaters(self, print_time=0.0):
        self.target = 0.0


class StepperEnable:
    @staticmethod
    def get_steppers():
        return ["extruder", "stepper_x", "stepper_y", "stepper_z"]


class ConfigFile:
    @staticmethod
    def get_status(eventtime):
        return {"settings": {"printer": {"kinematics": "cartesian"}}}


class Printer:
    config_error, command_error = ConfigError, CommandError

    def __init__(self, folder, card=VirtualSD, reactor=None):
        self.reactor, self.objects, self.handlers, self.shut = reactor or Reactor(), {}, {}, False
        self.folder, self.card = folder, card
        self.objects.update(gcode=GCode(self), print_stats=PrintStats(), webhooks=WebHooks(), heaters=Heaters(), stepper_enable=StepperEnable(), configfile=ConfigFile())

    def get_reactor(self):
        return self.reactor

    def get_start_args(self):
        return {"software_version": "stand-in"}

    def get_state_message(self):
        return ("Shutdown" if self.shut else "Printer is ready"), "ready"

    def is_shutdown(self):
        return self.shut

    def lookup_object(self, name, default=ConfigError):
        if name not in self.objects and default is ConfigError:
            raise ConfigError(name)
        return self.objects.get(name, default)

    def load_object(self, config, name):
        if name not in self.objects:
            self.objects[name] = self.card(self, self.folder)
        return self.objects[name]

    def register_event_handler(self, event, handler):
        self.handlers.setdefault(event, []).append(handler)

    def send_event(self, event):
        for handler in self.handlers.get(event, []):
            handler()

    def invoke_shutdown(self, message):
        self.shut = True
        self.send_event("klippy:shutdown")
