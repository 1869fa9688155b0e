"""Lines to record: one event a line, as JSON, read from a file or a pipe.

    {"body": {"type": "VoteCast", "decision": "B-1", "seat": "uwv", "choice": "for"},
     "on": "2024-03-01T13:30:00Z", "by": "person-12", "act": "a-42"}

`on` may be left out (now), `act` too (made from the line, so that the same file recorded again
records nothing twice), `recordedBy` and `scope` are optional, and so is `signature`, which
`ketenledger sign act` puts there. `@alias` stands for a person registered earlier in the same
file: `{"type": "PersonRegistered", "person": "@jan"}` has the ledger make the pseudonym, and every
later `"@jan"` means that one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, Any, Final

import msgspec
from msgspec import Struct

from api.founding import as_founded_here
from api.subject_links import require_form
from ledger import catalogue
from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import (
    Event,
    Refused,
    Scope,
    Signature,
    Source,
    instant,
    is_instant,
    require,
)
from ledger.ledger import Ledger
from ledger.log import canonical
from ledger.log.log_key import KeyFolder
from ledger.receipts import Receipt
from ledger.recording import Act
from ledger.sealed import Disclosed, seal_body

MAX_LINE_BYTES: Final = 256 * 1024
BATCH: Final = 2048
ALIAS: Final = re.compile(r"^@[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")


class Line(Struct, forbid_unknown_fields=True, rename="camel"):
    """One line as it was written."""

    body: dict[str, Any]
    by: str = ""
    on: str = ""
    act: str = ""
    recorded_by: str = ""
    scope: Scope | None = None
    source: Source | None = None
    signature: Signature | None = None


class Result(Struct, frozen=True):
    """What came of a line: its number, counted from 1, and the receipt or the refusal."""

    number: int
    outcome: Receipt | Refused


_LINES = msgspec.json.Decoder(Line)


def numbered(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty with their numbers; too long a line comes cut off."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if line.strip():
            yield number, line
        if len(line) > MAX_LINE_BYTES:
            return


def read(text: bytes, *, number: int) -> Line:
    """Read one line, or refuse it (G8, G13) with what is wrong."""
    if len(text) > MAX_LINE_BYTES:
        raise Refused("G7", f"de regel is langer dan {MAX_LINE_BYTES} bytes")
    text = text.strip()
    fault = None if canonical.is_plain(text) else canonical.problem(text)
    if fault is not None:
        raise Refused("G8" if "Veld" in fault else "G13", fault.removesuffix("."))
    try:
        line = _LINES.decode(text)
    except msgspec.ValidationError as error:
        raise Refused("G13", catalogue.in_dutch(str(error))) from error
    act = line.act or f"regel-{number}-{hashlib.sha256(text).hexdigest()[:24]}"
    return msgspec.structs.replace(line, act=act, on=moment(line.on))


def moment(text: str) -> str:
    """Turn a moment with a time zone (RFC 3339) into the one form records hold, or refuse (G13)."""
    if not text or is_instant(text):
        return text
    try:
        found = datetime.fromisoformat(text)
        # At either end of the calendar a time zone may lead out of it.
        there = found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused("G13", f"{text[:40]!r} is geen tijdstip") from error
    if found.tzinfo is None:
        raise Refused("G13", f"{text[:40]!r} heeft geen tijdzone")
    return instant(there)


class Prepared(Struct, frozen=True):
    """A line that is ready to be recorded: the act, what it seals, and the alias it gives."""

    number: int
    act: Act
    disclosures: tuple[Disclosed, ...] = ()
    alias: str = ""


class Recorder:
    """Records lines in order, many at a time, and says what came of each.

    Stops at the first refusal unless told to keep going. A line is recorded whole, with all that
    follows from it, or not at all. Lines recorded before give their first receipt again. A chain
    that is founded names its log key, where `keys` has one, and says whether it is a `demo`.
    """

    def __init__(
        self,
        ledger: Ledger,
        chain: str,
        *,
        keys: KeyFolder | None = None,
        by: str = "",
        source: Source | None = None,
        keep_going: bool = False,
        demo: bool = False,
    ) -> None:
        self._ledger = ledger
        self._demo = demo
        self._chain = chain
        self._keys = keys
        self._by = by
        self._source = source
        self._keep_going = keep_going
        self._aliases: dict[str, str] = {}
        self._stopped = False

    def run(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[Result]:
        """Yield a result for each line, in order, once it is on disk or refused.

        Raises Overloaded or StoreUnavailable; recording the same lines again then goes on.
        """
        waiting: list[Prepared] = []
        for number, text in lines:
            prepared = self._prepared(number, text)
            alone = isinstance(prepared, Refused) or prepared.disclosures or prepared.alias
            if alone or len(waiting) >= BATCH:
                yield from self._together(waiting)
                waiting = []
            if self.stopped():
                return
            if isinstance(prepared, Refused) or alone:
                yield self._alone(number, prepared)
            else:
                waiting.append(prepared)
            if self.stopped():
                return
        yield from self._together(waiting)

    def stopped(self) -> bool:
        """Tell whether a refusal ended the recording."""
        return self._stopped

    def _prepared(self, number: int, text: bytes) -> Prepared | Refused:
        try:
            return self._ready(number, read(text, number=number))
        except Refused as refusal:
            return refusal

    def _ready(self, number: int, line: Line) -> Prepared:
        kind = catalogue.find(str(line.body.get("type"))).kind
        body = line.body
        if self._aliases:
            body = {name: self._person(value) for name, value in body.items()}
        named = line.body.get("person") if kind is PersonRegistered else ""
        alias = named if isinstance(named, str) and ALIAS.match(named) else ""
        if alias:
            require(alias not in self._aliases, "G13", f"{alias} is al eerder geregistreerd")
            body = {**body, "person": ""}
        require_form(kind, body, signed=line.signature is not None)
        sealed = seal_body(kind, body, act=line.act, signed=line.signature is not None)
        event = catalogue.read_body(sealed.body)
        founded = self._founded(event)
        act = Act(
            event=founded,
            by=self._named(line.by or self._by),
            act=line.act,
            on=line.on,
            recorded_by=self._named(line.recorded_by),
            scope=line.scope,
            source=line.source or self._source,
            signature=line.signature,
            read=founded is event,
        )
        require(act.by, "G13", "het veld `by` ontbreekt: wie heeft dit gedaan?")
        return Prepared(number, act, sealed.disclosures, alias)

    def _founded(self, event: Event) -> Event:
        return as_founded_here(event, self._ledger, self._chain, self._keys, demo=self._demo)

    def _person(self, value: Any) -> Any:
        """Put pseudonyms in the place of aliases, in a value or in a list of values."""
        if isinstance(value, list):
            return [self._person(one) for one in value]
        return self._aliases.get(value, value) if isinstance(value, str) else value

    def _named(self, person: str) -> str:
        if not person.startswith("@"):
            return person
        known = not ALIAS.match(person) or person in self._aliases
        require(known, "G13", f"{person} is niet eerder in dit bestand geregistreerd")
        return self._aliases.get(person, person)

    def _alone(self, number: int, prepared: Prepared | Refused) -> Result:
        if isinstance(prepared, Refused):
            return self._result(number, prepared)
        try:
            receipt = self._ledger.submit(self._chain, prepared.act, prepared.disclosures)
        except Refused as refusal:
            return self._result(number, refusal)
        if prepared.alias:
            self._aliases[prepared.alias] = receipt.created
        return self._result(number, receipt)

    def _together(self, waiting: list[Prepared]) -> Iterator[Result]:
        outcomes = self._ledger.submit_each(
            self._chain,
            (one.act for one in waiting),
            stop_at_refusal=not self._keep_going,
        )
        for one, outcome in zip(waiting, outcomes, strict=False):
            yield self._result(one.number, outcome)

    def _result(self, number: int, outcome: Receipt | Refused) -> Result:
        if isinstance(outcome, Refused) and not self._keep_going:
            self._stopped = True
        return Result(number, outcome)
