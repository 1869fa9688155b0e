"""Every address of the OpenAPI document, asked by everybody, with what it allows and what not.

Whatever is asked: the answer is one the document names, it is no fault of the server, and an error
is a problem that tells nothing of the inside.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode, Response

from api.demo_chain import record_demo
from api.openapi import document
from api.problems import KINDS, MEDIA_TYPE
from tests.api.doors import Doors, open_doors
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
CALLERS: Final = ("partner", "partner", "nobody", "stranger", "forger")
PARTNER: Final = "bestuurder-belastingdienst"


@pytest.fixture(scope="module")
def doors(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """A server with the demonstration chain."""
    name = "test_fuzz_" + tmp_path_factory.getbasetemp().name.replace("-", "_")
    _run(server, DROP, name=name)
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        folder = tmp_path_factory.mktemp("fuzz")
        # Who asks for what is not yet there is told so at once, so that the time goes into asking.
        with open_doors(_url(server, name), folder, at_least_seconds=0.05) as opened:
            record_demo(opened.app.state.ledger)
            opened.app.state.runner.catch_up()
            yield opened
    finally:
        _run(server, DROP, name=name)


@pytest.fixture(scope="module")
def known(doors: Doors) -> dict[str, list[str]]:
    """What the parts of an address can be called here, by the name of the part."""
    found: dict[str, set[str]] = defaultdict(set)
    [chain] = doors.app.state.reading.chains()
    for row in doors.app.state.reading.walk(chain):
        for name, value in json.loads(row.data)["body"].items():
            if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
                found[name].add(value)
    size = doors.size(chain)
    found["chain"] = {chain}
    found["position"] = {"0", str(size - 1), str(size)}
    return {name: sorted(values)[:20] for name, values in found.items()}


def headers_of(doors: Doors, caller: str) -> dict[str, str]:
    match caller:
        case "partner":
            return doors.known_as(PARTNER)
        case "stranger":
            return doors.known_as("p-van-elders")
        case "forger":
            return {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
    return {}


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


def operations(doors: Doors) -> list[Any]:
    schema = schemathesis.openapi.from_dict(document(doors.app))
    return [one.ok() for one in schema.get_all_operations()]


def drawn(data: st.DataObject, operation: Any, known: dict[str, list[str]]) -> Any:
    """Draw a request: mostly to what is there, and as the document has it in three of four."""
    names = re.findall(r"\{(\w+)\}", operation.path)
    there = {
        name: data.draw(st.sampled_from(known[name]), label=name)
        for name in names
        if name in known and data.draw(st.integers(0, 3), label=f"{name} is there")
    }
    sound = data.draw(st.integers(0, 3), label="sound") > 0
    mode = GenerationMode.POSITIVE if sound else GenerationMode.NEGATIVE
    return data.draw(operation.as_strategy(generation_mode=mode, path_parameters=there or None))


class Asking:
    """Asks one server whatever the document allows or not, and remembers what went wrong."""

    def __init__(self, doors: Doors, known: dict[str, list[str]]) -> None:
        self._doors = doors
        self._known = known
        self._root = str(doors.client.base_url).rstrip("/")
        self.statuses: Counter[int] = Counter()
        self.wrong: dict[str, list[str]] = {}

    def ask(self, operation: Any) -> None:
        """Ask one operation this and that, as each of the callers."""

        @trying(EXAMPLES)
        @given(st.data(), st.sampled_from(CALLERS))
        def tried(data: st.DataObject, caller: str) -> None:
            self._ask(operation, drawn(data, operation, self._known), caller)

        tried()

    def _ask(self, operation: Any, case: Any, caller: str) -> None:
        base = self._root if operation.path.startswith("/log/") else f"{self._root}/v1"
        headers = headers_of(self._doors, caller)
        answer = case.call(base_url=base, headers=headers, timeout=ANSWER_SECONDS)
        self.statuses[answer.status_code] += 1
        found = problems_of(answer, set(operation.definition.raw["responses"]))
        if found:
            told = [*found, case.as_curl_command()[:300], answer.text[:200]]
            self.wrong.setdefault(f"{operation.label} ({caller})", []).extend(told)


def test_every_operation_answers_everybody_as_documented(
    doors: Doors, known: dict[str, list[str]]
) -> None:
    asking = Asking(doors, known)
    for operation in operations(doors):
        asking.ask(operation)
    # Not all of it may end at the first check that it meets.
    assert asking.statuses.keys() >= {200, 400, 401, 404}, asking.statuses
    assert not asking.wrong, "\n".join(f"{who}: {what}" for who, what in asking.wrong.items())
