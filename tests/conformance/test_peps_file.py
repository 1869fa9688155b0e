"""A file that is not what it should be is refused before its first line; odd text is taken in."""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from api import peps
from api.record_lines import Line
from ledger.domain.values import Refused
from tests.conformance import peps_history as told
from tests.conformance.peps_import import imported

Change = Callable[[told.Document], object]


def changed(change: Change) -> told.Document:
    """Return the cut with one thing changed."""
    document, _ = told.load(told.CUT)
    document = copy.deepcopy(document)
    change(document)
    return document


def lines_of(document: told.Document) -> list[Line]:
    return list(peps.lines(document, sha256="0" * 64))


def decision(document: told.Document, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["decisions"] if one["id"] == name)
    return found


def recorded(document: told.Document, name: str) -> dict[str, Any]:
    """Return the body of the line that records a decision first."""
    bodies = (one.body for one in lines_of(document))
    return next(
        body
        for body in bodies
        if body["type"] == "DecisionRecorded.v1" and body["decision"] == name
    )


MISFITS: dict[str, tuple[str, str, Change]] = {
    "another format": ("G13", "keten-import", lambda file: file.update(format="keten-import/9")),
    "a part missing": ("G13", "statusHistory", lambda file: file.pop("statusHistory")),
    "an unknown status": (
        "G13", "Approved", lambda file: file["statusHistory"][0].update(status="Approved")
    ),
    "a moment without a zone": (
        "G13", "].at", lambda file: file["statusHistory"][0].update(at="2000-07-13T06:33:08")
    ),
    "no moment": ("G13", "].at", lambda file: file["statusHistory"][0].update(at="yesterday")),
    "no date": (
        "G13", "proposedOn", lambda file: decision(file, "PEP-0160").update(proposedOn="2000-02-30")
    ),
    "no history": ("G13", "PEP-0160", lambda file: without_history(file, "PEP-0160")),
    "no holder": ("G13", "holder", lambda file: file["mandates"][0].update(holder="")),
    "twice": ("D1", "PEP-0005", lambda file: file["decisions"].append(file["decisions"][1])),
    "a mandate on nothing": (
        "D3", "PEP-7777", lambda file: file["mandates"][0].update(scope="PEP-7777")
    ),
    "a successor of nothing": ("D3", "PEP-7777", lambda file: refer(file, "supersedes")),
    "a predecessor of nothing": ("D3", "PEP-7777", lambda file: refer(file, "supersededBy")),
    "resting on nothing": ("D3", "PEP-7777", lambda file: refer(file, "requires")),
    "an election by nothing": (
        "D3", "PEP-7777", lambda file: file["elections"][0].update(id="PEP-7777")
    ),
    "a change of nothing": (
        "D3", "PEP-7777", lambda file: file["ruleChanges"][0].update(rule="PEP-7777")
    ),
}  # fmt: skip


def without_history(document: told.Document, name: str) -> None:
    document["statusHistory"] = [
        one for one in document["statusHistory"] if one["decision"] != name
    ]


def refer(document: told.Document, field: str) -> None:
    decision(document, "PEP-0443")[field].append("PEP-7777")


@pytest.mark.parametrize(("rule", "said", "change"), MISFITS.values(), ids=MISFITS)
def test_a_file_that_does_not_fit_is_refused(rule: str, said: str, change: Change) -> None:
    document = changed(change)
    for ask in (lines_of, peps.summary):
        with pytest.raises(Refused) as refused:
            ask(document)
        assert refused.value.rule == rule
        assert said in refused.value.reason


def test_the_file_as_it_is_fits() -> None:
    assert len(lines_of(changed(lambda file: None))) > 300


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[]", b"null"])
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="G13"):
        list(peps.lines_of(data))


def test_a_file_has_its_own_digest_as_source() -> None:
    document, digest = told.load(told.CUT)
    assert list(peps.lines_of(told.CUT.read_bytes())) == list(peps.lines(document, sha256=digest))


def test_what_the_ledger_has_no_use_for_is_left_alone() -> None:
    assert lines_of(changed(lambda file: file.update(comment="x", sigs=[]))) == lines_of(
        changed(lambda file: None)
    )


def test_a_title_too_long_is_cut_off_and_kept_whole_beside_it() -> None:
    title = "Langer " * 40
    body = recorded(
        changed(lambda file: decision(file, "PEP-0443").update(title=title)), "PEP-0443"
    )
    assert (len(body["title"]), body["title"][-1]) == (200, "…")
    assert body["text"] == title.strip()


def test_a_title_of_200_characters_stands_as_it_is() -> None:
    title = "t" * 200
    body = recorded(
        changed(lambda file: decision(file, "PEP-0443").update(title=title)), "PEP-0443"
    )
    assert body["title"] == title
    assert "text" not in body


def test_text_is_normalised_and_names_are_the_same_after_trimming() -> None:
    def odd(file: told.Document) -> None:
        decision(file, "PEP-0443").update(
            title=unicodedata.normalize("NFD", "Één titel"),
            proposers=["Łukasz Langa", " Łukasz Langa "],
        )

    body = recorded(changed(odd), "PEP-0443")
    assert body["title"] == "Één titel"
    assert len(set(body["proposers"])) == 1


def test_a_topic_of_several_is_kept_and_the_first_is_the_subject() -> None:
    body = recorded(changed(lambda file: None), "PEP-0772")
    assert body["topics"] == ["Governance", "Packaging"]
    assert body["subject"] == "governance"


def test_a_resolution_keeps_its_reference_and_the_day_the_source_gives() -> None:
    (resolved,) = [
        one.body
        for one in lines_of(changed(lambda file: None))
        if one.body.get("resolvedOn") == "2024-01-08"
    ]
    assert (resolved["decision"], resolved["statusLabel"]) == ("PEP-0723", "Accepted")
    assert resolved["reference"].startswith("https://")


def test_a_withdrawal_counts_as_resolution_only_where_the_source_says_so() -> None:
    lines = lines_of(changed(lambda file: None))
    ended = {
        one.body["decision"]: one.body.get("mandate")
        for one in lines
        if one.body.get("statusLabel") == "Withdrawn"
    }
    assert ended["PEP-0763"] == "mandate-PEP-0763-1"
    assert ended["PEP-0426"] is None


def test_a_chain_starts_the_day_before_the_first_date_of_its_file() -> None:
    (first, *_), earliest = lines_of(changed(lambda file: None)), "1996-08-14"

    def earlier(file: told.Document) -> None:
        decision(file, "PEP-0443").update(proposedOn=earliest)

    assert lines_of(changed(earlier))[0].on == "1996-08-13T00:00:00.000000Z"
    assert first.on > "1996-08-13T00:00:00.000000Z"


def test_an_import_breaks_no_rule_when_a_council_has_a_vacancy() -> None:
    document = changed(lambda file: file["seatAssignments"].pop())
    assert sum(one.body["type"] == "SeatAssigned.v1" for one in lines_of(document)) == 39


def test_the_cut_is_recorded_whole() -> None:
    taken = imported(told.CUT)
    assert len({one.header.act for one in taken.entries if one.header.act}) == len(taken.lines)
