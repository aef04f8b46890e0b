"""What statements say: the fields of every type of document, as spec/statement.md, spec/certificate.md and spec/custody.md list them."""
import datetime
import hashlib
import math
import re
import uuid

from . import cbor
from .checks import Unreadable

MAX_BYTES = 16 << 20
MAX_INTEGER = 2**63 - 1
LATEST_SECOND = 253_402_300_799  # of the year 9999
LATEST = LATEST_SECOND * 1_000_000 + 999_999


def length(text):
    """Characters as the formats count them: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


# A rule takes a value and where it stands, and raises what is wrong with it.

def _rule(kind, holds):
    def check(value, where):
        if type(value) is not kind or not holds(value):
            raise Unreadable(f"{where}: not what is expected there")
    return check


def text(most=256):
    return _rule(str, lambda value: length(value) <= most)


def choice(*names):
    return _rule(str, lambda value: value in names)


def octets(least, most=None):
    return _rule(bytes, lambda value: least <= len(value) <= (least if most is None else most))


def integer(least=0, most=MAX_INTEGER):
    return _rule(int, lambda value: least <= value <= most)


def number(least=-math.inf, most=math.inf):
    return _rule(float, lambda value: math.isfinite(value) and least <= value <= most)


def array(rule, most, least=0):
    def check(value, where):
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise Unreadable(f"{where}: not an array of {least} to {most} items")
        for item in value:
            rule(item, where)
    return check


def named(rule, most, longest):
    """A map from names that the document chooses."""
    def check(value, where):
        if not isinstance(value, cbor.Map) or len(value.entries) > most:
            raise Unreadable(f"{where}: not a map of at most {most} entries")
        for name, member in value.entries:
            if type(name) is not str or not 0 < length(name) <= longest:
                raise Unreadable(f"{where}: a name in it is not text of 1 to {longest} characters")
            rule(member, f"{where}.{name}")
    return check


def fields(required, optional=None):
    optional = optional or {}

    def check(value, where):
        if not isinstance(value, cbor.Map):
            raise Unreadable(f"{where}: not a map")
        found = {}
        for name, member in value.entries:
            rule = (required.get(name) or optional.get(name)) if type(name) is str else None
            if rule is None:
                raise Unreadable(f"{where}: unknown field {name}")
            rule(member, f"{where}.{name}")
            found[name] = member
        missing = required.keys() - found.keys()
        if missing:
            raise Unreadable(f"{where}.{min(missing)}: missing")
    return check


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def luhn(text):
    """Luhn's algorithm to the base 32: 0 for a text with its right check character."""
    values = [CROCKFORD.index(c) for c in reversed(text)]
    return sum(value if at % 2 == 0 else sum(divmod(2 * value, 32)) for at, value in enumerate(values)) % 32


def is_part_id(text):
    """spec/part-id.md: 16 characters, the last of which is the check character."""
    return len(text) == 16 and all(c in CROCKFORD for c in text) and luhn(text) == 0


TIME, ID, HASH, BOOLEAN = integer(0, LATEST), octets(16), octets(32), _rule(bool, lambda value: True)
NAME, PART_ID, PSEUDONYM = text(200), _rule(str, is_part_id), _rule(str, lambda value: len(value) == 16 and all(c in CROCKFORD for c in value))


_GRANT = fields(
    {"licence_id": ID, "design_id": ID, "design_sha256": HASH, "owner": text(), "manufacturers": array(text(), 1024), "printers": array(ID, 1024),
     "prints": integer(1), "materials": array(text(), 256), "qualities": array(text(), 256), "granted_at": TIME},
    {"expires_at": TIME, "exposure_limit_s": number(0), "outage_limit_s": number(0), "revocation_policy": choice("at_once", "after_print"),
     "allow_script_store": BOOLEAN, "allow_no_dead_man": BOOLEAN, "max_slowdown_percent": number(0, 50), "max_temperature_trim_c": number(0, 15)})

_REVOCATION = fields({"licence_id": ID, "licence_statement": HASH, "revoked_at": TIME, "reason": text(1024)})

_ENROLMENT = fields(
    {"printer_id": ID, "printer_name": text(), "printer_model": text(), "manufacturer": text(), "machine_id": HASH, "profile_sha256": HASH,
     "device_public_key": octets(65), "enrolled_at": TIME},
    {"measured": array(text(), 8), "replaces": HASH, "accepted_by": text()})

