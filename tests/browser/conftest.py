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
from api.demo_clock import StoryClock
from api.signing import ensure_key
from ledger.ledger import Ledger
from ledger.log.store import Store
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
VIEWPORT = {"width": 1280, "height": 720}


@pytest.fixture(scope="session")
def demonstration(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    """A server with the demonstration chain, signed, read models up to date."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        clock = StoryClock()
        with Store(_url(server, name), pool_size=4) as store, Ledger(store, clock=clock) as ledger:
            summary = record_demo(ledger, clock=clock)
        with open_doors(_url(server, name), tmp_path_factory.mktemp("demonstration")) as doors:
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

    def __init__(self, browser: Any, address: str, standing: dict[str, Any]) -> None:
        self.browser = browser
        self.address = address
        self.standing = standing
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        self._contexts: list[Any] = []
        self._heard_from: list[Any] = []

    def open(self, path: str, *, language: str = "nl", **context: Any) -> Any:
        """Return a page at a path of the server, in a context of its own."""
        page = self._made(language, context)
        self._contexts.append(page.context)
        return self._led(page, path)

    def turn_to(self, path: str, *, language: str = "nl", **context: Any) -> Any:
        """Return a page at a path, in a context that other tests use too: for who only looks."""
        key = f"{language} {sorted(context.items())}"
        if key not in self.standing:
            self.standing[key] = self._made(language, context)
        page = self.standing[key]
        page.set_viewport_size(VIEWPORT)
        return self._led(page, path)

    def close(self) -> None:
        for page in self._heard_from:
            for event, heard in self._listeners():
                page.remove_listener(event, heard)
        for context in self._contexts:
            context.close()

    def _made(self, language: str, context: dict[str, Any]) -> Any:
        made = self.browser.new_context(base_url=self.address, **context)
        made.set_default_timeout(ACTION_MS)
        made.add_cookies([{"name": "taal", "value": language, "url": self.address}])
        return made.new_page()

    def _led(self, page: Any, path: str) -> Any:
        if page not in self._heard_from:
            self._heard_from.append(page)
            for event, heard in self._listeners():
                page.on(event, heard)
        page.goto(path)
        return page

    def _listeners(self) -> list[tuple[str, Any]]:
        return [
            ("pageerror", self._failed),
            ("console", self._heard),
            ("request", self._requested),
        ]

    def _failed(self, error: Any) -> None:
        self.faults.append(str(error))

    def _requested(self, request: Any) -> None:
        self.hosts.add(request.url.split("/")[2])

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)


@pytest.fixture(scope="session")
def standing() -> dict[str, Any]:
    """Pages that stay open between tests, by what is special about them."""
    return {}


@pytest.fixture
def pages(browser: Any, demonstration: Doors, standing: dict[str, Any]) -> Iterator[Pages]:
    """Opens pages; afterwards no page may have asked another host for anything."""
    opened = Pages(browser, str(demonstration.client.base_url).rstrip("/"), standing)
    try:
        yield opened
    finally:
        opened.close()
    asked = {host for host in opened.hosts if host}
    assert asked <= {opened.address.split("//")[1]}, f"asked another host: {asked}"
