"""A witness, after C2SP tlog-witness: it cosigns that a log only ever grew, and remembers.

What it answers to a request to cosign, in this order:

    400   the request is malformed
    404   it does not follow this log
    403   no key of the log signed the checkpoint, or one did not sign it as it says
    400   the old size is above that of the checkpoint
    409   the old size is not what it last cosigned; the answer is that size
    422   the proof does not show that the log only grew
    200   cosigned; the answer is the signature line

The state of a log is its last checkpoint as cosigned, one file per log. It replaces the one before
as a whole and is on disk before anybody hears of it, under a lock between threads and processes:
whatever dies in between, no answer was given that is not remembered. A state that cannot be read
is refused and never taken for none, since that would let a log begin anew. No time in a cosignature
is older than the one before, also where the clock goes back.

A log that shows two histories is kept as evidence, which the witness itself cannot repair.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

from ledger.log.checkpoint import BadCheckpoint, Head, from_base64, read_number, read_text
from ledger.log.kept_files import sync_folder
from ledger.log.merkle_check import MAX_PROOF_HASHES, grew, is_root_of
from ledger.log.note import (
    BadNote,
    MalformedNote,
    Note,
    Signature,
    UntrustedNote,
    open_note,
    read_note,
    signature,
    verified,
)
from ledger.log.note_keys import TIME_BYTES, BadKey, Signer, Verifier

MAX_BODY_BYTES: Final = 131_072
"""Room for the longest proof and more than thirty signatures of the largest kind."""

MAX_EVIDENCE: Final = 32
"""How many pieces of evidence of a kind are kept for each log; the first ones stay."""

LOCK_SECONDS: Final = 10.0
"""How long one who asks waits for another who asks about the same log."""

LOCK_AGAIN_SECONDS: Final = 0.005

TEXT: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"

_STATE: Final = ".checkpoint"
_EVIDENCE: Final = "evidence"

EvidenceKind = Literal["conflict", "unproven"]
"""A conflict is two signed roots for one size, which alone convicts a log. Unproven is a larger
checkpoint with a proof that fails, of which the log or whoever passed it on may be the cause."""


class WitnessUnavailable(Exception):
    """The state cannot be read or kept now, so that nothing is cosigned; says in Dutch why."""


class Answer(NamedTuple):
    """What a witness answers: an HTTP status, a body and the kind of text it is."""

    status: int
    body: bytes
    content_type: str = TEXT


class Asked(NamedTuple):
    """A request to cosign: from which size on, proven how, and the checkpoint as a note."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    head: Head


class Seen(NamedTuple):
    """What was last cosigned of a log, and at which second at the latest."""

    head: Head
    note: Note
    time: int


