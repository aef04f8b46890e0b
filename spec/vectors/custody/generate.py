#!/usr/bin/env python3
"""Makes keys.json, trust.json and chains.json: spec/custody.md once more, apart from the C# code. ML-DSA signs with fresh randomness, so the signatures differ from run to run."""
import base64
import json
import pathlib
import uuid

from statements import Custodian, Keys, sha256, sign

HERE = pathlib.Path(__file__).parent
PART, OTHER_PART = "PPG0A0EV8ZB4ERYQ", "2XFK7THAE6326HDR"
HOUR = 3_600_000_000
STARTED = 1_777_887_000_000_000
ENDED = STARTED + 31 * 60_000_000
ROOTS = {name: sha256(f"root of the {name}") for name in ("maker", "dealer", "clinic", "inspector", "stranger")}
REGISTRY = Keys("engine.example", sha256("primary key of the engine"), sha256("shadow key of the engine"))
OTHER_REGISTRY = Keys("other.example", sha256("primary key of another"), sha256("shadow key of another"))
WHO = {name: Custodian(root, PART) for name, root in ROOTS.items()}
ROLES = {"maker": ("manufacturer", "DE"), "dealer": ("dealer", "FR"), "clinic": ("operator", "FR"), "inspector": ("inspector", "EU"), "stranger": ("carrier", "NL")}


def identifier(number):
    return bytes.fromhex("01934a00000070008000000000000000")[:-2] + number.to_bytes(2, "big")


def dashed(value):
    return str(uuid.UUID(bytes=value))


def certificate(**changed):
    document = {
        "certificate_id": identifier(5), "session_id": identifier(6), "job_id": identifier(7), "part_name": "Bracket", "material": "PETG", "quality": "standard",
        "owner": "Falkner Aerospace", "manufacturer": "Werk Nord", "printer_id": identifier(3), "printer_name": "Nord 7", "printer_model": "Voron 2.4",
        "machine_id": sha256("machine"), "profile_sha256": sha256("profile"), "licence_id": identifier(1), "print_number": 2, "design_id": identifier(2),
        "design_sha256": sha256("design"), "slice_sha256": sha256("toolpath"), "slicer": "PrusaSlicer 2.5.0", "started_at": STARTED, "ended_at": ENDED,
        "result": "completed", "engine_transport": "wss", "printer_transport": "ws", "exposure": {"motion_s": 2.75, "segments": 4},
        "temperatures": [{"heater": "extruder", "min_c": 22.5, "max_c": 241.0}], "adjustments": [], "alerts": [], "segment_ivs": sha256("iv")[:12],
        "chain_head": sha256("chain head"), "licence_statement": sha256("licence"), "enrolment_statement": sha256("enrolment"),
        "slice_statement": sha256("slice"), "part_id": PART} | changed
    document = {key: value for key, value in document.items() if value is not None}
    return sign(REGISTRY, "print-certificate", f"print-certificate/{dashed(document['certificate_id'])}", document, ENDED, {-65537: sha256("session code")})


def admission(name, registry=REGISTRY, keys=None, **changed):
    keys = keys or WHO[name]
    role, region = ROLES[name]
    document = {"part_id": PART, "pseudonym": keys.pseudonym, "role": role, "region": region, "ed25519_key": keys.ed25519_key,
                "ml_dsa_65_key": keys.ml_dsa_65_key, "admitted_at": ENDED} | changed
    return sign(registry, "custodian-admission", f"custodian-admission/{document['part_id']}/{document['pseudonym']}", document, max(ENDED, document["admitted_at"]))


def recall(**changed):
    document = {"recall_id": identifier(9), "by": "Falkner Aerospace", "at": ENDED + 7 * HOUR, "reason": "The material may be brittle. Have it inspected.",
                "design_id": identifier(2), "licence_id": identifier(1), "printer_id": identifier(3), "printed_from": STARTED - HOUR, "printed_to": ENDED + HOUR,
                "material": "petg"} | changed
    return sign(REGISTRY, "recall", f"recall/{dashed(document['recall_id'])}", document, document["at"])


class Chain:
    """A history that is written event by event; what is given beside makes one of them wrong."""

    def __init__(self, start=None):
        self.certificate = start or CERTIFICATE
        self.events = []
        self.others = []

    def add(self, name, kind, by=None, **changed):
        number = len(self.events) + 1
        document = {"event_id": identifier(256 + number), "part_id": PART, "number": number, "kind": kind, "at": ENDED + number * HOUR,
                    "previous": sha256(self.events[-1] if self.events else self.certificate),
                    "custodian": WHO[name].pseudonym if name in WHO else name} | changed
        keys = by or WHO.get(name, REGISTRY)
        self.events.append(sign(keys, "custody-event", f"custody-event/{dashed(document['event_id'])}", document, document["at"]))
        return self

    def also(self, *statements):
        self.others += statements
        return self

    def copy(self, count=None):
        chain = Chain(self.certificate)
        chain.events, chain.others = self.events[:count], list(self.others)
        return chain


