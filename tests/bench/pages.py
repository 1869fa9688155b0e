"""What a page costs the server: processor time of our own code and of the database, by page.

    make bench ARGS="1 only=pages"                      the dearest page of two chains
    python -m tests.bench.pages <database> <chain>      every page of a chain, the dearest first

Each screen is asked for about the thing of which the chain has most to tell, by nobody in
particular; what nobody may see is left out. Clocks on the wall tell how busy a machine is, and
processor time what a page asks of it. Pages are asked for as a request does, without the socket:
one at a time, some times each.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import psycopg
from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import compile_path

from api import made_up_chain
from api.act_paths import IN_BRACES
from api.demo_chain import record_demo
from api.demo_clock import StoryClock
from api.demo_story_script import CHAIN
from api.pages import screens, site
from api.pages.site import Screen
from api.problems import Problem
from api.record_lines import Recorder
from ledger.ledger import Ledger
from ledger.log.store import Store
from ledger.receipts import Receipt
from projections.runner import Runner
from tests.api.doors import open_doors
from tests.bench import rows as r
from tests.bench.course import Measure, Todo
from tests.bench.rows import Row
from tests.bench.sizes import SIZES

TIMES: Final = 20
WARM: Final = 3
FULLEST: Final = """
    SELECT DISTINCT ON (c.kind) c.kind, c.id
    FROM (
        SELECT l.kind, l.id, count(*) AS records
        FROM read_links AS l
        WHERE l.chain = %(chain)s
        GROUP BY l.kind, l.id
    ) AS c
    ORDER BY c.kind, c.records DESC, c.id
"""
LARGE: Final = "groot"
EVENTS: Final = 100_000
SEED: Final = 7
SOUGHT: Final = "keten"
"""A word that half of all things have: what a search has most work with."""
ROWS: Final = (
    Row(r.PAGE_DEMO, "", must=50, aim=30, most=True),
    Row(r.PAGE_LARGE, "", must=100, aim=60, most=True),
)
BACKENDS: Final = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"


class Pages:
    """A server whose pages are asked for one at a time."""

    def __init__(self, app: FastAPI, conninfo: str) -> None:
        self.app = app
        self.conninfo = conninfo
        self.screens = [
            (compile_path(site.BASE + one.path)[0], one)
            for part in screens.SCREENS
            for one in part.SCREENS
        ]

    def spent_ms(self, address: str) -> list[float]:
        """Return the processor time that each answer of a page took, after a few to warm up."""
        path, _, query = address.partition("?")
        screen, named = self._found(path)
        backends = self._backends()
        spent = []
        for _ in range(WARM + TIMES):
            before = time.thread_time_ns() + _spent_by(backends)
            site.shown(screen, self._request(path, query, named))
            spent.append((time.thread_time_ns() + _spent_by(backends) - before) / 1e6)
        return spent[WARM:]

    def shows(self, address: str) -> bool:
        """Whether a page is shown to nobody in particular."""
        path, _, query = address.partition("?")
        screen, named = self._found(path)
        try:
            site.shown(screen, self._request(path, query, named))
        except Problem as problem:
            if problem.kind == "unauthenticated":
                return False
            raise
        return True

    def _found(self, path: str) -> tuple[Screen, dict[str, str]]:
        for pattern, screen in self.screens:
            if found := pattern.match(path):
                return screen, found.groupdict()
        raise LookupError(path)

    def _request(self, path: str, query: str, named: dict[str, str]) -> Request:
        return Request(
            {
                "type": "http",
                "method": "GET",
                "path": path,
                "scheme": "http",
                "server": ("127.0.0.1", 80),
                "headers": [(b"host", b"127.0.0.1")],
                "query_string": query.encode(),
                "path_params": named,
                "app": self.app,
            }
        )

    def _backends(self) -> list[int]:
        with psycopg.connect(self.conninfo) as conn:
            own = conn.info.backend_pid
            return [pid for (pid,) in conn.execute(BACKENDS) if pid != own]


def _spent_by(backends: Sequence[int]) -> int:
    """Return the processor time of these processes of the database so far, in nanoseconds."""
    spent = 0
    for pid in backends:
        with contextlib.suppress(FileNotFoundError):
            spent += int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0])
    return spent


@contextlib.contextmanager
def opened(conninfo: str, folder: Path) -> Iterator[Pages]:
    """Give the pages of a server on this database, at which nobody else asks anything."""
    with open_doors(conninfo, folder) as doors:
        yield Pages(doors.app, conninfo)


def addresses(conninfo: str, chain: str) -> list[str]:
    """Return an address of every screen, about things that this chain has: of each the fullest."""
    values = {"position": "40", "type": "ProposalSubmitted"}
    with psycopg.connect(conninfo) as conn:
        for kind, name in conn.execute(FULLEST, {"chain": chain}):
            values.setdefault(kind, name)
    paths = [screen.path for part in screens.SCREENS for screen in part.SCREENS]
    asked = [one for one in paths if set(IN_BRACES.findall(one)) <= set(values)]
    found = [f"/ketens/{chain}{one.format(**values)}" for one in asked]
    return [*found, f"/ketens/{chain}/zoeken?zoek={SOUGHT}"]


def told(pages: Pages, addresses: Sequence[str]) -> None:
    """Print the pages, the dearest first: the median and the 95th percentile of each."""
    found = {one: pages.spent_ms(one) for one in addresses if pages.shows(one)}
    for address, spent in sorted(found.items(), key=lambda one: p95(one[1]), reverse=True):
        print(f"{statistics.median(spent):9.1f} {p95(spent):9.1f}  {address}")


def p95(spent: Sequence[float]) -> float:
    """Return the time within which 95 of 100 answers were made."""
    return statistics.quantiles(spent, n=20)[-1]


def dearest(pages: Pages, chain: str) -> Measure:
    """Return a measure of the page of a chain that asks most of the machine: its p95 in ms."""

    def measure() -> float:
        open_to_all = filter(pages.shows, addresses(pages.conninfo, chain))
        spent_ms, address = max((p95(pages.spent_ms(one)), one) for one in open_to_all)
        print(f"the dearest page: {address}", file=sys.stderr)
        return spent_ms

    return measure


@contextlib.contextmanager
def scene(conninfo: str, folder: Path) -> Iterator[Todo]:
    """Give the measures: of the demonstration chain, and of a made-up one that is much larger."""
    clock = StoryClock()
    with Store(conninfo, pool_size=4) as store, Ledger(store, clock=clock) as ledger:
        record_demo(ledger, clock=clock)
        acts = made_up_chain.acts(min(SIZES.large, EVENTS), SEED)
        for result in Recorder(ledger, LARGE).run(enumerate(map(made_up_chain.line, acts), 1)):
            if not isinstance(result.outcome, Receipt):
                raise RuntimeError(f"line {result.number} was refused: {result.outcome}")
    with Runner(conninfo) as runner:
        runner.catch_up()
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE")
    with opened(conninfo, folder / "server") as pages:
        yield {r.PAGE_DEMO: dearest(pages, CHAIN), r.PAGE_LARGE: dearest(pages, LARGE)}


def main(conninfo: str, chain: str) -> None:
    """Print what each page of a chain in this database costs."""
    with tempfile.TemporaryDirectory() as folder, opened(conninfo, Path(folder)) as pages:
        told(pages, addresses(conninfo, chain))


if __name__ == "__main__":
    main(*sys.argv[1:3])
