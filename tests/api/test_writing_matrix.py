"""Who may send what over every route that takes something: routes, readers, classifications.

The routes are those of the application itself, so a new one fails here until it has a line in
`tests/data/writing-matrix.txt`. A cell is the status that a kind of reader gets on a server in
production. Acts are tried out (`dryRun`), so that the order does not count; a program may not try
out, so it asks in earnest. Where the address names a thing there is a line for a thing that begins
in each classification, and one for what does not exist. To make the file again after a change that
was meant: remove it, run this test, look at the difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
import pytest

from api.act_paths import BASE, IN_BRACES, PATHS
from ledger import catalogue
from tests import samples
from tests.api.an_issuer import AUDIENCE, AnIssuer
from tests.api.cast import AUDITOR, CHAIN, DEMO, HIDDEN, PARTICIPANT, READERS, Cast, three_chains
from tests.api.doors import open_doors
from tests.api.matrices import hold, put

GOLDEN: Final = Path(__file__).parents[1] / "data" / "writing-matrix.txt"
SENT: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
COLUMNS: Final = (*READERS, "operator", "visitor")
"""A visitor is anybody in a demonstration; every other column is of the chain itself."""
SCOPES: Final = ("public", "chain", "confidential")
POSITIONS: Final = {"public": 1, "chain": 3, "confidential": 2, "absent": 9_999_999}
OWN: Final = {
    "organisation": "cbs",
    "seat": "ketenbestuur-cbs",
    "body": "ketenbestuur",
    "person": PARTICIPANT,
    "reviewer": AUDITOR,
    "provider": "cbs",
    "consumer": "uwv",
}
"""What a body says where it can: what a participant has."""
OTHERS: Final = {
    "/ketens/{chain}/vastleggen/{soort}": {"soort": "VoteCast"},
    "/ketens/{chain}/dienstaccounts/sleutel": {},
    "/aanmelden": {},
    "/afmelden": {},
    "/taal": {},
    "/ketens/{rest:path}": {"rest:path": "a/b/c"},
}
"""The addresses to which a form is sent, and what stands in their braces."""


@pytest.fixture(scope="module")
def cast(shared_database: str, data_folder: Path, issuer: AnIssuer) -> Iterator[Cast]:
    """Every kind of reader on a server in production."""
    three_chains(shared_database)
    trusted = {"development": False, "issuer": issuer.url, "audience": AUDIENCE}
    with open_doors(shared_database, data_folder, tick_seconds=86_400.0, **trusted) as opened:
        yield Cast(opened, issuer, shared_database)


@pytest.fixture(scope="module")
def things(shared_database: str, cast: Cast) -> dict[str, dict[str, str]]:
    """By kind: a thing whose first record is of each scope, as far as there is one."""
    query = """
        SELECT DISTINCT ON (kind, scope) kind, scope, id FROM (
            SELECT DISTINCT ON (kind, id) kind, id, scope, position
            FROM read_links WHERE chain = %s ORDER BY kind, id, position
        ) AS begun ORDER BY kind, scope, id
    """
    found: dict[str, dict[str, str]] = {}
    with psycopg.connect(shared_database) as connection:
        for kind, rank, name in connection.execute(query, (CHAIN,)).fetchall():
            found.setdefault(kind, {})[SCOPES[rank - 1]] = name
    return found


def routes(cast: Cast) -> Iterator[tuple[str, str]]:
    """Give the method and path of every route that takes something."""
    for route in cast.doors.app.routes:
        for method in sorted(getattr(route, "methods", None) or ()):
            if method in SENT:
                yield method, getattr(route, "path", "")


TYPES: Final = {BASE + path: title for title, path in PATHS.items()}
ANY: Final = f"{BASE}/records"


def body_of(title: str, path: str, given: dict[str, str]) -> dict[str, Any]:
    """Return the smallest body of an event type, about what a participant has."""
    body: dict[str, Any] = msgspec.to_builtins(samples.smallest(catalogue.find(title).kind))
    known = {name: value for name, value in OWN.items() if name in body}
    named = set(IN_BRACES.findall(path))
    whole = body | known | {name: value for name, value in given.items() if name in body}
    return {name: value for name, value in whole.items() if name not in named | {"type"}}


def lines(cast: Cast, things: dict[str, dict[str, str]]) -> Iterator[tuple[str, str, str, Any]]:
    """Give each line of the matrix: its label, its method, its address, and what is sent."""
    for method, path in routes(cast):
        title = TYPES.get(path, "")
        if path == ANY:
            yield (
                f"{method} {path}",
                method,
                path,
                {"type": "VoteCast", **body_of("VoteCast", "", {})},
            )
        elif title:
            for label, given in _named(path, things):
                body = body_of(title, path, given)
                yield f"{method} {path} {label}".strip(), method, put(path, given), body
        else:
            assert path in OTHERS, f"{method} {path}: say in this test what is to be sent to it"
            yield f"{method} {path}", method, put(path, OTHERS[path]), None


def _named(path: str, things: dict[str, dict[str, str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Give what may stand in the braces of an address, by where the thing begins."""
    names = [one for one in re.findall(r"{(\w+)}", path) if one != "chain"]
    if not names:
        yield "", {}
        return
    fixed = {name: OWN[name] for name in names if name in OWN}
    for scope in (*SCOPES, "absent"):
        given = dict(fixed)
        for name in names:
            if name in ("target", "advice"):
                given[name] = str(POSITIONS[scope])
            elif scope == "absent":
                given[name] = "bestaat-niet"
            elif scope in things.get(_kind(name), {}):
                given[name] = things[_kind(name)][scope]
        if set(given) >= set(names):
            yield scope, given


