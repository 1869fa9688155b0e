"""A file of Python Enhancement Proposals, recorded in memory, ready to be asked."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

from api import peps
from api.record_lines import Line
from ledger import catalogue, recording
from ledger.domain.chain import ChainState
from ledger.domain.events.outcomes import DecisionRecorded, DecisionStatusRecorded
from ledger.recording import Act, Entry
from ledger.sealed import seal_body
from tests.conformance import peps_history as told

NOW = "2026-11-21T20:00:00.000000Z"


class Import:
    """A file, the lines made of it, and what recording them gave."""

    def __init__(
        self, document: told.Document, lines: list[Line], state: ChainState, entries: list[Entry]
    ) -> None:
        self.document = document
        self.lines = lines
        self.state = state
        self.entries = entries

    @cached_property
    def facts(self) -> dict[str, dict[str, Any]]:
        """The decisions of the file, by id."""
        return {one["id"]: one for one in self.document["decisions"]}

    @cached_property
    def names(self) -> dict[str, str]:
        """The name behind each pseudonym."""
        people = (one.body for one in self.lines if one.body["type"] == "PersonRegistered.v1")
        return {body["person"]: body["name"] for body in people}

    @cached_property
    def statuses(self) -> dict[str, list[tuple[str, Any]]]:
        """The moments and events that gave each decision a status, in order."""
        found: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        for on, event in self.of(DecisionRecorded, DecisionStatusRecorded):
            found[event.decision].append((on, event))
        return found

    def of(self, *kinds: type[Any]) -> list[tuple[str, Any]]:
        """Return (moment, event) of everything recorded of these types."""
        return [(one.header.on, one.event) for one in self.entries if isinstance(one.event, kinds)]


def imported(path: Path) -> Import:
    """Record a file in memory, sealed as the recorder does it; every line has to be accepted."""
    document, digest = told.load(path)
    lines = list(peps.lines(document, sha256=digest))
    state, entries = ChainState(name="peps"), list[Entry]()
    for line in lines:
        done = recording.record(state, act_of(line), at=NOW)
        state = done.chain
        entries.extend(done.entries)
    return Import(document, lines, state, entries)


def act_of(line: Line) -> Act:
    """Return the act that a line asks for, with its names sealed."""
    sealed = seal_body(catalogue.find(line.body["type"]).kind, line.body)
    return Act(
        event=catalogue.read_body(sealed.body),
        by=line.by,
        on=line.on,
        act=line.act,
        scope=line.scope,
        source=line.source,
    )
