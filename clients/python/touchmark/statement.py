"""One statement: its envelope, both signatures, its document (spec/statement.md)."""
import base64
import datetime
import hashlib
from dataclasses import dataclass

from . import cbor, documents
from .checks import UNREADABLE, UNTRUSTED_KEY, Checks, Unreadable
from .trust import ALGORITHMS

MAX_BYTES, MAX_TEXT = 65_535, 512
TOLERANCE = datetime.timedelta(minutes=5)
ALG, CONTENT_TYPE, KEY_ID, COUNTERSIGNATURE, CLAIMS, HASH_ALG, PREIMAGE_TYPE, LOCATION, SESSION_CODE = 1, 3, 4, 11, 15, 258, 259, 260, -65537
ISSUER, SUBJECT, ISSUED_AT = 1, 2, 6
SHA_256, OLD_EDDSA = -16, -8
ED25519, ES256, ML_DSA_65 = ALGORITHMS


@dataclass(frozen=True)
class Signature:
    algorithm: object
    key_id: bytes
    value: bytes
    message: bytes


@dataclass(frozen=True)
class Statement:
    sha256: bytes
    content_type: str
    issuer: str
    subject: str
    issued_at: datetime.datetime | None
    session_code: bytes | None
    payload: bytes
    is_hash_envelope: bool
    primary: Signature
    shadow: Signature


def parse(envelope):
    """Takes an envelope apart and verifies nothing. Whatever is unknown in it makes it unreadable."""
    whole = cbor.decode(envelope, MAX_BYTES, 8, 256)
    parts = whole.content if isinstance(whole, cbor.Tagged) and whole.tag == 18 else None
    if not _are(parts, bytes, cbor.Map, bytes, bytes):
        raise Unreadable("not a COSE_Sign1 with an embedded payload (tag 18)")
    body, unprotected, payload, signature = parts
    shadow = unprotected.get(COUNTERSIGNATURE)
    if len(unprotected.entries) != 1 or not _are(shadow, bytes, cbor.Map, bytes) or shadow[1].entries:
        raise Unreadable("the unprotected header is not exactly one countersignature (11)")
    sign, _, countersignature = shadow
    header, sign_header = _header(body), _header(sign)
    if header.get(ALG) not in (ED25519, ES256):
        raise Unreadable("the algorithm of the signature (1) is neither Ed25519 nor ES256")
    if KEY_ID not in header:
        raise Unreadable("the key id of the signature (4) is missing")
    hashed, content_type = HASH_ALG in header, header.get(CONTENT_TYPE, header.get(PREIMAGE_TYPE))
    if content_type is None or hashed != (PREIMAGE_TYPE in header) or hashed == (CONTENT_TYPE in header):
        raise Unreadable("the content type (3, or 259 in a hash envelope) is missing")
    claims = header.get(CLAIMS, {})
    if ISSUER not in claims or SUBJECT not in claims:
        raise Unreadable("the CWT claims (15) lack issuer or subject")
    if len(signature) != header[ALG].signature_size:
        raise Unreadable(f"the signature is {len(signature)} bytes long")
    if hashed and len(payload) != 32:
        raise Unreadable("the payload of a hash envelope is not 32 bytes")
    if LOCATION in header and (not hashed or header[LOCATION] != location_of(payload)):
        raise Unreadable("the payload location (260) does not name the payload's hash")
    if sign_header.get(ALG) is not ML_DSA_65 or sign_header.keys() != {ALG, KEY_ID}:
        raise Unreadable("the shadow signature's header is not exactly ML-DSA-65 and a key id")
    if len(countersignature) != ML_DSA_65.signature_size:
        raise Unreadable(f"the shadow signature is {len(countersignature)} bytes long")
    return Statement(
        hashlib.sha256(envelope).digest(), content_type, claims[ISSUER], claims[SUBJECT], claims.get(ISSUED_AT), header.get(SESSION_CODE), payload, hashed,
        Signature(header[ALG], header[KEY_ID], signature, cbor.sequence("Signature1", body, b"", payload)),
        Signature(ML_DSA_65, sign_header[KEY_ID], countersignature, cbor.sequence("CounterSignatureV2", body, sign, b"", payload, (signature,))))


def location_of(sha256):
    return "ni:///sha-256;" + base64.urlsafe_b64encode(sha256).decode().rstrip("=")


def verify(envelope, document, trust, now, expected=None):
    """The checks of one statement on its own, and its document where it can be read."""
    checks = Checks()
    try:
        statement = parse(envelope)
    except Unreadable as problem:
        checks.failed("statement.envelope", f"The statement cannot be read: {problem}.", UNREADABLE)
        return checks, None
    checks.passed("statement.envelope", "The statement is a signed envelope in its only encoding.")
    check_signatures(checks, "statement", statement, trust, now)
    return checks, check_document(checks, "statement", statement, document, expected or statement.content_type)


