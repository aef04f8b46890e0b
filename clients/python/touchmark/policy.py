"""Which logs and witnesses are believed: C2SP tlog-policy, as strict as spec/log.md reads it."""
import re
from dataclasses import dataclass

from . import note
from .checks import Unreadable

MAX_BYTES, MAX_OF_EACH, NONE = 1 << 20, 256, "none"


@dataclass(frozen=True)
class Policy:
    logs: dict        # keys by origin
    witnesses: dict   # a key by the witness's name within the policy
    groups: list      # of name, threshold, members
    quorum: str | None

    @staticmethod
    def read(data):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable("the policy is not UTF-8") from error
        if len(data) > MAX_BYTES or (text and not text.endswith("\n")):
            raise Unreadable("the policy is too long, or its last line does not end")
        reader = _Reader()
        for number, line in enumerate(text.split("\n")[:-1], 1):
            try:
                reader.line(line)
            except Unreadable as problem:
                raise Unreadable(f"line {number} of the policy: {problem}") from problem
        if reader.quorum is None:
            raise Unreadable("the policy has no quorum line")
        return Policy(reader.logs, reader.witnesses, reader.groups, None if reader.quorum == NONE else reader.quorum)

    def is_met(self, seen):
        """Groups refer only to what stands before them: one pass settles them all."""
        seen = set(seen)
        for name, threshold, members in self.groups:
            if sum(member in seen for member in members) >= threshold:
                seen.add(name)
        return self.quorum is None or self.quorum in seen


class _Reader:
    def __init__(self):
        self.logs, self.witnesses, self.groups, self.quorum = {}, {}, [], None
        self.names, self.members, self.known_keys = set(), set(), {"log": set(), "witness": set()}

    def line(self, line):
        if any(c == "\x7f" or (c < " " and c != "\t") for c in line):
            raise Unreadable("a control character")
        items = re.split("[ \t]+", line.strip(" \t"))
        if not items[0] or items[0].startswith("#"):
            return
        match items:
            case ["log", key] | ["log", key, _]:
                key = self.key("log", key)
                self.logs.setdefault(key.name, []).append(key)
            case ["witness", name, key] | ["witness", name, key, _]:
                self.witnesses[self.define(name)] = self.key("witness", key)
            case ["group", name, threshold, *members] if members:
                self.group(name, threshold, members)
            case ["quorum", name] if self.quorum is None and (name == NONE or name in self.names):
                self.quorum = name
            case _:
                raise Unreadable("it is neither a log, a witness, a group nor the only quorum")

    def key(self, kind, text):
        key = note.Key.read(text)
        if (key.type == note.COSIGNATURE) != (kind == "witness"):
            raise Unreadable("a witness's key where a log's is expected, or the other way round")
        known = self.known_keys[kind]
        if key.public_key in known or len(known) == MAX_OF_EACH:
            raise Unreadable("the key stands there twice, or there are too many")
        known.add(key.public_key)
        return key

    def group(self, name, threshold, members):
        for member in members:
            # One witness counts once.
            if member not in self.names or member in self.members:
                raise Unreadable(f"{member} is not defined before it, or is a member of a group already")
            self.members.add(member)
        count = len(members)
        needed = count if threshold == "all" else 1 if threshold == "any" else note.decode_number(threshold)
        if not 1 <= needed <= count or len(self.groups) == MAX_OF_EACH:
            raise Unreadable(f"{threshold} of {count} is no threshold, or there are too many groups")
        self.groups.append((self.define(name), needed, members))

    def define(self, name):
        if name == NONE or name in self.names:
            raise Unreadable(f"the name {name} is taken")
        self.names.add(name)
        return name
