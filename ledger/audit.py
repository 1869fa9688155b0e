"""The audit: replays a log through the very functions that wrote it, and names every break.

Each act is asked for again, on the state of everything before it; the log must hold exactly the
bytes that this gives: the act with what made it lawful, then its consequences. What time brought
must have been due, and be the first that was. Rules are read from no other place than the log.

After a break the audit goes on with what stands in the log, as far as it can be read. What follows
from a broken act is taken as it is. Two things only a checkpoint can tell: that the newest records
were cut off, and that a text nobody decides by was replaced in a record that is otherwise sound;
the stored leaf hash, where given, shows the latter as well.

One pass, one state, at most the consequences of one act in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from ledger import catalogue, recording
from ledger.catalogue import Record
from ledger.domain import chain as fold
from ledger.domain.chain import ChainState
from ledger.domain.values import RULES, NotAllowed, Refused
from ledger.faults import FAULTS
from ledger.findings import Break, Findings, Kind, Stored, differences
from ledger.log import canonical
from ledger.recording import Act, Entry, Recorded

__all__ = ["Break", "Findings", "Stored", "audit"]

MAX_BREAKS: Final = 100
NOT_AS_GIVEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, Refused, *FAULTS)
"""How it shows that a record is not what the rules give, before it is known why."""


class Lying(Protocol):
    """A record as it lies somewhere: a row of the store, or anything with a place and bytes."""

    @property
    def position(self) -> int: ...
    @property
    def data(self) -> bytes: ...


def audit(records: Iterable[Lying], chain: str, *, max_breaks: int = MAX_BREAKS) -> Findings:
    """Return what is wrong with these records, which should be a whole chain in order."""
    return audit_from(records, ChainState(name=chain), max_breaks=max_breaks)


def audit_from(
    records: Iterable[Lying], state: ChainState, *, max_breaks: int = MAX_BREAKS
) -> Findings:
    """Return what is wrong with these records, which should go on from this state in order.

    The first of them is an act, or what time brought: the consequence of no record before it.
    """
    replay = _Replay(state)
    for number, row in enumerate(records, start=1):
        replay.take(row)
        if len(replay.breaks) >= max_breaks:
            return _findings(replay, number, complete=False)
    replay.end()
    return _findings(replay, replay.count, complete=True)


def _findings(replay: _Replay, count: int, *, complete: bool) -> Findings:
    first = min((one.position for one in replay.breaks), default=count)
    return Findings(
        chain=replay.name,
        records=count,
        clean=min(first, count),
        breaks=tuple(replay.breaks),
        complete=complete,
    )


class _Replay:
    """The state so far, and what must come next.

    `expected` are the consequences still to come of the act or term in hand. As long as everything
    is byte for byte as expected, `after` is the state once all of them came; otherwise (`exact` is
    false) the state is folded record by record from what stands. `loose` means that whatever
    follows has no measure, because what it follows from is broken.
    """

    def __init__(self, state: ChainState) -> None:
        self.name = state.name
        self.breaks: list[Break] = []
        self.count = 0
        self._state = state
        self._after = self._state
        self._came: list[Entry] = []
        self._expected: Sequence[Entry] = ()
        self._exact = True
        self._loose = False
        self._next_row = state.size
        self._shift = 0
        self._chain_said = state.name

    def take(self, row: Lying) -> None:
        """Judge the next record: at a glance where it is what the rules give, else by its parts."""
        self.count += 1
        leaf_hash = getattr(row, "leaf_hash", b"")
        if leaf_hash and leaf_hash != canonical.leaf_hash(row.data):
            self._break(row, "changed-byte", "de bytes passen niet bij de bewaarde bladhash")
        if row.position != self._next_row:
            self._judge_order(row)
        else:
            self._next_row += 1
        if self._as_expected(row) if self._expected else self._as_given(row):
            return
        record = self._read(row)
        if record is None:
            return
        self._judge_place(row, record)
        if record.header.cause is None:
            self.end()
            self._start(row, record)
        elif self._expected:
            self._consequence(row, record)
        else:
            self._stray(row, record)

    def end(self) -> None:
        """Nothing more follows from the act in hand: whatever is still expected is missing."""
        self._settle()
        if self._expected:
            self._missing(self._state.size, self._expected)
        self._expected = ()
        self._exact, self._loose = True, False
        self._came = []

    # The bytes and the order

    def _judge_order(self, row: Lying) -> None:
        if row.position < self._next_row:
            self._break(row, "wrong-order", f"komt na gebeurtenis {self._next_row - 1}")
            return
        missing = f"{self._next_row} tot en met {row.position - 1}"
        self._break_at(self._next_row, "gap", f"in de reeks ontbreekt {missing}")
        self._next_row = row.position + 1

    def _read(self, row: Lying) -> Record | None:
        """Read a record; one that cannot be read is passed over as if it were the expected one."""
        try:
            record = catalogue.decode(row.data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._break(row, "unreadable", f"dit is geen vastlegging ({error})")
            self._pass_over(row)
            return None
        return record

    def _judge_form(self, row: Lying, record: Record) -> None:
        """Needed only where the bytes were not those that the rules gave."""
        try:
            sound = catalogue.encode(record.body, record.header) == row.data
        except canonical.NotCanonical:
            sound = False
        if not sound:
            self._break(row, "changed-byte", "de bytes zijn niet de canonieke vorm van de inhoud")

    def _pass_over(self, row: Lying) -> None:
        self._settle()
        self._exact = False
        if self._expected:
            known, *rest = self._expected
            self._fold(row, Record(body=known.event, header=known.header))
            self._expected = rest
        else:
            self._loose = True
        self._state = replace(self._state, size=row.position + 1)

    def _judge_place(self, row: Lying, record: Record) -> None:
        header = record.header
        shift = header.position - row.position
        if shift not in (0, self._shift):
            self._break(row, "wrong-position", f"noemt zichzelf gebeurtenis {header.position}")
        self._shift = shift
        if header.chain != self._chain_said and header.chain != self.name:
            self._break(row, "wrong-chain", f"hoort bij keten {header.chain}")
        self._chain_said = header.chain
        if header.at < self._now():
            self._break(row, "time", f"is vastgelegd op {header.at}, na iets van {self._now()}")

    def _now(self) -> str:
        return self._came[-1].header.at if self._came else self._state.at

    # What came as the rules give it

    def _as_expected(self, row: Lying) -> bool:
        """Take a consequence that is byte for byte the next one; tell whether it is."""
        if not self._exact or row.data != self._expected[0].data:
            return False
        self._came.append(self._expected[0])
        self._expected = self._expected[1:]
        self._settle_when_complete()
        return True

    def _as_given(self, row: Lying) -> bool:
        """Take an act, or what time brought, where asking again gives just these bytes, here.

        Then its place, its chain and its time are right as well, for they stand in the bytes. Tell
        whether it is so; nothing has changed where it is not.
        """
        if row.position != self._state.size:
            return False
        try:
            record = catalogue.decode(row.data)
            found = None if record.header.cause is not None else self._asked(record)
        except NOT_AS_GIVEN:
            return False
        if found is None or found.entries[0].data != row.data:
            return False
        self._shift, self._chain_said, self._loose = 0, self.name, False
        if len(found.entries) == 1:
            self._state, self._exact = found.chain, True
        else:
            self._begin(found, found.entries)
        return True

    def _begin(self, recorded: Recorded, entries: Sequence[Entry]) -> None:
        """The first entry stands in the log; the others have to follow."""
        self._after = recorded.chain
        self._came = [entries[0]]
        self._expected = entries[1:]
        self._exact = True
        self._settle_when_complete()

    def _settle_when_complete(self) -> None:
        if not self._expected:
            self._state = self._after
            self._came = []

    def _settle(self) -> None:
        """Fold what came as expected so far, because something else comes now."""
        for entry in self._came:
            self._state = fold.evolve(self._state, entry.event, entry.header)
        self._came = []

    # An act, or what time brought

    def _start(self, row: Lying, record: Record) -> None:
        if self._state.size != record.header.position:
            self._state = replace(self._state, size=record.header.position)
        found = self._again(row, record)
        if found is None:
            self._judge_form(row, record)
            self._loose = True
            self._fold(row, record)
            return
        entries = found.entries[found.first - found.entries[0].header.position :]
        if len(entries) < len(found.entries):
            ahead = found.entries[: len(found.entries) - len(entries)]
            self._missing(row.position, ahead)
        if entries[0].data == row.data:
            self._begin(found, entries)
            return
        self._judge_form(row, record)
        self._compare(row, record, entries[0])
        self._fold(row, record)
        self._expected, self._exact = entries[1:], False

    def _again(self, row: Lying, record: Record) -> Recorded | None:
        """Ask for this record again; None, with a finding, where it would not come about."""
        try:
            found = self._asked(record)
        except NotAllowed as refusal:
            self._break(row, "not-lawful", refusal.reason, rule=refusal.rule)
        except Refused as refusal:
            kind: Kind = "duplicate-act" if refusal.rule == "G6" else "refused"
            self._break(row, kind, refusal.reason, rule=refusal.rule)
        except FAULTS as error:
            self._break(row, "not-replayable", f"past niet op wat ervoor staat ({error!r})")
        else:
            if found is None or (record.header.by == RULES and not _same(found, record)):
                wanted = _names(found.entries[:1]) if found else "niets"
                what = f"{_name(record)} volgt uit geen regel; op dat moment verviel: {wanted}"
                self._break(row, "not-a-consequence", what)
                return None
            return found
        return None

    def _asked(self, record: Record) -> Recorded | None:
        header = record.header
        if header.by == RULES:
            return recording.one_due(self._state, now=header.at, at=header.at)
        act = Act(
            event=record.body,
            by=header.by,
            act=header.act,
            on=header.on,
            recorded_by=header.recorded_by,
            scope=header.scope,
            source=header.source,
            signature=header.signature,
            read=True,
        )
        return recording.record(self._state, act, at=header.at)

    # A consequence that is not byte for byte the expected one

    def _consequence(self, row: Lying, record: Record) -> None:
        self._settle()
        self._exact = False
        self._judge_form(row, record)
        place = next(
            (n for n, entry in enumerate(self._expected) if entry.event == record.body), None
        )
        if place is None:
            wanted = _names(self._expected[:1])
            what = f"{_name(record)} volgt hier niet uit de regels; verwacht: {wanted}"
            self._break(row, "not-a-consequence", what)
        else:
            if place:
                self._missing(row.position, self._expected[:place])
            self._compare(row, record, self._expected[place])
            self._expected = self._expected[place + 1 :]
        self._fold(row, record)

    def _stray(self, row: Lying, record: Record) -> None:
        """A consequence of nothing: said once for each run of them."""
        self._judge_form(row, record)
        if not self._loose:
            what = f"{_name(record)} noemt als oorzaak gebeurtenis {record.header.cause}"
            self._break(row, "not-a-consequence", f"{what}, die dit niet tot gevolg heeft")
        self._loose = True
        self._fold(row, record)

    def _compare(self, row: Lying, record: Record, expected: Entry) -> None:
        """Name what the header says otherwise than the ledger would have written."""
        back = record.header.at < self._now()
        for field, what in differences(record.header, expected.header):
            kind: Kind = "wrong-under" if field == "under" else "wrong-header"
            if not (back and field == "at"):
                self._break(row, kind, what)

    def _fold(self, row: Lying, record: Record) -> None:
        """Go on with what stands, if it can stand at all."""
        try:
            self._state = fold.evolve(self._state, record.body, record.header)
        except FAULTS as error:
            self._break(row, "not-replayable", f"past niet op wat ervoor staat ({error!r})")
            self._state = replace(self._state, size=record.header.position + 1, at=record.header.at)

    # The findings

    def _missing(self, position: int, entries: Sequence[Entry]) -> None:
        self._break_at(position, "missing-consequence", f"ontbreekt: {_names(entries)}")

    def _break(self, row: Lying, kind: Kind, what: str, *, rule: str = "") -> None:
        self._break_at(row.position, kind, what, rule=rule)

    def _break_at(self, position: int, kind: Kind, what: str, *, rule: str = "") -> None:
        sentence = f"Gebeurtenis {position}: {what}."
        self.breaks.append(Break(position=position, kind=kind, sentence=sentence, rule=rule))


def _same(found: Recorded, record: Record) -> bool:
    return bool(found.entries[0].event == record.body)


def _name(record: Record) -> str:
    return type(record.body).__name__


def _names(entries: Sequence[Entry]) -> str:
    return ", ".join(type(entry.event).__name__ for entry in entries)
