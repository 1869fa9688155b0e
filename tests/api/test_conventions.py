"""What every answer has, whatever was asked: the version, the headers, problems in one form."""

import re
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi.routing import APIRoute

from api.app import create_app
from api.doorway import SECURITY_HEADERS
from api.pages.paper import HEADERS
from api.problems import KINDS
from api.settings import Settings
from tests.api.doors import Doors, open_doors, running

FILES = ("/static/", "/theme.css", "/v1/docs/")
ASKED = [
    ("GET", "/problems/refused", 200),
    ("GET", "/problems/onbekend", 404),
    ("GET", "/v1/health/live", 200),
    ("GET", "/v1/health/ready", 200),
    ("GET", "/v1/openapi.json", 200),
    ("GET", "/v1/event-types", 200),
    ("GET", "/v1/event-types/VoteCast", 200),
    ("GET", "/v1/event-types/Onzin", 404),
    ("GET", "/nergens", 404),
    ("GET", "/v1/chains/geen-keten", 404),
    ("GET", "/v1/chains/%2E%2E", 404),
    ("GET", "/v1/chains/geen%00keten/decisions", 404),
    ("DELETE", "/v1/chains/x/decisions", 405),
    ("PUT", "/v1/health", 405),
    ("GET", "/v1/chains?limit=0", 400),
    ("GET", "/v1/chains?onbekend=1", 400),
    ("POST", "/v1/chains/x/decisions", 401),
    ("GET", "/v1/crash", 500),
]


@pytest.fixture(scope="module")
def crashing(doors: Doors) -> Doors:
    async def crash() -> None:
        raise RuntimeError("geheim detail")

    doors.app.add_api_route("/v1/crash", crash, include_in_schema=False)
    return doors


@pytest.mark.parametrize(("method", "path", "status"), ASKED)
def test_every_answer_has_the_version_and_the_security_headers(
    crashing: Doors, method: str, path: str, status: int
) -> None:
    answer = crashing.client.request(method, path)
    assert answer.status_code == status, answer.text
    assert answer.headers["API-Version"] == "1.0.0"
    # A page says itself what it may load; nothing else may load anything.
    page = HEADERS if answer.headers["Content-Type"].startswith("text/html") else {}
    expected = SECURITY_HEADERS | {name: page[name] for name in page if name in SECURITY_HEADERS}
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == expected
    assert "Strict-Transport-Security" not in answer.headers
    if status >= 400:
        assert_is_problem(answer)


def assert_is_problem(answer: httpx.Response) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    kind = KINDS[told["type"].removeprefix("/problems/")]
    assert (told["status"], kind.status) == (answer.status_code, answer.status_code)
    assert told["title"] == kind.title
    assert told["detail"]
    assert told["instance"].startswith("/")


def test_an_error_inside_the_server_tells_nothing_of_it(crashing: Doors) -> None:
    assert "geheim" not in crashing.get("/v1/crash").text


def test_the_type_of_every_problem_leads_to_a_page(doors: Doors) -> None:
    for slug, kind in KINDS.items():
        page = doors.get(f"/problems/{slug}")
        assert page.headers["Content-Type"].startswith("text/html")
        assert kind.title in page.text


def test_a_trailing_slash_is_another_address_and_never_redirected(doors: Doors) -> None:
    routes = [route for route in doors.app.routes if isinstance(route, APIRoute)]
    assert len(routes) > 100
    for route in routes:
        path = re.sub(r"\{\w+\}", "x", route.path).rstrip("/")
        method = next(iter(route.methods))
        if path:
            assert doors.client.request(method, f"{path}/").status_code == 404, path


def test_what_is_wrong_with_a_question_is_400_and_named(doors: Doors) -> None:
    answer = doors.get("/v1/chains", params={"limit": "veel", "validon": "2024-01-01"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"in": "query", "name": "limit", "reason": "is geen geheel getal"},
        {"in": "query", "name": "validon", "reason": "is hier niet bekend"},
    ]


