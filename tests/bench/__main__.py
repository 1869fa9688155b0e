"""Measure and print: every figure beside the one it is compared with, from the same rounds.

    make bench              five rounds
    make bench ARGS=3       three rounds

Writes `build/bench.json` with the machine, versions and raw rounds, and ends with 1 where a figure
is below what it must reach. Figures of different machines do not compare; the ratios of one run do.
"""

from __future__ import annotations

import gc
import json
import os
import platform
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
from tests.bench import chain, evidence, measures
from tests.bench import rows as table
from tests.bench.rows import NOT_MEASURED, ROWS, Rounds

ROUNDS = 5
OUTPUT = Path("build/bench.json")


def main(rounds: int) -> int:
    """Run all measures in turn for so many rounds, and tell; 1 where a must was missed."""
    with (
        tempfile.TemporaryDirectory(prefix="ketenledger-bench-") as folder,
        running(Path(folder) / "data") as conninfo,
    ):
        migrate(conninfo)
        migrate_read_models(conninfo)
        found = _rounds(conninfo, rounds, Path(folder) / "keys")
        with psycopg.connect(conninfo) as conn:
            server = str(conn.info.parameter_status("server_version"))
    _tell(found)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(_facts(found, server), indent=1), encoding="utf-8")
    return 0 if all(row.meets(found, row.must) for row in ROWS) else 1


def _rounds(conninfo: str, rounds: int, folder: Path) -> Rounds:
    with (
        Store(conninfo, pool_size=4) as store,
        Ledger(store) as ledger,
        Runner(conninfo) as runner,
    ):
        chain.found(ledger, measures.CHAIN)
        chains = [f"{measures.CHAIN}-{number}" for number in range(1000)]
        for number, name in enumerate(chains):
            print(f"founding chain {number + 1} of 1000", end="\r", file=sys.stderr)
            chain.found(ledger, name)
        times: list[float] = []
        behind: list[float] = []
        todo: dict[str, measures.Measure] = {
            table.RAW_16: measures.raw_inserts(conninfo, writers=16),
            table.HOT: measures.submits(ledger, callers=64, times=times),
            table.HOT_P99: lambda: measures.p99_ms(times),
            table.LIBRARY: measures.library_recorder(conninfo, writers=16),
            table.MANY: measures.submits(ledger, callers=64, chains=chains),
            table.RAW_1: measures.raw_inserts(conninfo, writers=1),
            table.ALONE: measures.submits_alone(ledger),
            table.KEPT_UP: evidence.kept_up(conninfo, ledger, folder, callers=64, behind=behind),
            table.SIGNED: behind.pop,
            table.PROOF: evidence.proofs(store),
            table.IMPORT: measures.importing(ledger),
            table.READING: measures.reading(store),
            table.AUDIT: measures.auditing(store),
            table.REBUILD: measures.rebuilding(store, runner),
        }
        gc.collect()
        gc.freeze()
        found: Rounds = {name: [] for name in todo}
        for number in range(rounds):
            for name, measure in todo.items():
                print(f"round {number + 1} of {rounds}: {name:40}", file=sys.stderr)
                found[name].append(measure())
        return found


def _tell(found: Rounds) -> None:
    title = "median of the rounds; per second, or as a ratio"
    shown = Table(title=title, title_justify="left")
    for column in ("measure", "against", "found", "must", "aim", ""):
        shown.add_column(
            column, justify="left" if column in ("measure", "against", "") else "right"
        )
    for row in ROWS:
        verdict = "missed" if not row.meets(found, row.must) else ""
        verdict = verdict or ("" if row.meets(found, row.aim) else "below the aim")
        figures = (f"{figure:,.4g}" for figure in (row.reached(found), row.must, row.aim))
        shown.add_row(row.measure, row.against, *figures, verdict)
    console = Console()
    console.print(shown)
    console.print("Not measured: " + "; ".join(NOT_MEASURED) + ".")


def _facts(found: Rounds, server: str) -> dict[str, object]:
    return {
        "machine": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "postgresql": server,
        "versions": {name: version(name) for name in ("eventsourcing", "psycopg", "msgspec")},
        "rounds": found,
        "table": [
            {
                "measure": row.measure,
                "against": row.against,
                "found": row.reached(found),
                "must": row.must,
                "aim": row.aim,
                "met": row.meets(found, row.must),
            }
            for row in ROWS
        ],
        "not measured": NOT_MEASURED,
    }


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
