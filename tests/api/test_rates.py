"""How often somebody may ask: who is counted as whom, and what they are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api import session, settings
from api.rates import DEFAULT, Rates, kind_of
from api.settings import SettingsRefused, from_environment
from api.tokens import Claims
from tests.api.doors import Doors, open_doors
from tests.api.programs import Chain, bearer

RATES = {"reading": 5, "recording": 3, "address": 40, "refusals": 3}
FORGED = {"Authorization": "Bearer een.gemaakt.token"}


def asked(
    path: str = "/v1/chains",
    *,
    method: str = "GET",
    address: str | None = "192.0.2.1",
    **headers: str,
) -> dict[str, Any]:
    """Return a request as a server is given it."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    client = None if address is None else (address, 1234)
    return {"type": "http", "method": method, "path": path, "headers": raw, "client": client}


class Clock:
    """Time that passes when a test says so: no minute ends by itself in the middle of one."""

    def __init__(self) -> None:
        self.now = 6000.0

    def __call__(self) -> float:
        return self.now


def counting(per_minute: Mapping[str, int], clock: Clock | None = None) -> Rates:
    """Return rates that know three sessions in which somebody signed in."""
    known = ("c", "d", "e")
    return Rates(
        per_minute, signed_in=lambda text: text if text in known else "", clock=clock or Clock()
    )


@contextmanager
def limiting(database: str, folder: Path, **settings: Any) -> Iterator[Doors]:
    """Run a server that counts, in one minute that does not end."""
    with open_doors(database, folder, **settings) as doors:
        doors.app.state.rates._limiter.storage._clock = Clock()
        yield doors


def passes(rates: Rates, times: int, **request: Any) -> list[bool]:
    return [rates.wait_seconds(asked(**request)) == 0 for _ in range(times)]


def test_so_many_pass_and_the_next_waits_for_at_most_a_minute() -> None:
    rates = counting({"reading": 3})
    assert passes(rates, 4) == [True, True, True, False]
    assert 1 <= rates.wait_seconds(asked()) <= 60


def test_a_limit_holds_over_any_minute_not_only_one_of_the_clock() -> None:
    clock = Clock()
    rates = counting({"reading": 6}, clock)
    clock.now += 30
    assert passes(rates, 7) == [True] * 6 + [False]
    assert rates.wait_seconds(asked()) == 30, "this minute is full"
    clock.now += 30
    assert passes(rates, 1) == [False], "all six lie within the last sixty seconds"
    wait_seconds = rates.wait_seconds(asked())
    assert 1 <= wait_seconds <= 10
    clock.now += wait_seconds
    assert passes(rates, 2) == [True, False], "a sixth of the six before has passed"
    clock.now += 20
    assert passes(rates, 3) == [True, True, False]
    clock.now += 120
    assert passes(rates, 7) == [True] * 6 + [False], "nothing came in the minute before"


def test_who_waited_as_told_for_a_full_minute_to_end_may_soon_go_on() -> None:
    clock = Clock()
    rates = counting({"reading": 60}, clock)
    assert passes(rates, 61) == [True] * 60 + [False]
    waited = 0
    while wait_seconds := rates.wait_seconds(asked()):
        waited += wait_seconds
        clock.now += wait_seconds
        assert waited <= 120
    assert 60 <= waited <= 62


def test_so_many_are_counted_each_for_themselves_and_the_rest_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.rates.MAX_COUNTED", 2)
    rates = counting({"reading": 1})
    callers = [f"192.0.2.{number}" for number in range(4)]
    passed = [passes(rates, 1, address=one) for one in callers]
    assert passed == [[True], [True], [True], [False]]


def test_who_are_counted_together_for_one_limit_are_not_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.rates.MAX_COUNTED", 1)
    rates = counting({"reading": 2, "person": 1})
    assert [passes(rates, 1, address=f"192.0.2.{n}")[0] for n in range(4)] == [True] * 3 + [False]
    assert rates.wait_seconds_of("jan") == 0
    assert rates.wait_seconds_of("piet") > 0, "of persons there are too many as well"


