#!/usr/bin/env python3
"""Checks a Touchmark evidence file, one statement on its own, or a vault's archive, with nothing but the file, the pinned keys and Python 3.11.

    verify.py FILE --trust trust.json [--json] [--max-age DAYS] [--proof FILE.tlog-proof] [--document FILE]
    verify.py ARCHIVE --root-pin "XXXX-XXXX-…" [--json] [--max-age DAYS]

Exit code 0: valid, 1: not valid, 2: unreadable. It follows spec/ and shares no code with the product.
"""
import argparse
import datetime
import json
import sys

from touchmark import archive, container, documents, evidence, log, rootpin, statement, trust
from touchmark.checks import FAILED, UNREADABLE, VALID, Unreadable

SUMS = {
    "valid": "VALID: everything that can be checked offline is in order.",
    "untrusted_key": "NOT VALID: it is signed with a key that is not pinned here.",
    "unreadable": "UNREADABLE: this is no intact evidence file, no statement and no archive.",
    "invalid": "NOT VALID: it was altered, or what it tells of was not what it should have been.",
}


def arguments():
    parser = argparse.ArgumentParser(description="Check a Touchmark evidence file or a single statement, offline.")
    parser.add_argument("file")
    parser.add_argument("--trust", help="the keys to believe (trust.json)")
    parser.add_argument("--root-pin", help="the customer's root as it is printed on paper, for an archive")
    parser.add_argument("--json", action="store_true", help="print verdict, checks and the document as JSON")
    parser.add_argument("--max-age", type=float, metavar="DAYS", help="how long ago witnesses may have seen the log's checkpoint")
    parser.add_argument("--proof", help="a .tlog-proof for a single statement")
    parser.add_argument("--document", help="the document of a single statement that holds only its hash")
    return parser.parse_args()


def read(path, limit, cut=False):
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read") from error
    if len(data) > limit and not cut:
        raise Unreadable(f"{path} holds more than {limit} bytes")
    return data


def read_trust(options):
    try:
        return trust.read(read(options.trust, trust.MAX_BYTES))
    except Unreadable as problem:
        raise Unreadable(f"{options.trust} is no trust store: {problem}") from problem


def verify_archive(options, now, max_age):
    """The checks, and what the archive holds."""
    pin = None if options.root_pin is None else rootpin.read(options.root_pin)
    with open(options.file, "rb") as file:
        return archive.verify(file, pin, read_trust(options) if options.trust else None, now, max_age)


def verify(options):
    """The checks and the document."""
    now = datetime.datetime.now(datetime.timezone.utc)
    max_age = None if options.max_age is None else datetime.timedelta(days=options.max_age)
    if container.is_archive(read(options.file, 4, cut=True)):
        return verify_archive(options, now, max_age)
    if options.trust is None:
        raise Unreadable("--trust is missing: nothing says which keys to believe")
    data, believed = read(options.file, evidence.MAX_BYTES), read_trust(options)
    try:
        statement.parse(data)
    except Unreadable:
        return evidence.verify(data, believed, now, max_age)
    beside = options.document and read(options.document, documents.MAX_BYTES)
    checks, document = statement.verify(data, beside, believed, now)
    if options.proof and believed.policy:
        log.check_proof(checks, data, read(options.proof, log.MAX_SIZE), believed.policy, now, max_age)
    elif options.proof:
        checks.failed("log.proof", "The trust names no log, so the proof cannot be checked.")
    elif believed.policy:
        checks.skipped("log.inclusion", "A statement on its own does not show that it is in the log: an evidence file does.")
    return checks, document


def show(checks, document):
    print(SUMS[checks.verdict], end="\n\n")
    for check in checks.made:
        figures = ", ".join(f"{name}: {value}" for name, value in check.figures.items()) if check.outcome == FAILED else ""
        print(f"{'FAILED' if check.outcome == FAILED else check.outcome.replace('_', ' ')}\t{check.id}\t{check.words}{figures and f' ({figures})'}")
    if document is not None:
        print("\nThe statement says:" if checks.verdict == VALID else "\nThe statement claims, and it is NOT to be believed:")
        print(json.dumps(documents.plain(document), indent=2, ensure_ascii=False))


def main():
    options = arguments()
    try:
        checks, document = verify(options)
    except Unreadable as problem:
        print(f"error: {problem}.", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"verdict": checks.verdict, "checks": [vars(check) for check in checks.made], "document": documents.plain(document)}, indent=2, ensure_ascii=False))
    else:
        show(checks, document)
    return {VALID: 0, UNREADABLE: 2}.get(checks.verdict, 1)


if __name__ == "__main__":
    sys.exit(main())
