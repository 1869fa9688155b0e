"""The Python Enhancement Proposals through the doors: imported by the command line, read over HTTP.

Somebody unknown reads here, so what is checked is what everybody can look up.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from api import cli, peps, signing
from api.settings import Settings
from api.signing import ensure_key
from ledger import catalogue
from ledger.verify import verify
from tests.api.doors import Doors, open_doors
from tests.api.signed import signed_head
from tests.conformance import peps_history as told
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url

CHAIN = "peps"
KINDS = {"Standards Track", "Informational", "Process"}
PAGE = 200
DAYS = 60
EACH_FILE = pytest.mark.parametrize(
    "world", ["cut", pytest.param("whole", marks=pytest.mark.slow)], indirect=True
)


class World:
    """A file that was imported, and a server that tells of it."""

    def __init__(self, file: Path, database: str, folder: Path, doors: Doors) -> None:
        self.file = file
        self.database = database
        self.folder = folder
        self.doors = doors
        self.document, digest = told.load(file)
        self.lines = list(peps.lines(self.document, sha256=digest))

    @cached_property
    def names(self) -> dict[str, str]:
        """The name behind each pseudonym."""
        people = (one.body for one in self.lines if one.body["type"] == "PersonRegistered.v1")
        return {body["person"]: body["name"] for body in people}

    @cached_property
    def decisions(self) -> dict[str, dict[str, Any]]:
        """Every decision in full."""
        return {one["decision"]: self.get(f"/decisions/{one['decision']}") for one in self.listed()}

    def get(self, path: str, **asked: Any) -> dict[str, Any]:
        answer = self.doors.get(f"/v1/chains/{CHAIN}{path}", params=asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def listed(self, **asked: Any) -> list[dict[str, Any]]:
        """Return all decisions of a list, page after page."""
        page = self.get("/decisions", limit=PAGE, **asked)
        found = list(page["items"])
        while page["next"]:
            page = self.doors.get(page["next"]).json()
            found += page["items"]
        return found


@pytest.fixture(scope="module")
def world(
    request: pytest.FixtureRequest,
    server: str,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """A file imported into a database of its own, and the server on it."""
    file = told.CUT
    if request.param == "whole":
        file = request.getfixturevalue("shared_folder") / "data" / told.WHOLE
    name, folder = f"test_{uuid4().hex[:12]}", tmp_path_factory.mktemp("peps")
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        database = _url(server, name)
        assert command(database, folder, "import-peps", str(file), CHAIN) == 0
        ensure_key(Settings(folder=folder), CHAIN)
        with open_doors(database, folder, development=False, at_least_seconds=60.0) as doors:
            opened = World(file, database, folder, doors)
            opened.get("", atLeast=doors.size(CHAIN) - 1)
            yield opened
    finally:
        _run(server, DROP, name=name)


def command(database: str, folder: Path, *words: str) -> int:
    """Run the command line on a database; return how it ended."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", database)
        environment.setenv("KETENLEDGER_FOLDER", str(folder))
        return cli.run([*words])


def counted(output: str) -> dict[str, Any]:
    """Return what a recording command says at its end."""
    last: dict[str, Any] = json.loads(output.splitlines()[-1])
    return last


