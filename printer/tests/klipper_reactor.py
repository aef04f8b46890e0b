# A stand-in for Klipper's reactor: what may pause runs in a thread of its own, one at a time, and time jumps when nothing is left to do.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import select
import threading

NEVER = 9999999999999999.


class _Task(threading.Thread):
    """One run of a callback, which may pause in the middle: Klipper uses greenlets for it."""

    def __init__(self, reactor, function):
        super().__init__(daemon=True)
        self.reactor, self.function = reactor, function
        self.turn, self.done, self.error, self.result = threading.Event(), False, None, None

    def run(self):
        try:
            self.result = self.function()
        except BaseException as error:  # handed to the test by Reactor
            self.error = error
        self.done = True
        self.reactor.baton.set()


class Completion:
    def __init__(self, reactor):
        self.reactor, self.results, self.sleepers = reactor, [], []

    def test(self):
        return bool(self.results)

    def complete(self, result):
        self.results.append(result)
        for timer in self.sleepers:
            self.reactor.update_timer(timer, self.reactor.NOW)

    def wait(self, waketime=NEVER, waketime_result=None):
        if not self.results:
            timer = self.reactor.sleep_timer(waketime)
            self.sleepers.append(timer)
            self.reactor.sleep(timer)
            self.sleepers.remove(timer)
        return self.results[-1] if self.results else waketime_result


class Mutex:
    """Fair: whoever waits gets it before whoever comes later."""

    def __init__(self, reactor):
        self.reactor, self.queue = reactor, []

    def test(self):
        return bool(self.queue)

    def __enter__(self):
        ticket = object()
        self.queue.append(ticket)
        while self.queue[0] is not ticket:
            self.reactor.pause(self.reactor.monotonic() + .001)

    def __exit__(self, *unused):
        self.queue.pop(0)


class _Timer:
    def __init__(self, callback, waketime):
        self.callback, self.waketime = callback, waketime


class _File:
    def __init__(self, fd, read, write):
        self.fd, self.read, self.write, self.wake_read, self.wake_write = fd, read, write, True, False


class Reactor:
    NOW, NEVER = 0., NEVER

    def __init__(self):
        self.time, self.timers, self.files = 1000.0, [], {}
        self.baton, self.errors = threading.Event(), []

    def monotonic(self):
        return self.time

    def register_timer(self, callback, waketime=NEVER):
        timer = _Timer(callback, waketime)
        self.timers.append(timer)
        return timer

    def unregister_timer(self, timer):
        timer.waketime = NEVER
        self.timers.remove(timer)

    def update_timer(self, timer, waketime):
        timer.waketime = waketime

    def register_callback(self, callback, waketime=NOW):
        completion = Completion(self)

        def once(eventtime):
            self.unregister_timer(timer)
            completion.complete(callback(eventtime))
            return NEVER
        timer = self.register_timer(once, waketime)
        return completion

    def completion(self):
        return Completion(self)

    def mutex(self, is_locked=False):
        return Mutex(self)

    def register_fd(self, fd, read_callback, write_callback=None):
        self.files[fd] = _File(fd, read_callback, write_callback)
        return self.files[fd]

    def unregister_fd(self, handle):
        del self.files[handle.fd]

    def set_fd_wake(self, handle, is_readable=True, is_writeable=False):
        handle.wake_read, handle.wake_write = is_readable, is_writeable

    def sleep_timer(self, waketime):
        task = threading.current_thread()

        def wake(eventtime):
            self.unregister_timer(timer)
            self._switch(task)
            return NEVER
        timer = self.register_timer(wake, waketime)
        timer.wakes = True
        return timer

    def sleep(self, timer):
        task = threading.current_thread()
        if not isinstance(task, _Task):
            raise AssertionError("only what runs within the reactor may wait: use Reactor.call")
        self.baton.set()
        task.turn.wait()
        task.turn.clear()

    def pause(self, waketime):
        self.sleep(self.sleep_timer(waketime))
        return self.time

    def _switch(self, task):
        self.baton.clear()
        if task.ident is None:
            task.start()
        else:
            task.turn.set()
        if not self.baton.wait(20):
            raise AssertionError("a callback blocks the reactor")
        if task.done and task.error is not None:
            self.errors.append(task.error)

    def _run(self, function):
        task = _Task(self, function)
        self._switch(task)
        return task

    def _step(self, until):
        """One piece of work; False when nothing is to be done up to the time `until`."""
        readers = [fd for fd, file in self.files.items() if file.wake_read]
        writers = [fd for fd, file in self.files.items() if file.wake_write]
        for fd in select.select(readers, [], [], 0)[0]:
            if fd in self.files:
                self._run(lambda: self.files[fd].read(self.time))
                return True
        for fd in select.select([], writers, [], 0)[1]:
            if fd in self.files:
                self._run(lambda: self.files[fd].write(self.time))
                return True
        timer = min(self.timers, key=lambda t: t.waketime, default=None)
        if timer is None or timer.waketime > until:
            return False
        self.time = max(self.time, timer.waketime)
        timer.waketime = NEVER
        if getattr(timer, "wakes", False):
            timer.callback(self.time)
        else:
            self._run(lambda: self._fire(timer))
        return True

    def _fire(self, timer):
        waketime = timer.callback(self.time)
        if timer in self.timers:
            timer.waketime = min(waketime, timer.waketime)

    def run(self, seconds=0.0, until=None):
        """Lets `seconds` of the reactor's time pass, or less when `until()` becomes true. Errors of callbacks come out here."""
        end = self.time + seconds
        while not (until and until()) and self._step(end):
            pass
        if not (until and until()):
            self.time = end
        if self.errors:
            raise self.errors.pop(0)

    def call(self, function, *arguments, seconds=300.0):
        """The result of a function that may wait, run as a callback of the reactor."""
        task = self._run(lambda: function(*arguments))
        self.run(0 if task.done else seconds, until=lambda: task.done) if task.error is None else None
        if task.error is not None:
            if task.error in self.errors:
                self.errors.remove(task.error)
            raise task.error
        if not task.done:
            raise AssertionError("it did not end within %s s" % seconds)
        return task.result
