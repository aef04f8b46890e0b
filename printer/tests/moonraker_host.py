# Stand-ins for what Moonraker gives its components, so that they are loaded here as `moonraker.components.NAME`, as Moonraker loads them.
# They follow the behaviour of Moonraker v0.9 and v0.10 where the component depends on it; what was proved on the real program is told in docs/printer.md.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import asyncio
import copy
import logging
import os
import pathlib
import re
import sys
import types

COMPONENTS = pathlib.Path(__file__).resolve().parent.parent / "moonraker"

# unittest has asyncio tell of every callback that takes long: on a busy machine that is noise.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)
# A log without a handler would be given one that prints.
logging.getLogger().addHandler(logging.NullHandler())


class ServerError(Exception):
    def __init__(self, message, status_code=400):
        super().__init__(message)
        self.status_code = status_code


class Tracker:
    """A history field's "basic" tracker: set by what its callback says at a job's start, then by updates while a job runs."""

    def __init__(self, history, reset_callback):
        self.history, self.reset_callback, self.value = history, reset_callback, None

    def reset(self):
        self.value = self.reset_callback()

    def update(self, value):
        if self.history.job is not None:
            self.value = value


class HistoryFieldData:
    current = None

    def __init__(self, field_name, provider, desc, strategy, reset_callback=None):
        self.name, self.provider, self.description, self.strategy = field_name, provider, desc, strategy
        self.tracker = Tracker(HistoryFieldData.current, reset_callback)


class AuthorizedRequestHandler:
    """The part of tornado's handler that the component's own uses."""

    def initialize(self):
        self.auth_required, self.headers, self.status, self.body = True, {}, 200, None

    def set_header(self, name, value):
        self.headers[name] = value

    def send_error(self, status):
        self.status = status

    def finish(self, body):
        self.body = body


class Rule:
    def __init__(self, pattern, target, target_kwargs):
        self.pattern, self.target, self.target_kwargs = re.compile(pattern + "$"), target, target_kwargs


class Router:
    def __init__(self):
        self.rules, self.pattern_to_rule = [], {}

    def add_handler(self, pattern, target, target_params=None):
        self.pattern_to_rule[pattern] = Rule(pattern, target, target_params)
        self.rules.append(self.pattern_to_rule[pattern])

    def find(self, path):
        """The first rule that takes the path, and the named parts of it."""
        for rule in self.rules:
            match = rule.pattern.match(path)
            if match:
                return rule, match.groupdict()
        return None, {}


class Application:
    def __init__(self, route_prefix=""):
        self.route_prefix, self.mutable_router = route_prefix, Router()
        self.mutable_router.add_handler(f"{route_prefix}/server/files/gcodes/(.*)", "plain files")


class Storage:
    """Moonraker's store of metadata: `parsed` lists what its own reader was asked for."""

    def __init__(self):
        self.metadata, self.parsed = {}, []

    def get(self, key, default=None):
        return copy.deepcopy(self.metadata.get(key, default))

    def insert(self, key, value):
        self.metadata[key] = copy.deepcopy(value)

    def remove_file_metadata(self, name):
        self.metadata.pop(name, None)

    def parse_metadata(self, name, info):
        done = asyncio.Event()
        done.set()
        known = self.metadata.get(name, {})
        if any(known.get(key) != info.get(key) for key in ("size", "modified")):
            self.parsed.append(name)
            self.metadata[name] = {"size": info["size"], "modified": info["modified"], "slicer": "PrusaSlicer", "print_start_time": None, "job_id": None}
        return done