def test_each_address_and_each_credential_is_counted_apart() -> None:
    rates = counting({"reading": 1})
    assert passes(rates, 1, address="192.0.2.1") == [True]
    assert passes(rates, 1, address="192.0.2.2") == [True]
    assert passes(rates, 1, Authorization="Bearer a") == [True]
    assert passes(rates, 1, Authorization="Bearer b") == [True]
    assert passes(rates, 1, Authorization="bEARER   a") == [False], "the same one"
    assert passes(rates, 1, Cookie="taal=nl; sessie=c") == [True]
    assert passes(rates, 1, Authorization="Bearer b", address="192.0.2.2") == [False]
    assert passes(rates, 1, Cookie="sessie=c; taal=en") == [False]
    assert passes(rates, 2, Cookie="taal=en; __Host-sessie=d") == [True, False]
    assert passes(rates, 1, Cookie="taal=nl") == [False]


def test_a_session_that_is_made_up_is_no_credential() -> None:
    rates = counting({"bundles": 1})
    path = "/v1/chains/k/bundles/records"
    made_up = [passes(rates, 1, path=path, Cookie=f"sessie={number}") for number in range(3)]
    assert made_up == [[True], [False], [False]]
    assert passes(rates, 1, path=path) == [False]
    assert passes(rates, 2, path=path, Cookie="sessie=e") == [True, False]


def test_made_up_credentials_do_not_get_around_the_limit_of_an_address() -> None:
    rates = counting({"reading": 1, "address": 3})
    forged = [rates.wait_seconds(asked(Authorization=f"Bearer {n}")) for n in range(4)]
    assert [wait == 0 for wait in forged] == [True, True, True, False]


def test_whoever_is_not_believed_too_often_is_not_listened_to() -> None:
    rates = counting({"refusals": 2})
    for _ in range(2):
        assert passes(rates, 1, Authorization="Bearer x") == [True]
        rates.refused(asked(Authorization="Bearer x"))
    assert passes(rates, 1, Authorization="Bearer y") == [False]
    assert passes(rates, 1) == [True]
    assert passes(rates, 1, Authorization="Bearer y", address="192.0.2.9") == [True]


def test_the_other_end_of_an_ipv6_network_is_the_same_address() -> None:
    rates = counting({"reading": 1})
    assert passes(rates, 1, address="2001:db8:1:2::1") == [True]
    assert passes(rates, 1, address="2001:db8:1:2:ffff::9") == [False]
    assert passes(rates, 1, address="2001:db8:1:3::1") == [True]
    assert passes(rates, 1, address="::ffff:192.0.2.1") == [True]
    assert passes(rates, 2, address=None) == [True, False]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/v1/health", ""),
        ("GET", "/v1/health/ready", ""),
        ("GET", "/v1/healthy", "reading"),
        ("HEAD", "/v1/chains", "reading"),
        ("POST", "/v1/chains/k/people", "recording"),
        ("POST", "/aanmelden", "signing-in"),
        ("GET", "/aanmelden/terug", "signing-in"),
        ("GET", "/v1/chains/k/bundles/records", "bundles"),
        ("GET", "/log/k/tile/entries/000", "bundles"),
    ],
)
def test_a_request_is_of_one_kind(method: str, path: str, kind: str) -> None:
    assert kind_of(method, path) == kind


