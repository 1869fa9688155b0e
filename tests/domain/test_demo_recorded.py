"""The demonstration chain as it is recorded on a real database, and the questions asked of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from api import demo_chain
from api.demo_chain import Summary
from api.demo_story_script import CHAIN, Script
from ledger import catalogue
from ledger.domain.values import Refused
from ledger.ledger import Ledger
from ledger.log.store import Store


@pytest.fixture(scope="module")
def script() -> Script:
    return demo_chain.told()


@pytest.mark.slow
def test_recorded_again_the_story_stands_there_once(database: str, script: Script) -> None:
    with Store(database, pool_size=4) as store, Ledger(store) as ledger:
        size = len(script.entries)
        assert demo_chain.record_demo(ledger) == Summary(chain=CHAIN, size=size, recorded=size)
        assert demo_chain.record_demo(ledger) == Summary(chain=CHAIN, size=size, recorded=0)
        assert ledger.tick() == 0
        assert ledger.audit(CHAIN).breaks == ()


@pytest.mark.slow
def test_a_story_that_was_cut_short_goes_on_where_it_was(database: str, script: Script) -> None:
    half = len(script.lines) // 2
    with Store(database, pool_size=4) as store, Ledger(store) as ledger:
        ledger.submit_many(CHAIN, map(demo_chain.act_of, script.lines[:half]))
        demo_chain.record_demo(ledger)
        recorded = [catalogue.decode(one.data).body for one in ledger.walk(CHAIN)]
    assert recorded == [entry.event for entry in script.entries]


@pytest.mark.slow
def test_another_chain_of_that_name_is_left_as_it_is(database: str) -> None:
    other = demo_chain.act_of(demo_chain.story()[0])
    with Store(database, pool_size=4) as store, Ledger(store) as ledger:
        ledger.submit(CHAIN, replace(other, act="demo-002"))
        size = ledger.state(CHAIN).size
        with pytest.raises(Refused):
            demo_chain.record_demo(ledger)
        assert ledger.state(CHAIN).size == size


def test_the_tour_asks_about_things_that_are_there(script: Script) -> None:
    stops = demo_chain.tour("http://127.0.0.1:8000/")
    known = {
        "decisions": script.state.decisions.all,
        "meetings": script.state.meetings.all,
        "agreements": script.state.agreements.all,
        "escalations": script.state.escalations.all,
        "bodies": script.state.bodies.bodies,
        "audit": {"decision/B-2008-04"},
    }
    for question, url in stops:
        assert question.endswith("?")
        below = url.removeprefix(f"http://127.0.0.1:8000/v1/chains/{CHAIN}/").partition("?")[0]
        kind, _, name = below.partition("/")
        assert not name or name in known[kind]
