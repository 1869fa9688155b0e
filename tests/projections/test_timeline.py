"""The timeline, the record and the audit of who did what in which capacity."""

from __future__ import annotations

import hashlib

import pytest

from ledger import catalogue
from ledger.domain.events.chains import DrivingProblemRecorded
from ledger.domain.events.decisions import DeliberationOpened, ProposalWithdrawn
from ledger.domain.events.roles import RoleAssigned, RoleEnded
from ledger.domain.values import NotFound, Refused
from projections.audit import for_partner, of_decision, of_person
from projections.chains import partner
from projections.records import record, records, stored
from projections.roles import ever_held
from projections.scopes import Access
from projections.timeline import Chosen, first_day, timeline
from projections.views import Conn, Doc, Page, Paging, View, look
from tests.domain.given import Life, people
from tests.domain.given_decisions import BOARD, adopted, opened, proposal
from tests.projections import answers
from tests.projections.given import CHAIN, EVERYTHING, reading, taken_in
from tests.projections.scenes import everything
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


def test_a_partner_chooses_what_its_page_tells_on_its_behalf_and_about_it(database: str) -> None:
    taken_in(database, everything())
    with reading(database) as connection:
        view = look(connection, CHAIN, reader=EVERYTHING)
        whole = [one["position"] for one in chosen_in_pages(connection, view, partner="uwv")]
        acts = for_partner(connection, view, Paging(limit=200), "uwv").items
        history = partner(connection, view, "uwv")["history"]
        others = chosen_in_pages(connection, view, partner="cbs")
        nobody = chosen_in_pages(connection, view, partner="geen-partner")
    assert acts
    assert history
    told = {one["position"] for one in (*acts, *history)}
    assert whole == sorted(told, reverse=True)
    assert {one["position"] for one in others} - told
    assert nobody == []


def chosen_in_pages(connection: Conn, view: View, **chosen: str) -> list[Doc]:
    """Return all entries of a choice, asked a few at a time."""
    wanted = Chosen(**chosen)  # type: ignore[arg-type]  # fields by name, for tests

    def query(connection: Conn, view: View, paging: Paging) -> Page:
        return timeline(connection, view, paging, wanted)

    return answers.whole(query, connection, view, limit=7)


def test_a_role_chooses_what_was_done_in_it_whoever_has_it_now(database: str) -> None:
    life = people(opened(BOARD), "tweede").given(
        RoleEnded(assignment="manager-1", valid_until="2024-06-01", reason="Klaar"),
        RoleAssigned(
            assignment="manager-2",
            role="chain-manager",
            person="tweede",
            valid_from="2024-06-01",
        ),
    )
    life = life.at("2024-06-02").done(proposal("b-2"), by="bestuur-p-bd")
    life = life.done(DeliberationOpened(decision="b-2"), by="tweede")
    first, then = (
        one.header.position for one in life.entries if isinstance(one.event, DeliberationOpened)
    )
    with shown(database, life) as readers:
        assert entries(readers, role="chain-manager") == [then, first]
        assert entries(readers, role="chain-manager", by="manager") == [first]
        assert entries(readers, role="chain-office") == []
        assert entries(readers, role="geen-rol") == []


def by_representative() -> Life:
    """A representative votes on a seat, and gives a role of the chain's own making."""
    role = RoleAssigned(
        assignment="R-9",
        role="chain-coordinator",
        label="verbinder",
        person="verbinder",
        organisation="uwv",
        valid_from="2024-01-01",
    )
    return people(adopted(BOARD), "verbinder").done(role, by="p-uwv")


def test_the_roles_that_were_ever_given_are_told_by_the_name_the_chain_gave_them(
    database: str,
) -> None:
    with shown(database, by_representative()) as readers:
        held = ever_held(readers.connection, readers.view())
        early = ever_held(readers.connection, readers.view(known_at=10))
        hidden = ever_held(readers.connection, readers.view(reader=frozenset({"public"})))
    assert held == ["chain-manager", "chain-office", "representative", "verbinder"]
    assert early == ["representative"]
    assert "verbinder" not in hidden


def test_partner_and_role_narrow_each_other_and_what_else_is_chosen(database: str) -> None:
    life = by_representative()
    last = life.entries[-1].header.position
    with shown(database, life) as readers:
        uwv = entries(readers, partner="uwv")
        [vote] = entries(readers, partner="uwv", types=("VoteCast",))
        assert uwv[:2] == [last, vote]
        assert entries(readers, partner="uwv", role="representative") == [last]
        assert entries(readers, partner="cbs", role="representative") == []
        assert entries(readers, partner="uwv", role="chain-manager") == []
        assert entries(readers, partner="uwv", by="bestuur-p-uwv") == [vote]
        assert entries(readers, partner="uwv", kind="assignment", thing="R-9") == [last]
        assert entries(readers, partner="uwv", capability="roles") == [last]
        assert entries(readers, partner="uwv", until="2000-01-01") == []
        wanted = Chosen(partner="uwv")
        forward = records(readers.connection, readers.view(), Paging(limit=200), wanted).items
        assert [one["position"] for one in forward] == uwv[::-1]
        asked = readers.view(known_at=last - 1)
        early = timeline(readers.connection, asked, Paging(), wanted).items
        assert [one["position"] for one in early] == uwv[1:]


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
