"""Archives: everything that a vault ever stated, in one file (spec/archive.md)."""
import re
import uuid
from dataclasses import dataclass

from . import bundle, documents, note, papers, rootpin, statement, trust, tree
from .checks import UNREADABLE, UNTRUSTED_KEY, Checks, Unreadable
from .container import CHECKPOINT, ROOT, WIDTH, Container, path

GENESIS = b"touchmark log genesis v1\n"
MAX_TOLD, MAX_GAPS, MAX_OPEN = 100, 20, 100_000


def verify(file, pin, believed, now, max_age=None):
    """The checks of an archive, and what it holds: a map for people, or None."""
    checks = Checks()
    try:
        container = Container(file)
    except Unreadable as problem:
        checks.failed("archive.format", f"The file is no archive: {problem}.", UNREADABLE)
        return checks, None
    checks.passed("archive.format", "The archive holds what an archive holds, and nothing else.")
    root, found = _read_root(checks, container)
    if root is None:
        return checks, None
    customer_id = root.keys[0].name.partition("/")[2]
    told = {"customer_id": customer_id, "root_pin": rootpin.show(found)}
    head = _is_root(checks, root, found, pin, believed) and _read_head(checks, container, customer_id)
    if head:
        replay = Replay(checks, container, papers.Papers(customer_id, uuid.UUID(head.origin.rpartition("/")[2]).bytes, root, now))
        if _check_manifest(checks, container, head, replay, now):
            replay.run(_entries(container, head.size))
            replay.conclude(max_age)
        told |= {"statements": replay.statements, "bundles": replay.chain.length}
    return checks, told


def _read_root(checks, container):
    try:
        root = trust.read(container.read(ROOT) or b"")
    except Unreadable:
        root = None
    keys = {} if root is None else {key.algorithm.name: key for key in root.keys}
    if root is None or root.policy or len(root.keys) != 2 or keys.keys() != {"Ed25519", "ML-DSA-65"} or len({key.name for key in root.keys}) > 1 \
            or not re.fullmatch("customer/[a-z0-9.-]{1,128}", root.keys[0].name):
        checks.failed("archive.root-pin", "root.json is missing, or does not hold one Ed25519 key and one ML-DSA-65 key of one customer.")
        return None, None
    return root, rootpin.of(keys["Ed25519"].public_key, keys["ML-DSA-65"].public_key)


def _is_root(checks, root, found, pin, believed):
    id = "archive.root-pin"
    if pin is not None:
        return checks.require(pin == found, id, "The root's keys are those of the pin.",
                              "The root's keys are NOT those of the pin: the archive is another customer's, or a forgery. Nothing else in it was looked at.",
                              pin=rootpin.show(pin), found=rootpin.show(found))
    for key in root.keys:
        pinned = believed and believed.find(key.algorithm, key.key_id)
        if pinned is None or pinned.name != key.name:
            checks.failed(id, "No root pin was given, and the root's keys are not pinned here: compare the pin of the archive with the paper, and give it.",
                          UNTRUSTED_KEY, found=rootpin.show(found))
            return False
    checks.passed(id, "The root's keys are pinned here.", found=rootpin.show(found))
    return True


def _read_head(checks, container, customer_id):
    try:
        head = note.Checkpoint.read(container.read(CHECKPOINT) or b"")
    except Unreadable:
        head = None
    own = head is not None and head.size > 0 and re.fullmatch(re.escape(customer_id) + "/manifest/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", head.origin)
    return head if checks.require(own, "manifest.checkpoint", "The manifest is one of this customer's.",
                                  "The manifest's checkpoint is missing, cannot be read, or is of another customer's manifest.") else None


def _check_manifest(checks, container, head, replay, now):
    """The papers first, as the keys of the manifest are in them; then the manifest itself."""
    id = "manifest.tree"
    if not replay.take_papers(_entries(container, head.size), head.size):
        return checks.failed(id, "Entries of the manifest are missing, or cannot be read.")
    if replay.papers.newest is None:
        return checks.failed("archive.vault", "The manifest holds no certificate of its vault.")
    bundle.check_head(checks, head, replay.papers.newest, now)
    try:
        _check_tree(container, head)
    except Unreadable as problem:
        return checks.failed(id, f"The manifest is damaged, or was altered: {problem}")
    checks.passed(id, f"All {head.size} entries and the tiles above them lead to the root of the checkpoint.")
    return True


