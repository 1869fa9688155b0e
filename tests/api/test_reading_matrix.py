"""Who reads what over every route: a matrix of routes, kinds of readers and classifications.

The routes are those of the application itself, so a new one fails here until it has a line in
`tests/data/reading-matrix.txt`. A cell says the status, and which prose is in the answer: `i` of
records that are for the chain, `c` of confidential ones. The chain is the demonstration with scopes
that change from record to record; its prose says of which scope the record is. To make the file
again after a change that was meant: remove it, run this test, look at the difference.
"""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
import msgspec
import psycopg
import pytest

from api.pages import site
from api.settings import Settings
from api.signing import ensure_key
from ledger.log import canonical
from projections.models import KINDS
from tests.api.cast import (
    HIDDEN,
    KEY,
    MARKS,
    OFFICE,
    OUTSIDER,
    PARTICIPANT,
    REVIEWER,
    marked,
    mixed_life,
)
from tests.api.doors import Doors, Unasked, open_doors
from tests.api.matrices import hold, put
from tests.api.programs import bearer
from tests.log.scene import until
from tests.projections.given import CHAIN, taken_in
from tests.projections.scenes import in_earnest

GOLDEN: Final = Path(__file__).parents[1] / "data" / "reading-matrix.txt"
NOWHERE: Final = "nergens-te-zien"
READERS: Final = {
    "nobody": "",
    "outsider": OUTSIDER,
    "participant": PARTICIPANT,
    "reviewer": REVIEWER,
    "office": OFFICE,
    "program": "",
}
POSITIONS: Final = {"public": 1, "chain": 3, "confidential": 2}
"""A record of each scope; the scopes change in a fixed order."""
CHAINLESS: Final = {
    "/problems/{kind}": {"kind": "not-found"},
    "/v1/docs/{name}": {"name": "swagger-ui.css"},
    "/v1/event-types/{type}": {"type": "VoteCast"},
    "/static/{name}": {"name": "style.css"},
    "/ketens/{rest:path}": {"rest:path": "a/b/c"},
}
SKIPPED: Final = frozenset({"/v1/chains/{chain}/bundles/{kind}/{id}"})
"""Paths that are asked with a value of their own below."""
QUERIES: Final = {
    "/v1/chains/{chain}/search": "?text=besluit",
    "/ketens/{chain}/zoeken": "?zoek=besluit",
    "/ketens/{chain}/stroom": "?vanaf=0",
}


@pytest.fixture(scope="module")
def doors(shared_database: str, data_folder: Path) -> Iterator[Doors]:
    """A server that reads by the policy, with the marked chain, signed, and a hidden one."""
    life = mixed_life()
    taken_in(shared_database, life)
    hidden = marked(in_earnest()[:60], "confidential")
    taken_in(shared_database, hidden, chain=HIDDEN)
    least = {CHAIN: len(life), HIDDEN: len(hidden)}
    for chain in least:
        ensure_key(Settings(folder=data_folder), chain)
    # What time alone brings is looked for at the start, and then no more.
    with open_doors(shared_database, data_folder, tick_seconds=86_400.0) as opened:
        for chain, size in least.items():
            until(lambda chain=chain, size=size: signed_size(opened, chain) >= size)
        opened.app.state.reads_everything = False
        opened.app.state.demos = Unasked()
        yield opened


def signed_size(doors: Doors, chain: str) -> int:
    """Return up to where a chain is signed; 0 where it is not yet."""
    found = doors.app.state.tree.checkpoint(chain)
    return 0 if found is None else int(found.size)


@pytest.fixture(scope="module")
def names(shared_database: str, doors: Doors) -> dict[str, str]:
    """For each kind of thing the id of one that has records of as many scopes as there are."""
    found = {"subject": "financiering", "soort": "VoteCast"}
    query = """
        SELECT kind, id FROM read_links WHERE chain = %s
        GROUP BY kind, id ORDER BY count(DISTINCT scope), count(*), id
    """
    with psycopg.connect(shared_database) as connection:
        rows = connection.execute(query, (CHAIN,)).fetchall()
    return found | {kind: name for kind, name in rows if kind in KINDS}