_SLICE = fields(
    {"slice_id": ID, "design_id": ID, "design_sha256": HASH, "slice_sha256": HASH, "printer_id": ID, "material": text(), "quality": text(), "slicer": text(),
     "settings_sha256": HASH, "lines": integer(), "layers": integer(), "motion_s": number(0), "filament_mm": number(0), "sliced_at": TIME})

_AUDIT = fields(
    {"record_id": ID, "number": integer(1), "at": TIME, "actor": NAME, "act": NAME, "subject": NAME, "outcome": choice("done", "refused"),
     "details": array(fields({"name": NAME, "value": text(1024)}), 32)},
    {"actor_role": NAME, "refusal_code": NAME, "previous": HASH})

_CERTIFICATE = fields(
    {"certificate_id": ID, "session_id": ID, "job_id": ID, "part_name": text(), "material": text(), "quality": text(), "owner": text(), "manufacturer": text(),
     "printer_id": ID, "printer_name": text(), "printer_model": text(), "machine_id": HASH, "profile_sha256": HASH, "licence_id": ID, "print_number": integer(1),
     "design_id": ID, "design_sha256": HASH, "slice_sha256": HASH, "slicer": text(), "started_at": TIME, "ended_at": TIME,
     "result": choice("completed", "cancelled", "revoked", "failed", "proxy_suspected"), "engine_transport": text(), "printer_transport": text(),
     "exposure": fields({"motion_s": number(0), "segments": integer()}),
     "temperatures": array(fields({"heater": text(), "min_c": number(), "max_c": number()}), 64),
     "adjustments": array(fields({"at": TIME, "what": text(), "from": number(), "to": number()}, {"by": text(), "why": text()}), 4096),
     "alerts": array(fields({"at": TIME, "code": text(), "text": text(1024)}), 4096), "segment_ivs": octets(0, 12_000_000), "chain_head": octets(32),
     "licence_statement": HASH, "enrolment_statement": HASH, "slice_statement": HASH},
    {"result_reason": text(), "part_id": PART_ID, "challenges": fields({"asked": integer(), "answered": integer(), "missed": integer()}),
     "vault": fields({"bundle_sha256": HASH, "vault_id": ID})})

_ADMISSION = fields(
    {"part_id": PART_ID, "pseudonym": PSEUDONYM, "role": choice("manufacturer", "owner", "carrier", "dealer", "operator", "maintainer", "inspector", "recycler"),
     "region": _rule(str, lambda value: len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()), "ed25519_key": octets(32),
     "ml_dsa_65_key": octets(1952), "admitted_at": TIME},
    {"sealed_identity": array(fields({"regulator": HASH, "sealed": octets(1, 4096)}), 16, 1)})

_RECALL_SCOPE = {"design_id": ID, "licence_id": ID, "printer_id": ID, "printed_from": TIME, "printed_to": TIME, "material": text()}
_RECALL = fields({"recall_id": ID, "by": text(), "at": TIME, "reason": text(1024)}, _RECALL_SCOPE)

_ANCHOR = fields({"anchor_id": ID, "origin": text(255), "size": integer(1), "root": octets(32), "at": TIME}, {"time_stamp": octets(1, 10_000)})

# What only events of one kind have, and what those of some kinds may have.
_OF_KIND = {"transferred": {"to": PSEUDONYM}, "installed": {"into": text()}, "inspected": {"outcome": choice("passed", "failed")}, "recalled": {"recall": HASH}}
_REASON = {"reason": text(1024)}


def _event(kind):
    required = {"event_id": ID, "part_id": PART_ID, "number": integer(1, 4096), "kind": choice(kind), "at": TIME, "previous": HASH,
                "custodian": choice("REGISTRY") if kind == "recalled" else PSEUDONYM}
    return fields(required | _OF_KIND.get(kind, {}), {"note": text(1024)} | (_REASON if kind in ("removed", "recalled", "scrapped") else {}))


_EVENTS = {kind: _event(kind) for kind in ("manufactured", "transferred", "received", "installed", "removed", "inspected", "maintained", "recalled", "scrapped")}


def _custody_event(value, where):
    kind = value.get("kind") if isinstance(value, cbor.Map) else None
    if type(kind) is not str or kind not in _EVENTS:
        raise Unreadable(f"{where}.kind: not a known value")
    _EVENTS[kind](value, where)


_CUSTOMER_ID = _rule(str, lambda value: re.fullmatch("[a-z0-9.-]{1,128}", value))
_CUSTODY = choice("token", "software")