def _check_tree(container, head):
    for level, index, width in container.tiles:
        if width != min(WIDTH, (head.size >> 8 * max(level, 0)) - index * WIDTH):
            raise Unreadable(f"{path(level, index, width)} has no place in a tree of {head.size} entries.")
    levels = [[]]
    for at, entry in enumerate(_entries(container, head.size)):
        _grow(container, levels, 0, tree.leaf_hash(entry), at)
    for level, hashes in enumerate(levels):
        if hashes:
            _compare(container, level, (head.size >> 8 * level) // WIDTH, hashes)
    root = None
    for hashes in levels:
        for start, length in _subtrees(len(hashes)):
            part = _root(hashes[start:start + length])
            root = part if root is None else tree.node_hash(part, root)
    if root != head.root:
        raise Unreadable("its entries do not lead to the root of its checkpoint.")


def _grow(container, levels, level, found, at):
    if len(levels) == level:
        levels.append([])
    levels[level].append(found)
    if len(levels[level]) == WIDTH:
        _compare(container, level, at // WIDTH, levels[level])
        full, levels[level] = levels[level], []
        _grow(container, levels, level + 1, _root(full), at // WIDTH)


def _compare(container, level, index, hashes):
    name = path(level, index, len(hashes))
    if container.read(name) != b"".join(hashes):
        raise Unreadable(f"{name} does not hold the hashes of what lies below it.")


def _subtrees(count):
    """The complete subtrees of so many hashes, from the right: where each begins, and how many hashes it has."""
    end = count
    for height in range(count.bit_length()):
        if count >> height & 1:
            end -= 1 << height
            yield end, 1 << height


def _root(hashes):
    while len(hashes) > 1:
        hashes = [tree.node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def _entries(container, size):
    """Every entry in its order, up to the first that cannot be read."""
    for first in range(0, size, WIDTH):
        width = min(WIDTH, size - first)
        data, at, found = container.read(path(-1, first // WIDTH, width)), 0, []
        if data is None:
            return
        while len(found) < width and at + 2 <= len(data):
            end = at + 2 + int.from_bytes(data[at:at + 2], "big")
            found.append(data[at + 2:end])
            at = end
        if len(found) < width or at != len(data):
            return
        yield from found


class Replay:
    """Goes through a manifest from its first entry to its last."""

    def __init__(self, checks, container, known):
        self.checks, self.container, self.papers = checks, container, known
        self.chain, self.twins, self.anchors, self.statements = Chain(), Twins(), [], 0
        self._documents, self._failed = container.document_hashes, 0

    def take_papers(self, entries, size):
        """Takes what the root has signed; false when there are fewer entries than there should be."""
        count = 0
        for index, entry in enumerate(entries):
            signed = self._parse(entry) if index else None
            if signed is not None and signed.content_type in papers.ROOT_SIGNS:
                made = Checks()
                self.papers.take_of_root(made, "statement", self._part(signed, index))
                self._tell(made, index)
            count += 1
        self.papers.settle()
        return count == size

    def run(self, entries):
        for index, entry in enumerate(entries):
            made = Checks()
            if index == 0:
                made.require(entry.startswith(GENESIS), "genesis", "The manifest begins with its genesis.", "The manifest does not begin with its genesis.")
            else:
                signed = self._parse(entry)
                if signed is None:
                    made.failed("envelope", "The entry is no statement.")
                else:
                    self._check(made, self._part(signed, index))
                    self.statements += 1
            self._tell(made, index)

    def conclude(self, max_age):
        self.checks.require(not self._failed, "archive.statements", f"All {self.statements} statements are in order.", f"{self._failed} checks of single statements failed.")
        self.chain.conclude(self.checks)
        self.checks.require(not self._documents, "archive.documents", "Every document is that of a statement.", "The archive holds documents of which no statement knows.")
        bundle.check_age(self.checks, max(self.anchors, default=None), self.papers.now, max_age)

    def _check(self, made, part):
        signed, known = part.statement, self.papers
        kind = signed.content_type
        if kind in papers.ROOT_SIGNS:
            return
        if kind in papers.OFFICERS_SIGN:
            known.take_of_officers(made, "statement", part)
        elif kind == documents.EVIDENCE_BUNDLE:
            document = known.of_vault(made, "bundle", part, kind)
            if document is not None:
                bundle.check_rules(made, document, signed, part.index, known)
                self.chain.take(document, signed, part.index)
                self.twins.take_bundle(made, document, signed)
        elif kind == documents.TWIN_CERTIFICATE:
            twin = known.of_vault(made, "statement", part, kind)
            if twin is not None:
                self.twins.take(made, twin, signed)
        elif kind == documents.LOG_ANCHOR:
            bundle.take_anchor(made, "anchor", part, known, self.anchors)
        elif kind == documents.CEREMONY_RECORD:
            self._check_ceremony(made, part)
        elif kind == documents.VAULT_KEY_REQUEST:
            self._check_request(made, part)
        else:
            papers.check_issuer(made, "statement", signed, papers.vault(known.vault_id))
            statement.check_signatures(made, "statement", signed, known.trust, known.now)
            statement.check_document(made, "statement", signed, part.beside, kind)

    def _check_ceremony(self, made, part):
        signed, known = part.statement, self.papers
        statement.check_signatures(made, "ceremony", signed, known.trust, known.now)
        record = statement.check_document(made, "ceremony", signed, part.beside, documents.CEREMONY_RECORD)
        if record is not None:
            made.require(any(signed.issuer == papers.officer(record[role]) and known.is_officer(signed.issuer, role) for role in ("custodian", "witness")), "ceremony.issuer",
                         "It is signed by its custodian or its witness.", "It is signed by neither its custodian nor its witness.")

    def _check_request(self, made, part):
        signed, issuer = part.statement, papers.vault(self.papers.vault_id)
        request = statement.check_document(made, "request", signed, part.beside, documents.VAULT_KEY_REQUEST)
        if request is not None:
            papers.check_issuer(made, "request", signed, issuer)
            keys = [trust.TrustedKey(issuer, *papers.key_of(request, name)[:2], documents.moment(0), None) for name in ("primary", "shadow")]
            statement.check_signatures(made, "request", signed, trust.Trust(keys), self.papers.now)

    @staticmethod
    def _parse(entry):
        try:
            return statement.parse(entry)
        except Unreadable:
            return None

    def _part(self, signed, index):
        beside = None
        if signed.is_hash_envelope:
            beside = self.container.read(f"documents/{signed.payload.hex()}")
            self._documents.discard(signed.payload.hex())
        return papers.Part(signed, beside or None, index)

    def _tell(self, made, index):
        for check in made.failures:
            self._failed += 1
            if self._failed <= MAX_TOLD:
                self.checks.failed(f"entry-{index}.{check.id}", check.words, **check.figures)


@dataclass
class Chain:
    """Whether the bundles, in the order of the manifest, are one chain with a counter that rises."""
    length: int = 0
    last: bytes | None = None
    counter: int = 0
    missing: int = 0
    broken: str = ""
    fall: str = ""
    gaps: str = ""

    def take(self, document, signed, index):
        if document.get("previous") != self.last:
            self.broken = self.broken or f"The bundle at entry {index} does not follow the one before it: bundles were cut out or put in."
        counter = document["machine_counter"]
        if counter <= self.counter:
            self.fall = self.fall or f"The counter value {counter} of the bundle at entry {index} is not above {self.counter}, which was used before it."
        elif counter > self.counter + 1:
            self.missing += counter - self.counter - 1
            if self.gaps.count(",") < MAX_GAPS - 1:
                self.gaps += f"{', ' if self.gaps else ''}{self.counter + 1} to {counter - 1}"
        self.length, self.last, self.counter = self.length + 1, signed.sha256, max(self.counter, counter)

    def conclude(self, checks):
        checks.require(not self.broken, "archive.chain", f"The chain of {self.length} bundles is whole, from the vault's first to counter value {self.counter}.", self.broken)
        if self.fall:
            checks.failed("archive.counter", self.fall)
        elif self.missing:
            checks.skipped("archive.counter", f"{self.missing} counter values were taken and no bundle has them: {self.gaps}. "
                           "A vault that is killed while it signs makes such a gap, and so does a bundle that is kept back.")
        else:
            checks.passed("archive.counter", "The counter has no gap.")


class Twins:
    """Those that are not complete yet, from draft to bundle to completion."""

    def __init__(self):
        self._drafts, self._built = {}, {}

    def take(self, made, twin, signed):
        if "as_built" in twin:
            sha256 = twin["as_built"].get("bundle_sha256")
            draft, document = self._built.pop(sha256, (None, None))
            made.require(draft is not None and bundle.completion_agrees(twin, draft, document, sha256), "twin.completion",
                         "The twin is complete: as designed, as sliced, as built.", "The completion of the twin does not agree with its draft or with its bundle.")
        elif made.require(len(self._drafts) + len(self._built) < MAX_OPEN, "twin.draft", "It is a draft.", f"More than {MAX_OPEN} twins were begun and not completed."):
            self._drafts[signed.sha256] = twin

    def take_bundle(self, made, document, signed):
        if "twincert_ref" not in document:
            return
        draft = self._drafts.pop(document["twincert_ref"].get("draft_sha256"), None)
        if made.require(draft is not None and bundle.draft_agrees(draft, document), "twin.draft", "The draft of the twin is of this part.",
                        "The draft of the twin is not in the manifest before the bundle, or is of another part."):
            self._built[signed.sha256] = (draft, document)
