"""Acts one after another whose texts are sealed: in one import, again, and after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from ledger.domain import sealing
from ledger.domain.events.bodies import BodyEstablished
from ledger.domain.events.chains import DrivingProblemRecorded
from ledger.domain.events.memory import RationaleAdded
from ledger.domain.events.outcomes import DecisionRecorded
from ledger.domain.values import Event, Refused
from ledger.ledger import Act, Ledger, Receipt
from ledger.log.store import Store
from ledger.timer import Timer
from ledger.vault import Vault
from tests.domain.given import IMPORTER, SOURCE
from tests.log.scene import CHAIN, found, log_of, until

TEAM = BodyEstablished(
    body="team", name="Kernteam", kind="core-team", level="strategic", records_scope="confidential"
)
DECIDED = DecisionRecorded(
    decision="b-1", body="team", title="Meten", status="in-force", text="Stil meten."
)
LATER = RationaleAdded(decision="b-1", text="Stil gemeten.")
OPEN = DrivingProblemRecorded(text="Iedereen weet dit.")
KEYS = "SELECT subject FROM subject_keys ORDER BY subject"
PLACES = "SELECT digest, position FROM disclosures ORDER BY digest"
FORGET_POSITIONS = "UPDATE disclosures SET position = NULL"


@pytest.fixture
def ledger(store: Store, vault: Vault) -> Iterator[Ledger]:
    with Ledger(store, vault=vault) as ledger:
        found(ledger)
        yield ledger


def acts(*events: Event) -> list[Act]:
    return [
        Act(event=event, by=IMPORTER, source=SOURCE, act=f"{type(event).__name__}-{number}")
        for number, event in enumerate(events)
    ]


def told(ledger: Ledger, vault: Vault) -> list[tuple[str, str]]:
    """Return the scope and the opened texts of the records of an import."""
    found = []
    for one in log_of(ledger):
        if one.header.source is not None:
            texts = [text for _, text in sealing.texts(one.body)]
            opened = vault.open(CHAIN, [sealing.sealed_as(text) for text in texts])
            values = [value.value if value else "?" for value in opened.values()] or texts
            found += [(one.header.scope, text) for text in values]
    return found


def test_acts_of_one_import_are_sealed_where_an_earlier_one_makes_them_confidential(
    ledger: Ledger, vault: Vault, store: Store
) -> None:
    wanted = acts(OPEN, TEAM, DECIDED, OPEN, LATER)
    outcomes = ledger.submit_many(CHAIN, wanted)
    assert all(isinstance(one, Receipt) for one in outcomes), outcomes
    assert told(ledger, vault) == [
        ("chain", "Iedereen weet dit."),
        ("confidential", "Stil meten."),
        ("chain", "Iedereen weet dit."),
        ("confidential", "Stil gemeten."),
    ]
    with store.connection() as conn:
        assert [row["subject"] for row in conn.execute(KEYS)] == ["decision:b-1"]
    again = ledger.submit_many(CHAIN, wanted)
    assert [one.repeated for one in again if isinstance(one, Receipt)] == [True] * 5


def test_a_refusal_of_what_is_sealed_stops_an_import_there(ledger: Ledger) -> None:
    twice = acts(TEAM, DECIDED, DECIDED, OPEN)
    outcomes = ledger.submit_many(CHAIN, twice, stop_at_refusal=True)
    assert [isinstance(one, Refused) for one in outcomes] == [False, False, True]


def test_what_an_act_sealed_that_was_refused_is_swept(
    ledger: Ledger, vault: Vault, store: Store
) -> None:
    ledger.submit_many(CHAIN, acts(TEAM, DECIDED))
    with pytest.raises(Refused):
        ledger.submit(CHAIN, Act(event=DECIDED, by=IMPORTER, source=SOURCE))
    assert vault.sweep(age=timedelta(0)) == 1
    assert told(ledger, vault) == [("confidential", "Stil meten.")]


def test_a_text_whose_place_was_not_noted_is_found_and_kept(
    ledger: Ledger, vault: Vault, store: Store
) -> None:
    """As after a crash: without its place a text stays closed in lists, so it is found at once."""
    ledger.submit_many(CHAIN, acts(TEAM, DECIDED))
    placed = store.fetch(PLACES, {})
    assert [place for _, place in placed if place is None] == []
    with psycopg.connect(store.conninfo, autocommit=True) as owner:
        owner.execute(FORGET_POSITIONS)
    assert store.fetch(PLACES, {}) != placed
    with Timer(ledger, 3600.0):
        until(lambda: store.fetch(PLACES, {}) == placed)
    assert vault.sweep(age=timedelta(0)) == 0
    assert told(ledger, vault) == [("confidential", "Stil meten.")]
