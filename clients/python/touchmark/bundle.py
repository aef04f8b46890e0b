"""Evidence files about a vault's bundle: only the customer's root is pinned, all other keys come out of what it signed (spec/bundle.md)."""
from . import documents, log, papers
from .note import ED25519, ML_DSA_65, Key
from .policy import Policy
from .statement import check_document, check_signatures

KINDS = {documents.VAULT_CERTIFICATE: "vault", documents.OFFICER_APPOINTMENT: "officer", documents.KEY_REVOCATION: "revocation", documents.FIRMWARE_APPROVAL: "approval",
         documents.SLICER_MANIFEST: "slicer", documents.FINDING_REVIEW: "review", documents.LOG_ANCHOR: "anchor"}


def check(checks, subject, related, checkpoint, check_proofs, trust, now, max_age):
    """The bundle's document, or None. Takes out of <related> what it knows; <check_proofs> tells whether everything but what it is given is in a tree."""
    statement = subject.statement
    bundle = check_document(checks, "bundle", statement, subject.beside, documents.EVIDENCE_BUNDLE)
    if bundle is None:
        return None
    known = papers.Papers(bundle["customer_id"], bundle["vault_id"], trust, now)
    unproven = [part for part in related if part.statement.content_type == documents.KEY_REVOCATION and part.index is None]
    _take_all(checks, related, papers.ROOT_SIGNS, known.take_of_root)
    known.settle()
    papers.check_issuer(checks, "bundle", statement, papers.vault(bundle["vault_id"]))
    check_signatures(checks, "bundle", statement, known.trust, now)
    _take_all(checks, related, papers.OFFICERS_SIGN, known.take_of_officers)
    check_rules(checks, bundle, statement, subject.index, known)
    _check_previous(checks, bundle, related)
    _check_twin(checks, bundle, statement, related, known)
    _take_all(checks, related, (documents.FINDING_REVIEW,), lambda made, name, part: _take_review(made, name, part, known, bundle, statement))
    anchors = []
    _take_all(checks, related, (documents.LOG_ANCHOR,), lambda made, name, part: take_anchor(made, name, part, known, anchors))
    if related:
        checks.failed("file.related", "The file holds statements that its first one does not refer to.", statements=" ".join(part.statement.sha256.hex() for part in related))
    if checkpoint is None or known.newest is None:
        checks.failed("log.inclusion", "The file holds no checkpoint of the vault's manifest, or no certificate of the keys that sign it: ask for a newer file.")
        return bundle
    check_head(checks, checkpoint, known.newest, now)
    check_proofs(unproven)
    check_age(checks, max(anchors, default=None), now, max_age)
    return bundle


def check_head(checks, checkpoint, certificate, now):
    """The signatures under the manifest's checkpoint, by the keys that the root certified."""
    origin = papers.manifest_origin(certificate["customer_id"], certificate["vault_id"])
    keys = [Key(origin, kind, papers.key_of(certificate, name)[1]) for kind, name in ((ED25519, "manifest_ed25519"), (ML_DSA_65, "manifest_ml_dsa_65"))]
    at = len(checks.made)
    log.check_head(checks, checkpoint, Policy({origin: keys}, {}, [], None), now)
    # The age of a manifest is that of its newest anchor.
    checks.made[at:] = [check for check in checks.made[at:] if check.id != "log.age"]


def take_anchor(checks, subject, part, known, anchors):
    anchor = known.of_vault(checks, subject, part, documents.LOG_ANCHOR)
    if anchor is not None and checks.require(anchor["origin"] == papers.manifest_origin(known.customer_id, known.vault_id), f"{subject}.origin",
                                             "It is an anchor of this manifest.", "It is an anchor of another log.", origin=anchor["origin"]):
        anchors.append(anchor["at"])


def check_age(checks, newest, now, max_age):
    """Of the manifest, by the time of its newest anchor or None."""
    id, seen = "manifest.age", "never" if newest is None else documents.moment(newest).isoformat()
    if max_age is None:
        checks.skipped(id, "The manifest does not say when it was last published." if newest is None else "No limit was set for the age of the manifest.", published_at=seen)
        return
    checks.require(newest is not None and now - documents.moment(newest) <= max_age, id, "The manifest was published recently enough.",
                   "The manifest is STALE: it was not published within the limit. What was revoked or added since does not show.", published_at=seen, limit=str(max_age))


