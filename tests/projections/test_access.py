"""What somebody may read follows from the places they hold, and ends when these do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, get_args
from uuid import uuid4

import pytest
from msgspec.structs import replace

from ledger import catalogue
from ledger.domain.events.bodies import SeatVacated
from ledger.domain.events.decisions import VoteCast
from ledger.domain.events.roles import RoleEnded, RoleKind
from ledger.domain.values import NotFound
from ledger.recording import Entry
from projections import access, chains, decision_page, decisions, records, scopes, search, selection
from projections.access import BY_ROLE, POLICY, Capacity, Held, Reader
from projections.growth import growth
from projections.records import Chosen
from projections.reviews import Grant
from projections.scopes import RANKS, Access
from projections.views import Conn, Paging, View, look
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.projections.answers import ITEMS, LISTS, whole
from tests.projections.given import CHAIN, EVERYTHING, NOW, reading, taken_in, words_in
from tests.projections.scenes import everything, in_earnest

DAY = NOW[:10]
DECISION = "B-2010-03"
IN_THE_BODY = "bestuurder-cbs"
ELSEWHERE = "lijnmanager-cbs"
FORMER = "bestuurder-uwv"
EVERY = frozenset(RANKS)


@cache
def confided() -> tuple[Entry, ...]:
    """Return the demonstration chain in which all of one decision is confidential."""
    return tuple(
        _scoped(one, "confidential") if DECISION in words_in_event(one) else one
        for one in in_earnest()
    )


def words_in_event(entry: Entry) -> str:
    return entry.data.decode()


def _scoped(entry: Entry, scope: str) -> Entry:
    header = replace(entry.header, scope=scope)
    return Entry(entry.event, header, catalogue.encode(entry.event, header))


@pytest.fixture(scope="module")
def told(server: str, template: str) -> Iterator[Conn]:
    """A connection to a database with the confided life in its read models, only to read."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        taken_in(_url(server, name), confided())
        with reading(_url(server, name)) as connection:
            yield connection
    finally:
        _run(server, DROP, name=name)


@contextmanager
def asking(database: str, entries: Sequence[Entry]) -> Iterator[Conn]:
    """Take a life into the read models and give a connection to ask on."""
    taken_in(database, entries)
    with reading(database) as connection:
        yield connection


def of(connection: Conn, person: str, *, day: str = DAY, **more: Any) -> Access:
    """Return what a person may read of the test chain."""
    reader = Reader(person=person, **more)
    return access.access(connection, CHAIN, reader, moment=f"{day}{NOW[10:]}")


def sees(connection: Conn, person: str, **more: Any) -> View:
    return look(connection, CHAIN, reader=of(connection, person, **more), now=NOW)


def test_each_capacity_has_one_row_of_the_policy() -> None:
    assert set(POLICY) == set(get_args(Capacity))
    assert set(BY_ROLE) <= set(get_args(RoleKind))
    assert {one.levels for one in POLICY.values()} == {"none", "own", "all"}


def test_what_somebody_may_read_follows_from_their_places(told: Conn) -> None:
    connection = told
    found = {
        name: (one.rank, one.near_rank)
        for name in ("", "niemand", IN_THE_BODY, ELSEWHERE, FORMER, "ketenmanager")
        for one in [of(connection, name)]
    }
    assert found == {
        "": (1, 0),
        "niemand": (1, 0),
        IN_THE_BODY: (2, 3),
        ELSEWHERE: (2, 3),
        FORMER: (1, 0),
        "ketenmanager": (3, 0),
    }
    assert of(connection, "ketenbureau").everything
    assert of(connection, "", kind="developer").everything
    assert not of(connection, IN_THE_BODY).everything


def test_a_place_is_ones_own_from_its_first_day_until_its_last(told: Conn) -> None:
    connection = told
    ranks = {
        day: of(connection, FORMER, day=day).rank
        for day in ("2006-01-01", "2006-01-02", "2011-02-06", "2011-02-07")
    }
    assert ranks == {"2006-01-01": 1, "2006-01-02": 2, "2011-02-06": 2, "2011-02-07": 1}
    assert of(connection, IN_THE_BODY).places == (
        "body:ketenbestuur", "partner:cbs", f"person:{IN_THE_BODY}",
    )  # fmt: skip


