"""A chain of a million events beside one of ten thousand: made by import, then asked everything.

The acts are those of `ketenledger generate`, the same for the same seed. What is done once takes
long enough to be its own average; the rest is done round by round, both chains in turn.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from api import made_up_chain
from api.made_up_cases import BODIES
from api.made_up_words import ORGANISATIONS
from api.record_lines import Recorder, numbered
from api.signing import LOG_KEYS, KeyedIntegrator
from ledger.domain.events.bodies import SeatAssigned
from ledger.domain.events.decisions import DeliberationOpened, ProposalSubmitted, VoteCast
from ledger.ledger import Ledger
from ledger.log.log_key import KeyFolder
from ledger.log.store import Store
from ledger.receipts import Receipt
from ledger.recording import Act
from projections.runner import Runner
from tests.bench import large_evidence, measures, questions, rebuilds, storage
from tests.bench import rows as r
from tests.bench.chain import CHOICES, REASON
from tests.bench.course import Measure, Todo
from tests.bench.questions import Known
from tests.bench.rows import Row
from tests.bench.sizes import SIZES

SEED: Final = 7
CALLERS: Final = 64
COLD_SECONDS: Final = 300
BODY: Final = BODIES[-1]
SEAT: Final = f"{BODY}-{ORGANISATIONS[0]}"
DECISION: Final = "meting"
ORIGIN: Final = "bench.example/log/"

ONCE: Final = frozenset(
    {
        r.IMPORT_LARGE, r.CAUGHT_UP, r.INTEGRATED, r.VERIFIED, r.VERIFIED_MB, r.AUDIT_LARGE,
        r.STORAGE, r.REBUILD_LARGE, r.READ_MEANWHILE,
    }
)  # fmt: skip


def rows() -> list[Row]:
    """Return the rows of this stage, for the sizes of this run."""
    return [
        Row(r.IMPORT_LARGE, "", must=20_000, aim=40_000),
        Row(r.INCLUSION, "", must=5, aim=2, most=True),
        Row(r.CONSISTENCY, "", must=5, aim=2, most=True),
        Row(r.VERIFIED, "", must=100_000, aim=200_000),
        Row(r.VERIFIED_MB, "", must=300, aim=300, most=True, taken_with=r.VERIFIED),
        Row(r.AUDIT_LARGE, "", must=60_000, aim=120_000),
        Row(r.REBUILD_LARGE, "", must=10_000, aim=25_000),
        Row(r.READ_MEANWHILE, "", must=500, aim=100, most=True, taken_with=r.REBUILD_LARGE),
        *questions.rows(SIZES.large, SIZES.small),
        Row(r.APPEND_SMALL, r.APPEND_LARGE, must=1.2, aim=1.05, most=True),
        Row(r.COLD, "", must=2, aim=0.5, most=True),
        Row(r.STATE_MB, "", must=400, aim=400, most=True, taken_with=r.COLD),
        Row(r.STORAGE, "", must=1_200, aim=900, most=True, limit=storage.LIMIT),
    ]


class Grown:
    """One chain: its lines, and what is to be known of it to ask and to vote."""

    def __init__(self, chain: str, events: int) -> None:
        self.chain = chain
        self.events = events
        self.voter = ""
        self.known = Known(chain, events, (), date.min, date.min)

    def write(self, file: Path) -> None:
        """Write the lines to record into a file, and keep what is asked about later."""
        names, first, last = [], "", ""
        with file.open("wb") as out:
            for act in made_up_chain.acts(self.events, SEED):
                if isinstance(act.event, ProposalSubmitted):
                    names.append(act.event.decision)
                elif isinstance(act.event, SeatAssigned) and act.event.seat == SEAT:
                    self.voter = act.event.person
                first, last = first or act.on[:10], act.on[:10]
                out.write(made_up_chain.line(act) + b"\n")
        days = date.fromisoformat(first), date.fromisoformat(last)
        self.known = Known(self.chain, self.events, names, *days)

    def now_known(self) -> Known:
        """Return what is known by now."""
        return self.known

    def proposal(self) -> Iterator[Act]:
        """Yield the acts that open a decision to vote on."""
        proposed = ProposalSubmitted(
            decision=DECISION,
            body=BODY,
            subject=DECISION,
            title="Een voorstel om te meten",
            chain_interest="De keten wil weten hoe snel zij blijft.",
        )
        yield Act(event=proposed, by="bureau")
        yield Act(event=DeliberationOpened(decision=DECISION), by="bureau")

    def vote(self, number: int) -> tuple[str, Act]:
        """Return the chain and the act of one seat that takes another position again."""
        choice: Any = CHOICES[number % len(CHOICES)]
        event = VoteCast(decision=DECISION, seat=SEAT, choice=choice, reason=REASON)
        return self.chain, Act(event=event, by=self.voter, act=f"meting-{number:029d}")


@contextlib.contextmanager
def scene(conninfo: str, folder: Path) -> Iterator[Todo]:
    """Give what this stage measures, in the order in which one needs the other."""
    large, small = Grown("miljoen", SIZES.large), Grown("tienduizend", SIZES.small)
    with Store(conninfo, pool_size=4) as store, Runner(conninfo) as runner:
        keys = KeyFolder(folder / LOG_KEYS)
        for one in (large, small):
            keys.make(one.chain, ORIGIN + one.chain)
        _imported(conninfo, small, folder)
        start: dict[str, float] = {}
        evidence = large_evidence.Evidence(conninfo, folder, store, large.chain)
        rebuild = rebuilds.Rebuild(store, runner, large.chain)
        yield {
            r.IMPORT_LARGE: lambda: _imported(conninfo, large, folder),
            r.CAUGHT_UP: lambda: _rate(runner.catch_up),
            r.INTEGRATED: lambda: _rate(lambda: _signed(conninfo, keys, large, small)),
            r.VERIFIED: evidence.verified,
            r.VERIFIED_MB: lambda: evidence.peak_mb,
            r.AUDIT_LARGE: lambda: _audited(store, large),
            r.STORAGE: lambda: storage.bytes_per_event(store),
            r.REBUILD_LARGE: rebuild.measure,
            r.READ_MEANWHILE: lambda: rebuild.longest_ms,
            r.INCLUSION: evidence.inclusion,
            r.CONSISTENCY: evidence.consistency,
            r.COLD: lambda: _cold(conninfo, large, start),
            r.COLD_OWN: lambda: start["of_which_own"],
            r.STATE_MB: lambda: start["state_mb"],
            **_questions(store, large, small),
            r.APPEND_SMALL: _appending(conninfo, small),
            r.APPEND_LARGE: _appending(conninfo, large),
        }


def _imported(conninfo: str, one: Grown, folder: Path) -> float:
    """Record a chain from a file as `ketenledger record` does; return the events a second."""
    file = folder / f"{one.chain}.jsonl"
    one.write(file)
    with Store(conninfo, pool_size=4) as store, Ledger(store) as ledger:
        start, events = time.perf_counter(), 0
        with file.open("rb") as lines:
            for result in Recorder(ledger, one.chain).run(numbered(lines)):
                if not isinstance(result.outcome, Receipt):
                    raise RuntimeError(f"line {result.number} was refused: {result.outcome}")
                events += len(result.outcome.positions)
        passed = time.perf_counter() - start
        for act in one.proposal():
            ledger.submit(one.chain, act)
    file.unlink()
    if events != one.events:
        raise RuntimeError(f"{events} events of {one.chain} were recorded, not {one.events}")
    return events / passed


def _rate(work: Callable[[], int]) -> float:
    """Return how many records a second some work took, as it counts them itself."""
    start = time.perf_counter()
    return work() / (time.perf_counter() - start)


def _signed(conninfo: str, keys: KeyFolder, *chains: Grown) -> int:
    with Store(conninfo, pool_size=2) as store:
        integrator = KeyedIntegrator(store, keys)
        return sum(integrator.integrate(one.chain).size for one in chains)


def _audited(store: Store, one: Grown) -> float:
    with Ledger(store) as ledger:
        return measures.audited(ledger, one.chain)


def _cold(conninfo: str, one: Grown, start: dict[str, float]) -> float:
    """Return after how many seconds a new process has the state; its memory goes into `start`."""
    command = [sys.executable, "-m", "tests.bench.cold", conninfo, one.chain]
    start.update(json.loads(subprocess.check_output(command, text=True, timeout=COLD_SECONDS)))
    return start["seconds"]


def _questions(store: Store, large: Grown, small: Grown) -> Todo:
    """Return each question, of the one chain right after the other."""
    return {
        questions.name(question, one.events): questions.asked(store, question, one.now_known)
        for question in questions.QUESTIONS
        for one in (large, small)
    }


def _appending(conninfo: str, one: Grown) -> Measure:
    """Votes on a chain that has grown, by a ledger that was started for it and stopped after it."""
    ready = measures.Ready(one.vote)

    def measure() -> float:
        with Store(conninfo, pool_size=4) as store, Ledger(store) as ledger:
            ledger.state(one.chain)
            return measures.recorded(ledger, ready, callers=CALLERS)

    return measure
