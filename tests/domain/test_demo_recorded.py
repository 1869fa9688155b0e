"""The demonstration chain as it is recorded on a real database, and the questions asked of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from api import demo_chain, demo_tour
from api.demo_chain import Summary
from api.demo_clock import StoryClock
from api.demo_story_script import CHAIN, Script
from ledger import catalogue
from ledger.domain.events.memory import EventAnnotated
from ledger.domain.values import Refused, instant
from ledger.ledger import Act, Ledger
from ledger.log.store import Store


@pytest.fixture(scope="module")
def script() -> Script:
    return demo_chain.told()


@pytest.mark.slow
def test_recorded_again_the_story_stands_there_once(database: str, script: Script) -> None:
    clock, size = StoryClock(), len(script.entries)
    with Store(database, pool_size=4) as store, Ledger(store, clock=clock) as ledger:
        first = demo_chain.record_demo(ledger, clock=clock)
        assert first == Summary(chain=CHAIN, size=size, recorded=size)
        again = demo_chain.record_demo(ledger, clock=clock)
        assert again == Summary(chain=CHAIN, size=size, recorded=0)
        headers = [catalogue.decode(one.data).header for one in ledger.walk(CHAIN)]
        assert [one.at for one in headers] == [entry.header.at for entry in script.entries]
        assert ledger.tick() == 0
        assert ledger.audit(CHAIN).breaks == ()


@pytest.mark.slow
def test_after_the_story_its_ledger_tells_the_real_time(database: str, script: Script) -> None:
    clock, began = StoryClock(), instant(datetime.now(UTC))
    with Store(database, pool_size=4) as store, Ledger(store, clock=clock) as ledger:
        demo_chain.record_demo(ledger, clock=clock)
        note = EventAnnotated(target=0, label="Nu", text="Dit gebeurt vandaag.")
        receipt = ledger.submit(CHAIN, Act(event=note, by="ketenbureau"))
        [last] = ledger.records(CHAIN, receipt.position, 1)
    at = catalogue.decode(last.data).header.at
    assert script.entries[-1].header.at < began <= at <= instant(datetime.now(UTC))


@pytest.mark.slow
def test_a_story_that_was_cut_short_goes_on_where_it_was(database: str, script: Script) -> None:
    clock, half = StoryClock(), len(script.lines) // 2
    with Store(database, pool_size=4) as store, Ledger(store, clock=clock) as ledger:
        for line in script.lines[:half]:
            with clock.at(line["at"]):
                ledger.submit(CHAIN, demo_chain.act_of(line))
        demo_chain.record_demo(ledger, clock=clock)
        recorded = [catalogue.decode(one.data).body for one in ledger.walk(CHAIN)]
    assert recorded == [entry.event for entry in script.entries]


@pytest.mark.slow
def test_another_chain_of_that_name_is_left_as_it_is(database: str) -> None:
    other = demo_chain.act_of(demo_chain.story()[0])
    with Store(database, pool_size=4) as store, Ledger(store) as ledger:
        ledger.submit(CHAIN, replace(other, act="demo-002"))
        size = ledger.state(CHAIN).size
        with pytest.raises(Refused):
            demo_chain.record_demo(ledger, clock=StoryClock())
        assert ledger.state(CHAIN).size == size


def test_the_tour_asks_about_things_that_are_there(script: Script) -> None:
    stops = demo_tour.tour("http://127.0.0.1:8000/")
    known = {
        "besluiten": script.state.decisions.all,
        "vergaderingen": script.state.meetings.all,
        "afspraken": script.state.agreements.all,
        "escalaties": script.state.escalations.all,
        "overleggen": script.state.bodies.bodies,
        "onderwerpen": {one.subject for one in script.state.decisions.all.values()},
    }
    for question, url in stops:
        assert question.endswith("?")
        below = url.removeprefix(f"http://127.0.0.1:8000/ketens/{CHAIN}/").partition("?")[0]
        kind, _, name = below.partition("/")
        assert not name or name in known[kind]