def flipped(envelope, at):
    altered = bytearray(envelope)
    altered[at] ^= 1
    return bytes(altered)


CERTIFICATE = certificate()
SEALED = [{"regulator": sha256("certificate of a regulator"), "sealed": b"to be opened by the regulator alone"}]
ADMITTED = {"maker": admission("maker", sealed_identity=SEALED)} | {name: admission(name) for name in ("dealer", "clinic", "inspector")}
EVERYBODY = list(ADMITTED.values())
SOLD = (Chain().add("maker", "manufactured").add("maker", "transferred", to=WHO["dealer"].pseudonym).add("dealer", "received")
        .add("dealer", "transferred", to=WHO["clinic"].pseudonym, note="Sold to a clinic.").add("clinic", "received"))
USED = SOLD.copy().add("inspector", "inspected", outcome="passed").add("clinic", "installed", into="Scanner 4, gantry")
RECALL = recall()
RECALLED = USED.copy().add("REGISTRY", "recalled", recall=sha256(RECALL), reason="See the recall.").also(RECALL)
CLEARED = (RECALLED.copy().add("clinic", "removed", reason="Recalled.").add("inspector", "inspected", outcome="passed").add("clinic", "installed", into="Scanner 4, gantry"))
SCRAPPED = USED.copy().add("clinic", "removed").add("clinic", "maintained").add("clinic", "scrapped", reason="Worn.")
HALF_KEYS = Keys(WHO["inspector"].issuer, WHO["inspector"].seeds[0], WHO["stranger"].seeds[1])
OTHER_HALF = Keys(WHO["inspector"].issuer, WHO["stranger"].seeds[0], WHO["inspector"].seeds[1])
NAMELESS, FAILED = certificate(part_id=None), certificate(result="failed")


def without(chain, number):
    chain = chain.copy()
    del chain.events[number - 1]
    return chain


def with_event(chain, number, envelope):
    chain = chain.copy()
    chain.events[number - 1] = envelope
    return chain


# name, chain, admissions, holder (None: nobody), standing
GOOD = [
    ("nothing written yet", Chain(), [], None, "unknown"),
    ("recalled before it has a history", Chain().also(RECALL), [], None, "recalled"),
    ("manufactured", Chain().add("maker", "manufactured"), EVERYBODY, "maker", "held"),
    ("offered and not yet received", SOLD.copy(4), EVERYBODY, "dealer", "held"),
    ("sold", SOLD, EVERYBODY, "clinic", "held"),
    ("inspected and installed", USED, EVERYBODY, "clinic", "installed"),
    ("recalled", RECALLED, EVERYBODY, "clinic", "recalled"),
    ("recalled, inspected and in use again", CLEARED, EVERYBODY, "clinic", "installed"),
    ("scrapped", SCRAPPED, EVERYBODY, "clinic", "scrapped"),
    ("scrapped, and recalled only then", SCRAPPED.copy().also(recall(recall_id=identifier(10), at=ENDED + 20 * HOUR)), EVERYBODY, "clinic", "scrapped"),
    ("an offer replaced by another", SOLD.copy(3).add("dealer", "transferred", to=WHO["maker"].pseudonym)
     .add("dealer", "transferred", to=WHO["clinic"].pseudonym).add("clinic", "received"), EVERYBODY, "clinic", "held"),
    ("sold while installed", USED.copy().add("clinic", "transferred", to=WHO["dealer"].pseudonym).add("dealer", "received"), EVERYBODY, "dealer", "installed"),
]

