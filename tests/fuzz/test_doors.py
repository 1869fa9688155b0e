"""Every address of the OpenAPI document, asked by everybody, with what it allows and what not.

Asked is a server in production, by every kind of reader with a token or key of their own. Whatever
is asked: the answer is one the document names, it is no fault of the server, an error is a problem
that tells nothing of the inside, and what is read holds no word of a record that is closed to who
reads. The records say themselves which they are (`cast.py`).
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode, Response

from api.openapi import document
from api.problems import KINDS, MEDIA_TYPE
from api.settings import Settings
from api.signing import ensure_key
from tests.api.an_issuer import AUDIENCE, issuing
from tests.api.cast import CHAIN, DEMO, HIDDEN, MARKS, READERS, Cast, three_chains
from tests.api.doors import open_doors
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.fuzz.effort import trying

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES: Final = 3
"""For each operation; the suite has forty seconds for all of them."""
ANSWER_SECONDS: Final = 60
INSIDE: Final = re.compile(
    r"Traceback|psycopg|/site-packages/|File \"|SELECT |Error\(|object at 0x"
)
NOT_YET: Final = "is nog niet verwerkt."
"""What is rightly answered with 503: a position that nothing has yet."""
PLACED: Final = ("participant", "participant", "office", "auditor", "reviewer", "program")
CALLERS: Final = (*PLACED, *PLACED, "forger", *READERS)
"""Who has a place asks most: the others are turned away soon."""
OPEN: Final = frozenset(PLACED)
"""Who reads what is of the chain."""
PART: Final = re.compile(r"\{(\w+)\}")
MARKED: Final = re.compile(rf"({'|'.join(MARKS.values())})-(\d+)")


@pytest.fixture(scope="module")
def cast(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """Every kind of reader, on a server in production with three chains."""
    name = "test_fuzz_" + tmp_path_factory.getbasetemp().name.replace("-", "_")
    _run(server, DROP, name=name)
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        folder = tmp_path_factory.mktemp("fuzz")
        database = _url(server, name)
        three_chains(database)
        ensure_key(Settings(folder=folder), CHAIN)
        with issuing() as issuer:
            trusted = {"development": False, "issuer": issuer.url, "audience": AUDIENCE}
            # Who asks for what is not yet there is told so at once: the time goes into asking.
            with open_doors(database, folder, at_least_seconds=0.05, **trusted) as opened:
                yield Cast(opened, issuer, database)
    finally:
        _run(server, DROP, name=name)


@pytest.fixture(scope="module")
def known(cast: Cast) -> dict[str, list[str]]:
    """What the parts of an address can be called here, by the name of the part."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in cast.doors.app.state.proving.walk(CHAIN):
        for name, value in json.loads(row.data)["body"].items():
            if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
                found[name].add(value)
    size = cast.doors.size(CHAIN)
    found["position"] = {"0", "1", "2", "3", str(size - 1), str(size)}
    names = {name: sorted(values)[:20] for name, values in found.items()}
    # Most of it in the chain where everybody has a place of their own.
    return names | {"chain": [CHAIN] * 8 + [DEMO, HIDDEN]}