def _key(sizes):
    def check(value, where):
        algorithm = value.get("algorithm") if isinstance(value, cbor.Map) else None
        if type(algorithm) is not str or algorithm not in sizes:
            raise Unreadable(f"{where}.algorithm: not one of {', '.join(sizes)}")
        fields({"algorithm": choice(algorithm), "public_key": octets(sizes[algorithm]), "custody": _CUSTODY})(value, where)
    return check


_ED25519, _ML_DSA_65 = {"Ed25519": 32}, {"ML-DSA-65": 1952}
_KEYS = fields({"primary": _key(_ED25519 | {"ES256": 65}), "shadow": _key(_ML_DSA_65), "manifest_ed25519": _key(_ED25519), "manifest_ml_dsa_65": _key(_ML_DSA_65)})
_TOKEN = fields({"manufacturer": text(), "model": text(), "serial": text(), "library": text()})
_VAULT = {"vault_id": ID, "customer_id": _CUSTOMER_ID, "printer_id": ID, "keys": _KEYS, "token": _TOKEN}

_REQUEST = fields(_VAULT | {"requested_at": TIME}, {"replaces": HASH})

_VAULT_CERTIFICATE = fields(_VAULT | {"request_sha256": HASH, "valid_from": TIME}, {"valid_until": TIME, "replaces": HASH})

_APPOINTMENT = fields(
    {"officer_id": ID, "customer_id": _CUSTOMER_ID, "name": text(), "roles": array(choice("custodian", "witness", "reviewer", "firmware", "slicer", "operator_admin"), 6, 1),
     "ed25519_key": octets(32), "ml_dsa_65_key": octets(1952), "valid_from": TIME},
    {"valid_until": TIME})

_KEY_REVOCATION = fields(
    {"revocation_id": ID, "customer_id": _CUSTOMER_ID, "revoked_statement": HASH, "holder": ID, "revoked_at": TIME,
     "reason": choice("compromised", "superseded", "decommissioned", "lost")},
    {"note": text(1024)})

_CEREMONY = fields(
    {"ceremony_id": ID, "kind": choice("enrol", "rekey", "decommission"), "customer_id": _CUSTOMER_ID, "vault_id": ID, "at": TIME, "place": text(), "custodian": ID,
     "witness": ID, "steps": array(fields({"at": TIME, "what": text(512)}), 256), "token": _TOKEN, "certificate_sha256": HASH, "root_pin": text(128)},
    {"note": text(1024)})

_BUNDLE = fields(
    {"bundle_id": ID, "customer_id": _CUSTOMER_ID, "printer_id": ID, "vault_id": ID, "signed_at": TIME, "machine_counter": integer(1), "job_id": text(128),
     "gcode_sha256": HASH, "gcode_bytes": integer(),
     "slicer_attest": fields({"level": choice("unknown", "self-identified", "attested"), "reason": text(512)},
                             {"name": text(), "version": text(), "build_sha256": HASH, "manifest_sha256": HASH}),
     "firmware": fields({"state": choice("unknown", "unapproved", "approved"), "approvals": array(HASH, 16)}, {"reason": text(512)}),
     "sensor_envelope": named(fields({"min": number(), "max": number(), "mean": number(), "unit": text(16), "samples": integer(1)}), 64, 64),
     "mode": choice("normal", "degraded"), "reasons": array(text(512), 32), "key_custody": fields({"primary": _CUSTODY, "shadow": _CUSTODY}),
     "models": array(fields({"name": text(64), "version": text(64), "sha256": HASH}), 16),
     "signals": array(fields({"name": text(64), "score": number(0, 1), "reason": text(512), "evidence": array(fields({"name": text(128), "value": text()}), 32)}), 16)},
    {"previous": HASH, "firmware_sha256": HASH, "operator_binding": fields({"idp": text(), "subject": text(), "token_sha256": HASH, "signature": octets(64)}, {"roles": array(text(64), 16, 1)}),
     "twincert_ref": fields({"twin_id": ID, "draft_sha256": HASH}), "started_at": TIME, "ended_at": TIME, "material": text(), "note": text(1024)})

_TWIN = fields(
    {"twin_id": ID, "customer_id": _CUSTOMER_ID, "state": choice("draft", "complete"), "made_at": TIME,
     "as_designed": fields({"model_sha256": HASH}, {"profile_sha256": HASH, "name": text(), "revision": text()})},
    {"as_sliced": fields({"gcode_sha256": HASH, "slicer": text()}), "as_built": fields({"bundle_sha256": HASH, "bundle_id": ID}, {"part_id": PART_ID}), "draft_sha256": HASH})