def check_signatures(checks, subject, statement, trust, now):
    _check_signature(checks, f"{subject}.signature", statement, statement.primary, trust, now)
    _check_signature(checks, f"{subject}.shadow-signature", statement, statement.shadow, trust, now)
    if statement.issued_at is None:
        checks.skipped(f"{subject}.time", "It does not say when it was issued.")
    else:
        checks.require(statement.issued_at <= now + TOLERANCE, f"{subject}.time", "It was issued before now.", "It claims to have been issued in the future.",
                       issued_at=statement.issued_at.isoformat(), now=now.isoformat())


def check_document(checks, subject, statement, beside, expected):
    """The fields of the document as a map, or None and a failed check."""
    id = f"{subject}.document"
    if statement.is_hash_envelope != (beside is not None):
        return checks.failed(id, "The statement holds only the hash of its document, and the document is missing." if beside is None
                             else "There is a document beside a statement that holds its own.")
    if beside is not None and hashlib.sha256(beside).digest() != statement.payload:
        return checks.failed(id, "The document is not the one that was signed: its hash differs.")
    if statement.content_type != expected or expected not in documents.TYPES:
        return checks.failed(id, "The statement is of another type than expected, or of one that this program does not know.",
                             expected=expected, found=statement.content_type)
    try:
        document = documents.read(expected, statement.payload if beside is None else beside)
    except Unreadable as problem:
        return checks.failed(id, f"The document does not follow its format: {problem}.")
    named = documents.subject(expected, document)
    if checks.require(statement.subject == named, id, "The document is complete and is what was signed.", "The statement names another subject than its document.",
                      subject=named, signed_subject=statement.subject):
        if expected == documents.LOG_ANCHOR and "time_stamp" in document:
            checks.skipped(f"{subject}.time-stamp",
                           "An authority stamped the time; this program does not check that. openssl ts -verify does, with the authority's certificate.")
        return document
    return None


def _check_signature(checks, id, statement, signature, trust, now):
    name, key_id = signature.algorithm.name, signature.key_id.hex()
    key = trust.find(signature.algorithm, signature.key_id)
    if key is None:
        checks.failed(id, f"The {name} signature names key {key_id}, which is not in the trust store.", UNTRUSTED_KEY, key_id=key_id)
    elif key.name != statement.issuer:
        checks.failed(id, f"The {name} key {key_id} belongs to {key.name}, the statement says that {statement.issuer} issued it.", key_id=key_id)
    elif not key.is_valid_at(statement.issued_at or now):
        checks.failed(id, f"The {name} key {key_id} was not in use at the time of the statement.", key_id=key_id)
    else:
        checks.require(signature.algorithm.verify(key.public_key, signature.message, signature.value), id, f"The {name} signature is {key.name}'s.",
                       f"The {name} signature is wrong: the statement was altered, or key {key_id} did not sign it.", key_id=key_id)


def _are(parts, *types):
    return isinstance(parts, list) and len(parts) == len(types) and all(type(part) is kind for part, kind in zip(parts, types))


def _header(encoding):
    try:
        whole = cbor.decode(encoding, MAX_BYTES, 8, 256)
    except Unreadable as problem:
        raise Unreadable(f"protected header: {problem}") from problem
    if not isinstance(whole, cbor.Map):
        raise Unreadable("protected header: not a map")
    header = {}
    for label, value in whole.entries:
        if type(label) is not int:
            raise Unreadable("protected header: a label is not an integer")
        header[label] = _parameter(label, value)
        if header[label] is None:
            raise Unreadable(f"protected header: parameter {label} is unknown or of a wrong type")
    return header


def _parameter(label, value):
    """The value as it is used, or None where it is not one of this label."""
    if label == ALG:
        value = ED25519.cose if value == OLD_EDDSA else value
        return next((known for known in ALGORITHMS if type(value) is int and known.cose == value), None)
    if label == CLAIMS:
        return _claims(value)
    holds = {
        KEY_ID: lambda: type(value) is bytes and len(value) == 8,
        CONTENT_TYPE: lambda: _is_text(value),
        PREIMAGE_TYPE: lambda: _is_text(value),
        HASH_ALG: lambda: type(value) is int and value == SHA_256,
        LOCATION: lambda: type(value) is str,
        SESSION_CODE: lambda: type(value) is bytes and len(value) == 32,
    }.get(label)
    return value if holds and holds() else None


def _claims(value):
    if not isinstance(value, cbor.Map):
        return None
    claims = {}
    for label, claim in value.entries:
        if type(label) is int and label in (ISSUER, SUBJECT) and _is_text(claim):
            claims[label] = claim
        elif type(label) is int and label == ISSUED_AT and type(claim) is int and 0 <= claim <= documents.LATEST_SECOND:
            claims[label] = datetime.datetime.fromtimestamp(claim, datetime.timezone.utc)
        else:
            return None
    return claims


def _is_text(value):
    return type(value) is str and 0 < documents.length(value) <= MAX_TEXT