@EACH_FILE
def test_the_same_file_again_records_nothing_twice(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    size = world.doors.size(CHAIN)
    assert (
        command(world.database, world.folder, "import-peps", str(world.file), CHAIN, "--json") == 0
    )
    again = counted(capsys.readouterr().out)
    assert (again["recorded"], again["refused"]) == (0, 0)
    assert (again["repeated"], again["size"]) == (len(world.lines), size)


@EACH_FILE
def test_the_audit_of_the_import_is_clean(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(world.database, world.folder, "audit", CHAIN, "--json") == 0
    assert counted(capsys.readouterr().out)["records"] == world.doors.size(CHAIN)


@EACH_FILE
def test_every_decision_tells_its_whole_history_of_statuses(world: World) -> None:
    theirs = told.histories(world.document)
    for name, history in theirs.items():
        statuses = world.decisions[name]["statuses"]
        assert [(told.moment(one["on"]), one["label"]) for one in statuses] == history
    listed = [one for one in world.decisions.values() if one["decision"] in theirs]
    shown = sum(len(one["statuses"]) for one in listed)
    assert shown == world.document["expect"]["statusEvents"]


@EACH_FILE
def test_the_list_of_any_day_gives_the_statuses_of_that_day(world: World) -> None:
    theirs = told.histories(world.document)
    for day in telling_days(theirs):
        end = datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1) - told.SECOND
        then = {name: told.status_at(history, end) for name, history in theirs.items()}
        found = {one["decision"]: one for one in world.listed(validOn=day.isoformat())}
        ours = {name: found[name]["statusLabel"] for name in theirs if name in found}
        assert ours == {name: word for name, word in then.items() if word}


def telling_days(histories: dict[str, told.History]) -> list[date]:
    """Return days on which statuses changed and the days before, spread over all years."""
    changes = {at.date() for history in histories.values() for at, _ in history}
    days = sorted(changes | {day - timedelta(days=1) for day in changes})
    return days[:: max(1, len(days) // DAYS)]


@EACH_FILE
def test_the_last_statuses_are_those_of_the_file(world: World) -> None:
    own = [one for one in world.listed() if one.get("kind") in KINDS]
    expect = world.document["expect"]
    assert len(own) == expect["decisions"]
    assert Counter(one["statusLabel"] for one in own) == expect["finalStatusCounts"]


@EACH_FILE
def test_five_seats_of_the_council_are_held_in_every_month_since_2019(world: World) -> None:
    months = [f"{year}-{month:02}-17" for year in range(2019, 2027) for month in range(1, 13)]
    for day in [*months[1:-1], "2019-02-04", "2019-12-15", "2019-12-16", "2026-11-21"]:
        seats = world.get("/bodies/steering-council", validOn=day)["seats"]
        held = {world.names[seat["holder"]] for seat in seats if not seat["vacant"]}
        assert len(seats) == len(held) == 5
        assert held == told.seated(world.document, day)


@EACH_FILE
def test_the_seat_of_the_bdfl_is_vacant_and_gone_after_its_end(world: World) -> None:
    (seat,) = world.get("/bodies/bdfl", validOn="2018-07-11")["seats"]
    assert seat["vacant"]
    assert world.get("/bodies/bdfl", validOn="2018-07-12")["validUntil"] == "2018-07-12"


@EACH_FILE
def test_a_decision_of_a_delegate_shows_the_mandate_it_was_taken_under(world: World) -> None:
    shown = 0
    for facts in world.document["decisions"]:
        decision = world.decisions[facts["id"]]
        assert facts["decidedUnderMandateOf"] or "mandate" not in decision
        if "mandate" not in decision:
            continue
        mandate = world.get(f"/mandates/{decision['mandate']}")
        assert mandate["scope"]["subjects"] == [facts["id"]]
        (used,) = mandate["used"]
        assert used["decision"] == facts["id"]
        assert told.moment(mandate["granted"]["on"]) <= told.moment(used["on"])
        assert used["on"] in [one["on"] for one in decision["statuses"]]
        given = [one for one in world.document["mandates"] if one["scope"] == facts["id"]]
        assert world.names[mandate["holder"]] in {one["holder"] for one in given}
        shown += 1
    assert shown == peps.summary(world.document).shown


@EACH_FILE
def test_a_supersession_shows_on_both_decisions_with_who_states_it(world: World) -> None:
    later, earlier = {}, {}
    for name, decision in world.decisions.items():
        for one in decision.get("supersedes", ()):
            later[name, one["decision"]] = one["statedBy"]
            assert one["oneSided"] == (one["statedBy"] != "both")
        for one in decision.get("supersededBy", ()):
            earlier[one["decision"], name] = one["statedBy"]
    assert later == earlier == told.edges(world.document)


@EACH_FILE
def test_nobody_s_name_is_read_by_somebody_unknown(world: World) -> None:
    """But in titles, which are the decisions' own. A name of one word may be a word."""
    titles = " ".join(one["title"] for one in world.document["decisions"])
    names = {name for name in told.names(world.document) if " " in name and name not in titles}
    for decision in world.decisions.values():
        text = json.dumps(decision, ensure_ascii=False)
        assert not [name for name in names if name in text]


@pytest.mark.parametrize("world", ["cut"], indirect=True)
def test_the_whole_chain_is_a_bundle_that_anybody_can_check(world: World, tmp_path: Path) -> None:
    """As the command makes it of everything, and as somebody unknown gets it over HTTP."""
    size = world.doors.size(CHAIN)
    signed_head(world.doors, CHAIN, size)
    key = str(signing.log_keys(Settings(folder=world.folder)).key(CHAIN).signers[0].verifier)
    own, public = tmp_path / "own.zip", tmp_path / "public.zip"
    assert command(world.database, world.folder, "bundle", CHAIN, "--all", "-o", str(own)) == 0
    public.write_bytes(world.doors.get(f"/v1/chains/{CHAIN}/bundles/records").content)
    whole = f"van nummers 0 tot en met {size - 1} is er geen weggelaten; niet getoond: "
    stored = world.doors.app.state.proving.walk(CHAIN)
    shown = [one for one in stored if catalogue.decode(one.data).header.scope == "public"]
    for path, hidden in ((own, 0), (public, size - len(shown))):
        assert f"{whole}{hidden}" in verify(str(path), keys=[key], earlier=[])[0][0]


def test_an_import_that_broke_off_goes_on_where_it_was(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, digest = told.load(told.CUT)
    lines = [msgspec.json.encode(line) for line in peps.lines(document, sha256=digest)]
    half = tmp_path / "half.jsonl"
    half.write_bytes(b"\n".join(lines[: len(lines) // 2]))
    assert command(database, tmp_path, "record", CHAIN, str(half), "--json") == 0
    first = counted(capsys.readouterr().out)
    assert command(database, tmp_path, "import-peps", str(told.CUT), CHAIN, "--json") == 0
    rest = counted(capsys.readouterr().out)
    assert (first["recorded"], rest["repeated"]) == (len(lines) // 2, len(lines) // 2)
    assert rest["recorded"] == len(lines) - len(lines) // 2


def test_a_file_that_does_not_fit_records_nothing(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, _ = told.load(told.CUT)
    document["mandates"][-1]["scope"] = "PEP-7777"
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert command(database, tmp_path, "import-peps", str(file), CHAIN) == 1
    assert "D3" in capsys.readouterr().err
    assert command(database, tmp_path, "show", CHAIN) == 1
