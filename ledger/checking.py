"""The check of a whole chain as it is stored: evidence, sealed values and rules in one pass.

`ledger/log/fsck.py` checks bytes, tree and signatures; here come the values behind the seals, the
replay of the rules, and what an earlier check saw. The outcome is kept (`check_results`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ledger.announced import announced
from ledger.audit import audit
from ledger.domain.values import NotFound, instant
from ledger.log.check_results import Checked, CheckResults, Outcome
from ledger.log.flaws import Flaw, Flaws
from ledger.log.fsck import Evidence, Fsck, Kept
from ledger.log.fsck_stamps import check_stamps
from ledger.log.note_keys import Verifier
from ledger.log.snapshot import PAGE, Snapshot, StoredRow
from ledger.log.store import Store
from ledger.log.time_stamp import Trusted
from ledger.sealed_check import SealedCheck
from ledger.vault import Vault

STATEMENT_SECONDS: Final = 600.0
"""How long one statement of a check may take: some of them read a whole chain."""

LONGEST_REST_SECONDS: Final = 0.2

# Numbers nobody else uses: the ASCII bytes of "ketenchk".
_LOCK: Final = 7738719513426259051

TRY_NIGHT = "SELECT pg_try_advisory_xact_lock(hashtextextended(%(chain)s, %(lock)s)) AS ours"

More = Callable[[Snapshot, Flaws, Flaws], None]
"""A further check in the same moment, which adds to the breaks and the remarks."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What to check, and what to measure it by.

    `keys` are those of the log as somebody knows them: without, those that the chain names count,
    or where it names none those that are `held` here. `kept` is what somebody kept and `against`
    its name; `more` looks at what else there is (`models` tells whether it compared
    contents). With `restful` the check takes half of the time of one processor at most. By the
    certificates `stamped_by` the time stamps are checked; without, they are only counted.
    """

    keys: tuple[Verifier, ...] = ()
    held: tuple[Verifier, ...] = ()
    kept: tuple[Kept, ...] = ()
    against: str = ""
    rules: bool = True
    models: bool = False
    more: Sequence[More] = ()
    restful: bool = False
    stamped_by: Trusted | None = None


def check(store: Store, chain: str, wanted: Wanted, *, vault: Vault | None = None) -> Checked:
    """Check a chain and keep what was found. Raises NotFound or StoreUnavailable."""
    results = CheckResults(store)
    earlier = results.last_sound(chain)
    with store.snapshot(statement_seconds=STATEMENT_SECONDS) as conn:
        snapshot = Snapshot(conn, chain)
        if not snapshot.size and not snapshot.signed and earlier is None:
            raise NotFound(f"Keten {chain} bestaat niet.")
        checked, root = _checked(snapshot, wanted, _earlier(earlier), vault)
    results.keep(checked, root=root)
    return checked


def check_for(
    store: Store, chain: str, wanted: Wanted, night: date, *, vault: Vault | None = None
) -> Checked | None:
    """Do the check of a night; None where another process does it or did."""
    results = CheckResults(store)
    earlier = results.last_sound(chain)
    with store.snapshot(statement_seconds=STATEMENT_SECONDS) as conn:
        row = conn.execute(TRY_NIGHT, {"chain": chain, "lock": _LOCK}).fetchone()
        if row is None or not row["ours"] or results.done(chain, night):
            return None
        checked, root = _checked(Snapshot(conn, chain), wanted, _earlier(earlier), vault)
        # Before the snapshot ends, and with it the lock of the night.
        results.keep(checked, root=root, night=night)
    return checked


def _earlier(found: tuple[datetime, int, bytes] | None) -> tuple[Kept, ...]:
    """Return what the last check without a break saw: the log must still begin with it."""
    if found is None:
        return ()
    at, size, root = found
    return (Kept("earlier", f"de controle van {at:%Y-%m-%d %H:%M} (UTC)", size, root),)


def _checked(
    snapshot: Snapshot, wanted: Wanted, earlier: tuple[Kept, ...], vault: Vault | None
) -> tuple[Checked, bytes]:
    at, began = instant(datetime.now(UTC)), time.monotonic()
    flaws, remarks = Flaws(), Flaws()
    named = announced(snapshot.conn, snapshot.chain)
    keys = wanted.keys or named.log or wanted.held
    if named.log and not set(wanted.held) <= set(named.log):
        what = "Hier wordt een sleutel van het log bewaard die de keten niet noemt."
        remarks.add("unnamed-key", snapshot.signed, what)
    fsck = Fsck(
        snapshot,
        keys=keys,
        witnesses=named.witnesses,
        quorums=named.quorums,
        kept=(*wanted.kept, *earlier),
    )
    sealed = SealedCheck(snapshot, vault, flaws, remarks)
    rows = _passing(fsck.records(), sealed, restful=wanted.restful)
    if wanted.rules:
        _replay(rows, snapshot.chain, flaws)
    deque(rows, maxlen=0)
    sealed.finish()
    for look in wanted.more:
        look(snapshot, flaws, remarks)
    stamps = check_stamps(snapshot, wanted.stamped_by, flaws, remarks)
    evidence = fsck.evidence()
    if evidence.checkpoints and not keys:
        what = "De sleutel van het log is hier niet bekend: handtekeningen zijn niet nagegaan."
        remarks.add("no-key", evidence.signed, what)
    found = (*evidence.flaws, *flaws.all()), (*evidence.remarks, *remarks.all())
    checked = _told(snapshot.chain, at, wanted, evidence, found, stamps=stamps, keyed=bool(keys))
    took_ms = max(1, round((time.monotonic() - began) * 1000))
    return replace(checked, took_ms=took_ms), evidence.root


def _told(
    chain: str,
    at: str,
    wanted: Wanted,
    evidence: Evidence,
    found: tuple[tuple[Flaw, ...], tuple[Flaw, ...]],
    *,
    stamps: int,
    keyed: bool,
) -> Checked:
    """Put together what was looked at and what was found: breaks and remarks."""
    breaks, remarks = found
    signed = keyed and evidence.checkpoints > 0
    return Checked(
        chain=chain,
        at=at,
        size=evidence.size,
        signed=evidence.signed,
        witnessed=evidence.witnessed,
        stamps=stamps,
        stamped=wanted.stamped_by is not None,
        checkpoints=evidence.checkpoints,
        tiles=evidence.tiles,
        cosignatures=evidence.cosignatures,
        signatures=signed,
        rules=wanted.rules,
        models=wanted.models,
        against=wanted.against,
        outcome=_outcome(wanted, broken=bool(breaks), signed=signed),
        breaks=breaks,
        remarks=remarks,
    )


def _outcome(wanted: Wanted, *, broken: bool, signed: bool) -> Outcome:
    if broken:
        return "broken"
    return "whole" if signed or any(one.size for one in wanted.kept) else "unknown"


def _replay(rows: Iterator[StoredRow], chain: str, flaws: Flaws) -> None:
    """Replay the rules; what they say of whom is told by the audit itself, not here."""
    findings = audit(rows, chain)
    if findings.sound:
        return
    first = min(findings.breaks, key=lambda one: one.position)
    rule = f", regel {first.rule}" if first.rule else ""
    what = f"Gebeurtenis {first.position} volgt niet uit de regels ({first.kind}{rule})."
    flaws.add("rules", first.position, what, count=len(findings.breaks))


def _passing(
    rows: Iterator[StoredRow], sealed: SealedCheck, *, restful: bool
) -> Iterator[StoredRow]:
    """Pass on the records, each looked at for seals; rest as long as it worked, if asked."""
    began = time.monotonic()
    for row in rows:
        sealed.take(row)
        yield row
        if restful and row.position % PAGE == PAGE - 1:
            time.sleep(min(time.monotonic() - began, LONGEST_REST_SECONDS))
            began = time.monotonic()
