"""Measure and print: every figure beside the one it is compared with, from the same rounds.

    make bench              five rounds
    make bench ARGS=3       three rounds

Writes `build/bench.json` with the machine, versions and raw rounds. Figures of different machines
do not compare; the ratios of one run do.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from ledger.embedded import running
from ledger.ledger import Ledger
from ledger.log.store import Store, migrate
from projections.runner import Runner
from projections.runner import migrate as migrate_read_models
from tests.bench import chain, measures

ROUNDS = 5
OUTPUT = Path("build/bench.json")
PAIRS = (
    ("ledger, 64 callers, one chain", "raw INSERT, 16 writers"),
    ("ledger, 1 caller", "raw INSERT, 1 writer"),
    ("audit", "reading"),
    ("rebuild of read models", "reading"),
)
"""What is measured, and what in the same round it is divided by."""


def main(rounds: int) -> None:
    """Run all measures in turn for so many rounds, and tell."""
    with (
        tempfile.TemporaryDirectory(prefix="ketenledger-bench-") as folder,
        running(Path(folder) / "data") as conninfo,
    ):
        migrate(conninfo)
        migrate_read_models(conninfo)
        raw = _rounds(conninfo, rounds)
        with psycopg.connect(conninfo) as conn:
            server = str(conn.info.parameter_status("server_version"))
    _tell(raw)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(_facts(raw, server), indent=1), encoding="utf-8")


def _rounds(conninfo: str, rounds: int) -> dict[str, list[float]]:
    with (
        Store(conninfo, pool_size=4) as store,
        Ledger(store) as ledger,
        Runner(conninfo) as runner,
    ):
        chain.found(ledger, measures.CHAIN)
        todo = {
            "raw INSERT, 16 writers": measures.raw_inserts(conninfo, writers=16),
            "ledger, 64 callers, one chain": measures.submits(ledger, callers=64),
            "raw INSERT, 1 writer": measures.raw_inserts(conninfo, writers=1),
            "ledger, 1 caller": measures.submits(ledger, callers=1),
            "reading": measures.reading(store),
            "audit": measures.auditing(store),
            "rebuild of read models": measures.rebuilding(store, runner),
        }
        found: dict[str, list[float]] = {name: [] for name in todo}
        for number in range(rounds):
            for name, measure in todo.items():
                print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
                found[name].append(measure())
        return found


def _tell(raw: dict[str, list[float]]) -> None:
    table = Table(title="median of the rounds", title_justify="left")
    for column in ("measure", "per second", "against", "ratio"):
        table.add_column(column, justify="left" if column in ("measure", "against") else "right")
    for name, other in PAIRS:
        mine = statistics.median(raw[name])
        table.add_row(name, f"{mine:,.0f}", other, f"{_ratio(raw, name, other):.2f}")
    Console().print(table)


def _ratio(raw: dict[str, list[float]], name: str, other: str) -> float:
    return statistics.median(a / b for a, b in zip(raw[name], raw[other], strict=True))


def _facts(raw: dict[str, list[float]], server: str) -> dict[str, object]:
    return {
        "machine": platform.platform(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "postgresql": server,
        "versions": {name: version(name) for name in ("eventsourcing", "psycopg", "msgspec")},
        "rounds": raw,
        "ratios": {f"{name} / {other}": _ratio(raw, name, other) for name, other in PAIRS},
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