class FileManager:
    def __init__(self, server, root):
        self.server, self.root, self.storage, self.deleted = server, root, Storage(), []

    def get_directory(self, root="gcodes"):
        return self.root

    def get_metadata_storage(self):
        return self.storage

    def get_path_info(self, path, root, raise_error=True):
        try:
            status = os.stat(path)
        except OSError:
            if raise_error:
                raise
            return {"modified": 0, "size": 0, "permissions": ""}
        return {"modified": status.st_mtime, "size": status.st_size, "permissions": "rw"}

    def get_file_list(self, root):
        return {os.path.relpath(os.path.join(folder, name), self.root): {} for folder, _, names in os.walk(self.root) for name in names}

    async def delete_file(self, path):
        self.deleted.append(path)
        name = path.split("/", 1)[1]
        os.remove(os.path.join(self.root, name))
        self.storage.remove_file_metadata(name)

    async def upload(self, name, content):
        """What an upload comes to: the file, its metadata, the notification."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        info = self.get_path_info(path, "gcodes")
        await self.storage.parse_metadata(name, info).wait()
        self.server.send_event("file_manager:filelist_changed", {"action": "create_file", "item": {**info, "path": name, "root": "gcodes"}})


class KlippyApis:
    """`state` is print_stats, `objects` what else can be subscribed to; `hold`, an asyncio.Event, keeps a script waiting as a busy Klipper does."""

    def __init__(self, server):
        self.server, self.state, self.objects = server, {"state": "standby", "filename": ""}, {}
        self.scripts, self.started, self.callbacks, self.refusal, self.hold = [], [], [], None, None

    async def get_object_list(self, default=None):
        return ["print_stats", *self.objects]

    async def query_objects(self, objects, default=None):
        return {"print_stats": {key: self.state[key] for key in objects["print_stats"]}}

    async def subscribe_objects(self, objects, callback=None, default=None):
        self.callbacks.append(callback)
        return {name: dict(self.objects[name]) for name in objects}

    async def run_gcode(self, script, default=None):
        self.scripts.append(script)
        if self.hold is not None:
            await self.hold.wait()
        return "ok"

    async def start_print(self, filename, wait_klippy_started=False, user=None):
        if self.refusal is not None:
            raise ServerError(self.refusal)
        self.started.append((filename, user))

    async def tell(self, status):
        for callback in self.callbacks:
            await callback(status, 0.0)


class History:
    def __init__(self, server):
        self.server, self.job, self.fields = server, None, []
        HistoryFieldData.current = self

    def register_auxiliary_field(self, field):
        self.fields.append(field)

    def start(self, filename):
        self.job = {"filename": filename}
        for field in self.fields:
            field.tracker.reset()

    def finish(self, status):
        """The entry that is kept, told to all."""
        entry = {**self.job, "status": status, "auxiliary_data": {field.name: field.tracker.value for field in self.fields}}
        self.job = None
        self.server.send_event("history:history_changed", {"action": "finished", "job": entry})
        return entry


class JobState:
    def __init__(self):
        self.stats = {}

    def get_last_stats(self):
        return dict(self.stats)


class EventLoop:
    def __init__(self):
        self.tasks = set()

    def create_task(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task


class Server:
    error = ServerError

    def __init__(self, gcodes, route_prefix=""):
        self.loop, self.events, self.endpoints, self.notifications = EventLoop(), {}, {}, {}
        self.sent, self.waiting = [], []
        self.components = {"application": Application(route_prefix), "klippy_apis": KlippyApis(self), "history": History(self), "job_state": JobState()}
        self.components["file_manager"] = FileManager(self, gcodes)

    def get_event_loop(self):
        return self.loop

    def lookup_component(self, name, default=ServerError):
        if name not in self.components and default is ServerError:
            raise ServerError(f"Component ({name}) not found")
        return self.components.get(name, default)

    def register_event_handler(self, event, callback):
        self.events.setdefault(event, []).append(callback)

    def register_notification(self, event, name=None):
        self.notifications[event] = "notify_" + (name or event.split(":")[-1])

    def register_endpoint(self, address, kinds, callback, auth_required=True):
        if re.match("/([^/]+)", address).group(1) not in ("printer", "server", "machine", "access", "api", "debug"):
            raise ServerError(f"Invalid endpoint name '{address}'")
        self.endpoints[kinds, address] = (callback, auth_required)
        application = self.components["application"]
        application.mutable_router.add_handler(application.route_prefix + address, "dynamic", {"callback": callback})

    def send_event(self, event, *arguments):
        self.sent.append((event, *arguments))
        for future in [f for name, f in self.waiting if name == event and not f.done()]:
            future.set_result(arguments)
        return self.loop.create_task(self._process(event, arguments))

    async def _process(self, event, arguments):
        results = [callback(*arguments) for callback in self.events.get(event, [])]
        await asyncio.gather(*(result for result in results if result is not None))

    def next(self, event):
        """Waits for the next `event`; what it is called with."""
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((event, future))
        return asyncio.wait_for(future, 20)

    async def settle(self):
        """Waits until everything that was begun on the loop, but what waits for the gateway for ever, is done."""
        while True:
            running = [task for task in self.loop.tasks if "Link.run" not in repr(task)]
            if not running:
                return
            await asyncio.wait(running, timeout=20)


class Config:
    """The section [touchmark]."""

    def __init__(self, server, **options):
        self.server, self.options = server, options

    def get_server(self):
        return self.server

    def get(self, name, default=None):
        return self.options.get(name, default)

    def getfloat(self, name, default=None, above=None, minval=None, maxval=None):
        return float(self.options.get(name, default))

    def getboolean(self, name, default=None):
        return self.options.get(name, default)


class Request:
    def __init__(self, user=None, **arguments):
        self.arguments, self.user = arguments, user

    def get_args(self):
        return self.arguments

    def get_current_user(self):
        return self.user


def _module(name, **members):
    module = sys.modules.setdefault(name, types.ModuleType(name))
    vars(module).update(members)


_module("moonraker", __path__=[])
_module("moonraker.components", __path__=[str(COMPONENTS)])
_module("moonraker.components.application", AuthorizedRequestHandler=AuthorizedRequestHandler)
_module("moonraker.common", RequestType=types.SimpleNamespace(GET="GET", POST="POST"), HistoryFieldData=HistoryFieldData)