# name, chain, admissions, the check that has to fail
BAD = [
    ("the note of an event altered", with_event(SOLD, 4, flipped(SOLD.events[3], SOLD.events[3].index(b"Sold to a clinic."))), EVERYBODY, "event-4.signature"),
    ("the first signature altered", with_event(SOLD, 5, flipped(SOLD.events[4], len(SOLD.events[4]) - 1)), EVERYBODY, "event-5.signature"),
    ("the second signature altered", with_event(SOLD, 5, flipped(SOLD.events[4], SOLD.events[4].index(b"\x59\x0c\xed") + 100)), EVERYBODY, "event-5.shadow-signature"),
    ("only the first signature is the custodian's", SOLD.copy().add("inspector", "inspected", by=HALF_KEYS, outcome="passed"), EVERYBODY, "event-6.custodian"),
    ("only the second signature is the custodian's", SOLD.copy().add("inspector", "inspected", by=OTHER_HALF, outcome="passed"), EVERYBODY, "event-6.custodian"),
    ("two events swapped", USED.copy(5).add("clinic", "installed", number=7, into="Scanner 4").add("inspector", "inspected", number=6, outcome="passed"), EVERYBODY, "event-6.link"),
    ("an event left out of the middle", without(USED, 4), EVERYBODY, "custody.chain"),
    ("an event left out and the next numbered in its place", SOLD.copy(3).add("clinic", "received", previous=sha256(SOLD.events[3])), EVERYBODY, "event-4.link"),
    ("the first event left out", without(SOLD, 1), EVERYBODY, "custody.chain"),
    ("two histories", USED.copy().add("clinic", "installed", number=7, previous=sha256(USED.events[5]), into="Another scanner"), EVERYBODY, "custody.chain"),
    ("an event of another part", SOLD.copy().add("inspector", "inspected", part_id=OTHER_PART, outcome="passed"), EVERYBODY, "event-6.link"),
    ("the chain of another certificate", with_event(Chain().add("maker", "manufactured"), 1, Chain(certificate(certificate_id=identifier(8))).add("maker", "manufactured").events[0]), EVERYBODY, "event-1.link"),
    ("a custodian who was not admitted", SOLD.copy().add("stranger", "inspected", outcome="passed"), EVERYBODY, "event-6.custodian"),
    ("an event under another custodian's name", SOLD.copy().add("inspector", "maintained", by=WHO["stranger"]), EVERYBODY, "event-6.custodian"),
    ("admitted after the event", SOLD, [admission("clinic", admitted_at=ENDED + 5 * HOUR + 1)] + [ADMITTED[name] for name in ("maker", "dealer", "inspector")], "event-5.custodian"),
    ("admitted by another registry", SOLD, [admission("clinic", OTHER_REGISTRY)] + [ADMITTED[name] for name in ("maker", "dealer", "inspector")], "admission-1.registry"),
    ("admitted by nobody who is trusted", SOLD, [admission("clinic", Keys("engine.example", sha256("x"), sha256("y")))] + [ADMITTED[name] for name in ("maker", "dealer")], "admission-1.signature"),
    ("admitted to another part", SOLD, [admission("clinic", part_id=OTHER_PART)] + [ADMITTED[name] for name in ("maker", "dealer", "inspector")], "admission-1.part"),
    ("admitted twice", SOLD, EVERYBODY + [admission("clinic", role="inspector")], "admission-5.once"),
    ("a pseudonym that is not that of the keys", SOLD, EVERYBODY + [admission("stranger", pseudonym=WHO["clinic"].pseudonym)], "admission-5.document"),
    ("an identity sealed to nobody", SOLD, EVERYBODY + [admission("stranger", sealed_identity=[])], "admission-5.document"),
    ("a region that is none", SOLD, EVERYBODY + [admission("stranger", region="fr")], "admission-5.document"),
    ("a role that is none", SOLD, EVERYBODY + [admission("stranger", role="king")], "admission-5.document"),
    ("manufactured by a dealer", Chain().add("dealer", "manufactured"), EVERYBODY, "event-1.rules"),
    ("manufactured twice", SOLD.copy().add("maker", "manufactured"), EVERYBODY, "event-6.rules"),
    ("received before it was manufactured", Chain().add("dealer", "received"), EVERYBODY, "event-1.rules"),
    ("sold by somebody who does not have it", SOLD.copy().add("dealer", "transferred", to=WHO["maker"].pseudonym), EVERYBODY, "event-6.rules"),
    ("received by somebody whom it was not offered to", SOLD.copy(4).add("inspector", "received"), EVERYBODY, "event-5.rules"),
    ("received on an offer that was replaced", SOLD.copy(3).add("dealer", "transferred", to=WHO["maker"].pseudonym)
     .add("dealer", "transferred", to=WHO["clinic"].pseudonym).add("maker", "received"), EVERYBODY, "event-6.rules"),
    ("inspected by a dealer who does not have it", SOLD.copy().add("dealer", "inspected", outcome="passed"), EVERYBODY, "event-6.rules"),
    ("maintained by an inspector who does not have it", SOLD.copy().add("inspector", "maintained"), EVERYBODY, "event-6.rules"),
    ("installed twice", USED.copy().add("clinic", "installed", into="Another scanner"), EVERYBODY, "event-8.rules"),
    ("removed from nothing", SOLD.copy().add("clinic", "removed"), EVERYBODY, "event-6.rules"),
    ("installed while it is recalled", RECALLED.copy().add("clinic", "removed").add("clinic", "installed", into="Scanner 4"), EVERYBODY, "event-10.rules"),
    ("installed after an inspection that it did not pass", RECALLED.copy().add("clinic", "removed").add("inspector", "inspected", outcome="failed")
     .add("clinic", "installed", into="Scanner 4"), EVERYBODY, "event-11.rules"),
    ("scrapped while it is installed", USED.copy().add("clinic", "scrapped"), EVERYBODY, "event-8.rules"),
    ("installed after it was scrapped", SCRAPPED.copy().add("clinic", "installed", into="Scanner 5"), EVERYBODY, "event-11.rules"),
    ("recalled by the manufacturer itself", USED.copy().add("REGISTRY", "recalled", by=WHO["maker"], recall=sha256(RECALL)).also(RECALL), EVERYBODY, "event-8.registry"),
    ("recalled by another registry", USED.copy().add("REGISTRY", "recalled", by=OTHER_REGISTRY, recall=sha256(RECALL)).also(RECALL), EVERYBODY, "event-8.registry"),
    ("recalled under a custodian's name", USED.copy().add("maker", "recalled", recall=sha256(RECALL)).also(RECALL), EVERYBODY, "event.document"),
    ("recalled by a recall that is not there", USED.copy().add("REGISTRY", "recalled", recall=sha256(RECALL)), EVERYBODY, "event-8.recall"),
    ("recalled, and the history does not say so", USED.copy().also(RECALL), EVERYBODY, "custody.recall"),
    ("a recall that is there twice", RECALLED.copy().also(RECALL), EVERYBODY, "recall-2.once"),
    ("a recall of other parts", USED.copy().also(recall(design_id=identifier(99))), EVERYBODY, "recall-1.covers"),
    ("a recall of nothing in particular", USED.copy().also(sign(REGISTRY, "recall", f"recall/{dashed(identifier(9))}", {
        "recall_id": identifier(9), "by": "Falkner Aerospace", "at": ENDED, "reason": "Everything."}, ENDED)), EVERYBODY, "recall-1.document"),
    ("time goes back", SOLD.copy().add("inspector", "inspected", outcome="passed", at=ENDED + 5 * HOUR - 1), EVERYBODY, "event-6.link"),
    ("manufactured before it was printed", Chain().add("maker", "manufactured", at=ENDED - 1), EVERYBODY, "event-1.link"),
    ("an event of the future", SOLD.copy().add("inspector", "inspected", outcome="passed", at=ENDED + 2000 * HOUR), EVERYBODY, "event-6.time"),
    ("an installation that does not say into what", SOLD.copy().add("clinic", "installed"), EVERYBODY, "event.document"),
    ("an inspection with a receiver", SOLD.copy().add("inspector", "inspected", outcome="passed", to=WHO["maker"].pseudonym), EVERYBODY, "event.document"),
    ("a part id with a wrong check character", SOLD.copy().add("inspector", "inspected", outcome="passed", part_id=PART[:-1] + "0"), EVERYBODY, "event.document"),
    ("a field that is not known", SOLD.copy().add("inspector", "inspected", outcome="passed", price=3), EVERYBODY, "event.document"),
    ("events of a certificate that names no part", Chain(NAMELESS).add("maker", "manufactured"), EVERYBODY, "custody.part"),
    ("events of a print that was not completed", Chain(FAILED).add("maker", "manufactured"), EVERYBODY, "custody.part"),
    ("a certificate among the events", SOLD.copy().also(CERTIFICATE), EVERYBODY, "custody.related"),
]

