"""What is asked of other servers names the trace it is part of."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from ledger.log import trace_context
from ledger.log.asking import Patience, ask
from ledger.log.remote_http import HttpSource
from ledger.log.remote_http import Patience as Kept
from tests.log.static_host import Host, hosting

OWN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
FORM = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00")


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting() as host:
        host.files = {"x": b"iets"}
        yield host


def asked(host: Host) -> list[str]:
    """Ask in both ways there are; return the trace that each named."""
    ask(f"{host.url}/x", None, Patience(5, 10), limit_bytes=100)
    ask(f"{host.url}/x", None, Patience(5, 10), limit_bytes=100)
    HttpSource(urlsplit(host.url), {}, Kept()).read("x", 100)
    return [headers["traceparent"] for headers in host.headers]


def test_what_is_asked_while_a_request_is_answered_goes_on_in_its_trace(host: Host) -> None:
    def within() -> list[str]:
        trace_context.begin(OWN)
        return asked(host)

    assert contextvars.copy_context().run(within) == [OWN] * 3


def test_what_nobody_asked_for_begins_a_trace_of_its_own_each_time(host: Host) -> None:
    found = contextvars.Context().run(asked, host)
    assert all(FORM.fullmatch(one) for one in found)
    assert len(set(found)) == 3
