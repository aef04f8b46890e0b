"""What a verification leaves behind: a list of checks in words, and their sum. Never a bare yes or no."""
from dataclasses import dataclass, field

PASSED, FAILED, NOT_CHECKED = "passed", "failed", "not_checked"
VALID, INVALID, UNTRUSTED_KEY, UNREADABLE = "valid", "invalid", "untrusted_key", "unreadable"


class Unreadable(Exception):
    """Bytes that are not what they should be; the message says why, in words."""


@dataclass(frozen=True)
class Check:
    id: str
    outcome: str
    words: str
    figures: dict


@dataclass
class Checks:
    made: list = field(default_factory=list)
    kinds: set = field(default_factory=set)

    @property
    def verdict(self):
        return next((kind for kind in (UNREADABLE, INVALID, UNTRUSTED_KEY) if kind in self.kinds), VALID)

    @property
    def failures(self):
        return [check for check in self.made if check.outcome == FAILED]

    def passed(self, id, words, **figures):
        self.made.append(Check(id, PASSED, words, figures))

    def skipped(self, id, words, **figures):
        self.made.append(Check(id, NOT_CHECKED, words, figures))

    def failed(self, id, words, kind=INVALID, **figures):
        self.kinds.add(kind)
        self.made.append(Check(id, FAILED, words, figures))

    def require(self, holds, id, words, otherwise, **figures):
        if holds:
            self.passed(id, words, **figures)
        else:
            self.failed(id, otherwise, **figures)
        return holds
