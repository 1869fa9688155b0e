"""What the tests of the ledger say: found a chain, register somebody, look at the whole log."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from ledger.catalogue import Record, decode
from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.ledger import Act, Ledger, Receipt
from ledger.log.store import Store
from tests.domain.given import IMPORTER, SOURCE, founding

CHAIN = "testketen"
FOUNDER = "p-bd"
PATIENCE_SECONDS = 60

HOLD_BACK = "LOCK TABLE records IN SHARE MODE"
"""Whoever writes now has to wait; reading goes on."""

WAITING = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@contextmanager
def a_ledger(database: str, *, pool_size: int = 4) -> Iterator[Ledger]:
    """Give a ledger on a store of its own, as another process would have it."""
    with Store(database, pool_size=pool_size) as store, Ledger(store) as ledger:
        yield ledger


def found(ledger: Ledger, *chains: str, act: str = "") -> Receipt:
    """Found these chains (default: CHAIN); return the last receipt."""
    [*_, last] = [
        ledger.submit(name, Act(event=founding("bd", "uwv"), by=FOUNDER, act=act))
        for name in chains or (CHAIN,)
    ]
    return last


def registering(person: str, *, by: str = FOUNDER, act: str = "", on: str = "") -> Act:
    """Return the act of registering somebody."""
    return Act(event=PersonRegistered(person=person, function="test"), by=by, act=act, on=on)


def imported(event: PersonRegistered | RoleAssigned | ActionAssigned, *, on: str = "") -> Act:
    """Return an act of history, which needs no procedure."""
    return Act(event=event, by=IMPORTER, source=SOURCE, on=on)


def log_of(ledger: Ledger, chain: str = CHAIN) -> list[Record]:
    """Return the whole log of a chain; it is without gaps and passes the audit."""
    findings = ledger.audit(chain)
    assert findings.sound, findings.breaks
    records = [decode(one.data) for one in ledger.walk(chain)]
    assert [one.header.position for one in records] == list(range(len(records)))
    return records


def acts_of(ledger: Ledger, chain: str = CHAIN) -> list[str]:
    """Return the keys in a chain's log, in order."""
    return [one.header.act for one in log_of(ledger, chain) if one.header.act]


def people_of(ledger: Ledger, chain: str = CHAIN) -> list[str]:
    """Return the persons whom an act (not the founding) registered, in order."""
    return [
        one.body.person
        for one in log_of(ledger, chain)
        if isinstance(one.body, PersonRegistered) and one.header.cause is None
    ]


def until_somebody_waits(database: str) -> int:
    """Wait until a writer is held back inside the server; return the process it waits in."""
    pause = threading.Event()
    with psycopg.connect(database, autocommit=True) as watcher:
        for _ in range(PATIENCE_SECONDS * 100):
            waiting = watcher.execute(WAITING).fetchone()
            if waiting is not None:
                return int(waiting[0])
            pause.wait(0.01)
    raise AssertionError("nobody came to wait")


def until_decided_ahead(ledger: Ledger, count: int) -> None:
    """Wait until the writer has decided on so many acts while a batch is under way."""

    def decided() -> bool:
        ahead = ledger._writer._rounds.next
        return ahead is not None and len(ahead.answers) == count

    until(decided)


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    pause = threading.Event()
    for _ in range(PATIENCE_SECONDS * 100):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError("it never came true")
