"""Review access as readers find it, and what the policy of reading is told of it."""

from __future__ import annotations

import pytest

from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import Scope
from projections.reviews import (
    Grant,
    evidence_request,
    evidence_requests,
    grants,
    review,
    reviews,
)
from projections.scopes import RANKS
from tests.domain.given import Life
from tests.domain.given_reviews import (
    REVIEWER,
    answered,
    asked,
    granted,
    proposed,
    supported,
    waiting,
    withdrawn,
)
from tests.projections.shown import Shown, shown

BD, UWV = "bestuur-p-bd", "bestuur-p-uwv"
DURING = "2024-01-30T23:59:59.999999Z"
AFTER = "2024-01-31T00:00:00.000000Z"


def given_to(readers: Shown, moment: str = DURING, person: str = REVIEWER) -> list[Grant]:
    return list(grants(readers.connection, readers.life.state.name, person, moment))


def test_a_grant_says_how_far_it_reaches_until_its_last_moment(database: str) -> None:
    with shown(database, granted()) as readers:
        assert given_to(readers) == [
            Grant(
                grant="t-1",
                rank=RANKS["chain"],
                first=0,
                until=None,
                known_at=None,
                valid_until="2024-01-31",
            )
        ]
        assert given_to(readers, AFTER) == []
        assert given_to(readers, "2023-12-31T23:59:59.999999Z") == []
        assert given_to(readers, person="manager") == []
        assert list(grants(readers.connection, "elders", REVIEWER, DURING)) == []


@pytest.mark.parametrize("scope", ["public", "chain", "confidential"])
def test_a_grant_reaches_as_far_as_its_classification(database: str, scope: Scope) -> None:
    with shown(database, granted(classification=scope)) as readers:
        assert [one.rank for one in given_to(readers)] == [RANKS[scope]]


def test_days_of_recording_and_a_moment_become_positions(database: str) -> None:
    """Everything so far was recorded on the first day; two people come on days of their own."""
    life = granted(
        record_from="2024-01-02", record_until="2024-01-03", as_of="2024-01-02T23:59:59.999999Z"
    )
    first, second = len(life.entries), len(life.entries) + 1
    life = life.at("2024-01-02").done(PersonRegistered(person="een"), by="office")
    life = life.at("2024-01-03").done(PersonRegistered(person="twee"), by="office")
    with shown(database, life) as readers:
        [one] = given_to(readers)
        assert (one.first, one.until, one.known_at) == (first, second, first)


def test_a_period_that_has_not_begun_covers_nothing(database: str) -> None:
    life = granted(record_from="2024-01-20", as_of="2023-12-31T23:59:59.999999Z")
    with shown(database, life) as readers:
        [one] = given_to(readers)
        assert one.first > len(life.entries)
        assert one.known_at == -1
        assert one.until is None


@pytest.mark.parametrize(
    "life",
    [
        waiting(),
        granted().done(withdrawn(), by=BD),
        granted().done(withdrawn(organisation="uwv"), by=UWV),
        waiting().done(withdrawn(), by=BD),
    ],
    ids=["not yet granted", "withdrawn by one", "withdrawn by the other", "taken back"],
)
def test_access_that_does_not_hold_grants_nothing(database: str, life: Life) -> None:
    with shown(database, life) as readers:
        assert given_to(readers) == []


def test_several_grants_stand_beside_each_other(database: str) -> None:
    life = granted()
    life = life.done(proposed("t-2", classification="public"), by=BD).done(supported("t-2"), by=UWV)
    with shown(database, life) as readers:
        assert [one.grant for one in given_to(readers)] == ["t-1", "t-2"]


def test_hidden_access_holds_all_the_same(database: str) -> None:
    """What ends it may be confidential: the policy of reading looks at all there is."""
    life = granted()
    gone = life.record(withdrawn(), by=BD, scope="confidential").life
    with shown(database, gone) as readers:
        assert given_to(readers) == []


def test_the_list_tells_who_has_access_and_who_gave_it(database: str) -> None:
    with shown(database, granted().done(withdrawn(), by=BD)) as readers:
        [one] = readers.page(reviews).items
        assert (one["review"], one["reviewer"], one["status"]) == ("t-1", REVIEWER, "withdrawn")
        assert one["organisations"] == ["bd", "uwv"]
        assert one["valid"] is False
        assert readers.ids(reviews, "review", reviewer="manager") == []
        item = readers.item(review, "t-1")
        assert item["withdrawn"]["reason"] == "Niet meer nodig."
        assert item["supported"]["organisation"] == "uwv"
        before = readers.item(review, "t-1", known_at=item["granted"]["position"])
        assert "withdrawn" not in before


def test_a_request_stands_with_its_answer(database: str) -> None:
    life = granted().done(asked(), by=REVIEWER)
    with shown(database, life.done(answered(bundle="b-1"), by="office")) as readers:
        [one] = readers.page(evidence_requests, review="t-1").items
        assert one["status"] == "answered"
        assert one["answered"]["bundle"] == "b-1"
        assert readers.ids(evidence_requests, "evidenceRequest", review="t-2") == []
        assert readers.item(evidence_request, "v-1")["question"] == "Toon besluit B-1."
