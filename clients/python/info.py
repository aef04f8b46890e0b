#!/usr/bin/env python3
"""Says what anybody can read of a sealed G-code file, with nothing but the file and Python 3.11: info.py FILE. Exit code 0: its times allow a print, 1: refused, 2: it cannot be read."""
import datetime
import os
import sys
import time
import uuid

from touchmark import sealedfile


def shown(name, value):
    if name.endswith("_id") and isinstance(value, bytes):
        return str(uuid.UUID(bytes=value))
    if isinstance(value, bytes):
        return value.hex()
    if name in ("sealed_at", "valid_from", "valid_until"):
        return (datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=value)).isoformat()
    return ", ".join(f"{key} {text!r}" for key, text in value.entries) if name == "external" else ascii(value) if isinstance(value, str) else str(value)


def main():
    if len(sys.argv) != 2:
        print("usage: info.py FILE", file=sys.stderr)
        return 2
    try:
        with open(sys.argv[1], "rb") as file:
            header = sealedfile.read(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        print(f"error: {sys.argv[1]!r} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    except sealedfile.Refused as problem:
        print(f"{problem.code}: {problem}")
        return 1
    for name, value in header.items():
        if name not in ("card_key", "content_key"):
            print(f"{name:<16}{shown(name, value)}")
    print(f"{'content_key':<16}{'inside' if 'content_key' in header else 'released for each print'}")
    try:
        sealedfile.check_time(header, time.time_ns() // 1000)
    except sealedfile.Refused as problem:
        print(f"{problem.code}: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
