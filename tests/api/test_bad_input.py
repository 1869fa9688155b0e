"""What is not sound is refused clearly, nothing of it is recorded, and neighbours do not notice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.doors import Doors

PERSON = {"person": "p-nieuw"}
TOO_DEEP = b'{"function":' + b"[" * 100 + b"]" * 100 + b"}"

BYTES: list[tuple[str, bytes, int, str]] = [
    ("broken JSON", b'{"function": "x"', 400, "G13"),
    ("nothing at all", b"", 400, "G13"),
    ("no object", b"[]", 400, "G13"),
    ("no UTF-8", b'{"function": "\xff"}', 400, "G13"),
    ("a field twice", b'{"function": "x", "function": "y"}', 400, "G13"),
    ("a number with a point", b'{"function": 1.5}', 400, "G13"),
    ("a number too large", b'{"function": 9007199254740992}', 400, "G13"),
    ("a number without end", b'{"function": ' + b"9" * 5000 + b"}", 400, "G13"),
    ("not a number", b'{"function": NaN}', 400, "G13"),
    ("too deep", TOO_DEEP, 400, "G13"),
    ("far too deep", b"[" * 100_000, 400, "G13"),
    ("a NUL character", b'{"function": "a\\u0000b"}', 400, "G8"),
    ("a NUL in a sealed value", b'{"name": "a\\u0000b"}', 400, "G8"),
    ("text not in form C", '{"function": "e\u0301"}'.encode(), 400, "G8"),
    ("text not in form C, escaped", b'{"function": "e\\u0301"}', 400, "G8"),
    ("half a surrogate pair", b'{"function": "\\ud800"}', 400, "G8"),
    ("an unknown field", b'{"functie": "x"}', 400, "G13"),
    ("another kind of value", b'{"function": 7}', 400, "G13"),
    ("a value too long", b'{"function": "' + b"x" * 201 + b'"}', 400, "G13"),
    ("a sealed value too long", b'{"name": "' + b"x" * 2001 + b'"}', 400, "G13"),
    ("no id", b'{"person": "niet goed"}', 400, "G13"),
    ("an id with a line end", b'{"person": "p-1\\n"}', 400, "G13"),
]


@pytest.mark.parametrize(
    ("data", "status", "rule"), [one[1:] for one in BYTES], ids=[one[0] for one in BYTES]
)
def test_an_unsound_body_is_refused_and_nothing_recorded(
    doors: Doors, chain: str, data: bytes, status: int, rule: str
) -> None:
    size = doors.size(chain)
    answer = doors.post_bytes(f"/v1/chains/{chain}/people", data)
    assert (answer.status_code, answer.json().get("rule")) == (status, rule), answer.text
    assert doors.size(chain) == size


FOR_NOBODY = {"title": "t", "organisation": "niemand", "role": "r", "dueOn": "2999-01-01"}
NO_SUCH_DAY = {
    "role": "representative",
    "person": "p-bd",
    "organisation": "bd",
    "validFrom": "2026-02-30",
}
SEVEN_DIGITS = "2026-02-20T00:00:00.1234567Z"
BEFORE_TIME = "0001-01-01T00:00:00+01:00"
ACTS: list[tuple[str, str, dict[str, Any], dict[str, str], int, str]] = [
    ("an unknown type", "records", {"type": "Onzin"}, {}, 400, "G13"),
    ("no type", "records", {"person": "p-1"}, {}, 400, "G13"),
    ("a wrong version", "records", {"type": "PersonRegistered.v2"}, {}, 400, "G13"),
    ("an id in use", "people", {"person": "p-bd"}, {}, 409, "P1"),
    ("an unknown reference", "actions", FOR_NOBODY, {}, 409, "X2"),
    ("an act in the future", "people", PERSON, {"on": "2999-01-01T00:00:00Z"}, 409, "G2"),
    ("an act before its chain", "people", PERSON, {"on": "1999-01-01T00:00:00Z"}, 409, "G3"),
    ("a day that is none", "roles", NO_SUCH_DAY, {}, 400, "G13"),
    ("a moment that is none", "people", PERSON, {"on": "2026-02-30T00:00:00Z"}, 400, None),
    ("a moment without zone", "people", PERSON, {"on": "2026-02-20T00:00:00"}, 400, None),
    ("a moment with seven digits", "people", PERSON, {"on": SEVEN_DIGITS}, 400, None),
    ("a moment before the first year", "people", PERSON, {"on": BEFORE_TIME}, 400, None),
    ("a scope that is none", "people", PERSON, {"scope": "geheim"}, 400, None),
    ("a parameter that is none", "people", PERSON, {"dryrun": "true"}, 400, None),
    ("a person that can be none", "people", PERSON, {"by": "Jan Jansen"}, 400, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "params", "status", "rule"),
    [one[1:] for one in ACTS],
    ids=[one[0] for one in ACTS],
)
def test_an_unsound_act_is_refused_and_nothing_recorded(
    doors: Doors,
    chain: str,
    path: str,
    body: dict[str, Any],
    params: dict[str, str],
    status: int,
    rule: str | None,
) -> None:
    size = doors.size(chain)
    answer = doors.post(f"/v1/chains/{chain}/{path}", body, **params)
    told = answer.json()
    assert answer.status_code == status, answer.text
    if rule:
        assert told["rule"] == rule
    assert (rule is None) == ("rule" not in told)
    assert told["detail"]
    assert doors.size(chain) == size


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(doors: Doors, chain: str) -> None:
    answer = doors.post_bytes(f"/v1/chains/{chain}/people", b" " * (256 * 1024 + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("count", [3, 80_000], ids=["small", "large"])
def test_a_small_body_and_a_large_one_are_read_by_the_same_rules(
    doors: Doors, chain: str, count: int
) -> None:
    url, size = f"/v1/chains/{chain}/people", doors.size(chain)
    full = b'{"function": "x", "a": [' + b",".join([b"{}"] * count) + b"]}"
    for body, told in (
        (full, "a"),
        (full[:-1], "geen geldige JSON"),
        (b'["x"' + b" " * count + b"]", "geen JSON-object"),
        (b'{"function": "x"' + b" " * count + b', "function": "y"}', "tweemaal"),
    ):
        answer = doors.post_bytes(url, body)
        assert (answer.status_code, answer.json()["rule"]) == (400, "G13"), answer.text
        assert told in answer.json()["detail"]
    assert doors.size(chain) == size
    padded = b'{"function": "x"' + b" " * count + b"}"
    assert doors.post_bytes(url, padded).status_code == 201


def test_a_body_of_unknown_length_is_refused_when_it_passes_the_limit(
    doors: Doors, chain: str
) -> None:
    pieces = (b" " * 65_536 for _ in range(5))
    answer = doors.post_bytes(f"/v1/chains/{chain}/people", pieces)  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_a_record_beyond_its_limit_is_refused_with_its_rule(doors: Doors, chain: str) -> None:
    body = next(iter(doors.app.state.ledger.state(chain).bodies.bodies))
    options = [{"text": "x" * 19_000, "whyNot": "y" * 19_000}] * 2
    proposal = {
        "body": body,
        "subject": "s",
        "title": "t",
        "chainInterest": "c",
        "options": options,
    }
    answer = doors.post(f"/v1/chains/{chain}/decisions", proposal)
    assert (answer.status_code, answer.json()["rule"]) == (413, "G7")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Encoding": "gzip"},
    ],
)
def test_only_plain_json_is_read(doors: Doors, chain: str, headers: dict[str, str]) -> None:
    answer = doors.post_bytes(f"/v1/chains/{chain}/people", b"{}", **headers)
    assert answer.status_code == 415


def test_json_may_name_its_character_set(doors: Doors, chain: str) -> None:
    named = {"Content_Type": "application/json; charset=utf-8"}
    assert doors.post_bytes(f"/v1/chains/{chain}/people", b"{}", **named).status_code == 201


@pytest.mark.parametrize("key", ["x" * 129, "a b", "\x7f"])
def test_a_key_that_is_none_is_refused(doors: Doors, chain: str, key: str) -> None:
    assert doors.post(f"/v1/chains/{chain}/people", {}, key=key).status_code == 400


def test_an_unknown_chain_is_not_found(doors: Doors) -> None:
    answer = doors.post("/v1/chains/geen-keten/people", {})
    assert (answer.status_code, answer.json()["rule"]) == (404, "G1")


def test_refused_acts_cost_their_neighbours_nothing(doors: Doors, chain: str) -> None:
    bodies = [
        {"person": f"p-{number}"} if number % 3 else {"person": "p-bd"} for number in range(48)
    ]
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda body: doors.post(f"/v1/chains/{chain}/people", body), bodies)
        )
    expected = [201 if body["person"] != "p-bd" else 409 for body in bodies]
    assert [answer.status_code for answer in answers] == expected