_SLICER_MANIFEST = fields(
    {"manifest_id": ID, "customer_id": _CUSTOMER_ID, "slicer": text(), "version": text(), "platform": text(), "publisher": text(),
     "files": array(fields({"path": text(512), "bytes": integer(), "sha256": HASH}), 16_384, 1), "made_at": TIME})

_APPROVAL = fields(
    {"approval_id": ID, "customer_id": _CUSTOMER_ID, "image_sha256": HASH, "name": text(), "version": text(), "printer_ids": array(ID, 1024), "approved_at": TIME},
    {"board": text()})

_REVIEW = fields(
    {"review_id": ID, "customer_id": _CUSTOMER_ID, "bundle_sha256": HASH, "bundle_id": ID, "signal": text(64), "decision": choice("accept", "reject"),
     "comment": text(1024), "reviewer": text(), "at": TIME})

_ENDORSEMENT = fields({"certificate_id": ID, "certificate_sha256": HASH, "vault_id": ID, "bundle_sha256": HASH, "at": TIME})

PREFIX, SUFFIX = "application/vnd.touchmark.", "+cbor"
PRINT_CERTIFICATE, LICENCE_GRANT, LICENCE_REVOCATION, PRINTER_ENROLMENT, SLICE_RECORD, AUDIT_RECORD, CUSTODIAN_ADMISSION, CUSTODY_EVENT, RECALL, LOG_ANCHOR = (
    PREFIX + name + SUFFIX for name in ("print-certificate", "licence-grant", "licence-revocation", "printer-enrolment", "slice-record", "audit-record",
                                        "custodian-admission", "custody-event", "recall", "log-anchor"))

EVIDENCE_BUNDLE, TWIN_CERTIFICATE, VAULT_KEY_REQUEST, VAULT_CERTIFICATE, OFFICER_APPOINTMENT, KEY_REVOCATION, CEREMONY_RECORD, SLICER_MANIFEST, FIRMWARE_APPROVAL, \
    FINDING_REVIEW, CERTIFICATE_ENDORSEMENT = (
        PREFIX + name + SUFFIX for name in ("evidence-bundle", "twin-certificate", "vault-key-request", "vault-certificate", "officer-appointment", "key-revocation",
                                            "ceremony-record", "slicer-manifest", "firmware-approval", "finding-review", "certificate-endorsement"))

# By media type: the fields, and those that end the subject.
TYPES = {
    PRINT_CERTIFICATE: (_CERTIFICATE, "certificate_id"),
    LICENCE_GRANT: (_GRANT, "licence_id"),
    LICENCE_REVOCATION: (_REVOCATION, "licence_id"),
    PRINTER_ENROLMENT: (_ENROLMENT, "printer_id"),
    SLICE_RECORD: (_SLICE, "slice_id"),
    AUDIT_RECORD: (_AUDIT, "record_id"),
    CUSTODIAN_ADMISSION: (_ADMISSION, "part_id", "pseudonym"),
    CUSTODY_EVENT: (_custody_event, "event_id"),
    RECALL: (_RECALL, "recall_id"),
    LOG_ANCHOR: (_ANCHOR, "anchor_id"),
    EVIDENCE_BUNDLE: (_BUNDLE, "bundle_id"),
    TWIN_CERTIFICATE: (_TWIN, "twin_id"),
    VAULT_KEY_REQUEST: (_REQUEST, "vault_id"),
    VAULT_CERTIFICATE: (_VAULT_CERTIFICATE, "vault_id"),
    OFFICER_APPOINTMENT: (_APPOINTMENT, "officer_id"),
    KEY_REVOCATION: (_KEY_REVOCATION, "revocation_id"),
    CEREMONY_RECORD: (_CEREMONY, "ceremony_id"),
    SLICER_MANIFEST: (_SLICER_MANIFEST, "manifest_id"),
    FIRMWARE_APPROVAL: (_APPROVAL, "approval_id"),
    FINDING_REVIEW: (_REVIEW, "review_id"),
    CERTIFICATE_ENDORSEMENT: (_ENDORSEMENT, "certificate_id"),
}


