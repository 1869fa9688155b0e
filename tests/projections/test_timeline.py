"""The timeline, the record and the audit of who did what in which capacity."""

from __future__ import annotations

import hashlib

import pytest

from ledger import catalogue
from ledger.domain.events.chains import DrivingProblemRecorded
from ledger.domain.events.decisions import ProposalWithdrawn
from ledger.domain.values import NotFound, Refused
from projections.audit import for_partner, of_decision, of_person
from projections.records import record, records, stored
from projections.scopes import Access
from projections.timeline import Chosen, first_day, timeline
from projections.views import Page, Paging, look
from tests.domain.given_decisions import BOARD, adopted, proposal
from tests.projections.given import CHAIN
from tests.projections.shown import Shown, shown


def entries(readers: Shown, **chosen: object) -> list[int]:
    """Return the positions that a choice gives, newest first."""
    wanted = Chosen(**chosen)  # type: ignore[arg-type]  # fields by name, for tests
    found = timeline(readers.connection, readers.view(), Paging(limit=200), wanted)
    return [one["position"] for one in found.items]


def test_an_entry_tells_when_who_what_and_about_which_things(database: str) -> None:
    with shown(database, adopted(BOARD)) as readers:
        page = timeline(readers.connection, readers.view(), Paging(limit=1), Chosen())
    [last] = page.items
    assert last["sentence"] == "Besluit b-1 (Een voorstel) is van kracht."
    assert last["things"] == [{"kind": "decision", "id": "b-1", "name": "Een voorstel"}]
    assert (last["type"], last["by"]) == ("DecisionTookForce.v1", "rules")
    assert last["group"] == "DecisionTookForce decision b-1"
    assert last["cause"] == last["position"] - 1
    assert page.next


def test_records_are_chosen_by_type_person_thing_day_and_position(database: str) -> None:
    life = adopted(BOARD)
    last = life.entries[-1].header.position
    with shown(database, life) as readers:
        assert entries(readers, types=("DecisionTookForce",)) == [last]
        assert entries(readers, types=("DecisionTookForce.v1", "VoteCast")) == [
            last, last - 2, last - 3, last - 4,
        ]  # fmt: skip
        assert entries(readers, by="bestuur-p-cbs") == [last - 2]
        assert entries(readers, kind="decision", thing="b-1") == list(range(last, last - 8, -1))
        assert entries(readers, kind="decision", thing="b-2") == []
        assert entries(readers, first=last) == [last]
        assert len(entries(readers)) == last + 1
        decided = entries(readers, capability="decisions")
        assert decided == list(range(last, last - 8, -1))
        assert entries(readers, capability="decisions", types=("ChainEstablished",)) == []
        assert entries(readers, since="2024-01-02") == []
        assert entries(readers, until="2000-01-01") == []
        assert len(entries(readers, until="2999-01-01")) == last + 1
        with pytest.raises(Refused, match="G13"):
            entries(readers, types=("Onzin",))


def test_a_day_ends_the_timeline_and_the_log_reads_on(database: str) -> None:
    life = adopted(BOARD).at("2024-05-01").done(proposal("b-2"), by="bestuur-p-bd")
    last = life.entries[-1].header.position
    with shown(database, life) as readers:
        early = readers.view(valid_on="2024-04-30")
        found = timeline(readers.connection, early, Paging(limit=200), Chosen()).items
        assert last not in [one["position"] for one in found]
        forward = records(readers.connection, readers.view(), Paging(limit=2), Chosen(first=3))
        assert [one["position"] for one in forward.items] == [3, 4]
        after = records(
            readers.connection, readers.view(), Paging(forward.next, 2), Chosen(first=3)
        )
        assert [one["position"] for one in after.items] == [5, 6]


def test_a_record_in_full_is_what_was_stored(database: str) -> None:
    life = adopted(BOARD)
    entry = life.entries[-1]
    with shown(database, life) as readers:
        doc = record(readers.connection, readers.view(), entry.header.position)
        raw = stored(readers.connection, readers.view(), entry.header.position)
        with pytest.raises(NotFound):
            record(readers.connection, readers.view(), entry.header.position + 1)
        with pytest.raises(NotFound):
            stored(readers.connection, readers.view(known_at=3), 4)
    assert raw.data == entry.data
    assert doc["leafHash"] == hashlib.sha256(b"\x00" + entry.data).hexdigest()
    assert doc["body"] == {"type": "DecisionTookForce.v1", "decision": "b-1"}
    assert doc["header"]["position"] == entry.header.position
    assert catalogue.decode(raw.data).header == entry.header


def sentences(page: Page) -> list[str]:
    return [one["sentence"] for one in page.items]


def test_the_audit_of_a_person_tells_every_act_with_its_capacity(database: str) -> None:
    with shown(database, adopted(BOARD)) as readers:
        page = of_person(readers.connection, readers.view(), Paging(), "bestuur-p-bd")
        nobody = of_person(readers.connection, readers.view(), Paging(), "onbekend")
    assert [one["type"] for one in page.items] == ["VoteCast.v1", "ProposalSubmitted.v1"]
    for one in page.items:
        [capacity] = one["capacities"]
        assert (capacity["kind"], capacity["seat"]) == ("seat", "bestuur-bd")
    assert nobody.items == []


def test_the_audit_for_a_partner_tells_what_was_done_in_its_name(database: str) -> None:
    life = adopted(BOARD).done(proposal("b-2", body="stuurgroep"), by="p-uwv")
    with shown(database, life) as readers:
        uwv = for_partner(readers.connection, readers.view(), Paging(), "uwv")
        first = for_partner(readers.connection, readers.view(), Paging(limit=1), "uwv")
        rest = for_partner(readers.connection, readers.view(), Paging(first.next, 1), "uwv")
        early = for_partner(
            readers.connection, readers.view(valid_on="2023-01-01"), Paging(), "uwv"
        )
    assert [one["by"] for one in uwv.items] == ["p-uwv", "bestuur-p-uwv"]
    assert sentences(first) + sentences(rest) == sentences(uwv)
    assert (rest.next, early.items) == ("", [])


def test_the_audit_of_a_decision_tells_who_decided_in_which_capacity(database: str) -> None:
    life = adopted(BOARD).done(proposal("b-2"), by="bestuur-p-bd")
    life = life.done(ProposalWithdrawn(decision="b-2", reason="Nee"), by="manager")
    with shown(database, life) as readers:
        page = of_decision(readers.connection, readers.view(), Paging(), "b-2")
        votes = of_decision(readers.connection, readers.view(), Paging(), "b-1").items
    assert page.items[0]["capacities"][0]["text"] == "ketenmanager"
    decided = [one for one in votes if one["type"] == "VoteCast.v1"]
    assert {one["capacities"][0]["seat"] for one in decided} == {
        "bestuur-bd",
        "bestuur-uwv",
        "bestuur-cbs",
    }


def test_the_first_day_is_that_of_the_founding_or_of_the_first_record_somebody_may_see(
    database: str,
) -> None:
    told = DrivingProblemRecorded(text="Te veel fouten.")
    life = adopted(BOARD).after(40).given(told)
    founded, later = (life.entries[number].header for number in (0, -1))
    assert founded.day < later.day
    part = Access(rank=3, first=later.position)
    with shown(database, life) as readers:
        known = {"reader": part, "now": life.now}
        assert first_day(readers.connection, readers.view()) == founded.day
        assert first_day(readers.connection, look(readers.connection, CHAIN, **known)) == later.day
        before = look(readers.connection, CHAIN, known_at=0, **known)
        assert first_day(readers.connection, before) == ""
