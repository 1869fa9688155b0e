"""A monitor: follows a log from elsewhere, and holds all it shows against all it showed before.

One round, from top to bottom; whatever does not hold ends it, and the state stays what it was:

    unsigned   no trusted key signed the checkpoint
    other-log  it is the checkpoint of another log
    smaller    the log shows less than it signed before
    fork       two signed checkpoints that cannot both be of one log
    entry      a record is not the one that was signed
    tile       a tile has other hashes than the records give
    root       records and tiles agree, and are not what was signed
    withheld   the log does not give what it signed
    malformed  the log gives something that cannot be read

Each record is hashed anew and the root is computed from those hashes alone, on from the edge that
was verified before: where it is the signed one, the log only grew. Tiles are not needed for that;
they are compared because others rely on them. Rules are not a matter of this module, which takes a
log of anything.

Which keys count, and since when, is told in `monitor_keys`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ledger.log.checkpoint import BadCheckpoint, Head, read_text
from ledger.log.merkle import NotInTree, consistency
from ledger.log.merkle_check import grew, is_root_of
from ledger.log.mirror import Mirror
from ledger.log.monitor_breaks import LogBroken
from ledger.log.monitor_keys import (
    announced,
    keys_after,
    signing_now,
    strangers,
    trust_announced,
    trusted_now,
)
from ledger.log.monitor_state import (
    CannotTell,
    Kept,
    Replayed,
    Seen,
    State,
    rows_of,
)
from ledger.log.monitor_take import Taken, Taking
from ledger.log.note import MalformedNote, Note, read_note
from ledger.log.note_keys import Verifier
from ledger.log.remote import LogUnreachable, LogWrong, RemoteLog
from ledger.log.tiles import ENTRIES, TILE_WIDTH, Edge, Tile, node_reader, width_at


class Followed(NamedTuple):
    """What a round found: the log as it was and is, and what its owner should be told."""

    seen: Seen
    before: int
    note: Note
    notices: tuple[str, ...]
    strangers: tuple[str, ...]
    """Ids of keys that sign beside a trusted one, of which the owner was not told yet."""


class Round(NamedTuple):
    """What a round works with: keys that are `given`, and whether to read all of it `again`.

    `until` is a moment of the monotonic clock, `now` the time to write in the state.
    """

    log: RemoteLog
    kept: Kept
    mirror: Mirror
    given: Sequence[Verifier]
    again: bool
    until: float
    now: str


def follow(work: Round) -> Followed:
    """Bring the state and the copy up to the checkpoint that the log shows now.

    Raises LogBroken, with what it showed kept as evidence; LogUnreachable or CannotTell, from which
    nothing follows about the log. The state must be locked.
    """
    seen = work.kept.read()
    shown = b""
    try:
        shown = work.log.checkpoint()
        return _followed(work, seen, shown)
    except LogWrong as wrong:
        broken = LogBroken(wrong.kind, str(wrong))
        _keep_evidence(work.kept, broken, seen, shown)
        raise broken from wrong
    except LogBroken as broken:
        _keep_evidence(work.kept, broken, seen, shown)
        raise
    except OSError as error:
        raise CannotTell(f"De kopie is niet bij te werken: {error.strerror}.") from error


def remember_replay(
    kept: Kept, followed: Followed, replayed: Replayed, named: Sequence[tuple[int, str]]
) -> list[Verifier]:
    """Remember what replaying the rules over the verified copy gave; return the keys it brought.

    `named` are the keys of the log that sound records name, each with its position.
    """
    state = followed.seen.state
    found = announced(state.keys, named, followed.note, followed.before)
    more = [trust_announced(one, followed.note) for one in found]
    kept.write(msgspec.structs.replace(state, replayed=replayed, keys=[*state.keys, *more]))
    return found


def _followed(work: Round, seen: Seen | None, shown: bytes) -> Followed:
    note, head = _read(shown)
    trusted = trusted_now(work.log, work.given, seen, note)
    signing = signing_now(shown, head, trusted)
    _require_ahead(work, seen, head)
    edge = _edge_at(work, seen, head)
    keys, notices = keys_after(trusted, signing, head.origin)
    strange = strangers(note, head.origin, trusted)
    told = set() if seen is None else set(seen.state.told)
    state = State(
        log=work.log.url,
        keys=keys,
        checkpoint=str(note),
        edge=rows_of(edge),
        checked=work.now,
        replayed=None if seen is None else seen.state.replayed,
        told=strange,
    )
    work.mirror.keep("checkpoint", note.encode())
    work.kept.write(state)
    before = 0 if seen is None else seen.head.size
    work.mirror.tidy(before, head.size)
    fresh = tuple(one for one in strange if one not in told)
    return Followed(Seen(state, head, edge), before, note, tuple(notices), fresh)


# The checkpoint


def _read(shown: bytes) -> tuple[Note, Head]:
    try:
        note = read_note(shown)
        head = read_text(note.text)
    except (MalformedNote, BadCheckpoint) as error:
        raise LogBroken("malformed", f"Wat het log toont is geen controlepunt: {error}") from error
    if not is_root_of(head.size, head.root):
        raise LogBroken("root", "Een leeg log heeft niet deze wortel.")
    return note, head


# What the log was, and what it is


def _require_ahead(work: Round, seen: Seen | None, head: Head) -> None:
    """Refuse a log of another name, that is smaller than it was, or of equal size and different."""
    if seen is None:
        return
    old = seen.head
    if head.origin != old.origin:
        raise LogBroken("other-log", f"Dit is log {head.origin}; gevolgd wordt {old.origin}.")
    if head.size == old.size and head.root != old.root:
        raise _forked(old, head, _first_difference(work, old, head))
    if head.size < old.size:
        ours = work.mirror.root(head.size, old.size)
        less = f"Het log toont omvang {head.size}, terwijl het eerder {old.size} tekende"
        if ours is not None and ours != head.root:
            raise LogBroken("fork", f"{less}, en het is ook niet het begin van wat toen bestond.")
        raise LogBroken("smaller", f"{less}: er is iets afgehaald of teruggezet.", head.size)


def _edge_at(work: Round, seen: Seen | None, head: Head) -> Edge:
    """Return the edge of the tree at this head, which the records themselves were found to give."""
    # A copy that was verified stays as it is until another one is.
    mirror = work.mirror.anew() if work.again else work.mirror
    taking = Taking(work.log, mirror, until=work.until)
    start = Edge() if seen is None or work.again else seen.edge
    taken = taking.take(start, head.size)
    if taken.edge.root() != head.root and taken.reused:
        # What an earlier run left may have been wrong then and right now.
        taken = taking.take(start, head.size, reuse=False)
    if taken.edge.root() != head.root:
        raise _unlike(work, seen, head, taken)
    if taken.replaced is not None:
        raise _entry_broken(taken.replaced.position)
    if taken.tile is not None:
        what = f"{taken.tile.path} past niet bij de vastleggingen waarover zij gaat"
        raise LogBroken(
            "tile", f"{what}, vanaf vastlegging {taken.tile.position}.", taken.tile.position
        )
    if work.again:
        if seen is not None and mirror.root(seen.head.size, head.size) != seen.head.root:
            raise _forked(seen.head, head, _first_difference(work, seen.head, head))
        work.mirror.replace(mirror)
    return taken.edge


def _unlike(work: Round, seen: Seen | None, head: Head, taken: Taken) -> LogBroken:
    """Find out why the records do not give the signed root."""
    if seen is not None and not _grew(work.log, seen.head, head):
        return _forked(seen.head, head, _first_difference(work, seen.head, head))
    where = taken.replaced or taken.tile
    position = None if where is None else where.position
    if position is None and seen is not None:
        # Who changes a record in a database may get its hash, and so the tiles, changed with it.
        position = _first_difference(work, seen.head, head)
    if position is not None:
        return _entry_broken(position)
    return LogBroken("root", "De vastleggingen en tegels geven samen niet de getekende wortel.")


def _entry_broken(position: int) -> LogBroken:
    what = f"Vastlegging {position} is niet wat onder het controlepunt is getekend."
    return LogBroken("entry", what, position)


def _forked(old: Head, new: Head, position: int | None) -> LogBroken:
    what = (
        f"Het log van omvang {new.size} bouwt niet voort op dat van omvang {old.size} dat eerder "
        "is getekend: het toont een andere geschiedenis"
    )
    where = "" if position is None else f", te beginnen bij vastlegging {position}"
    return LogBroken("fork", f"{what}{where}.", position)


def _grew(log: RemoteLog, old: Head, new: Head) -> bool:
    """Tell whether the tiles of the log prove that it began with what was seen."""
    try:
        proof = consistency(old.size, new.size, node_reader(new.size, log.hashes))
    except (LogWrong, NotInTree):
        return False
    return grew((old.size, old.root), (new.size, new.root), proof)


def _first_difference(work: Round, old: Head, new: Head) -> int | None:
    """Return the first verified record that the log has otherwise now; None where it cannot be."""
    for index in range(-(-old.size // TILE_WIDTH)):
        ours = work.mirror.entries(Tile(ENTRIES, index, width_at(ENTRIES, index, old.size)))
        try:
            # As wide as the log is now: not every host keeps the partial bundles of before.
            theirs = work.log.entries(Tile(ENTRIES, index, width_at(ENTRIES, index, new.size)))
        except (LogWrong, LogUnreachable):
            return None
        if ours is None:
            return None
        for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            if one != other:
                return index * TILE_WIDTH + number
    return None


def _keep_evidence(kept: Kept, broken: LogBroken, seen: Seen | None, shown: bytes) -> None:
    path = kept.keep_evidence(
        broken.kind,
        str(broken),
        seen="" if seen is None else seen.state.checkpoint,
        shown=shown.decode("utf-8", "replace"),
    )
    broken.evidence = "" if path is None else str(path)


__all__ = [
    "CannotTell",
    "Followed",
    "LogBroken",
    "Round",
    "follow",
    "remember_replay",
]
