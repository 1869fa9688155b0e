"""Pages in a real browser: the demonstration chain behind a server, and Chromium in front of it.

Without Chromium, or without the parts that drive it, these tests are skipped with one clear line.
KETENLEDGER_CHROMIUM names another program than /usr/bin/chromium; KETENLEDGER_SCREENSHOTS a folder
in which a picture of each page is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.demo_chain import record_demo
from api.signing import ensure_key
from tests.api.doors import Doors, open_doors
from tests.api.signed import signed_head
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url

PROGRAM = os.environ.get("KETENLEDGER_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ACTION_MS = 30_000
CHAIN = "loonaangifteketen"


@pytest.fixture(scope="session")
def demonstration(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    """A server with the demonstration chain, signed, read models up to date."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        with open_doors(_url(server, name), tmp_path_factory.mktemp("demonstration")) as doors:
            summary = record_demo(doors.app.state.ledger)
            ensure_key(doors.app.state.settings, summary.chain)
            doors.until(f"/v1/chains/{CHAIN}", 200, atLeast=summary.size - 1)
            signed_head(doors, CHAIN, summary.size)
            yield doors
    finally:
        _run(server, DROP, name=name)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, headless."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(PROGRAM).is_file():
        pytest.skip(f"no browser at {PROGRAM}; KETENLEDGER_CHROMIUM names another")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=PROGRAM, args=list(ARGUMENTS))
        yield opened
        opened.close()


class Pages:
    """Opens pages of the demonstration in a browser, and remembers what went wrong in them."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser = browser
        self.address = address
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        self._contexts: list[Any] = []

    def open(self, path: str, *, language: str = "nl", **context: Any) -> Any:
        """Return a page at a path of the server, in a context of its own."""
        made = self.browser.new_context(base_url=self.address, **context)
        self._contexts.append(made)
        made.set_default_timeout(ACTION_MS)
        made.add_cookies([{"name": "taal", "value": language, "url": self.address}])
        page = made.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._heard)
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        page.goto(path)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)


@pytest.fixture
def pages(browser: Any, demonstration: Doors) -> Iterator[Pages]:
    """Opens pages; afterwards no page may have asked another host for anything."""
    opened = Pages(browser, str(demonstration.client.base_url).rstrip("/"))
    try:
        yield opened
    finally:
        opened.close()
    asked = {host for host in opened.hosts if host}
    assert asked <= {opened.address.split("//")[1]}, f"asked another host: {asked}"