class Witness:
    """Cosigns the checkpoints of these logs; safe to share between threads and processes.

    `logs` gives by origin the keys that sign for a log. Raises BadKey for keys that cannot be
    told apart or have another name, and where the key of the witness does not cosign.
    """

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        logs: Mapping[str, Sequence[Verifier]],
        *,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        if not signer.verifier.cosigns:
            raise BadKey("Een getuige tekent met een sleutel voor medeondertekening.")
        for origin, keys in logs.items():
            _require_keys(origin, keys, signer.verifier)
        self._folder = folder
        self._signer = signer
        self._lock_seconds = lock_seconds
        self._logs = {origin: tuple(keys) for origin, keys in logs.items()}
        self._origins = {origin_hash(origin): origin for origin in logs}
        with _ours(folder):
            (folder / _EVIDENCE).mkdir(mode=0o700, parents=True, exist_ok=True)

    def add_checkpoint(self, body: bytes, now: int) -> Answer:
        """Answer a request to cosign, at this second since 1970.

        Raises WitnessUnavailable; the state then is what it was, or the new one was kept without
        an answer, which a next request will be told.
        """
        try:
            asked = read_request(body)
        except (BadCheckpoint, MalformedNote) as error:
            return _said(400, str(error))
        keys = self._logs.get(asked.head.origin)
        if keys is None:
            return _said(404, "Deze getuige volgt dit log niet.")
        try:
            note, found = open_note(asked.note.encode(), keys)
        except UntrustedNote as error:
            return _said(403, str(error))
        if asked.old > asked.head.size:
            return _said(400, "De oude omvang is groter dan die van het controlepunt.")
        # What other keys signed is not ours to keep or to pass on.
        trusted = Note(note.text, tuple(dict.fromkeys(one.signature for one in found)))
        with self._locked(asked.head.origin):
            return self._decide(asked._replace(note=trusted), max(now, 1))

    def latest(self, hashed: str) -> bytes | None:
        """Return the last checkpoint cosigned of a log, which monitors name by `origin_hash`.

        None where none was, or where the log is not followed. Raises WitnessUnavailable.
        """
        origin = self._origins.get(hashed)
        seen = None if origin is None else self._seen(origin)
        return None if seen is None else seen.note.encode()

    def _decide(self, asked: Asked, now: int) -> Answer:
        """Answer a request that the log did sign, with its state locked."""
        head = asked.head
        seen = self._seen(head.origin)
        size = 0 if seen is None else seen.head.size
        if seen is not None and head.size == size and head.root != seen.head.root:
            self._keep_evidence("conflict", seen, asked)
        if asked.old != size:
            return Answer(409, b"%d\n" % size, SIZE)
        if not _proven(asked, seen):
            if seen is not None and head.size > size:
                self._keep_evidence("unproven", seen, asked)
            return _said(422, "Het bewijs toont niet dat het log alleen is gegroeid.")
        at = now if seen is None else max(now, seen.time)
        made = signature(asked.note.text, self._signer, at=at)
        self._keep(self._path(head.origin, _STATE), asked.note.with_signatures([made]).encode())
        return Answer(200, made.line().encode())

    def _seen(self, origin: str) -> Seen | None:
        path = self._path(origin, _STATE)
        with _ours(path):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                # Only this; a file that is there and cannot be read is not absent.
                return None
        ours = self._signer.verifier
        try:
            # A log or witness with a new key still finds the signature of the other.
            note, found = open_note(data, [*self._logs[origin], ours])
            head = read_text(note.text)
        except (BadNote, BadCheckpoint) as error:
            raise WitnessUnavailable(f"De toestand in {path} is beschadigd: {error}") from error
        if head.origin != origin:
            raise WitnessUnavailable(f"De toestand in {path} is van een ander log.")
        times = [one.time for one in found if one.verifier == ours and one.time is not None]
        return Seen(head, note, max(times, default=0))

    def _keep_evidence(self, kind: EvidenceKind, seen: Seen, asked: Asked) -> None:
        """Keep what was cosigned beside what was shown now; once, and not without end."""
        shown = hashlib.sha256(asked.note.text.encode()).hexdigest()
        prefix = f"{origin_hash(asked.head.origin)}.{kind}."
        path = self._folder / _EVIDENCE / f"{prefix}{shown[:32]}.json"
        with _ours(path):
            kept = [one for one in os.listdir(path.parent) if one.startswith(prefix)]
        if path.name in kept or len(kept) >= MAX_EVIDENCE:
            return
        proof = [one.hex() for one in asked.proof]
        told = {"kind": kind, "cosigned": str(seen.note), "shown": str(asked.note)}
        text = json.dumps({**told, "old": asked.old, "proof": proof}, ensure_ascii=False, indent=1)
        self._keep(path, f"{text}\n".encode())

    def _keep(self, path: Path, data: bytes) -> None:
        """Put a file in place whole, on disk before this returns; the log of it is locked."""
        # One name for what is not in place yet: what a crash left behind is written over.
        fresh = path.parent / f".{path.name.split('.')[0]}.new"
        with _ours(path):
            with open(fresh, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
            sync_folder(path.parent)

    @contextmanager
    def _locked(self, origin: str) -> Iterator[None]:
        """Be the only one who decides about a log, in this process and all others."""
        path = self._path(origin, ".lock")
        with _ours(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with _ours(path):
                _wait_for(descriptor, path, self._lock_seconds)
            yield
        finally:
            # Closing gives up the lock; so does the end of the process, whatever ends it.
            os.close(descriptor)

    def _path(self, origin: str, ending: str) -> Path:
        return self._folder / f"{origin_hash(origin)}{ending}"


def origin_hash(origin: str) -> str:
    """Return the name under which monitors ask for a log: the SHA-256 of its origin, in hex."""
    return hashlib.sha256(origin.encode()).hexdigest()


def read_request(body: bytes) -> Asked:
    """Return what a request to cosign says; raises BadCheckpoint or MalformedNote."""
    if len(body) > MAX_BODY_BYTES:
        raise MalformedNote(f"Het verzoek is groter dan {MAX_BODY_BYTES} bytes.")
    top, empty_line, checkpoint = body.partition(b"\n\n")
    try:
        first, *hashes = top.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedNote("De omvang en het bewijs zijn geen ASCII.") from error
    if not empty_line or not first.startswith("old "):
        raise MalformedNote("Een verzoek begint met 'old', en een lege regel na het bewijs.")
    if len(hashes) > MAX_PROOF_HASHES:
        raise MalformedNote(f"Een bewijs telt ten hoogste {MAX_PROOF_HASHES} regels.")
    old = read_number(first.removeprefix("old "))
    proof = tuple(_read_hash(line) for line in hashes)
    note = read_note(checkpoint)
    return Asked(old, proof, note, read_text(note.text))


class Shown(NamedTuple):
    """What a state folder says of one log: time is when it was last cosigned (since 1970)."""

    head: Head
    time: int
    conflicts: int
    unproven: int


def read_state(folder: Path) -> list[Shown]:
    """Return what a witness keeps in this folder, without its keys; raises WitnessUnavailable."""
    with _ours(folder):
        states = sorted(folder.glob(f"*{_STATE}"))
        evidence = sorted(one.name for one in (folder / _EVIDENCE).glob("*.json"))
    return sorted(_shown(path, evidence) for path in states)


def _shown(path: Path, evidence: Sequence[str]) -> Shown:
    try:
        with _ours(path):
            note = read_note(path.read_bytes())
        head = read_text(note.text)
    except (BadNote, BadCheckpoint) as error:
        raise WitnessUnavailable(f"De toestand in {path} is beschadigd: {error}") from error
    hashed = path.name.removesuffix(_STATE)
    kinds = [name.split(".")[1] for name in evidence if name.startswith(f"{hashed}.")]
    return Shown(head, _time(note.signatures[-1]), kinds.count("conflict"), kinds.count("unproven"))


def _time(made: Signature) -> int:
    """Return the time in a cosignature; that of the witness itself stands last in its state."""
    return int.from_bytes(made.data[:TIME_BYTES], "big")


def _proven(asked: Asked, seen: Seen | None) -> bool:
    """Tell whether the log only grew since it was last seen; never seen is as good as empty."""
    new = (asked.head.size, asked.head.root)
    if seen is None:
        return not asked.proof and is_root_of(*new)
    return grew((seen.head.size, seen.head.root), new, asked.proof)


def _read_hash(line: str) -> bytes:
    try:
        data = from_base64(line)
    except ValueError as error:
        raise MalformedNote(f"Een regel van het bewijs {error}.") from error
    if len(data) != hashlib.sha256().digest_size:
        raise MalformedNote("Een regel van het bewijs telt 32 bytes.")
    return data


def _require_keys(origin: str, keys: Sequence[Verifier], ours: Verifier) -> None:
    if not keys or any(key.name != origin for key in keys):
        raise BadKey(f"De sleutels van {origin} hebben die naam, en ten minste één is er.")
    if any(key.cosigns for key in keys):
        raise BadKey(f"Een log tekent met Ed25519; een sleutel van {origin} is van een getuige.")
    if origin == ours.name:
        raise BadKey(f"{origin} kan geen getuige van zichzelf zijn.")
    # Asking what nobody signed finds only whether two keys can be told apart.
    list(verified(Note("", ()), keys))


def _wait_for(descriptor: int, path: Path, seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise WitnessUnavailable(f"{path} bleef in gebruik bij een ander.") from error
            time.sleep(LOCK_AGAIN_SECONDS)
        else:
            return


@contextmanager
def _ours(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into what a caller of the witness expects."""
    try:
        yield
    except OSError as error:
        raise WitnessUnavailable(f"{path} kan niet worden gebruikt: {error.strerror}.") from error


def _said(status: int, sentence: str) -> Answer:
    return Answer(status, f"{sentence}\n".encode())
