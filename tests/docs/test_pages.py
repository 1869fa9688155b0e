"""What the pages point at is there, and the limits they name are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api import health, parameters, rates, record_lines, request_body, serving
from api.settings import Settings
from ledger import audit, batch, recording, recovery, row, sealed, states, turns, waiting
from ledger.log import canonical, database, migrations, turn_lock
from projections import progress, runner, views

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
PLACE = re.compile(r"`((?:ledger|projections|api|tests|docs)/[\w./-]*\w)`")

LIMITS = {
    "request body": (f"{Settings.max_body_bytes >> 10} KiB", request_body.BODY_SECONDS),
    "path and query": (f"{Settings.max_address_bytes >> 10} KiB",),
    "head of a request": (f"{serving.MAX_HEAD_BYTES >> 10} KiB", serving.MAX_FIELDS),
    "a whole request; an answer that nobody reads": (
        serving.MESSAGE_SECONDS,
        serving.WRITE_SECONDS,
    ),
    "connections over HTTP": (serving.MAX_CONNECTIONS,),
    "until an answer begins": (Settings.request_seconds,),
    "requests per minute": tuple(rates.DEFAULT.values()),
    "line of `record`": (f"{record_lines.MAX_LINE_BYTES >> 10} KiB",),
    "requests at once": (Settings.max_requests,),
    "record": (canonical.MAX_RECORD_BYTES,),
    "depth of JSON": (canonical.MAX_DEPTH,),
    "sealed value": (sealed.MAX_VALUE_CHARACTERS,),
    "consequences of one act": (recording.MAX_CONSEQUENCES,),
    "terms that run out just before one act": (recording.MAX_DUE,),
    "batch of the writer": (batch.MAX_JOBS, batch.MAX_ROWS, f"{batch.MAX_BYTES >> 20} MiB"),
    "acts waiting": (waiting.MAX_WAITING,),
    "acts of one import under way": (row.UNDER_WAY,),
    "wait for a receipt": (Settings.submit_seconds,),
    "a batch is tried again while the database is away": (recovery.RECOVERY_SECONDS,),
    "turn in a chain that other processes write as well; wait for it; without a word": (
        f"{turns.TURN_SECONDS * 1000:g} ms",
        turn_lock.WAIT_SECONDS,
        turns.WITHOUT_SECONDS,
        turn_lock.SILENT_SECONDS,
    ),
    "states of chains in memory": (states.MAX_CHAINS,),
    "breaks that an audit names": (audit.MAX_BREAKS,),
    "page of a list": (views.DEFAULT_LIMIT, views.MAX_LIMIT),
    "cursor; words to search for": (views.MAX_CURSOR, parameters.MAX_WORDS),
    "one question to the read models": (Settings.read_seconds,),
    "`atLeast`": (Settings.at_least_seconds,),
    "batch of the read models": (runner.BATCH, progress.BATCH_SECONDS),
    "look for new records without a notification": (runner.POLL_SECONDS,),
    "look for what time brought": (Settings.tick_seconds,),
    "connections of a server": (Settings.write_connections, Settings.read_connections),
    "wait for a free connection": (database.POOL_SECONDS,),
    "statement, lock, idle in transaction": (
        database.STATEMENT_SECONDS,
        database.LOCK_SECONDS,
        database.IDLE_IN_TRANSACTION_SECONDS,
    ),
    "answer of a database that hangs": (database.ANSWER_MARGIN_SECONDS,),
    "migration": (migrations.MIGRATION_SECONDS, migrations.LOCK_WAIT.removesuffix("s")),
    "health check": (health.CHECK_SECONDS,),
    "work in hand when the server stops": (Settings.stop_seconds,),
}
"""What the limits' table has to say, by the first cell of each row."""


def limits_told(page: str) -> dict[str, str]:
    """Return the second cell of the rows of the limits' table by the first one."""
    table = page.partition("## Limits and time-outs")[2]
    rows = (line.strip("|").split("|") for line in table.splitlines() if line.startswith("| "))
    return {cells[0].strip(): cells[1].strip() for cells in rows}


def says(told: str, *wanted: object) -> bool:
    """Tell whether a cell holds these numbers and texts, in this order; thousands may be marked."""
    parts = (re.escape(f"{one:g}" if isinstance(one, float) else str(one)) for one in wanted)
    form = ".*".join(rf"(?<![\d.]){part}(?![\d.]*\d)" for part in parts)
    return re.search(form, told.replace(",", "")) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_points_at_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    links = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    places = [place for place in PLACE.findall(text) if not (ROOT / place).exists()]
    assert links + places == []


@pytest.mark.parametrize("what", LIMITS)
def test_a_limit_is_told_as_it_is(what: str) -> None:
    told = limits_told((ROOT / "docs" / "architecture.md").read_text("utf-8"))
    assert says(told[what], *LIMITS[what]), f"{told[what]!r} does not say {LIMITS[what]}"


def test_a_limit_that_differs_is_noticed() -> None:
    assert says("65,535 bytes", 65_535)
    assert says("every 0.5 s", 0.5)
    assert says("256 KiB, within 20 s", "256 KiB")
    assert not says("65,535 bytes", 65_53)
    assert not says("every 0.5 s", 5.0)
    assert not says("30 s", 3.0)
    assert says("2 to write, 8 to read", 2, 8)
    assert not says("2 to write, 8 to read", 8, 2)
