"""The Python Enhancement Proposals, recorded line by line, tell what their file tells.

In memory, by the rules alone: once for the cut that lies beside the tests, once for the whole file
where it is at hand.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from api import peps
from api.peps_decisions import STATUSES
from ledger.audit import audit
from ledger.domain import bodies
from ledger.domain.events.bodies import SeatAssigned
from ledger.domain.events.mandates import MandateGranted
from ledger.domain.events.memory import RationaleAdded
from ledger.domain.events.outcomes import (
    DecisionRecorded,
    SupersessionRecorded,
)
from ledger.findings import Stored
from ledger.log import canonical
from tests.conformance import peps_history as told
from tests.conformance.peps_import import Import, imported

KINDS = {"Standards Track", "Informational", "Process"}
COUNCIL = [f"sc-{number}" for number in range(1, 6)]
FIRST_DAY, LAST_DAY = date(2019, 2, 4), date(2026, 11, 21)
EACH_FILE = pytest.mark.parametrize("taken", ["cut", "whole"], indirect=True)


@pytest.fixture(scope="module")
def cut() -> Import:
    return imported(told.CUT)


@pytest.fixture(scope="module")
def taken(request: pytest.FixtureRequest) -> Import:
    if request.param == "cut":
        return request.getfixturevalue("cut")  # type: ignore[no-any-return]
    return imported(request.getfixturevalue("shared_folder") / "data" / told.WHOLE)


@EACH_FILE
def test_as_much_is_recorded_as_the_file_holds(taken: Import) -> None:
    expect, listed = taken.document["expect"], Counter(one.body["type"] for one in taken.lines)
    assert len(taken.statuses) - len(taken.facts) == 1 + 8 + 4  # not in the list; elections; rules
    assert sum(map(len, taken.statuses.values())) - 8 - 4 == expect["statusEvents"]
    assert listed["MandateGranted.v1"] == expect["mandates"]
    assert listed["SeatAssigned.v1"] == expect["seatAssignments"]
    assert listed["SupersessionRecorded.v1"] == expect["supersessionEdges"]
    assert listed["PersonRegistered.v1"] == len(told.names(taken.document))


@EACH_FILE
def test_the_summary_counts_what_the_file_expects(taken: Import) -> None:
    expect, found = taken.document["expect"], peps.summary(taken.document)
    assert found.decisions == expect["decisions"]
    assert found.status_changes == expect["statusEvents"]
    assert found.mandates == expect["mandates"]
    assert found.elections == expect["elections"]
    assert found.seat_terms == expect["seatAssignments"]
    assert found.supersessions == expect["supersessionEdges"]
    assert found.one_sided == len(expect["asymmetricSupersessions"])
    assert found.rule_changes == 4
    assert found.status_only == 1
    assert found.delegated == found.shown + found.stated_later + found.unresolved


@EACH_FILE
def test_every_status_as_of_any_date_is_that_of_the_file(taken: Import) -> None:
    ours = {
        decision: [(told.moment(on), event.status_label) for on, event in records]
        for decision, records in taken.statuses.items()
    }
    compared = 0
    for decision, theirs in told.histories(taken.document).items():
        for when in told.telling_moments(theirs):
            assert told.status_at(ours[decision], when) == told.status_at(theirs, when)
            compared += 1
    assert compared > 100 * len(taken.facts)


@EACH_FILE
def test_a_day_too_late_is_noticed(taken: Import) -> None:
    theirs = told.histories(taken.document)["PEP-0230"]
    late = [(at + timedelta(days=1), word) for at, word in theirs]
    moments = told.telling_moments(theirs)
    assert any(told.status_at(late, one) != told.status_at(theirs, one) for one in moments)


@EACH_FILE
def test_the_last_status_stands_with_the_source_s_word_beside_it(taken: Import) -> None:
    words: Counter[str] = Counter()
    for decision, facts in taken.facts.items():
        _, last = taken.statuses[decision][-1]
        assert last.status_label == facts["outcome"]
        assert taken.state.decisions.all[decision].status == STATUSES[last.status_label]
        words[last.status_label] += 1
    assert words == taken.document["expect"]["finalStatusCounts"]


def test_two_statuses_of_one_moment_keep_their_order(cut: Import) -> None:
    (first, draft), (second, incomplete), *_ = cut.statuses["PEP-0230"]
    assert first == second == "2000-11-28T22:23:25.000000Z"
    assert (draft.status_label, incomplete.status_label) == ("Draft", "Incomplete")


@EACH_FILE
def test_the_decisions_of_the_file_are_told_apart_by_kind(taken: Import) -> None:
    kinds = {event.decision: event.kind for _, event in taken.of(DecisionRecorded)}
    assert {name for name, kind in kinds.items() if kind in KINDS} == set(taken.facts)
    others = Counter(kind for kind in kinds.values() if kind not in KINDS)
    assert others == {"election": 8, "rule-change": 4, "status-only": 1}
    assert kinds["PEP-9999"] == "status-only"


@EACH_FILE
def test_five_seats_are_held_on_every_day_since_the_first_election(taken: Import) -> None:
    names, day = taken.names, FIRST_DAY
    seats = {seat: taken.state.bodies.seats[seat] for seat in COUNCIL}
    while day <= LAST_DAY:
        terms = [bodies.holder(seat, day.isoformat()) for seat in seats.values()]
        held = {names[term.person] for term in terms if term is not None}
        assert len(held) == 5
        assert held == told.seated(taken.document, day.isoformat())
        day += timedelta(days=1)


def test_no_seat_is_held_before_the_first_election(cut: Import) -> None:
    seats = [cut.state.bodies.seats[seat] for seat in (*COUNCIL, "bdfl-1")]
    before = (FIRST_DAY - timedelta(days=1)).isoformat()
    assert [bodies.holder(seat, before) for seat in seats] == [None] * 6


def test_who_is_elected_again_keeps_the_seat(cut: Import) -> None:
    terms = [event for _, event in cut.of(SeatAssigned) if event.seat in COUNCIL]
    ending = {(one.person, one.valid_until): one.seat for one in terms}
    again = [one for one in terms if (one.person, one.valid_from) in ending]
    assert len(again) > 20
    assert all(one.seat == ending[one.person, one.valid_from] for one in again)


@EACH_FILE
def test_every_mandate_has_its_moment_its_holder_and_its_decision(taken: Import) -> None:
    ours = sorted(
        (told.moment(on), taken.names[event.holder], event.scope.subjects[0], event.conditions)
        for on, event in taken.of(MandateGranted)
    )
    theirs = sorted(
        (told.moment(one["grantedAt"]), one["holder"].strip(), one["scope"], one["kind"])
        for one in taken.document["mandates"]
    )
    assert [one[:3] for one in ours] == [one[:3] for one in theirs]
    assert all(mine[3].startswith(theirs[3]) for mine, theirs in zip(ours, theirs, strict=True))


@EACH_FILE
def test_a_decision_of_a_delegate_shows_the_mandate_of_its_day(taken: Import) -> None:
    granted = {event.mandate: (on, event) for on, event in taken.of(MandateGranted)}
    shown = 0
    for decision, records in taken.statuses.items():
        for on, event in records:
            if not event.mandate:
                continue
            since, mandate = granted[event.mandate]
            assert mandate.scope.subjects == (decision,)
            assert since <= on
            own = [at for at, one in granted.values() if one.scope.subjects == (decision,)]
            assert since == max(at for at in own if at <= on)
            shown += 1
    assert shown == peps.summary(taken.document).shown


@EACH_FILE
def test_each_delegate_the_file_names_for_a_resolved_decision_can_be_found(taken: Import) -> None:
    holders = {one.mandate: taken.names[one.holder] for _, one in taken.of(MandateGranted)}
    reasons = [(event.decision, event.text) for _, event in taken.of(RationaleAdded)]
    found = 0
    for decision, facts in taken.facts.items():
        shown = {event.mandate for _, event in taken.statuses[decision] if event.mandate}
        for name, text in reasons:
            shown |= {one for one in holders if name == decision and f"{one}." in text}
        stated = {name.strip() for name in facts["decidedUnderMandateOf"] or ()}
        if shown:
            assert stated <= {holders[mandate] for mandate in shown}
            found += 1
        assert stated or not shown
    counts = peps.summary(taken.document)
    assert found == counts.shown + counts.stated_later


def test_a_mandate_the_source_rewrote_later_does_not_reach_back(cut: Import) -> None:
    """The source names another holder since 2023; the decision was taken in 2012."""
    (accepted,) = [one for _, one in cut.statuses["PEP-0405"] if one.mandate]
    assert (accepted.status_label, accepted.mandate) == ("Accepted", "mandate-PEP-0405-1")
    (told_later,) = [one for one in cut.of(RationaleAdded) if one[1].decision == "PEP-0405"]
    assert told_later[0] == "2023-10-11T12:05:51.000000Z"
    assert "mandate-PEP-0405-2" in told_later[1].text


@EACH_FILE
def test_a_supersession_is_found_from_both_sides_with_who_states_it(taken: Import) -> None:
    stated = {
        (event.by_decision, event.decision): event.stated_by
        for _, event in taken.of(SupersessionRecorded)
    }
    assert stated == told.edges(taken.document)
    one_sided = sorted(f"{new}>{old}" for (new, old), by in stated.items() if by != "both")
    assert one_sided == taken.document["expect"]["asymmetricSupersessions"]


@EACH_FILE
def test_an_election_shows_its_counts_and_rests_on_its_own_text(taken: Import) -> None:
    found = {one.decision: one for _, one in taken.of(DecisionRecorded) if one.kind == "election"}
    for election in taken.document["elections"]:
        event = found[f"election-{election['closedOn']}"]
        assert f"Kiesgerechtigd: {election['eligible']}." in event.text
        assert f"Stembiljetten: {election['ballots']}." in event.text
        assert [(one.decision, one.relation) for one in event.cites] == [
            (election["id"], "rests-on")
        ]
        winners = event.text.rpartition("Gekozen: ")[2].rstrip(".").split(", ")
        assert [taken.names[person] for person in winners] == election["winners"]
        scores = [
            one for part in (election, *election.get("rounds", ())) for one in part["tally"] or ()
        ]
        persons = {name: person for person, name in taken.names.items()}
        assert all(f"{persons[one['candidate']]} {one['score']}" in event.text for one in scores)


@EACH_FILE
def test_what_a_decision_rests_on_is_cited_or_told_when_it_came(taken: Import) -> None:
    rests = {
        (one.decision, cited.decision)
        for _, one in taken.of(DecisionRecorded)
        for cited in one.cites
    }
    later = {(one.decision, one.text) for _, one in taken.of(RationaleAdded)}
    for decision, facts in taken.facts.items():
        for required in facts["requires"]:
            text = f"Volgens de bron rust dit besluit ook op {required}."
            assert ((decision, required) in rests) != ((decision, text) in later)


def test_a_line_of_succession_shares_its_subject(cut: Import) -> None:
    subjects = {one.decision: one.subject for _, one in cut.of(DecisionRecorded)}
    assert subjects["PEP-0245"] == subjects["PEP-0443"] == subjects["PEP-3124"] == "PEP-0245"
    assert subjects["PEP-0013"] == subjects["election-2019-02-04"] == "governance"
    assert subjects["PEP-0230"] == "PEP-0230"


@EACH_FILE
def test_no_name_stands_in_a_record(taken: Import) -> None:
    """But in titles, which are the decisions' own. A name of one word may be a word."""
    names = {name for name in told.names(taken.document) if " " in name}
    assert len(names) > 20
    for entry in taken.entries:
        body: dict[str, Any] = msgspec.to_builtins(entry.event) | {"title": ""}
        text = msgspec.json.encode(body).decode()
        assert not [name for name in names if name in text], text


