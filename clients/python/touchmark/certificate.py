"""Whether a print kept to its papers: the table of spec/certificate.md, Verification."""
from . import custody, documents
from .statement import check_document, check_signatures

ROUNDING = 0.01
REFERENCES = (("licence", documents.LICENCE_GRANT), ("enrolment", documents.PRINTER_ENROLMENT), ("slice", documents.SLICE_RECORD))


def check(checks, statement, document, others, trust, now):
    """Checks the certificate's document against the statements beside it, and takes those that it refers to out of <others> (statement, document)."""
    if statement.session_code is None:
        checks.failed("certificate.session-code", "The certificate lacks its session's authentication code.")
    else:
        checks.skipped("certificate.session-code", "The session's authentication code can only be checked by the engine and the gateway of that session.")
    papers = [_referenced(checks, subject, content_type, document, others, trust, now) for subject, content_type in REFERENCES]
    for rule, paper in zip((_check_licence, _check_enrolment, _check_slice), papers):
        if paper is not None:
            rule(checks, document, paper)
    _check_revocation(checks, document, others, trust, now)
    parts = [other for other in others if other[0].content_type in custody.TYPES]
    others[:] = [other for other in others if other[0].content_type not in custody.TYPES]
    custody.check(checks, document, statement.issuer, statement.sha256, parts, trust, now)


def _referenced(checks, subject, content_type, document, others, trust, now):
    sha256 = document[f"{subject}_statement"]
    at = next((i for i, (other, _) in enumerate(others) if other.sha256 == sha256), None)
    if checks.require(at is not None, f"{subject}.reference", f"The {subject} statement is the one that the certificate refers to.",
                      f"The file does not hold the {subject} statement that the certificate refers to.", statement_sha256=sha256.hex()):
        return _take(checks, subject, others.pop(at), content_type, trust, now)
    return None


def _take(checks, subject, part, content_type, trust, now):
    statement, beside = part
    check_signatures(checks, subject, statement, trust, now)
    return check_document(checks, subject, statement, beside, content_type)


def _agree(one, other, *names):
    return all(one[name] == other[name] for name in names)


def _check_licence(checks, certificate, licence):
    started = certificate["started_at"]
    checks.require(_agree(licence, certificate, "licence_id", "design_id", "design_sha256", "owner"), "licence.design",
                   "The licence is for the design that was printed.", "The licence is for another design than the one that was printed.")
    checks.require(certificate["printer_id"] in licence["printers"] or certificate["manufacturer"] in licence["manufacturers"], "licence.printer",
                   "The licence lets this printer or its manufacturer print.", "The licence names neither this printer nor its manufacturer.")
    checks.require(certificate["print_number"] <= licence["prints"], "licence.print-number", f"It is print {certificate['print_number']} of {licence['prints']}.",
                   f"It is print {certificate['print_number']}, and the licence is for {licence['prints']}.")
    checks.require(licence["granted_at"] <= started and started < licence.get("expires_at", started + 1), "licence.period",
                   "The print started while the licence was in force.", "The print started outside the time of the licence.")
    for id, list_name, name in (("licence.material", "materials", "material"), ("licence.quality", "qualities", "quality")):
        allowed = [documents.fold(value) for value in licence[list_name]]
        checks.require(not allowed or documents.fold(certificate[name]) in allowed, id, f"The licence allows {certificate[name]}.", f"The licence does not allow {certificate[name]}.")
    limit = licence.get("exposure_limit_s")
    if limit is not None:
        checks.require(dict(certificate["exposure"].entries)["motion_s"] <= limit, "licence.exposure",
                       "No more toolpath was exposed than the licence allows.", "More toolpath was exposed than the licence allows.")
    slowdown, trim = _adjusted([dict(change.entries) for change in certificate["adjustments"]])
    checks.require(slowdown <= licence.get("max_slowdown_percent", 0.0) + ROUNDING and trim <= licence.get("max_temperature_trim_c", 0.0) + ROUNDING, "licence.adjustments",
                   "The engine adjusted feed and heat no further than the licence allows.", "The engine adjusted feed or heat further than the licence allows.",
                   slowdown_percent=f"{slowdown:.3f}", temperature_trim_c=f"{trim:.3f}")


def _adjusted(changes):
    """The largest slowdown by the engine, %, and the largest sum of its trims of one value, °C."""
    slowdown, trim, trims = 0.0, 0.0, {}
    for change in changes:
        what, by = change["what"], change.get("by")
        if by == "toolpath":
            trims.pop(what, None)
        elif by == "engine" and what == "speed_factor":
            slowdown = max(slowdown, abs(1 - change["to"]) * 100)
        elif by == "engine":
            trims[what] = trims.get(what, 0.0) + change["from"] - change["to"]
            trim = max(trim, abs(trims[what]))
    return slowdown, trim


def _check_enrolment(checks, certificate, enrolment):
    checks.require(_agree(enrolment, certificate, "printer_id", "manufacturer", "machine_id") and enrolment["enrolled_at"] <= certificate["started_at"], "enrolment.machine",
                   "The machine that printed is the one that was enrolled.", "The machine that printed is not the one that was enrolled.")


def _check_slice(checks, certificate, record):
    checks.require(_agree(record, certificate, "slice_sha256", "slicer") and record["sliced_at"] <= certificate["started_at"], "slice.toolpath",
                   "The toolpath that was printed is the one that was sliced.", "The toolpath that was printed is not the one that was sliced.")
    checks.require(_agree(record, certificate, "design_id", "design_sha256"), "slice.design",
                   "It was sliced from the licensed design.", "It was sliced from another design.")
    checks.require(_agree(record, certificate, "printer_id", "material", "quality"), "slice.settings",
                   "It was sliced for this printer, material and quality.", "It was sliced for another printer, material or quality.")


def _check_revocation(checks, certificate, others, trust, now):
    at = next((i for i, (other, _) in enumerate(others) if other.content_type == documents.LICENCE_REVOCATION), None)
    if at is None:
        checks.skipped("licence.revocation", "The file holds no revocation of the licence. Whether there is one that the file leaves out, only the engine can tell.")
        return
    revocation = _take(checks, "revocation", others.pop(at), documents.LICENCE_REVOCATION, trust, now)
    if revocation is not None:
        checks.require(_agree(revocation, certificate, "licence_id", "licence_statement"), "revocation.reference",
                       "The revocation is of this licence.", "The revocation is of another licence.")
        checks.require(revocation["revoked_at"] > certificate["started_at"], "licence.revocation",
                       "The licence was revoked only after the print had started.", "The licence was revoked before the print started.")
