# Values and sentences of the gateway, which is not trusted to send what it should.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later


def whole(message, name, default=None, least=0, most=1 << 53):
    """A whole number of a message, `default` where it is missing, of another type or out of range."""
    value = message.get(name)
    return value if type(value) is int and least <= value <= most else default


def number(message, name, default=0.0):
    """A finite number of a message."""
    value = message.get(name)
    return float(value) if type(value) in (int, float) and abs(value) < 1e12 else default


def plain(message, name, default=None, limit=300):
    """A text of a message on one line, without control characters."""
    value = message.get(name)
    return line(value, limit) if isinstance(value, str) else default


def line(text, limit=300):
    """`text` as one printable line."""
    return "".join(c if c.isprintable() else " " for c in text[:limit]).strip()


def refusal(message):
    """The sentence for a person of an answer `ok: false`: what is wrong, what to do, and the code to look up."""
    text = plain(message, "text") or "The gateway refused without a reason."
    parts = [text, plain(message, "fix") or "", "(%s)" % (plain(message, "code", limit=60) or "NO_CODE")]
    return " ".join(part for part in parts if part)
