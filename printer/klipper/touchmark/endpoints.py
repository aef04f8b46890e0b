# Refuses Klipper's API that tells every move, to everybody, while a protected job runs.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later

GUARDED = ("motion_report/dump_trapq", "motion_report/dump_stepper")


class _Stand:
    """Stands before an object of Klipper and is that object but for what a subclass changes."""

    def __init__(self, stands_for, guard):
        self._stands_for, self._guard = stands_for, guard

    def __getattr__(self, name):
        return getattr(self._stands_for, name)


class _Connection(_Stand):
    """A client's connection that calls itself closed once the guard is on: Klipper then ends the subscription by itself."""

    def is_closed(self):
        return self._guard.on or self._stands_for.is_closed()


class _Request(_Stand):
    def get_client_connection(self):
        return _Connection(self._stands_for.get_client_connection(), self._guard)


def protect(webhooks, guard):
    """Has every request for GUARDED pass here first."""
    look_up = webhooks.get_callback

    def get_callback(path):
        callback = look_up(path)
        if path not in GUARDED:
            return callback

        def guarded(request):
            if guard.on:
                raise request.error("%s is refused while a protected job runs and for a minute after it ([touchmark] guard_motion_report)" % path)
            callback(_Request(request, guard))
        return guarded

    webhooks.get_callback = get_callback
