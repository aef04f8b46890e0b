"""What a customer's root and its officers have signed, as far as it bears on one vault (spec/bundle.md, Papers)."""
import datetime
import uuid
from dataclasses import dataclass, field, replace

from . import documents
from .statement import check_document, check_signatures
from .trust import ALGORITHMS, Trust, TrustedKey

ROOT_SIGNS = (documents.VAULT_CERTIFICATE, documents.OFFICER_APPOINTMENT, documents.KEY_REVOCATION)
OFFICERS_SIGN = (documents.FIRMWARE_APPROVAL, documents.SLICER_MANIFEST)
ED25519, ML_DSA_65 = (next(known for known in ALGORITHMS if known.name == name) for name in ("Ed25519", "ML-DSA-65"))


@dataclass(frozen=True)
class Part:
    """A statement, the document beside it or None, and its place in the manifest or None."""
    statement: object
    beside: bytes | None
    index: int | None


def customer(customer_id):
    return f"customer/{customer_id}"


def officer(officer_id):
    return f"officer/{uuid.UUID(bytes=officer_id)}"


def vault(vault_id):
    return f"vault/{uuid.UUID(bytes=vault_id)}"


def manifest_origin(customer_id, vault_id):
    return f"{customer_id}/manifest/{uuid.UUID(bytes=vault_id)}"


def check_issuer(checks, subject, statement, issuer):
    checks.require(statement.issuer == issuer, f"{subject}.issuer", f"It is a statement of {issuer}.", f"It should be a statement of {issuer}.", issuer=statement.issuer)


def key_of(document, name):
    """Algorithm, public key and custody of one of a vault's keys."""
    key = dict(dict(document["keys"].entries)[name].entries)
    return next(known for known in ALGORITHMS if known.name == key["algorithm"]), key["public_key"], key["custody"]


@dataclass
class Papers:
    customer_id: str
    vault_id: bytes
    root: Trust
    now: datetime.datetime
    trust: Trust = None
    certificates: list = field(default_factory=list)   # of document and hash
    appointments: list = field(default_factory=list)
    revocations: dict = field(default_factory=dict)     # by the hash of what is revoked: the document, and its place in the manifest
    approvals: dict = field(default_factory=dict)       # by hash: the document and its issuer
    slicers: dict = field(default_factory=dict)

    def take_of_root(self, checks, subject, part):
        statement = part.statement
        check_issuer(checks, subject, statement, customer(self.customer_id))
        check_signatures(checks, subject, statement, self.root, self.now)
        document = check_document(checks, subject, statement, part.beside, statement.content_type)
        if document is None:
            return
        if statement.content_type == documents.VAULT_CERTIFICATE:
            if checks.require((document["customer_id"], document["vault_id"]) == (self.customer_id, self.vault_id), f"{subject}.vault",
                              "It certifies the keys of this vault.", "It certifies the keys of another vault."):
                self.certificates.append((document, statement.sha256))
        elif self._is_of_customer(checks, subject, document):
            if statement.content_type == documents.OFFICER_APPOINTMENT:
                self.appointments.append((document, statement.sha256))
            else:
                known, _ = self.revocations.get(document["revoked_statement"], (None, None))
                if known is None or document["revoked_at"] < known["revoked_at"]:
                    self.revocations[document["revoked_statement"]] = (document, part.index)

    def settle(self):
        """Works out whose keys count, now that everything that the root signed is known."""
        keys = list(self.root.keys)
        for document, sha256 in self.certificates:
            for name in ("primary", "shadow"):
                algorithm, public_key, _ = key_of(document, name)
                keys.append(self._key(vault(document["vault_id"]), algorithm, public_key, document, sha256))
        for document, sha256 in self.appointments:
            for algorithm, name in ((ED25519, "ed25519_key"), (ML_DSA_65, "ml_dsa_65_key")):
                keys.append(self._key(officer(document["officer_id"]), algorithm, document[name], document, sha256))
        self.trust = Trust(keys)

    @property
    def newest(self):
        """The certificate that came into force last, or None."""
        latest = None
        for document, _ in self.certificates:
            latest = latest if latest and latest["valid_from"] > document["valid_from"] else document
        return latest

    def take_of_officers(self, checks, subject, part):
        statement, firmware = part.statement, part.statement.content_type == documents.FIRMWARE_APPROVAL
        check_signatures(checks, subject, statement, self.trust, self.now)
        role = "firmware" if firmware else "slicer"
        checks.require(self.is_officer(statement.issuer, role) or not firmware and statement.issuer == customer(self.customer_id), f"{subject}.issuer",
                       f"It is signed by {statement.issuer}, who may.", f"It is signed by {statement.issuer}, whom nobody appointed to that.", role=role)
        document = check_document(checks, subject, statement, part.beside, statement.content_type)
        if document is not None and self._is_of_customer(checks, subject, document):
            if firmware:
                self.approvals[statement.sha256] = (document, statement.issuer)
            else:
                self.slicers[statement.sha256] = document

    def certificate_of(self, signature):
        """The certificate of the key that made this signature, its revocation or None, and that one's place in the manifest; or None."""
        for document, sha256 in self.certificates:
            algorithm, public_key, _ = key_of(document, "primary")
            if algorithm == signature.algorithm and TrustedKey("", algorithm, public_key, self.now, None).key_id == signature.key_id:
                return document, *self.revocations.get(sha256, (None, None))
        return None

    def is_officer(self, issuer, role):
        return any(issuer == officer(document["officer_id"]) and role in document["roles"] for document, _ in self.appointments)

    def of_vault(self, checks, subject, part, content_type):
        """The document of a statement of the vault itself, or None and a failed check."""
        check_issuer(checks, subject, part.statement, vault(self.vault_id))
        check_signatures(checks, subject, part.statement, self.trust, self.now)
        return check_document(checks, subject, part.statement, part.beside, content_type)

    def _is_of_customer(self, checks, subject, document):
        return checks.require(document["customer_id"] == self.customer_id, f"{subject}.customer", "It is of this customer.", "It is of another customer.")

    def _key(self, name, algorithm, public_key, document, sha256):
        until = [moment for moment in (document.get("valid_until"), self.revocations.get(sha256, ({}, None))[0].get("revoked_at")) if moment is not None]
        key = TrustedKey(name, algorithm, public_key, documents.moment(document["valid_from"]), None)
        return replace(key, valid_until=documents.moment(min(until))) if until else key