@pytest.fixture(scope="module")
def limited(shared_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with limiting(shared_database, tmp_path_factory.mktemp("limited"), rates=RATES) as doors:
        yield doors


def test_a_caller_is_told_how_long_to_wait_and_others_go_on(limited: Doors) -> None:
    mine = limited.known_as("p-1")
    answers = [limited.get("/v1/chains", headers=mine) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    told = answers[-1]
    assert told.json()["type"] == "/problems/too-many"
    assert 1 <= int(told.headers["Retry-After"]) <= 60
    assert told.headers["X-Content-Type-Options"] == "nosniff"
    assert limited.get("/v1/chains", headers=limited.known_as("p-2")).status_code == 200
    assert limited.get("/v1/health/live", headers=mine).status_code == 200


def test_guessing_at_tokens_ends(limited: Doors) -> None:
    found = [limited.get("/v1/chains", headers=FORGED).status_code for _ in range(5)]
    assert found == [401, 401, 401, 429, 429]


def test_another_token_or_session_gives_a_person_no_more(database: str, folder: Path) -> None:
    """Each credential has room left; together they are of one person, who has not."""
    with limiting(database, folder, rates={"reading": 3, "person": 4}) as doors:
        mini = doors.app.state.trust.mini

        def asks(person: str) -> int:
            known = {"Authorization": f"Bearer {mini.token(person)}"}
            return doors.get("/v1/chains", headers=known).status_code

        assert [asks("jan") for _ in range(4)] == [200] * 4
        refused = doors.get("/v1/chains", headers={"Authorization": f"Bearer {mini.token('jan')}"})
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 120
        assert refused.json()["type"].endswith("/too-many")
        assert asks("jan") == 429
        assert asks("piet") == 200
        # Nobody in particular is counted as one person.
        assert [doors.get("/v1/chains").status_code for _ in range(3)] == [200] * 3


def test_a_key_written_in_another_way_gives_a_program_no_more(database: str, folder: Path) -> None:
    with limiting(database, folder, development=False, rates={"person": 2}) as doors:
        chain = Chain(doors)
        keys = [chain.program(name) for name in ("een", "twee")]

        def asks(key: str, spaces: int) -> int:
            return doors.get(chain.base, headers=bearer(" " * spaces + key)).status_code

        assert [asks(keys[0], spaces) for spaces in range(3)] == [200, 200, 429]
        assert asks(keys[1], 0) == 200


def test_a_session_of_nobody_yet_is_no_credential(limited: Doors) -> None:
    """Whoever opens a page is given one, so it would be a limit that anybody can renew."""
    sessions = limited.app.state.sessions
    known = Claims(issuer="https://login.example", subject="x", expires=4_000_000_000)
    signed = sessions.text(session.of(known))
    assert sessions.signed_in(signed)
    assert sessions.signed_in(f"{signed}!!") == sessions.signed_in(signed), "written otherwise"
    for text in (sessions.text(session.fresh()), "verzonnen", ""):
        assert not sessions.signed_in(text)


def test_what_a_proxy_says_is_believed_of_that_proxy_only(database: str, folder: Path) -> None:
    def from_two_addresses(doors: Doors) -> list[int]:
        named = ({"X-Forwarded-For": f"192.0.2.{n}"} for n in (1, 1, 2))
        return [doors.get("/v1/chains", headers=one).status_code for one in named]

    few: dict[str, Any] = {"rates": {"reading": 1}}
    with limiting(database, folder, **few) as doors:
        assert from_two_addresses(doors) == [200, 429, 429]
        secure = doors.get("/v1/health/live", headers={"X-Forwarded-Proto": "https"})
        assert "Strict-Transport-Security" not in secure.headers
    with limiting(database, folder, **few, proxies=("127.0.0.1",)) as doors:
        assert from_two_addresses(doors) == [200, 429, 200]
        secure = doors.get("/v1/health/live", headers={"X-Forwarded-Proto": "https"})
        assert "Strict-Transport-Security" in secure.headers
    with limiting(database, folder, **few, proxies=("192.0.2.0/24",)) as doors:
        assert from_two_addresses(doors) == [200, 429, 429]


def test_the_rates_of_the_environment_change_what_they_name() -> None:
    given = {"KETENLEDGER_RATES": "reading=7, recording=8", "KETENLEDGER_PROXIES": "10.0.0.1,::1"}
    found = from_environment(given | {"KETENLEDGER_DEVELOPMENT": "1"})
    assert found.rates == {**DEFAULT, "reading": 7, "recording": 8}
    assert found.proxies == ("10.0.0.1", "::1")
    assert settings.from_environment({"KETENLEDGER_RATES": "off"}).rates == {}
    assert settings.from_environment({}).rates == DEFAULT


@pytest.mark.parametrize(
    "given",
    [
        {"KETENLEDGER_RATES": "lezen=7"},
        {"KETENLEDGER_RATES": "reading=0"},
        {"KETENLEDGER_RATES": "reading=-1"},
        {"KETENLEDGER_RATES": "reading=1000001"},
        {"KETENLEDGER_RATES": "reading"},
        {"KETENLEDGER_PROXIES": "*"},
        {"KETENLEDGER_PROXIES": "0.0.0.0/0"},
        {"KETENLEDGER_PROXIES": "proxy.example"},
    ],
)
def test_rates_and_proxies_that_cannot_be_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(SettingsRefused):
        from_environment(given)
