"""Dutch search: a word finds its other forms, its accents, and the longer words it is part of."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from msgspec.structs import replace

from ledger.domain.events.decisions import ProposalAmended
from ledger.domain.events.memory import RationaleAdded
from ledger.domain.values import Refused
from projections import matching
from projections.search import hits, search
from projections.slices import SLICE
from projections.spelling import plain
from projections.views import Conn, Paging, View
from tests.domain.given_decisions import BOARD, proposal
from tests.projections.given import EVERYTHING
from tests.projections.shown import Shown, shown

TITLES = {
    "correctie": "Correctieberichten van werkgevers volgen de aangifte",
    "proces": "Het correctieberichtproces wordt korter",
    "fiets": "Een fiets voor de loopgroep",
    "keten": "De loonaangifteketen in cijfers",
    "coordinatie": "Coördinatie van de beëindiging",
    "effect": "Een privacy-effectbeoordeling per wijziging",
    "huis": "Huizen en woningen tellen",
}
GOLDEN = {
    "correctiebericht": {"correctie", "proces"},
    "correctieberichten": {"correctie", "proces"},
    "Correctieberichten": {"correctie", "proces"},
    "fietsen": {"fiets"},
    "fiets": {"fiets"},
    "loonaangifte": {"keten"},
    "loonaangifteketens": {"keten"},
    "aangifte": {"correctie", "keten"},
    "coordinatie": {"coordinatie"},
    "COÖRDINATIE": {"coordinatie"},
    "beeindigen": {"coordinatie"},
    "beëindigingen": {"coordinatie"},
    "effectbeoordeling": {"effect"},
    "effectbeoordelingen": {"effect"},
    "woning": {"huis"},
    "wijzigingen": {"effect"},
    "de fietsen van werkgevers": set(),
    "correctieberichten werkgever": {"correctie"},
    "fiets OR woning": {"fiets", "huis"},
    '"loopgroep"': {"fiets"},
    "werkgevers -aangifte": set(),
    "de het een": set(),
    "!!!": set(),
    "": set(),
    "%": set(),
    "_____": set(),
    "vliegtuig": set(),
}


@pytest.fixture
def readers(database: str) -> Iterator[Shown]:
    life = BOARD
    for name, title in TITLES.items():
        life = life.done(proposal(name, title=title, subject=f"zaak-{name}"), by="bestuur-p-bd")
    with shown(database, life) as found:
        yield found


def counts(connection: Conn, view: View, text: str) -> dict[str, int]:
    return hits(connection, view, Paging(), text).counts


def found(readers: Shown, text: str) -> set[str]:
    page = search(readers.connection, readers.view(), Paging(), text, kind="decision")
    return {one["decision"] for one in page.items}


def test_the_golden_questions_find_what_they_should(readers: Shown) -> None:
    assert {text: found(readers, text) for text in GOLDEN} == GOLDEN


def test_a_whole_word_ranks_above_a_part_of_one(readers: Shown) -> None:
    page = search(readers.connection, readers.view(), Paging(), "correctiebericht")
    assert [one["decision"] for one in page.items] == ["correctie", "proces"]


def test_a_hit_says_what_was_found_and_what_it_rests_on(readers: Shown) -> None:
    [hit] = search(readers.connection, readers.view(), Paging(), "zaak-fiets").items
    assert (hit["kind"], hit["decision"], hit["title"]) == ("decision", "fiets", TITLES["fiets"])
    assert "«zaak»-«fiets»" in hit["fragment"]
    assert len(hit["positions"]) == 1


def test_hits_come_in_pages(readers: Shown) -> None:
    view, names, cursor = readers.view(), [], ""
    while True:
        page = search(readers.connection, view, Paging(cursor, 2), "beter", kind="decision")
        names += [one["decision"] for one in page.items]
        cursor = page.next
        if not cursor:
            break
    assert sorted(names) == sorted(TITLES)


def through(readers: Shown, text: str, limit: int, kind: str = "") -> list[str]:
    """Return what all pages of a search show, as kind:id."""
    view, names, cursor = readers.view(), [], ""
    while True:
        found = search(readers.connection, view, Paging(cursor, limit), text, kind=kind)
        names += [f"{one['kind']}:{one[one['kind']]}" for one in found.items]
        cursor = found.next
        if not cursor:
            return names


def test_of_more_than_is_ranked_the_newest_come_first_and_the_page_says_so(
    readers: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked = set(through(readers, "beter", 2))
    monkeypatch.setattr("projections.search.MOST", len(TITLES) - 1)
    found = hits(readers.connection, readers.view(), Paging("", 3), "beter")
    assert (found.more_than, found.page.more_than, found.counts) == (6, 6, {})
    names = through(readers, "beter", 2)
    assert set(names) == ranked
    assert len(names) == len(ranked)
    newest = [name for name in names if name.startswith("decision:")]
    assert newest == [f"decision:{name}" for name in reversed(TITLES)]
    assert through(readers, "beter", 3, kind="decision") == newest
    monkeypatch.setattr("projections.search.MOST", len(ranked))
    same = hits(readers.connection, readers.view(), Paging("", 3), "beter")
    assert (same.more_than, same.page.more_than) == (0, 0)
    assert sum(same.counts.values()) == len(ranked)


def test_the_newest_of_too_many_are_whole_words_and_parts_of_words(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    life, names = BOARD, [f"b-{number:02}" for number in range(24)]
    for number, name in enumerate(names):
        title = ("De aangifte", "De loonaangifteketen")[number % 2]
        life = life.done(proposal(name, title=title), by="bestuur-p-bd")
    monkeypatch.setattr("projections.search.MOST", 5)
    with shown(database, life) as readers, psycopg.connect(database) as owner:
        # Two decisions in each slice, as in a chain of a hundred thousand events.
        for number, name in enumerate(names):
            asked = {"since": number // 2 * SLICE + number, "id": name}
            owner.execute(
                "UPDATE read_texts SET since = %(since)s WHERE kind = 'decision' AND id = %(id)s",
                asked,
            )
        owner.commit()
        view = replace(readers.view(), known_at=12 * SLICE)
        for limit in range(1, 20):
            page = search(readers.connection, view, Paging("", limit), "aangifte")
            assert [one["decision"] for one in page.items] == names[::-1][:limit]
            assert page.more_than == 5


def test_what_is_too_much_in_all_is_ranked_where_it_is_little_of_one_kind(
    readers: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = hits(readers.connection, readers.view(), Paging(), "beter OR bestuur")
    assert len(everything.counts) > 1
    few = everything.counts["body"]
    monkeypatch.setattr("projections.search.MOST", few)
    asked = (readers.connection, readers.view(), Paging(), "beter OR bestuur")
    found = hits(*asked, kind="body")
    assert (found.counts, found.more_than, found.page.more_than) == ({"body": few}, few, 0)
    assert hits(*asked, kind="decision").page.more_than == few


def test_a_ranked_list_that_became_too_long_to_go_on_with_is_refused(
    readers: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = readers.view()
    first = search(readers.connection, view, Paging("", 2), "beter", kind="decision")
    monkeypatch.setattr("projections.search.MOST", 2)
    with pytest.raises(Refused, match="begin vooraan"):
        search(readers.connection, view, Paging(first.next, 2), "beter", kind="decision")


def test_no_word_finds_what_a_slice_of_a_chain_is_called(readers: Shown) -> None:
    chain = readers.view().chain
    for text in (f"@{chain}/0", f'"@{chain}/0#decision"', "_____", "or"):
        assert not search(readers.connection, readers.view(), Paging(), text).items


def test_a_cursor_that_is_none_is_refused(readers: Shown) -> None:
    for text in ("onzin", "W10", "WyJ4Il0", "é", "W" * 1000):
        with pytest.raises(Refused, match="G13"):
            search(readers.connection, readers.view(), Paging(text), "fiets")


def test_what_was_once_written_is_found_as_of_then(database: str) -> None:
    life = BOARD.done(proposal(title="Over ganzen"), by="bestuur-p-bd")
    changed = ProposalAmended(
        decision="b-1", reason="Anders", title="Over zwanen", chain_interest="Beter."
    )
    before = life.entries[-1].header.position
    with shown(database, life.done(changed, by="bestuur-p-bd")) as readers:
        for word, known_at, hit in (
            ("ganzen", before, True),
            ("ganzen", None, False),
            ("zwanen", before, False),
            ("zwanen", None, True),
        ):
            view = readers.view(known_at=known_at)
            assert bool(search(readers.connection, view, Paging(), word).items) is hit
        early = readers.view(valid_on="2023-12-31")
        assert search(readers.connection, early, Paging(), "zwanen").items == []
        assert readers.view(reader=EVERYTHING) == readers.view()


def test_more_text_than_can_be_searched_is_found_by_its_beginning(database: str) -> None:
    life = BOARD.done(proposal(), by="bestuur-p-bd")
    for part in range(14):
        words = " ".join(f"{number:04x}\u4e00\u00fc{part:x}" for number in range(2400))
        life = life.done(RationaleAdded(decision="b-1", text=words), by="manager")
    with shown(database, life) as readers:
        view = readers.view()
        first, last = (
            search(readers.connection, view, Paging(), f"0001\u4e00\u00fc{part}").items
            for part in ("0", "d")
        )
    assert [one["decision"] for one in first] == ["b-1"]
    assert last == []


@pytest.mark.parametrize(
    ("text", "spelled"),
    [("Beëindigd", "beeindigd"), ("CAFÉ", "cafe"), ("straße", "strasse"), ("ij", "ij"), ("", "")],
)
def test_spelling_takes_off_accents_and_capitals(text: str, spelled: str) -> None:
    assert plain(text) == spelled


def test_what_says_nothing_is_not_looked_for_as_written(readers: Shown) -> None:
    def as_written(text: str) -> str:
        return matching.words(readers.connection, text).parameters()["plain_words"]

    assert as_written("De fiets van de Loopgroep") == "fiets loopgroep"
    for text in ('"de fiets"', "de OR fiets", "de -fiets", "de het een", "op-de-fiets", "de_fiets"):
        assert as_written(text) == plain(text)
    for text in ("een fiets voor de loopgroep", "fiets loopgroep"):
        assert found(readers, text) == {"fiets"}


def test_the_counts_by_kind_are_of_what_is_found(readers: Shown) -> None:
    view = readers.view()
    assert counts(readers.connection, view, "correctieberichten") == {"decision": 2}
    assert counts(readers.connection, view, "vliegtuig") == {}
    assert counts(readers.connection, view, "de het een") == {}