def test_a_role_that_is_ended_ends_reading_at_once(database: str) -> None:
    life = list(in_earnest())
    last = life[-1].header
    ended = RoleEnded(assignment="rol-ketenmanager", valid_until=last.day, reason="Weg.")
    with asking(database, life) as connection:
        assert of(connection, "ketenmanager", day=last.day).everything
        header = replace(last, position=last.position + 1, act="x-1", cause=None)
        taken_in_more(database, Entry(ended, header, catalogue.encode(ended, header)))
        # A seat in a body is left; with that too the outsider's part is left.
        assert of(connection, "ketenmanager", day=last.day).rank == RANKS["chain"]
        left = SeatVacated(seat="ketenbestuur-ketenmanager", valid_until=last.day, reason="Weg.")
        header = replace(header, position=header.position + 1, act="x-2")
        taken_in_more(database, Entry(left, header, catalogue.encode(left, header)))
        assert of(connection, "ketenmanager", day=last.day).rank == RANKS["public"]


def taken_in_more(database: str, entry: Entry) -> None:
    taken_in(database, [entry])


def test_who_sits_in_the_body_reads_its_confidential_decision(told: Conn) -> None:
    connection = told
    inside, outside = sees(connection, IN_THE_BODY), sees(connection, ELSEWHERE)
    all_of_it = look(connection, CHAIN, reader=EVERYTHING, now=NOW)
    assert decision_page.decision(connection, inside, DECISION)["votes"]
    with pytest.raises(NotFound):
        decision_page.decision(connection, outside, DECISION)
    for view, there in ((all_of_it, True), (inside, True), (outside, False)):
        told = words_in(
            [
                whole(decisions.decisions, connection, view),
                whole(LISTS["timeline"], connection, view),
                whole(LISTS["due"], connection, view),
            ]
        )
        assert (DECISION in told) is there
    own = next(
        one
        for one in in_earnest()
        if getattr(one.event, "title", "") and getattr(one.event, "decision", "") == DECISION
    )
    title = str(getattr(own.event, "title", ""))
    for view, there in ((inside, True), (outside, False)):
        found = search.search(connection, view, Paging(), title, kind="decision").items
        assert (DECISION in [one["decision"] for one in found]) is there


def test_of_a_thing_that_is_open_in_part_the_lists_show_what_all_may_see(database: str) -> None:
    """A vote in somebody else's body, confidential, is not shown through a row made with it."""
    life = list(in_earnest())
    place = next(
        number
        for number, one in enumerate(life)
        if isinstance(one.event, VoteCast) and one.event.decision == DECISION
    )
    life[place] = _scoped(life[place], "confidential")
    with asking(database, life) as connection:
        position = life[place].header.position
        for person, there in ((IN_THE_BODY, True), (ELSEWHERE, False)):
            view = sees(connection, person)
            assert (position in selection.visible(connection, view, [position])) is there
            doc = decision_page.decision(connection, view, DECISION)
            assert (position in [one["position"] for one in doc["votes"]]) is there
            assert DECISION in [
                one["decision"] for one in whole(decisions.decisions, connection, view)
            ]


def test_nobody_sees_less_with_a_place_than_without_it_or_more_than_everything(
    told: Conn,
) -> None:
    connection = told
    positions = {
        name: {one["position"] for one in whole(LISTS["records"], connection, view)}
        for name, view in {
            "public": look(connection, CHAIN, reader=frozenset({"public"}), now=NOW),
            "chain": look(connection, CHAIN, reader=EVERY - {"confidential"}, now=NOW),
            "elsewhere": sees(connection, ELSEWHERE),
            "inside": sees(connection, IN_THE_BODY),
            "all": look(connection, CHAIN, reader=EVERYTHING, now=NOW),
        }.items()
    }
    assert positions["public"] < positions["chain"] <= positions["elsewhere"]
    assert positions["elsewhere"] < positions["inside"] <= positions["all"]
    assert len(positions["all"]) == len(in_earnest())


