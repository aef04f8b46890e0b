"""Who had a part and what happened to it: spec/custody.md."""
from dataclasses import dataclass, replace

from . import documents
from .checks import Unreadable
from .statement import ED25519, ML_DSA_65, TOLERANCE, check_document, check_signatures
from .trust import Trust, TrustedKey

MAX_EVENTS, REGISTRY = 4096, "REGISTRY"
TYPES = (documents.CUSTODIAN_ADMISSION, documents.CUSTODY_EVENT, documents.RECALL)


@dataclass(frozen=True)
class State:
    """Where a chain stands."""
    number: int
    at: int
    previous: bytes
    holder: str | None = None
    offered: str | None = None
    into: str | None = None
    recalled: bool = False
    scrapped: bool = False

    @property
    def standing(self):
        return "scrapped" if self.scrapped else "recalled" if self.recalled else "installed" if self.into is not None else "held" if self.holder else "unknown"


def check(checks, certificate, issuer, sha256, parts, trust, now):
    """Replays the chain of a certificate from statements about its part (statement, document); the state, or None where it breaks or there is none."""
    admissions, events, recalls = ([part for part in parts if part[0].content_type == kind] for kind in TYPES)
    if len(events) > MAX_EVENTS or len(parts) > 3 * MAX_EVENTS:
        return checks.failed("custody.length", f"No part has more than {MAX_EVENTS} events.")
    if len(admissions) + len(events) + len(recalls) < len(parts):
        checks.failed("custody.related", "There are statements that are neither events of the part nor admissions nor recalls.")
    if "part_id" not in certificate or certificate["result"] != "completed":
        return checks.failed("custody.part", "There are statements about a part, and the certificate names none whose print was completed.") if parts else None
    registry = _Registry(checks, certificate, issuer, trust, now)
    for index, part in enumerate(admissions, 1):
        registry.admit(f"admission-{index}", *part)
    for index, part in enumerate(recalls, 1):
        registry.recall(f"recall-{index}", *part)
    return _replay(registry, State(0, certificate["ended_at"], sha256), events)


class _Registry:
    def __init__(self, checks, certificate, issuer, trust, now):
        self.checks, self.certificate, self.issuer, self.trust, self.now = checks, certificate, issuer, trust, now
        self.custodians, self.recalls, self.entered = {}, {}, set()

    def signed(self, subject, statement):
        self.checks.require(statement.issuer == self.issuer, f"{subject}.registry", "It is a statement of the registry of this part.",
                            "It is not a statement of the registry of this part, which issued its certificate.", issuer=statement.issuer)
        check_signatures(self.checks, subject, statement, self.trust, self.now)

    def admit(self, subject, statement, beside):
        self.signed(subject, statement)
        admission = check_document(self.checks, subject, statement, beside, documents.CUSTODIAN_ADMISSION)
        if admission is None or not self.checks.require(admission["part_id"] == self.certificate["part_id"], f"{subject}.part",
                                                        "It admits a custodian to this part.", "It admits a custodian to another part."):
            return
        if admission["pseudonym"] in self.custodians:
            self.checks.failed(f"{subject}.once", "A custodian is admitted to this part twice.")
        else:
            self.custodians[admission["pseudonym"]] = admission

    def recall(self, subject, statement, beside):
        self.signed(subject, statement)
        recall = check_document(self.checks, subject, statement, beside, documents.RECALL)
        if recall is not None and self.checks.require(_covers(recall, self.certificate), f"{subject}.covers", "The recall covers this part.", "The recall is of other parts than this one."):
            if statement.sha256 in self.recalls:
                self.checks.failed(f"{subject}.once", "The recall is there twice.")
            self.recalls[statement.sha256] = recall

    def signed_by_custodian(self, subject, statement, event):
        """The role of whoever signed, or None."""
        id, name = f"{subject}.custodian", event["custodian"]
        admission = self.custodians.get(name)
        if admission is None:
            return self.checks.failed(id, f"There is no admission of custodian {name}: nobody says who that is.")
        since = documents.moment(admission["admitted_at"])
        keys = [TrustedKey(f"custodian/{name}", algorithm, admission[field], since, None) for algorithm, field in ((ED25519, "ed25519_key"), (ML_DSA_65, "ml_dsa_65_key"))]
        if any(key.algorithm != signature.algorithm or key.key_id != signature.key_id for key, signature in zip(keys, (statement.primary, statement.shadow))):
            self.checks.failed(id, f"It is signed by other keys than those with which {name} was admitted.")
        else:
            self.checks.require(admission["admitted_at"] <= event["at"], id, f"{name} was admitted by the registry.", f"{name} was admitted to this part only after the event.")
            check_signatures(self.checks, subject, statement, Trust(keys), self.now)
        return admission["role"]

    def check_recalled(self, subject, event):
        self.entered.add(event["recall"])
        recall = self.recalls.get(event["recall"])
        self.checks.require(recall is not None and recall["at"] <= event["at"], f"{subject}.recall",
                            "The recall that it names is there, and is of this part.", "The recall that it names is not there, is of other parts, or came later.")


