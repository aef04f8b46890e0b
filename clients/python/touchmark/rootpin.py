"""A customer's root as it is printed on paper (spec/bundle.md, Root pin)."""
import hashlib

from .checks import Unreadable
from .documents import CROCKFORD, luhn

LENGTH, MAX_INPUT = 53, 128
SEPARATORS = " \t\u00a0-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"


def of(ed25519_key, ml_dsa_65_key):
    number = int.from_bytes(hashlib.sha256(ed25519_key + ml_dsa_65_key).digest(), "big") << 4
    text = "".join(CROCKFORD[number >> shift & 31] for shift in range(255, -1, -5))
    return text + next(character for character in CROCKFORD if luhn(text + character) == 0)


def read(text):
    """What a person copied from paper: in any case, with blanks and hyphens anywhere, with I and L for 1 and O for 0."""
    pin = "" if len(text) > MAX_INPUT else "".join("10"[c in "Oo"] if c in "IiLlOo" else c.upper() if c.isascii() else c for c in text if c not in SEPARATORS)
    if len(pin) != LENGTH:
        raise Unreadable(f"a root pin has {LENGTH} characters, this one has {len(pin) or len(text)}")
    if any(character not in CROCKFORD for character in pin):
        raise Unreadable("a character in the root pin is none that occurs in one: the digits, and the letters without I, L, O and U")
    if luhn(pin):
        raise Unreadable("the check character of the root pin does not match the others: one character is wrong, or two were exchanged")
    return pin


def show(pin):
    return "-".join(pin[at:at + 4] for at in range(0, len(pin), 4))
