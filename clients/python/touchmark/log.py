"""That an entry is in a log: .tlog-proof files and the checks of spec/log.md, Verification."""
import datetime
from dataclasses import dataclass

from . import note, tree
from .checks import Unreadable

HEADER, MAX_EXTRA = "c2sp.org/tlog-proof@v1", 64 * 1024
MAX_SIZE = note.MAX_SIZE + MAX_EXTRA * 4 // 3 + 4096
TOLERANCE = datetime.timedelta(minutes=5)


@dataclass(frozen=True)
class Proof:
    index: int
    hashes: list
    checkpoint: note.Checkpoint

    @staticmethod
    def read(data):
        if len(data) > MAX_SIZE:
            raise Unreadable(f"a proof of more than {MAX_SIZE} bytes")
        front, separator, rest = data.partition(b"\n\n")
        try:
            lines = front.decode("utf-8").split("\n")
        except UnicodeDecodeError as error:
            raise Unreadable("the proof is not UTF-8") from error
        if not separator or lines.pop(0) != HEADER:
            raise Unreadable(f"its first line is not {HEADER}, or there is no empty line behind its hashes")
        if lines and lines[0].startswith("extra "):
            extra = note.decode_base64(lines.pop(0)[len("extra "):])
            if extra is None or len(extra) > MAX_EXTRA:
                raise Unreadable(f"its extra data is not base64 of at most {MAX_EXTRA} bytes")
        if not lines or not lines[0].startswith("index "):
            raise Unreadable("it has no index line")
        index = note.decode_number(lines.pop(0)[len("index "):])
        if len(lines) > tree.MAX_HASHES:
            raise Unreadable(f"it has more than {tree.MAX_HASHES} hashes")
        return Proof(index, [note.decode_hash(line) for line in lines], note.Checkpoint.read(rest))


@dataclass(frozen=True)
class Earlier:
    """A head that was seen before, and what leads from there to the one at hand."""
    size: int
    root: bytes
    proof: list | None = None


def check_proof(checks, entry, data, policy, now, max_age=None, earlier=None):
    try:
        proof = Proof.read(data)
    except Unreadable as problem:
        checks.failed("log.proof", f"The proof cannot be read: {problem}.")
        return
    check_head(checks, proof.checkpoint, policy, now, max_age, earlier)
    check_inclusion(checks, entry, proof.index, proof.hashes, proof.checkpoint)


def check_inclusion(checks, entry, index, hashes, checkpoint):
    checks.require(tree.is_included(tree.leaf_hash(entry), index, checkpoint.size, hashes, checkpoint.root), "log.inclusion",
                   f"The entry is number {index} of the {checkpoint.size} in the log.",
                   "The entry is not in the log at the place that the proof names: the entry or the proof was altered, or they do not belong together.",
                   index=str(index), size=str(checkpoint.size))


def check_head(checks, checkpoint, policy, now, max_age=None, earlier=None):
    keys = policy.logs.get(checkpoint.origin)
    if checks.require(keys is not None, "log.origin", f"The log is {checkpoint.origin}.",
                      "The proof is from another log than those that are believed.", origin=checkpoint.origin):
        _check_signature(checks, checkpoint, keys, note.ED25519, "log.signature", "Ed25519")
        _check_signature(checks, checkpoint, keys, note.ML_DSA_65, "log.shadow-signature", "ML-DSA-65")
    seen = _check_witnesses(checks, checkpoint, policy, now)
    if max_age is None:
        checks.skipped("log.age", "No limit was set for the age of the checkpoint.")
    else:
        fresh = {name for name, time in seen.items() if now - time <= max_age}
        checks.require(fresh and policy.is_met(fresh), "log.age", "The checkpoint is recent enough.",
                       "The checkpoint is older than the limit, or nobody tells how old it is: ask for a newer proof.", limit=str(max_age))
    if earlier is not None:
        _check_earlier(checks, checkpoint, earlier)


def _check_signature(checks, checkpoint, keys, kind, id, name):
    keys = [key for key in keys if key.type == kind]
    if not keys:
        checks.failed(id, f"The policy has no {name} key of the log, and both kinds are asked for.")
    for key in keys:
        state, _ = checkpoint.note.check(key)
        checks.require(state == note.GOOD, id, f"The {name} signature under the checkpoint is the log's.",
                       f"The {name} signature under the checkpoint is {state}.", key_id=key.id.hex())


def _check_witnesses(checks, checkpoint, policy, now):
    seen = {}
    for name, key in policy.witnesses.items():
        state, time = checkpoint.note.check(key)
        if state == note.WRONG:
            checks.failed("log.witness", f"The signature of {name} under the checkpoint is wrong.", witness=name)
        elif state == note.GOOD and time > now + TOLERANCE:
            checks.skipped("log.witness", f"{name} claims to have seen the checkpoint in the future; it does not count.", witness=name)
        elif state == note.GOOD:
            seen[name] = time
    if policy.quorum is None:
        checks.skipped("log.witnesses", "The policy asks for no witnesses: that the log shows everybody the same is the log's word only.")
    else:
        checks.require(policy.is_met(seen), "log.witnesses", f"Enough witnesses saw the checkpoint: {', '.join(seen)}.",
                       f"Too few witnesses saw the checkpoint for the quorum {policy.quorum}: the log may show others something else.", quorum=policy.quorum)
    return seen


def _check_earlier(checks, head, earlier):
    id = "log.consistency"
    if earlier.size == head.size:
        checks.require(earlier.root == head.root, id, "It is the head that was seen before.",
                       "The log forked: it has signed two different trees of the same size. Keep both checkpoints, they are the evidence.")
    elif earlier.proof is not None:
        (old_size, old_root), (new_size, new_root) = sorted([(earlier.size, earlier.root), (head.size, head.root)])
        checks.require(tree.is_consistent(old_size, old_root, new_size, new_root, earlier.proof), id, "Between the head seen before and this one the log only grew.",
                       "The log forked, or the proof of consistency is wrong.")
    elif head.size < earlier.size:
        checks.failed(id, "The log shrank: a larger head was seen before.")
    else:
        checks.skipped(id, "There is no proof at hand that the log only grew since it was last seen.")
