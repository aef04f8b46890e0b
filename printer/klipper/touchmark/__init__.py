# [touchmark]: encrypted G-code and live sessions through Klipper's own virtual_sdcard.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
from .extra import Touchmark


def load_config(config):
    return Touchmark(config)