@EACH_FILE
def test_everything_is_public_but_who_took_part(taken: Import) -> None:
    scopes = {(one.body["type"] == "PersonRegistered.v1", one.scope) for one in taken.lines}
    assert scopes == {(True, "chain"), (False, "public")}


@EACH_FILE
def test_every_spelling_of_a_name_is_a_pseudonym_of_its_own(taken: Import) -> None:
    assert set(taken.names.values()) == told.names(taken.document)
    assert list(taken.names) == [f"person-{number + 1}" for number in range(len(taken.names))]


def test_who_has_no_name_yet_is_said_to_have_none(cut: Import) -> None:
    functions = {
        one.body["name"]: one.body["function"] for one in cut.lines if "function" in one.body
    }
    assert functions["TBD"] == "nog niet benoemd in de bron"
    assert [name for name, said in functions.items() if said.startswith("nog niet")] == ["TBD"]


@EACH_FILE
def test_the_same_file_gives_the_same_lines_in_order_of_time(taken: Import) -> None:
    digest = taken.lines[0].source.sha256 if taken.lines[0].source else ""
    again = list(peps.lines(taken.document, sha256=digest))
    assert msgspec.json.encode(again) == msgspec.json.encode(taken.lines)
    moments, acts = [one.on for one in again], [one.act for one in again]
    assert moments == sorted(moments)
    assert len(set(acts)) == len(acts)


@EACH_FILE
def test_every_record_says_where_it_was_taken_from(taken: Import) -> None:
    source = taken.lines[0].source
    assert source is not None
    assert source.name == "Python Enhancement Proposals"
    assert source.reference.endswith(taken.document["source"]["commit"])
    assert {entry.header.source for entry in taken.entries} == {source}


@EACH_FILE
def test_the_audit_finds_nothing_wrong(taken: Import) -> None:
    found = audit(stored(taken), "peps")
    assert (found.breaks, found.records) == ((), len(taken.entries))


def test_the_audit_finds_a_status_that_was_changed(cut: Import) -> None:
    records = stored(cut)
    place = next(one.position for one in records if b'"Deferred"' in one.data)
    records[place] = records[place]._replace(
        data=records[place].data.replace(b'"Deferred"', b'"Defeated"')
    )
    assert place in {one.position for one in audit(records, "peps").breaks}


def stored(taken: Import) -> list[Stored]:
    """Return the records as they lie in a log."""
    return [
        Stored(one.header.position, one.data, canonical.leaf_hash(one.data))
        for one in taken.entries
    ]