def grant(**more: Any) -> Grant:
    plain: dict[str, Any] = {
        "grant": "G-1", "first": 0, "until": None, "known_at": None, "valid_until": "2999-01-01",
    }  # fmt: skip
    return Grant(**plain | more)


def granted(connection: Conn, **more: Any) -> View:
    given = access.opened(Reader(person="reviewer-1"), [], [grant(**more)])
    return look(connection, CHAIN, reader=given, now=NOW)


def test_a_reviewer_reads_the_period_of_the_grant_and_what_is_public(told: Conn) -> None:
    connection = told
    view = granted(connection, rank=RANKS["chain"], first=120, until=200)
    seen = whole(LISTS["records"], connection, view)
    public = {
        one.header.position
        for one in confided()
        if one.header.scope == "public" and one.header.position < 200
    }
    inside = {one["position"] for one in seen if one["position"] >= 120}
    assert {one["position"] for one in seen if one["position"] < 120} == {
        one for one in public if one < 120
    }
    assert inside == {
        one.header.position
        for one in confided()
        if 120 <= one.header.position < 200 and one.header.scope != "confidential"
    }
    assert view.known_at == max(inside)
    assert view.access.grant == "G-1"


def test_a_list_for_a_reviewer_is_made_of_nothing_from_before_the_period(database: str) -> None:
    life = [one if one.header.position == 0 else _scoped(one, "chain") for one in in_earnest()]
    with asking(database, life) as connection:
        view = granted(connection, rank=RANKS["chain"], first=200)
        for name, query in LISTS.items():
            for item in whole(query, connection, view):
                assert all(at >= 200 for at in item.get("positions", [])), name
        before = {
            one["decision"]
            for one in whole(
                decisions.decisions,
                connection,
                look(connection, CHAIN, reader=EVERYTHING, now=NOW, known_at=199),
            )
        }
        shown = {one["decision"] for one in whole(decisions.decisions, connection, view)}
        assert shown
        assert not shown & before
        told = ITEMS["chain"](connection, view, CHAIN)
        assert told["name"] == in_earnest()[0].event.name
        assert "drivingProblems" not in told


def test_a_moment_in_a_grant_is_a_ceiling_whatever_is_asked(told: Conn) -> None:
    connection = told
    view = granted(connection, rank=RANKS["chain"], known_at=150)
    assert view.known_at == 150
    later = look(connection, CHAIN, reader=view.access, known_at=300, now=NOW)
    assert later.known_at == 150
    moment = look(connection, CHAIN, reader=view.access, known_at=NOW, now=NOW)
    assert moment.known_at == 150
    assert growth(connection, later, after=150).count == 0
    with pytest.raises(NotFound):
        records.record(connection, later, 151)


def test_a_token_limits_what_a_place_gives_and_adds_nothing(told: Conn) -> None:
    connection = told
    public = frozenset({"public"})
    assert of(connection, "ketenmanager", allowed=public).rank == 1
    limited = of(connection, IN_THE_BODY, allowed=public | {"chain"})
    assert (limited.rank, limited.near_rank) == (2, 2)
    assert of(connection, "niemand", allowed=EVERY).rank == 1
    assert of(connection, "p", allowed=public | {"chain"}, kind="service").rank == 2
    assert of(connection, "p", allowed=frozenset({"chain"}), kind="service").rank == 0


def test_a_grant_is_for_who_has_no_place() -> None:
    given = [grant(rank=3, first=10)]
    for held, rank in (([], 3), ([Held("participant")], 2), ([Held("office")], 3)):
        found = access.opened(Reader(person="p"), held, given)
        assert found.rank == rank
        assert (found.grant == "G-1") is (held == [])
    assert access.opened(Reader(), [], given).rank == 1
    assert access.opened(Reader(person="p"), [Held("outsider")], []).rank == 1