def test_405_tells_what_can_be_done(doors: Doors) -> None:
    answer = doors.client.delete("/v1/chains/x/decisions")
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert doors.get("/v1/chains/x/establishments").headers["Allow"] == "POST"


def test_head_is_get_without_its_body(doors: Doors) -> None:
    whole, head = doors.get("/v1/event-types"), doors.client.head("/v1/event-types")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


def test_a_choice_of_language_that_cannot_be_read_is_told_as_a_page(doors: Doors) -> None:
    """A form like any other: bounded in time and size, and told to people."""
    for sent, status in (
        ({"data": {"taal": "xx"}}, 400),
        ({"json": {"taal": "en"}}, 415),
        ({"data": {"taal": "x" * 300_000}}, 413),
    ):
        answer = doors.client.post("/taal", **sent)
        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith("text/html")
    chosen = doors.client.post("/taal", data={"taal": "en", "terug": "//elders.example"})
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/")


def test_other_origins_get_no_leave_to_read(doors: Doors) -> None:
    answer = doors.get("/v1/event-types", headers={"Origin": "https://elders.example.org"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_request_keeps_the_id_it_came_with_if_it_is_a_sound_one(doors: Doors) -> None:
    assert doors.get("/", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    made = doors.get("/", headers={"X-Request-Id": "<script>"}).headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", made)


def test_behind_https_the_browser_is_told_to_stay_there_and_cookies_do(
    database: str, folder: Path
) -> None:
    with open_doors(database, folder, base_url="https://ketens.example") as doors:
        answer = doors.get("/aanmelden")
        chosen = doors.client.post("/taal", data={"taal": "en", "terug": "/"})
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    for cookie in (answer.headers["Set-Cookie"], chosen.headers["Set-Cookie"]):
        assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))


def test_every_address_carries_the_security_headers_and_only_files_are_public(
    doors: Doors, chain: str
) -> None:
    shared = []
    for path in addresses(doors, chain):
        answer = doors.get(path, headers=doors.known_as("p-bd"))
        assert [name for name in SECURITY_HEADERS if name not in answer.headers] == [], path
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert "'unsafe-" not in answer.headers["Content-Security-Policy"], path
        if "public" in answer.headers["Cache-Control"]:
            shared.append(path)
    assert [path for path in shared if not path.startswith(FILES)] == []


def addresses(doors: Doors, chain: str) -> list[str]:
    """Return every address that can be asked for, with this chain in it where it names one."""
    paths = (
        route.path.replace("{chain}", chain)
        for route in doors.app.routes
        if isinstance(route, APIRoute) and "GET" in route.methods and "stroom" not in route.path
    )
    return sorted({re.sub(r"\{[^}]+\}", "0", path) for path in paths})


def test_one_request_too_many_is_told_to_come_back(database: str, folder) -> None:
    app = create_app(
        Settings(folder=folder, logs=False, max_requests=0, development=True), database
    )
    with running(app) as url, httpx.Client(base_url=url) as client:
        answer = client.get("/v1/health/live")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert_is_problem(answer)


def test_a_log_line_names_no_question_and_no_person(doors: Doors) -> None:
    with structlog.testing.capture_logs() as lines:
        doors.get("/v1/chains", params={"text": "Jansen"}, headers=doors.known_as("p-bd"))
    [line] = [line for line in lines if line["event"] == "request"]
    assert line["path"] == "/v1/chains"
    assert "Jansen" not in str(lines)
    assert "p-bd" not in str(lines)


def test_a_server_stops_cleanly_and_can_be_started_again(database: str, folder) -> None:
    with open_doors(database, folder) as doors:
        doors.found("keten-1")
    with open_doors(database, folder) as doors:
        assert doors.size("keten-1") > 0
        assert doors.get("/v1/health/ready").status_code == 200