names, statements = {}, {}


def name_of(envelope, hint):
    if envelope not in names:
        names[envelope] = f"{hint} {len(names) + 1}"
        statements[names[envelope]] = base64.b64encode(envelope).decode()
    return names[envelope]


def written(name, chain, admissions, **expected):
    return {"name": name, "certificate": name_of(chain.certificate, "certificate"),
            "statements": [name_of(envelope, "admission") for envelope in admissions] + [name_of(envelope, "event") for envelope in chain.events]
            + [name_of(envelope, "other") for envelope in chain.others]} | expected


cases = [written(name, chain, admissions, holder=holder and WHO[holder].pseudonym, standing=standing) for name, chain, admissions, holder, standing in GOOD]
cases += [written(name, chain, admissions, fails=fails) for name, chain, admissions, fails in BAD]
keys = [{"root": root.hex(), "part_id": part, "ed25519_seed": keys.seeds[0].hex(), "ml_dsa_65_seed": keys.seeds[1].hex(), "ed25519_key": keys.ed25519_key.hex(),
         "ml_dsa_65_key_sha256": sha256(keys.ml_dsa_65_key).hex(), "pseudonym": keys.pseudonym}
        for root, part, keys in [(root, part, Custodian(root, part)) for root in list(ROOTS.values())[:2] for part in (PART, OTHER_PART)]]


def write(file, content):
    (HERE / file).write_text(json.dumps(content, indent=1, ensure_ascii=True) + "\n")


write("keys.json", keys)
write("trust.json", {"version": 1, "keys": REGISTRY.trust() + OTHER_REGISTRY.trust()})
write("chains.json", {"now": "2026-06-03T09:30:00Z", "statements": statements, "cases": cases})