def paths(doors: Doors, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Give each address that is read, and what is asked of it."""
    size = signed_size(doors, CHAIN)
    for route in doors.app.routes:
        path, methods = getattr(route, "path", ""), getattr(route, "methods", set())
        if "GET" in methods:
            for label, given in _filled(path, names, size):
                yield label, given + QUERIES.get(path, "")


def _filled(path: str, names: dict[str, str], size: int) -> Iterator[tuple[str, str]]:
    own = {**names, "chain": CHAIN, **CHAINLESS.get(path, {})}
    if "{position}" in path:
        for scope, position in POSITIONS.items():
            at = path.replace("{position}", str(position))
            yield f"{path} {scope}", _put(at, own)
    elif "{tile:path}" in path:
        for tile in ("0/000", "entries/000"):
            yield f"{path} {tile}", _put(path.replace("{tile:path}", tile), own)
    elif path.endswith("/bundles/{kind}/{id}"):
        yield path, _put(path, {**own, "kind": "decision", "id": names["decision"]})
    elif path.endswith("/timestamps/{file}"):
        yield path, _put(path, {**own, "file": f"{size}.note"})
    else:
        yield path, _put(path, own)


def _put(path: str, given: dict[str, str]) -> str:
    """Fill in a path; what no thing of the chain is named by has a name that nothing has."""
    known = {*given, *KINDS}
    missing = set(re.findall(r"{(.*?)}", path)) - known - {"signingKey", "evidenceRequest"}
    assert not missing, f"{path}: say in this test what {missing} is to be"
    return put(path, given, otherwise="geen")


def headers_of(doors: Doors, kind: str) -> dict[str, str]:
    """Return the header fields of a kind of reader."""
    if kind == "program":
        return bearer(KEY)
    return doors.known_as(READERS[kind]) if READERS[kind] else {}


def cell(doors: Doors, path: str, kind: str) -> str:
    """Return what a kind of reader gets: the status, and the prose of which scopes."""
    headers = headers_of(doors, kind)
    if "/stroom" in path:
        return _of_stream(doors, path, headers)
    answer = doors.get(path, headers=headers)
    data = answer.content
    if answer.headers.get("Content-Type") == "application/zip":
        archive = zipfile.ZipFile(io.BytesIO(data))
        data = b"".join(archive.read(name) for name in archive.namelist())
    text = data.decode("utf-8", "replace")
    letters = {"i": MARKS["chain"], "c": MARKS["confidential"]}
    marks = "".join(letter for letter, mark in letters.items() if mark in text)
    return f"{answer.status_code}:{marks or '-'}"


def _of_stream(doors: Doors, path: str, headers: dict[str, str]) -> str:
    with doors.client.stream("GET", path, headers=headers) as answer:
        for line in answer.iter_lines() if answer.status_code == 200 else ():
            if line.startswith("data:"):
                return f"200:{msgspec.json.decode(line[5:])['count']}"
    return f"{answer.status_code}:-"


@pytest.mark.slow
def test_every_route_gives_every_reader_what_the_matrix_says(
    doors: Doors, names: dict[str, str]
) -> None:
    lines = []
    for label, path in paths(doors, names):
        cells = [f"{name}={cell(doors, path, name)}" for name in READERS]
        lines.append(f"{label}  {' '.join(cells)}")
    hold(GOLDEN, lines)


def test_the_matrix_itself_shows_no_reader_more_than_the_policy_allows() -> None:
    for line in GOLDEN.read_text("utf-8").splitlines():
        cells = dict(re.findall(r"(\w+)=\d+:(\S+)", line))
        assert set(cells) == set(READERS), line
        for name in ("nobody", "outsider"):
            assert not set(cells[name]) & {"i", "c"}, line
        for name in ("reviewer", "program"):
            assert "c" not in cells[name], line


@pytest.mark.slow
def test_a_chain_that_shows_nothing_is_answered_like_one_that_is_not_there(
    doors: Doors, names: dict[str, str]
) -> None:
    for label, path in paths(doors, names):
        if CHAIN not in path:
            continue
        for who in (READERS["nobody"], READERS["outsider"]):
            headers = doors.known_as(who) if who else {}
            answers = [
                _told(doors.get(path.replace(CHAIN, chain), headers=headers), chain)
                for chain in (HIDDEN, NOWHERE)
            ]
            assert answers[0] == answers[1], label
            assert answers[0][0] in (401, 404), label


@pytest.mark.parametrize("who", ["nobody", "outsider"])
def test_waiting_for_a_record_does_not_tell_that_a_hidden_chain_is_there(
    doors: Doors, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by what is answered nor by how soon, whether the record is there or not."""
    patience = 0.3
    settings = replace(doors.app.state.settings, at_least_seconds=patience)
    monkeypatch.setitem(doors.app.state._state, "settings", settings)
    monkeypatch.setattr(site, "WAIT_SECONDS", patience)
    headers = headers_of(doors, who)
    for path in ("/v1/chains/{}/decisions?atLeast={}", "/ketens/{}/besluiten?na={}"):
        told = set()
        for chain in (HIDDEN, NOWHERE):
            for position in (3, 999):
                before = time.monotonic()
                answer = doors.get(path.format(chain, position), headers=headers)
                assert time.monotonic() - before >= patience, (path, chain, position)
                told.add(_told(answer, chain))
        assert len(told) == 1, told
        assert doors.get(path.format(CHAIN, 999), headers=headers).status_code == 503
        assert doors.get(path.format(CHAIN, 3), headers=headers).status_code == 200


ACTS: Final = (
    ("/driving-problems", {"text": "Er is iets."}),
    ("/bottlenecks", {"subject": "Er is iets."}),
    ("/meetings", {"body": "stuurgroep", "startsAt": "2999-01-01T10:00:00.000000Z"}),
    ("/decisions/B-1/deliberations", {}),
    ("/people", {"person": "iemand"}),
)
"""Acts that an outsider may try."""


@pytest.mark.parametrize("dry", [False, True], ids=["recorded", "tried out"])
def test_an_act_does_not_tell_that_a_hidden_chain_is_there(doors: Doors, *, dry: bool) -> None:
    params = {"dryRun": "true"} if dry else {}
    for path, body in ACTS:
        answers = [
            _told(doors.post(f"/v1/chains/{chain}{path}", body, actor="niemand", **params), chain)
            for chain in (HIDDEN, NOWHERE)
        ]
        assert answers[0] == answers[1], path
        assert answers[0][0] == 404, answers
        # Of a chain that they may know of, they hear that it is not theirs to do.
        assert doors.post(f"/v1/chains/{CHAIN}{path}", body, actor="niemand").status_code == 403


def test_nobody_records_and_no_answer_about_that_tells_anything(doors: Doors) -> None:
    for path, body in ACTS:
        for chain in (CHAIN, HIDDEN, NOWHERE):
            answer = doors.post(f"/v1/chains/{chain}{path}", body, actor="")
            assert answer.status_code == 401, path


def test_a_key_that_somebody_else_used_gives_nobody_their_receipt(doors: Doors) -> None:
    """The key of an act is unique in a chain; who guesses one learns no more than that."""
    used = next(
        one for one in mixed_life() if one.header.scope == "confidential" and one.header.act
    )
    body = {"text": "Er is iets."}
    path = f"/v1/chains/{CHAIN}/driving-problems"
    for person in ("niemand", READERS["participant"]):
        answer = doors.post(path, body, actor=person, key=used.header.act)
        assert answer.status_code in (403, 409, 422), answer.text
        assert "leafHash" not in answer.text
        assert MARKS["confidential"] not in answer.text


def test_a_proof_is_of_a_hash_and_tells_nothing_of_the_record(doors: Doors) -> None:
    hidden = next(one for one in mixed_life() if one.header.scope == "confidential")
    for named in (str(hidden.header.position), canonical.leaf_hash(hidden.data).hex()):
        answer = doors.get(f"/log/{CHAIN}/proof/{named}")
        assert answer.status_code == 200, answer.text
        assert hidden.header.by not in answer.text
        assert MARKS["confidential"] not in answer.text
    assert doors.get(f"/log/{CHAIN}/proof/{'0' * 64}").status_code == 404


def _told(answer: httpx.Response, chain: str) -> tuple[int, str]:
    """Return an answer without the name of the chain and what differs from request to request."""
    text = answer.text.replace(chain, "KETEN")
    return answer.status_code, re.sub(r"[0-9a-f]{32}|[\w.-]{60,}", "", text)
