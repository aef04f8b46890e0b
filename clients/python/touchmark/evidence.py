"""Evidence files: statements, and the proofs that they are in the log (spec/certificate.md)."""
from dataclasses import dataclass

from . import bundle, cbor, certificate, documents, log, note, papers, statement, tree
from .checks import UNREADABLE, Checks, Unreadable

MAGIC, VERSION, TAG = "touchmark evidence", 2, 55799
MAX_BYTES, MAX_STATEMENTS, MAX_ITEMS = 32 << 20, 100_000, 1_000_000


@dataclass(frozen=True)
class Part:
    envelope: bytes
    document: bytes | None
    proof: tuple | None  # of index and hashes


def read(data):
    """The checkpoint's bytes or None, and the parts; verifies nothing."""
    whole = cbor.decode(data, MAX_BYTES, max_items=MAX_ITEMS)
    items = whole.content if isinstance(whole, cbor.Tagged) and whole.tag == TAG else None
    if not isinstance(items, list) or not items or items[0] != MAGIC:
        raise Unreadable("not a Touchmark evidence file")
    if len(items) != 4 or type(items[1]) is not int or items[1] != VERSION:
        raise Unreadable(f"another version of the evidence file than {VERSION}")
    _, _, checkpoint, parts = items
    if not isinstance(checkpoint, bytes | None) or not isinstance(parts, list) or not 1 <= len(parts) <= MAX_STATEMENTS:
        raise Unreadable(f"checkpoint and 1 to {MAX_STATEMENTS} statements were expected")
    return checkpoint, [_part(part) for part in parts]


def _part(part):
    match part:
        case [bytes() as envelope, None | bytes() as document, None] if document != b"":
            return Part(envelope, document, None)
        case [bytes() as envelope, None | bytes() as document, [int() as index, list() as hashes]] if document != b"":
            if type(index) is int and 0 <= index <= note.MAX_NUMBER and len(hashes) <= tree.MAX_HASHES and all(type(h) is bytes and len(h) == 32 for h in hashes):
                return Part(envelope, document, (index, hashes))
    raise Unreadable("a statement is not envelope, document and proof")


def verify(data, trust, now, max_age=None):
    """The checks of a whole file, and the document of its subject where it can be read."""
    checks = Checks()
    try:
        checkpoint, parts = read(data)
        statements = [(statement.parse(part.envelope), part.document) for part in parts]
        checkpoint = None if checkpoint is None else note.Checkpoint.read(checkpoint)
    except Unreadable as problem:
        checks.failed("file.format", f"The file cannot be read: {problem}.", UNREADABLE)
        return checks, None
    checks.passed("file.format", "The file is an evidence file in its only encoding.")
    (subject, beside), others = statements[0], statements[1:]
    if subject.content_type == documents.EVIDENCE_BUNDLE:
        first, *related = (papers.Part(signed, document, part.proof and part.proof[0]) for (signed, document), part in zip(statements, parts))
        return checks, bundle.check(checks, first, related, checkpoint, lambda unproven: _check_proofs(
            checks, checkpoint, [part for part, (signed, _) in zip(parts, statements) if part.proof or all(signed is not other.statement for other in unproven)]), trust, now, max_age)
    is_certificate = subject.content_type == documents.PRINT_CERTIFICATE
    name = "certificate" if is_certificate else "statement"
    statement.check_signatures(checks, name, subject, trust, now)
    document = statement.check_document(checks, name, subject, beside, subject.content_type)
    if document is not None:
        if is_certificate:
            certificate.check(checks, subject, document, others, trust, now)
        left = [papers.Part(signed, other, None) for signed, other in others]
        if is_certificate:
            bundle.check_endorsement(checks, document, subject, left, trust, now)
        if left:
            checks.failed("file.related", "The file holds statements that its first one does not refer to.", statements=" ".join(part.statement.sha256.hex() for part in left))
    _check_log(checks, checkpoint, parts, trust.policy, now, max_age)
    return checks, document


def _check_log(checks, checkpoint, parts, policy, now, max_age):
    if policy is None:
        checks.skipped("log.inclusion", "The trust names no log, so whether the statements are in one was not checked.")
    elif checkpoint is None:
        checks.failed("log.inclusion", "The file holds no checkpoint of the log, and the trust asks for one: ask for a newer file.")
    else:
        log.check_head(checks, checkpoint, policy, now, max_age)
        _check_proofs(checks, checkpoint, parts)


def _check_proofs(checks, checkpoint, parts):
    missing = [part for part in parts if part.proof is None or not tree.is_included(
        tree.leaf_hash(part.envelope), part.proof[0], checkpoint.size, part.proof[1], checkpoint.root)]
    checks.require(not missing, "log.inclusion", f"Every statement of the file is in the log ({len(parts)} of {len(parts)}).",
                   f"{len(missing)} of the file's {len(parts)} statements are not shown to be in the log.")