def _kind(name: str) -> str:
    return {"organisation": "partner", "supersedes": "objective"}.get(name, name)


def cell(cast: Cast, method: str, path: str, body: Any, kind: str) -> int:
    """Return the status that a kind of reader gets."""
    chain = DEMO if kind == "visitor" else CHAIN
    return asked(cast, method, path.replace("{chain}", chain), body, kind)


def asked(cast: Cast, method: str, path: str, body: Any, kind: str) -> int:
    headers = cast.headers(kind)
    if body is None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = cast.doors.client.request(method, path, content=b"", headers=headers | form)
    else:
        params = {} if kind == "program" else {"dryRun": "true"}
        answer = cast.doors.client.request(method, path, json=body, params=params, headers=headers)
    return answer.status_code


@pytest.mark.slow
def test_every_route_answers_every_sender_what_the_matrix_says(
    cast: Cast, things: dict[str, dict[str, str]]
) -> None:
    made = []
    for label, method, path, body in lines(cast, things):
        cells = [f"{kind}={cell(cast, method, path, body, kind)}" for kind in COLUMNS]
        made.append(f"{label}  {' '.join(cells)}")
    hold(GOLDEN, made)


@pytest.mark.slow
def test_a_chain_that_nobody_may_know_of_takes_nothing_and_tells_nothing(
    cast: Cast, things: dict[str, dict[str, str]]
) -> None:
    for label, method, path, body in lines(cast, things):
        if "{chain}" not in path or label.split()[-1] in SCOPES:
            continue
        for kind in READERS:
            statuses = {
                asked(cast, method, path.replace("{chain}", chain), body, kind)
                for chain in (HIDDEN, "nergens-te-zien")
            }
            assert len(statuses) == 1, (label, kind, statuses)
            assert statuses <= {400, 401, 403, 404}, (label, kind, statuses)


def cells_of(line: str) -> dict[str, int]:
    return {name: int(status) for name, status in re.findall(r"(\w+)=(\d+)", line)}


def test_the_matrix_itself_lets_nobody_record_who_has_no_place() -> None:
    for line in GOLDEN.read_text("utf-8").splitlines():
        cells = cells_of(line)
        assert set(cells) == set(COLUMNS), line
        if f" {BASE}" not in line:
            continue
        for kind in ("nobody", "unknown", "visitor"):
            assert cells[kind] == 401, line
        for kind in ("outsider", "operator"):
            assert cells[kind] in (400, 403), line
        asks = "/evidence-requests public" in line
        assert cells["reviewer"] in ((200,) if asks else (400, 403)), line


def test_the_matrix_itself_lets_a_program_record_what_is_open_to_programs_alone() -> None:
    open_to_it = ("/measurements", "/bottlenecks", "/annotations")
    for line in GOLDEN.read_text("utf-8").splitlines():
        if cells_of(line)["program"] in (200, 201):
            address = line.split()[1]
            assert address.endswith(open_to_it), line


def test_the_matrix_itself_shows_that_there_are_people_who_may() -> None:
    """Not every cell is a refusal: a matrix of refusals alone would prove little."""
    text = GOLDEN.read_text("utf-8")
    allowed = {kind: len(re.findall(rf"{kind}=20[01]", text)) for kind in COLUMNS}
    assert allowed["office"] > 15
    assert allowed["participant"] > 15
    assert allowed["program"] > 2