def headers_of(cast: Cast, caller: str) -> dict[str, str]:
    if caller == "forger":
        return {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
    return cast.headers(caller)


def told_in(answer: Response) -> str:
    """Return all that an answer says, what is in an archive included."""
    data = bytes(answer.content)
    if not data.startswith(b"PK"):
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [archive.read(name) for name in archive.namelist()]
    return b"".join(parts).decode("utf-8", "replace")


def leaks(cast: Cast, text: str, chain: str, caller: str) -> list[str]:
    """Return the marks of records that are closed to who reads them here."""
    found = {(scope, int(number)) for scope, number in MARKED.findall(text)}
    secret = {number for scope, number in found if scope == MARKS["confidential"]}
    of_the_chain = {number for scope, number in found if scope == MARKS["chain"]}
    if chain == HIDDEN:
        return [f"shows {found} of a hidden chain"] if found else []
    if chain == CHAIN and secret:
        secret -= cast.confidential(caller)
    told = [f"shows {sorted(secret)} in confidence"] if secret else []
    if chain == CHAIN and of_the_chain and caller not in OPEN:
        told.append(f"shows {sorted(of_the_chain)} of the chain")
    return told


def problems_of(answer: Response, documented: set[str]) -> list[str]:
    """Return what is wrong with an answer, a line each."""
    found = []
    if answer.status_code >= 500 and NOT_YET not in answer.text:
        found.append(f"a fault of the server: {answer.status_code}")
    if str(answer.status_code) not in documented:
        found.append(f"{answer.status_code} is not in the document: {sorted(documented)}")
    if answer.status_code >= 400:
        media_type = answer.headers.get("content-type", ["nothing"])[0]
        if media_type != MEDIA_TYPE:
            found.append(f"an error as {media_type}")
        elif answer.json()["type"].removeprefix("/problems/") not in KINDS:
            found.append("a problem of no known kind")
        if INSIDE.search(answer.text):
            found.append("an error that tells of the inside")
    return found


def operations(cast: Cast) -> list[Any]:
    schema = schemathesis.openapi.from_dict(document(cast.doors.app))
    return [one.ok() for one in schema.get_all_operations()]


def drawn(data: st.DataObject, operation: Any, known: dict[str, list[str]]) -> Any:
    """Draw a request: mostly to what is there, and as the document has it in three of four."""
    names = PART.findall(operation.path)
    there = {
        name: data.draw(st.sampled_from(known[name]), label=name)
        for name in names
        if name in known and data.draw(st.integers(0, 7), label=f"{name} is there")
    }
    sound = data.draw(st.integers(0, 3), label="sound") > 0
    mode = GenerationMode.POSITIVE if sound else GenerationMode.NEGATIVE
    return data.draw(operation.as_strategy(generation_mode=mode, path_parameters=there or None))


class Asking:
    """Asks one server whatever the document allows or not, and remembers what went wrong."""

    def __init__(self, cast: Cast, known: dict[str, list[str]]) -> None:
        self._cast = cast
        self._known = known
        self._root = str(cast.doors.client.base_url).rstrip("/")
        self.statuses: Counter[int] = Counter()
        self.marks: Counter[str] = Counter()
        self.wrong: dict[str, list[str]] = {}

    def ask(self, operation: Any) -> None:
        """Ask one operation this and that, as each of the callers.

        First as plain as can be, by who reads most: what is drawn depends on what else Python has
        loaded, and need not come upon what is closed to others.
        """
        if operation.method == "get" and PART.findall(operation.path) == ["chain"]:
            self._ask(operation, operation.Case(path_parameters={"chain": CHAIN}), "office")

        @trying(EXAMPLES)
        @given(st.data(), st.sampled_from(CALLERS))
        def tried(data: st.DataObject, caller: str) -> None:
            self._ask(operation, drawn(data, operation, self._known), caller)

        tried()

    def _ask(self, operation: Any, case: Any, caller: str) -> None:
        base = self._root if operation.path.startswith("/log/") else f"{self._root}/v1"
        headers = headers_of(self._cast, caller)
        answer = case.call(base_url=base, headers=headers, timeout=ANSWER_SECONDS)
        self.statuses[answer.status_code] += 1
        found = problems_of(answer, set(operation.definition.raw["responses"]))
        if case.method.upper() == "GET":
            text = told_in(answer)
            self.marks.update(scope for scope, _ in MARKED.findall(text))
            chain = str((case.path_parameters or {}).get("chain", ""))
            found += leaks(self._cast, text, chain, caller)
        if found:
            told = [*found, case.as_curl_command()[:300], answer.text[:200]]
            self.wrong.setdefault(f"{operation.label} ({caller})", []).extend(told)


def test_every_operation_answers_everybody_as_documented(
    cast: Cast, known: dict[str, list[str]]
) -> None:
    asking = Asking(cast, known)
    for operation in operations(cast):
        asking.ask(operation)
    # Not all of it may end at the first check that it meets, nor show nothing at all.
    assert asking.statuses.keys() >= {200, 400, 401, 403, 404}, asking.statuses
    assert all(asking.marks[mark] for mark in MARKS.values()), asking.marks
    assert not asking.wrong, "\n".join(f"{who}: {what}" for who, what in asking.wrong.items())


def test_a_word_of_a_closed_record_would_be_noticed(cast: Cast) -> None:
    """The check itself: the same answer is in order for one reader and a leak for another."""
    [one, *_] = sorted(cast.confidential("office"))
    secret, ours = f"{MARKS['confidential']}-{one} x", f"{MARKS['chain']}-3 x"
    for caller in ("office", "auditor"):
        assert leaks(cast, secret + ours, CHAIN, caller) == []
    for caller in ("nobody", "unknown", "outsider", "reviewer", "program", "forger"):
        assert leaks(cast, secret, CHAIN, caller), caller
    assert 0 < len(cast.confidential("participant")) < len(cast.confidential("office"))
    for caller in ("nobody", "unknown", "outsider", "forger"):
        assert leaks(cast, ours, CHAIN, caller), caller
        assert leaks(cast, ours, DEMO, caller) == []
        assert leaks(cast, ours, HIDDEN, caller), caller
    assert leaks(cast, secret, DEMO, "office")
    assert leaks(cast, secret, "", "nobody")
