#!/usr/bin/env python3
"""Makes part-id.json: spec/part-id.md once more, apart from the C# code. Needs the standard library only."""
import hashlib
import itertools
import json
import pathlib

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DOUBLED = [sum(divmod(2 * value, 32)) for value in range(32)]


def luhn(characters):
    """0 for a right id: the rightmost character counts once, its neighbour doubled, and so on."""
    values = [ALPHABET.index(character) for character in reversed(characters)]
    return (sum(values[::2]) + sum(DOUBLED[value] for value in values[1::2])) % 32


def complete(fifteen):
    return next(fifteen + character for character in ALPHABET if luhn(fifteen + character) == 0)


def shown(characters):
    return "-".join(characters[at:at + 4] for at in range(0, 16, 4))


def exchanged(characters, at):
    return characters[:at] + characters[at + 1] + characters[at] + characters[at + 2:]


def replaced(characters, at, character):
    return characters[:at] + character + characters[at + 1:]


def likely(characters):
    """Every right id that is one exchange of neighbours or one replaced character away, found by trying all of them."""
    swaps = [exchanged(characters, at) for at in range(15)]
    replacements = [replaced(characters, at, character) for at in range(16) for character in ALPHABET if character != characters[at]]
    return [shown(found) for found in swaps + replacements if luhn(found) == 0]


def random_id(seed):
    return complete("".join(ALPHABET[byte % 32] for byte in hashlib.sha256(seed.encode()).digest()[:15]))


IDS = [random_id(f"part {number}") for number in range(4)]
ONE, TWO = IDS[:2]
FORGIVEN = complete("1010110ABCDEFGH")
valid = [{"written": written, "id": characters} for written, characters in
         [(shown(characters), characters) for characters in IDS + [complete("0" * 15), complete("Z" * 15)]] + [
             (ONE, ONE), (ONE.lower(), ONE), (" ".join(ONE), ONE), (f"\t{shown(TWO)} \u00a0", TWO), (shown(TWO).replace("-", "\u2011"), TWO), (shown(TWO).replace("-", "\u2212"), TWO),
             ("10lO-1i0a-bcde-fgh" + FORGIVEN[15], FORGIVEN), ("1OLo iIo" + FORGIVEN[7:], FORGIVEN)]]

first_swap = next(at for at in range(15) if luhn(exchanged(ONE, at)) != 0)
refused = [{"what": what, "written": written, "code": code, "likely": candidates} for what, written, code, candidates in [
    ("nothing", "", "PART_ID_LENGTH", []),
    ("15 characters", shown(ONE)[:-1], "PART_ID_LENGTH", []),
    ("17 characters", shown(ONE) + "0", "PART_ID_LENGTH", []),
    ("far too long", "0" * 65, "PART_ID_LENGTH", []),
    ("one character replaced", shown(replaced(ONE, 4, "0" if ONE[4] != "0" else "1")), "PART_ID_CHECK", likely(replaced(ONE, 4, "0" if ONE[4] != "0" else "1"))),
    ("another check character", shown(replaced(ONE, 15, "7" if ONE[15] != "7" else "8")), "PART_ID_CHECK", likely(replaced(ONE, 15, "7" if ONE[15] != "7" else "8"))),
    ("two neighbours exchanged", shown(exchanged(ONE, first_swap)), "PART_ID_CHECK", likely(exchanged(ONE, first_swap))),
    ("a U", shown(replaced(TWO, 9, "U")), "PART_ID_CHARACTER", [shown(TWO)]),
    ("a character that could not be read", shown(replaced(TWO, 15, "?")), "PART_ID_CHARACTER", [shown(TWO)]),
    ("two characters that could not be read", shown(replaced(replaced(TWO, 3, "?"), 7, "?")), "PART_ID_CHARACTER", []),
    ("a letter that only looks like one", shown(replaced(TWO, 2, "\u0410")), "PART_ID_CHARACTER", [shown(TWO)]),
    ("an underscore for a hyphen", shown(TWO).replace("-", "_"), "PART_ID_LENGTH", []),
]]

# What the code cannot see, found by trying every pair at both kinds of place.
PAIRS = list(itertools.permutations(range(32), 2))
unseen = {
    "exchanged_neighbours": sorted({"".join(sorted(ALPHABET[value] for value in pair)) for pair in PAIRS
                                    if (DOUBLED[pair[0]] + pair[1] - DOUBLED[pair[1]] - pair[0]) % 32 == 0}),
    "equal_neighbours_replaced_by_equal_ones": sorted({"".join(sorted(ALPHABET[value] for value in pair)) for pair in PAIRS
                                                       if (DOUBLED[pair[0]] + pair[0] - DOUBLED[pair[1]] - pair[1]) % 32 == 0}),
}
assert all(luhn(entry["id"]) == 0 for entry in valid) and sorted(DOUBLED) == list(range(32))

pathlib.Path(__file__).with_name("part-id.json").write_text(
    json.dumps({"valid": valid, "refused": refused, "unseen": unseen}, indent=1, ensure_ascii=True) + "\n")
