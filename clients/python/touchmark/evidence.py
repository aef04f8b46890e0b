"""Certificate files: a print certificate and the statements that it refers to (spec/certificate.md)."""
from . import cbor, certificate, documents, statement
from .checks import UNREADABLE, Checks, Unreadable

MAGIC, VERSION, TAG = "touchmark certificate", 1, 55799
MAX_BYTES, MAX_RELATED = (16 << 20) + (1 << 20), 8


def read(data):
    """Pairs of envelope and document, the certificate first; verifies nothing."""
    whole = cbor.decode(data, MAX_BYTES)
    match whole.content if isinstance(whole, cbor.Tagged) and whole.tag == TAG else None:
        case [str() as magic, int() as version, first, list() as related] if magic == MAGIC and version == VERSION and len(related) <= MAX_RELATED:
            return [_part(part) for part in [first, *related]]
    raise Unreadable(f"not version {VERSION} of a Touchmark certificate file")


def _part(part):
    match part:
        case [bytes() as envelope, None | bytes() as document] if document != b"":
            return envelope, document
    raise Unreadable("a statement is not a pair of envelope and document")


def verify(data, trust, now):
    """The checks of a whole file, and the document of its subject where it can be read."""
    checks = Checks()
    try:
        (subject, beside), *others = [(statement.parse(envelope), document) for envelope, document in read(data)]
    except Unreadable as problem:
        checks.failed("file.format", f"The file cannot be read: {problem}.", UNREADABLE)
        return checks, None
    checks.passed("file.format", "The file is a certificate file in its only encoding.")
    statement.check_signatures(checks, "certificate", subject, trust, now)
    document = statement.check_document(checks, "certificate", subject, beside, documents.PRINT_CERTIFICATE)
    if document is not None:
        certificate.check(checks, subject, document, others, trust, now)
        if others:
            checks.failed("file.related", "The file holds statements that the certificate does not refer to.", statements=" ".join(other.sha256.hex() for other, _ in others))
    return checks, document