def test_a_demonstration_is_for_everybody_except_what_is_confidential(database: str) -> None:
    taken_in(database, everything()[:40])
    taken_in(database, in_earnest()[:40], chain="echt")
    with reading(database) as connection:
        for person in ("", "niemand"):
            assert of(connection, person).rank == RANKS["chain"]
            real = access.access(connection, "echt", Reader(person=person), moment=NOW)
            assert real.rank == RANKS["public"]
        own = of(connection, "bestuurder-cbs")
        assert (own.rank, own.near_rank) == (2, 3)
    given = [grant(rank=3)]
    assert access.opened(Reader(person="p"), [Held("visitor")], given).rank == 3
    assert access.opened(Reader(), [Held("visitor")], given).rank == 2


def test_of_several_grants_the_widest_counts() -> None:
    wide = [grant(rank=2, first=5), grant(grant="G-2", rank=3, first=9, until=0)]
    found = access.opened(Reader(person="p"), [], wide)
    assert (found.grant, found.first, found.last) == ("G-2", 9, -1)
    same = [grant(rank=2, until=50), grant(grant="G-2", rank=2, known_at=80)]
    assert access.opened(Reader(person="p"), [], same).last == 80


def test_many_chains_are_asked_at_once_and_each_by_its_own_places(database: str) -> None:
    taken_in(database, in_earnest())
    taken_in(database, in_earnest()[:60], chain="tweede")
    hidden = [_scoped(one, "confidential") for one in in_earnest()[:20]]
    taken_in(database, hidden, chain="verborgen")
    with reading(database) as connection:

        def listed(person: str) -> list[str]:
            def may(names: Any) -> dict[str, Access]:
                readers = dict.fromkeys(names, Reader(person=person))
                return access.accesses(connection, readers, moment=NOW)

            return [one["chain"] for one in chains.chains(connection, may, Paging()).items]

        assert listed("") == listed("niemand") == [CHAIN, "tweede"]
        readers = dict.fromkeys((CHAIN, "tweede"), Reader(person="ketenmanager"))
        found = access.accesses(connection, readers, moment=NOW)
        assert [one.rank for one in found.values()] == [3, 1]


def test_no_access_at_all_is_nothing_in_every_filter(told: Conn) -> None:
    connection = told
    for nothing in (Access(), scopes.NOTHING, Access(places=("body:ketenbestuur",))):
        with pytest.raises(NotFound):
            look(connection, CHAIN, reader=nothing, now=NOW)
        view = View(chain=CHAIN, access=nothing, known_at=300, now=NOW)
        own = {name for name, query in LISTS.items() if whole(query, connection, view)}
        assert own == {"ladders"}, "the default ladder is of no record"


def test_an_unknown_rank_or_place_lets_nothing_pass(told: Conn) -> None:
    """In SQL a comparison with NULL is not true: what is not told is denied."""
    connection = told
    view = sees(connection, IN_THE_BODY)
    for name in ("rank", "near_rank", "floor", "places", "first"):
        asked = view.parameters(positions=list(range(400))) | {name: None}
        rows = connection.execute(selection.VISIBLE, asked).fetchall()
        told = {position for (position,) in rows}
        least = {one.header.position for one in confided() if one.header.scope == "public"}
        kept = selection.visible(connection, view, list(range(400)))
        assert told <= kept, name
        assert name not in ("first",) or told <= least | kept
    asked = view.parameters(positions=[0, 1]) | {"rank": None, "floor": None}
    assert connection.execute(selection.VISIBLE, asked).fetchall() == []


def test_records_can_be_chosen_within_what_is_open(told: Conn) -> None:
    connection = told
    chosen = Chosen(kind="decision", thing=DECISION)
    for person, there in ((IN_THE_BODY, True), (ELSEWHERE, False)):
        view = sees(connection, person)
        found = records.records(connection, view, Paging(), chosen).items
        assert bool(found) is there