def _bundle_problem(bundle):
    """What only shows in several fields of a bundle, or None."""
    slicer, firmware = dict(bundle["slicer_attest"].entries), dict(bundle["firmware"].entries)
    ranges = [dict(channel.entries) for _, channel in bundle["sensor_envelope"].entries]
    attested = slicer["level"] == "attested"
    if attested != ("manifest_sha256" in slicer):
        return "slicer_attest.manifest_sha256: an attested slicer has a manifest, and no other has"
    if attested and not {"build_sha256", "version"} <= slicer.keys() or slicer["level"] != "unknown" and "name" not in slicer:
        return "slicer_attest.name: an attested slicer has name, version and build, a self-identified one a name"
    if firmware["state"] == "approved" and len(firmware["approvals"]) < 2:
        return "firmware.approvals: firmware is approved by two officers"
    if not all(channel["min"] <= channel["mean"] <= channel["max"] for channel in ranges):
        return "sensor_envelope.mean: not between min and max"
    if (bundle["mode"] == "degraded") != bool(bundle["reasons"]):
        return "mode: degraded with reasons, or normal without"
    if "previous" in bundle and bundle["machine_counter"] == 1:
        return "previous: there although this is the first bundle"
    if ("firmware_sha256" in bundle) == (firmware["state"] == "unknown"):
        return "firmware_sha256: the firmware is unknown exactly when it has no hash"
    if firmware["state"] != "approved" and bundle["mode"] == "normal":
        return "mode: normal although the firmware is not approved"
    return "ended_at: before started_at" if bundle.get("ended_at", LATEST) < bundle.get("started_at", 0) else None


def _problem(content_type, document):
    """What only shows in several fields, or None."""
    if content_type == EVIDENCE_BUNDLE:
        return _bundle_problem(document)
    if content_type in (VAULT_CERTIFICATE, OFFICER_APPOINTMENT) and document.get("valid_until", LATEST + 1) <= document["valid_from"]:
        return "valid_until: not after valid_from"
    if content_type == OFFICER_APPOINTMENT and len(set(document["roles"])) < len(document["roles"]):
        return "roles: not one or more roles, each once"
    if content_type == CEREMONY_RECORD and document["custodian"] == document["witness"]:
        return "witness: the custodian: nobody watches himself"
    if content_type == TWIN_CERTIFICATE:
        complete = document["state"] == "complete"
        if not complete == ("draft_sha256" in document) == ("as_built" in document):
            return "state: a completion has as_built and draft_sha256, a draft neither"
        if complete and "as_sliced" not in document:
            return "as_sliced: missing"
    return None


def read(content_type, encoding):
    """The fields of a document by name."""
    value = cbor.decode(encoding, MAX_BYTES)
    TYPES[content_type][0](value, "document")
    document = dict(value.entries)
    if content_type == PRINT_CERTIFICATE:
        if len(document["segment_ivs"]) % 12:
            raise Unreadable("document.segment_ivs: not a multiple of 12 bytes")
        if document["ended_at"] < document["started_at"]:
            raise Unreadable("document.ended_at: before started_at")
    if content_type == AUDIT_RECORD and ("previous" in document) == (document["number"] == 1):
        raise Unreadable("document.previous: missing, or there although this is the first record")
    if content_type == CUSTODIAN_ADMISSION and document["pseudonym"] != pseudonym(document["ed25519_key"] + document["ml_dsa_65_key"]):
        raise Unreadable("document.pseudonym: not that of the keys")
    if content_type == RECALL and (not document.keys() & _RECALL_SCOPE.keys() or document.get("printed_from", 0) > document.get("printed_to", LATEST)):
        raise Unreadable("document: the recall covers nothing")
    problem = _problem(content_type, document)
    if problem is not None:
        raise Unreadable(f"document.{problem}")
    return document


def pseudonym(keys):
    """spec/custody.md: the first 10 bytes of the hash of both keys, in Crockford's base 32."""
    number = int.from_bytes(hashlib.sha256(keys).digest()[:10], "big")
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(75, -1, -5))


def moment(microseconds):
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=microseconds)


def fold(text):
    """Upper case, character by character: no character becomes two."""
    return "".join(upper if len(upper := c.upper()) == 1 else c for c in text)


def subject(content_type, document):
    names = [document[name] for name in TYPES[content_type][1:]]
    return "/".join([content_type[len(PREFIX):-len(SUFFIX)], *(str(uuid.UUID(bytes=name)) if isinstance(name, bytes) else name for name in names)])


def plain(value):
    """A value as JSON can hold it, for reading."""
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.hex()
    if isinstance(value, cbor.Map):
        return {name: plain(member) for name, member in value.entries}
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
