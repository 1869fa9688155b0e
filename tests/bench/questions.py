"""The questions of the core, asked of a long and of a short chain: list, item, as-of, who held, ...

Each asks what its page asks, from finding out what may be seen to the answer, without HTTP. What is
asked for is drawn by a seeded chance, each time something else, the same in every run.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, get_args

from api.made_up_words import Words
from ledger.domain.values import Scope
from ledger.log.store import Store
from projections import decision_page, decisions, roles
from projections.search import search
from projections.timeline import Chosen, timeline
from projections.views import Conn, Page, Paging, View, look
from tests.bench.course import Measure
from tests.bench.rows import Row
from tests.bench.sizes import SIZES

SEED: Final = 42
EVERYTHING: Final = frozenset(get_args(Scope))
BODIES: Final = ("ketenbestuur", "lijnmanagersoverleg", "productieoverleg")
STATEMENT_SECONDS: Final = 60.0


class Known(NamedTuple):
    """What can be asked about a chain: its size, its decisions, its first and last day."""

    chain: str
    size: int
    decisions: Sequence[str]
    first: date
    last: date

    def day(self, chance: random.Random) -> str:
        """Return a day of the life of the chain."""
        return (
            self.first + timedelta(chance.randrange((self.last - self.first).days + 1))
        ).isoformat()


Question = Callable[[Conn, Known, random.Random], Any]


def _view(conn: Conn, known: Known, **when: Any) -> View:
    return look(conn, known.chain, reader=EVERYTHING, **when)


def _list(conn: Conn, known: Known, chance: random.Random) -> Any:
    body = chance.choice(("", *BODIES))
    return decisions.decisions(conn, _view(conn, known), Paging(), body=body)


def _item(conn: Conn, known: Known, chance: random.Random) -> Any:
    return decision_page.decision(conn, _view(conn, known), chance.choice(known.decisions))


def _as_of(conn: Conn, known: Known, chance: random.Random) -> Any:
    position = chance.randrange(known.size // 2, known.size)
    view = _view(conn, known, known_at=position, valid_on=known.day(chance))
    return decisions.decisions(conn, view, Paging(), status="in-force")


def _who_held(conn: Conn, known: Known, chance: random.Random) -> Any:
    view = _view(conn, known, valid_on=known.day(chance))
    return roles.roles(conn, view, Paging(), role="chain-manager")


def _search(conn: Conn, known: Known, chance: random.Random) -> Any:
    return search(conn, _view(conn, known), Paging(), Words(chance).matter())


def _timeline(conn: Conn, known: Known, chance: random.Random) -> Any:
    about = Chosen(kind="decision", thing=chance.choice(known.decisions))
    chosen = chance.choice((Chosen(), about, Chosen(first=chance.randrange(known.size))))
    return timeline(conn, _view(conn, known), Paging(), chosen)


QUESTIONS: Final[dict[str, Question]] = {
    "list": _list,
    "item": _item,
    "as-of": _as_of,
    "who held": _who_held,
    "search": _search,
    "timeline": _timeline,
}


def name(question: str, size: int) -> str:
    """Return how the measure of a question on a chain of this size is called."""
    return f"{question} on {size:,} events: p95 in ms"


def rows(large: int, small: int) -> list[Row]:
    """Return the rows: each question at the large chain, and against the small one."""
    found = []
    for question in QUESTIONS:
        at_large, at_small = name(question, large), name(question, small)
        found.append(Row(at_large, "", must=20, aim=10, most=True))
        found.append(Row(at_large, at_small, must=1.5, aim=1.1, most=True))
    return found


def asked(store: Store, question: str, known: Callable[[], Known]) -> Measure:
    """The 95th percentile in milliseconds of one question about a chain."""
    ask = QUESTIONS[question]

    def measure() -> float:
        about, chance, times, found = known(), random.Random(SEED), [], 0
        with store.connection(statement_seconds=STATEMENT_SECONDS) as conn:
            ask(conn, about, chance)  # a connection prepares what it asks often
            for _ in range(SIZES.asked):
                begun = time.perf_counter()
                answer = ask(conn, about, chance)
                times.append(time.perf_counter() - begun)
                found += bool(answer.items if isinstance(answer, Page) else answer)
        if found < SIZES.asked / 2:
            raise RuntimeError(f"{question}: {found} of {SIZES.asked} found anything")
        return statistics.quantiles(times, n=20)[18] * 1000

    return measure