def check_rules(checks, bundle, statement, index, known):
    """Whether a bundle agrees with the papers of its vault."""
    found = known.certificate_of(statement.primary)
    if found is None:
        checks.failed("bundle.vault", "There is no certificate of the keys that signed the bundle.", key_id=statement.primary.key_id.hex())
        return
    certificate, revocation, revoked_index = found
    checks.require(all(bundle[name] == certificate[name] for name in ("printer_id", "customer_id", "vault_id"))
                   and statement.issued_at == documents.moment(bundle["signed_at"] // 1_000_000 * 1_000_000), "bundle.vault",
                   "The vault that signed is certified for this printer, and signed at the time that the bundle says.",
                   "Printer, customer, vault or time of the bundle are not those of its certificate and its signature.")
    if revocation is None:
        checks.skipped("bundle.revocation", "No revocation of the vault's keys is at hand. Whether there is one, the customer's manifest tells.")
    else:
        late = index is not None and revoked_index is not None and index > revoked_index
        checks.require(bundle["signed_at"] < revocation["revoked_at"] and not late, "bundle.revocation",
                       f"The vault's keys were revoked only after the bundle was signed ({revocation['reason']}).",
                       f"The vault's keys were revoked when the bundle was signed, or when it was entered in the manifest ({revocation['reason']}).")
    _check_custody(checks, dict(bundle["key_custody"].entries), certificate)
    if bundle["mode"] == "degraded":
        checks.skipped("bundle.mode", f"The vault signed in DEGRADED mode: {' '.join(bundle['reasons'])}")
    else:
        checks.passed("bundle.mode", "The vault was in normal mode.")
    _check_operator(checks, bundle, certificate)
    _check_firmware(checks, bundle, known)
    _check_slicer(checks, dict(bundle["slicer_attest"].entries), known)
    if bundle["signals"]:
        signals = "; ".join(f"{signal.get('name')} {signal.get('score'):.3g}: {signal.get('reason')}" for signal in bundle["signals"])
        checks.skipped("bundle.signals", f"Models judged the print ({signals}). That decides nothing about its validity.")


def _check_custody(checks, said, certificate):
    keys = {name: papers.key_of(certificate, name) for name in ("primary", "shadow")}
    held = {"token": "never left its token", "software": "is held by software, from a seed that a key of the token wraps"}
    checks.require(all(said[name] == custody for name, (_, _, custody) in keys.items()), "bundle.custody",
                   "; ".join(f"the {algorithm.name} key {held[custody]}" for algorithm, _, custody in keys.values()) + ".",
                   "The bundle says that its keys are held otherwise than they were certified.")


def _check_operator(checks, bundle, certificate):
    if "operator_binding" not in bundle:
        checks.skipped("bundle.operator", "No operator's session is bound to the bundle.")
        return
    operation = dict(bundle["operator_binding"].entries)
    algorithm, public_key, _ = papers.key_of(certificate, "primary")
    message = b"touchmark operator v1" + operation["token_sha256"] + bundle["bundle_id"]
    checks.require(algorithm.verify(public_key, message, operation["signature"]), "bundle.operator",
                   f"The vault bound the session of {operation['subject']} to the bundle, whom {operation['idp']} knows.",
                   "The signature that binds an operator's session to the bundle is wrong.")


def _check_firmware(checks, bundle, known):
    id, firmware = "bundle.firmware", dict(bundle["firmware"].entries)
    if firmware["state"] != "approved":
        what = "is unknown" if firmware["state"] == "unknown" else "is NOT APPROVED by two officers"
        checks.skipped(id, f"The printer's firmware {what}. {firmware.get('reason', '')}")
        return
    officers = set()
    for sha256 in firmware["approvals"]:
        approval, issuer = known.approvals.get(sha256, (None, None))
        if approval and approval["image_sha256"] == bundle["firmware_sha256"] and approval["approved_at"] <= bundle["signed_at"] \
                and (not approval["printer_ids"] or bundle["printer_id"] in approval["printer_ids"]):
            officers.add(issuer)
    checks.require(len(officers) >= 2, id, f"The printer's firmware was approved by {len(officers)} officers.",
                   "The bundle says that the printer's firmware was approved, and the approvals of two different officers for it are not at hand.")


def _check_slicer(checks, attest, known):
    id = "bundle.slicer"
    if attest["level"] == "unknown":
        checks.skipped(id, f"Nothing says which slicer made the toolpath. {attest['reason']}")
    elif attest["level"] == "self-identified":
        checks.skipped(id, f"The toolpath says that {attest['name']} made it, and nobody vouches for that. {attest['reason']}")
    else:
        slicer = known.slicers.get(attest["manifest_sha256"])
        checks.require(slicer is not None and (slicer["slicer"], slicer["version"]) == (attest["name"], attest["version"])
                       and any(file.get("sha256") == attest["build_sha256"] for file in slicer["files"]), id,
                       f"The toolpath was made by {attest['name']} {attest['version']}, a build that the customer knows.",
                       "The bundle says that a known build of a slicer made the toolpath, and the manifest at hand does not bear that out.")


def _check_previous(checks, bundle, related):
    id = "bundle.previous"
    if "previous" not in bundle:
        checks.passed(id, "It is the vault's first bundle.")
        return
    previous = _take(related, lambda part: part.statement.sha256 == bundle["previous"])
    if previous is None:
        checks.skipped(id, "The bundle before it is not in the file. That the chain is whole, an archive shows.")
        return
    before = check_document(checks, "previous", previous.statement, previous.beside, documents.EVIDENCE_BUNDLE)
    if before is not None:
        checks.require(before["vault_id"] == bundle["vault_id"] and before["machine_counter"] < bundle["machine_counter"] and before["signed_at"] <= bundle["signed_at"], id,
                       "It follows the bundle before it.", "The bundle before it has a later time or counter, or is another vault's.")


def _check_twin(checks, bundle, statement, related, known):
    if "twincert_ref" not in bundle:
        checks.skipped("twin.draft", "The bundle names no twin.")
        return
    sha256 = bundle["twincert_ref"].get("draft_sha256")
    part = _take(related, lambda part: part.statement.sha256 == sha256)
    if part is None:
        checks.failed("twin.draft", "The file does not hold the draft of the twin that the bundle names.", draft_sha256=sha256.hex())
        return
    draft = known.of_vault(checks, "draft", part, documents.TWIN_CERTIFICATE)
    if draft is None or not checks.require(draft_agrees(draft, bundle), "twin.draft", "The draft of the twin is of this part.", "The draft of the twin is of another part than the bundle."):
        return
    part = _take(related, lambda part: part.statement.content_type == documents.TWIN_CERTIFICATE)
    if part is None:
        checks.skipped("twin.completion", "The file holds no completion of the twin.")
        return
    completion = known.of_vault(checks, "completion", part, documents.TWIN_CERTIFICATE)
    if completion is not None:
        checks.require(completion_agrees(completion, draft, bundle, statement.sha256), "twin.completion",
                       "The twin is complete: as designed, as sliced, as built.", "The completion of the twin does not agree with its draft or with the bundle.")


def draft_agrees(draft, bundle):
    return (draft["state"] == "draft" and draft["twin_id"] == bundle["twincert_ref"].get("twin_id") and draft["customer_id"] == bundle["customer_id"]
            and draft["made_at"] <= bundle["signed_at"] and ("as_sliced" not in draft or draft["as_sliced"].get("gcode_sha256") == bundle["gcode_sha256"]))


def completion_agrees(completion, draft, bundle, bundle_sha256):
    return (completion["state"] == "complete" and all(completion[name] == draft[name] for name in ("twin_id", "customer_id"))
            and dict(completion["as_designed"].entries) == dict(draft["as_designed"].entries)
            and completion["draft_sha256"] == bundle["twincert_ref"].get("draft_sha256") and completion["as_sliced"].get("gcode_sha256") == bundle["gcode_sha256"]
            and completion["as_built"].get("bundle_id") == bundle["bundle_id"] and completion["as_built"].get("bundle_sha256") == bundle_sha256)


def _take_review(checks, subject, part, known, bundle, statement):
    review = known.of_vault(checks, subject, part, documents.FINDING_REVIEW)
    if review is not None:
        checks.require((review["bundle_sha256"], review["bundle_id"]) == (statement.sha256, bundle["bundle_id"]), f"{subject}.bundle",
                       f"{review['reviewer']}: {review['decision']} the finding {review['signal']}. {review['comment']}", "The review is of another bundle.")


def _take(parts, wanted):
    at = next((at for at, part in enumerate(parts) if wanted(part)), None)
    return None if at is None else parts.pop(at)


def _take_all(checks, parts, content_types, take):
    counts = {}
    for part in [part for part in parts if part.statement.content_type in content_types]:
        kind = KINDS[part.statement.content_type]
        counts[kind] = counts.get(kind, 0) + 1
        take(checks, f"{kind}-{counts[kind]}", part)
    parts[:] = [part for part in parts if part.statement.content_type not in content_types]


def check_endorsement(checks, certificate, statement, others, trust, now):
    """Whether the vault beside the printer bears out a print certificate; takes the vault's statements out of <others>."""
    id, ours = "certificate.vault", (documents.CERTIFICATE_ENDORSEMENT, documents.VAULT_CERTIFICATE, documents.EVIDENCE_BUNDLE, documents.KEY_REVOCATION)
    if "vault" not in certificate:
        checks.skipped(id, "No vault stood beside the printer: engine and gateway alone bear out what was printed.")
        return
    vault_id, bundle_sha256 = (certificate["vault"].get(name) for name in ("vault_id", "bundle_sha256"))
    endorsement = _of_type(others, documents.CERTIFICATE_ENDORSEMENT)
    issuer = next((part.statement.issuer for part in others if part.statement.content_type == documents.VAULT_CERTIFICATE), None)
    if endorsement is None or issuer is None or all(key.name != issuer for key in trust.keys):
        others[:] = [part for part in others if part.statement.content_type not in ours]
        checks.skipped(id, "The certificate names a vault's bundle, and the file does not hold the vault's endorsement." if endorsement is None or issuer is None
                       else f"The vault's endorsement was not checked: the keys of {issuer} are not pinned here.")
        return
    known = papers.Papers(issuer.partition("/")[2], vault_id, trust, now)
    for content_type in (documents.VAULT_CERTIFICATE, documents.KEY_REVOCATION):
        while (part := _of_type(others, content_type)) is not None:
            known.take_of_root(checks, KINDS[content_type], part)
    known.settle()
    said = known.of_vault(checks, "endorsement", endorsement, documents.CERTIFICATE_ENDORSEMENT)
    if said is not None:
        checks.require((said["certificate_sha256"], said["certificate_id"], said["vault_id"], said["bundle_sha256"])
                       == (statement.sha256, certificate["certificate_id"], vault_id, bundle_sha256), id,
                       "The vault beside the printer endorsed the certificate.", "The vault's endorsement is of another certificate, or of another bundle.")
    part = _of_type(others, documents.EVIDENCE_BUNDLE)
    if part is None:
        checks.skipped("certificate.bundle", "The file does not hold the vault's bundle.")
        return
    bundle = known.of_vault(checks, "bundle", part, documents.EVIDENCE_BUNDLE)
    if bundle is not None:
        checks.require(part.statement.sha256 == bundle_sha256 and (bundle["printer_id"], bundle["gcode_sha256"]) == (certificate["printer_id"], certificate["slice_sha256"]),
                       "certificate.bundle", "The vault's bundle tells of the same toolpath on the same printer.",
                       "The vault's bundle tells of another toolpath or printer than the certificate.")


def _of_type(parts, content_type):
    return _take(parts, lambda part: part.statement.content_type == content_type)
