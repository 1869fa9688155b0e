"""The same doors and pages with a certified OpenID Connect provider, a process of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.api.an_issuer import AUDIENCE, CLIENT
from tests.api.doors import Doors, founding, open_doors
from tests.ports import free_port

SOURCE = Path(__file__).resolve().parents[1] / "oidc"
FOLDER = Path(__file__).resolve().parents[2] / "build" / "oidc"
NEEDED = "process.exit(URL.parse && require('node:crypto').hash ? 0 : 1)"
INSTALL_SECONDS = 300
START_SECONDS = 60
MAX_STEPS = 12
BACK = "http://127.0.0.1:8000/aanmelden/terug"
SECRET = "a secret of the pages that is long enough"
PROGRAM = {"client_id": "program", "client_secret": "a secret of a program that is long enough"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(INSTALL_SECONDS + 200)]


@pytest.fixture(scope="module")
def installed() -> Path:
    """The folder with the provider: from the cache, or installed there by its lock."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no node and npm on this machine: no real issuer to sign in at")
    # That of Debian 12 is: what is asked for here came later.
    if subprocess.run(["node", "-e", NEEDED], check=False, timeout=60).returncode != 0:
        pytest.skip("this node is too old for the provider: no real issuer to sign in at")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for one in SOURCE.iterdir():
        shutil.copy(one, FOLDER / one.name)
    if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(
            command, cwd=FOLDER, check=False, capture_output=True, timeout=INSTALL_SECONDS
        )
        if done.returncode != 0:
            pytest.skip("oidc-provider cannot be installed here: no real issuer to sign in at")
    return FOLDER


@pytest.fixture(scope="module")
def issuer(installed: Path) -> Iterator[str]:
    """The address of a provider that runs."""
    port = str(free_port())
    command = ["node", "provider.mjs", port, BACK, AUDIENCE, CLIENT]
    with (installed / f"{port}.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=installed, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + START_SECONDS
        while not answers(url):
            assert server.poll() is None, (installed / f"{port}.log").read_text()
            assert time.monotonic() < end, "the provider did not start in time"
            time.sleep(0.1)
        yield url
    finally:
        server.kill()
        server.wait(30)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/.well-known/openid-configuration", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def production(
    shared_database: str, tmp_path_factory: pytest.TempPathFactory, issuer: str
) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("production")
    secret = folder / "secret"
    secret.write_text(f"{SECRET}\n")
    trusted = {"issuer": issuer, "audience": AUDIENCE, "client_id": CLIENT}
    with open_doors(
        shared_database, folder, development=False, client_secret=secret, **trusted
    ) as opened:
        yield opened


def program(issuer: str) -> dict[str, str]:
    """Return the header of a program with the permission of the operator."""
    form = {"grant_type": "client_credentials", "scope": "ketenledger:found", **PROGRAM}
    told = httpx.post(f"{issuer}/token", data=form, timeout=30).json()
    return {"Authorization": f"Bearer {told['access_token']}"}


def signed_in_there(browser: httpx.Client, address: str, subject: str) -> str:
    """Go through the pages of the provider as a person would; return where it sends one back."""
    answer = browser.get(address)
    for _ in range(MAX_STEPS):
        where = urljoin(str(answer.url), answer.headers.get("Location", ""))
        if where.startswith(BACK):
            return where
        if answer.is_redirect:
            answer = browser.get(where)
            continue
        [action] = set(re.findall(r'<form[^>]* action="([^"]+)"', answer.text))
        fields = dict(re.findall(r'name="(\w+)" value="(\w+)"', answer.text))
        fields |= {"login": subject, "password": "x"} if fields["prompt"] == "login" else {}
        answer = browser.post(urljoin(str(answer.url), action), data=fields)
    raise AssertionError(f"not back after {MAX_STEPS} steps: {answer.url}")


def test_a_program_founds_a_chain_and_a_person_signs_in_to_it(
    production: Doors, issuer: str
) -> None:
    operator = program(issuer)
    client, named = production.client, {"by": "p-bd"}
    asked = "/v1/chains/keten/establishments"
    assert client.post(asked, json=founding(), params=named).status_code == 401
    told = client.post(asked, json=founding(), params=named, headers=operator)
    assert told.status_code == 201, told.text
    body = {"organisation": "uwv", "tokenSubject": f"{issuer}|uwv-1"}
    path = "/v1/chains/keten/people/p-uwv/sign-ins"
    assert client.post(path, json=body, params=named, headers=operator).status_code == 201
    production.until("/ketens/keten", 200)
    with httpx.Client(base_url=client.base_url, timeout=60) as visitor:
        away = visitor.get("/aanmelden", params={"keten": "keten", "terug": "/ketens/keten"})
        with httpx.Client(timeout=60) as browser:
            back = signed_in_there(browser, away.headers["Location"], "uwv-1")
        answer = visitor.get(back.removeprefix("http://127.0.0.1:8000"))
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/ketens/keten")
        assert "p-uwv" in visitor.get("/ketens/keten").text
        assert visitor.get(back.removeprefix("http://127.0.0.1:8000")).status_code == 401
        recorded = visitor.post("/v1/chains/keten/people", json={"function": "medewerker"})
        assert recorded.status_code == 201