def _covers(recall, certificate):
    return (all(recall.get(name, certificate[name]) == certificate[name] for name in ("design_id", "licence_id", "printer_id"))
            and recall.get("printed_from", 0) <= certificate["ended_at"] and certificate["started_at"] <= recall.get("printed_to", documents.LATEST)
            and documents.fold(recall.get("material", certificate["material"])) == documents.fold(certificate["material"]))


def _replay(registry, state, parts):
    checks, links = registry.checks, []
    for statement, beside in parts:
        try:
            links.append((documents.read(documents.CUSTODY_EVENT, statement.payload if beside is None else beside), statement, beside))
        except Unreadable:
            check_document(checks, "event", statement, beside, documents.CUSTODY_EVENT)
            state = None
    links.sort(key=lambda link: link[0]["number"])
    checks.require([link["number"] for link, _, _ in links] == list(range(1, len(links) + 1)), "custody.chain",
                   f"There are {len(links)} events, without a gap.", "An event was left out, or two have the same number.")
    for event, statement, beside in links:
        subject, role = f"event-{event['number']}", None
        if check_document(checks, subject, statement, beside, documents.CUSTODY_EVENT) is None:
            state = None
        if event["custodian"] == REGISTRY:
            registry.signed(subject, statement)
            registry.check_recalled(subject, event)
        else:
            role = registry.signed_by_custodian(subject, statement, event)
        checks.require(documents.moment(event["at"]) <= (statement.issued_at or registry.now) + TOLERANCE, f"{subject}.at", "It was signed when it had happened.", "It was signed before it happened.")
        state = _follow(checks, subject, state, event, statement.sha256, role, registry.certificate["part_id"])
    return _conclude(registry, state)


def _follow(checks, subject, state, event, sha256, role, part_id):
    if state is None:
        return checks.skipped(f"{subject}.rules", "It cannot be judged, because an event before it is refused.")
    follows = event["part_id"] == part_id and event["number"] == state.number + 1 and event["previous"] == state.previous and event["at"] >= state.at
    if not checks.require(follows, f"{subject}.link", "It follows what is before it.", "It does not follow what is before it, by part, number, hash or time."):
        return None
    if not checks.require(_is_allowed(state, event, role), f"{subject}.rules", f"{event['kind']}, by whom and when that is allowed.", f"{event['kind']} is not allowed then, or not to whoever signed."):
        return None
    return _after(replace(state, number=event["number"], at=event["at"], previous=sha256), event)


def _is_allowed(state, event, role):
    """The table of spec/custody.md, Rules."""
    kind, who = event["kind"], event["custodian"]
    if state.scrapped or (kind == "manufactured") != (state.number == 0):
        return False
    holds = who == state.holder
    by, never = {
        "manufactured": (role == "manufacturer", False),
        "transferred": (holds, False),
        "received": (who == state.offered, False),
        "installed": (holds, state.into is not None or state.recalled),
        "removed": (holds, state.into is None),
        "inspected": (holds or role == "inspector", False),
        "maintained": (holds or role == "maintainer", False),
        "recalled": (who == REGISTRY, False),
        "scrapped": (holds, state.into is not None),
    }[kind]
    return by and not never


def _after(state, event):
    match event["kind"]:
        case "manufactured" | "received":
            return replace(state, holder=event["custodian"], offered=None)
        case "transferred":
            return replace(state, offered=event["to"])
        case "installed" | "removed":
            return replace(state, into=event.get("into"))
        case "inspected" if event["outcome"] == "passed":
            return replace(state, recalled=False)
        case "recalled":
            return replace(state, recalled=True)
        case "scrapped":
            return replace(state, scrapped=True)
    return state


def _conclude(registry, state):
    """The state that all of it amounts to: a part without a history may be recalled all the same."""
    checks, recalled = registry.checks, state is not None and state.recalled
    for sha256 in registry.recalls.keys() - registry.entered:
        recall = registry.recalls[sha256]
        if state is not None and state.scrapped and state.at <= recall["at"]:
            checks.skipped("custody.recall", "A recall covers the part, which had been scrapped before.")
        elif state is not None and state.number == 0:
            recalled = True
            checks.skipped("custody.recall", f"{recall['by']} recalled the part: do not use it. It has no history yet that could say so: {recall['reason']}")
        else:
            checks.failed("custody.recall", f"{recall['by']} recalled the part and its history does not say so: {recall['reason']}")
    if state is None or state.holder is None:
        checks.skipped("custody.holder", "Who has the part cannot be said: its history breaks, or its manufacturer has not entered it.")
    else:
        checks.passed("custody.holder", f"{state.holder} has the part, which is {state.standing}.", pseudonym=state.holder)
    return None if state is None else replace(state, recalled=recalled)
