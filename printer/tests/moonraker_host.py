# Stand-ins for what Moonraker gives its components, so that they are loaded here as `moonraker.components.NAME`, as Moonraker loads them.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import sys
import types

COMPONENTS = pathlib.Path(__file__).resolve().parent.parent / "moonraker"


def _package(name, folders):
    package = sys.modules.setdefault(name, types.ModuleType(name))
    package.__path__ = folders
    return package


_package("moonraker", [])
_package("moonraker.components", [str(COMPONENTS)])
