"""The check of sealed values: what is stored must be what the digests in the record stand for.

A value may be gone: erased on a ground that is known, or lost. That breaks no record, so it is
named and counted. A value that is there and is not what the record sealed is a break, and so is one
that is still there though the record says it was erased. A disclosure that no record holds is an
orphan of an act that was never recorded, and is swept after a while.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from ledger import catalogue
from ledger.domain.events.erasures import GROUND_NAMES, PersonalDataErased
from ledger.domain.values import instant
from ledger.log.flaws import Flaws
from ledger.log.snapshot import Snapshot, StoredRow
from ledger.vault import MAX_SWEPT, SWEEP_AGE, KeyRefused, Vault

PAGE: Final = 500
SEAL: Final = b'"sealed:'
"""What stands in the bytes of a record that seals a text."""
ERASING_AGE: Final = timedelta(minutes=10)
"""How long after its record an erasure may still be on its way, as after a crash."""

THERE = """
    SELECT d.digest, k.subject IS NOT NULL AS opens
    FROM disclosures AS d
    LEFT JOIN subject_keys AS k ON k.chain = d.chain AND k.subject = d.subject
    WHERE d.chain = %(chain)s AND d.digest = ANY(%(digests)s::text[])
"""

ERASED = """
    SELECT e.digest, e.ground, e.position
    FROM erasures AS e
    WHERE e.chain = %(chain)s AND e.digest = ANY(%(digests)s::text[])
"""

UNSETTLED = """
    SELECT digest
    FROM disclosures
    WHERE chain = %(chain)s AND position IS NULL AND stored_at < now() - %(age)s::interval
    ORDER BY stored_at
    LIMIT %(most)s
"""

MISPLACED = """
    SELECT count(*) AS many, min(d.position) AS first
    FROM disclosures AS d
    LEFT JOIN records AS r
        ON r.originator_id = d.chain AND r.originator_version = d.position + 1
    WHERE d.chain = %(chain)s AND d.position IS NOT NULL
        AND (r.state IS NULL OR position(convert_to(d.digest, 'UTF8') IN r.state) = 0)
"""


class SealedCheck:
    """Takes the records of a chain one by one; at the end `finish`."""

    def __init__(
        self, snapshot: Snapshot, vault: Vault | None, flaws: Flaws, remarks: Flaws
    ) -> None:
        self._snapshot = snapshot
        self._vault = vault
        self._flaws = flaws
        self._remarks = remarks
        self._topics = {
            name
            for name, one in catalogue.TYPES.items()
            if catalogue.sealed_fields(one.kind) or one.kind is PersonalDataErased
        }
        asked = {"age": SWEEP_AGE, "most": MAX_SWEPT}
        self._unsettled = {row["digest"] for row in self._fetch(UNSETTLED, **asked)}
        self._waiting: dict[str, int] = {}
        self._erasing: dict[str, int] = {}
        self._settled = instant(datetime.now(UTC) - ERASING_AGE)

    def take(self, row: StoredRow) -> None:
        """Note the digests in a record; a record that cannot be read is somebody else's to name."""
        if row.topic not in self._topics and SEAL not in row.data:
            return
        try:
            record = catalogue.decode(row.data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        body = record.body
        if isinstance(body, PersonalDataErased) and record.header.at < self._settled:
            self._erasing.update(dict.fromkeys(body.digests, row.position))
        digests = catalogue.digests_in(body)
        self._unsettled -= digests
        self._waiting.update(dict.fromkeys(digests, row.position))
        if len(self._waiting) >= PAGE:
            self._look()

    def finish(self) -> None:
        """Look at what is left, and at disclosures that no record holds or that were to go."""
        self._look()
        self._look_for_erased()
        [misplaced] = self._fetch(MISPLACED)
        count = misplaced["many"] + len(self._unsettled)
        if count:
            what = f"{count} verzegelde waarden horen bij geen gebeurtenis."
            self._remarks.add("orphan", misplaced["first"] or 0, what, count=count)

    def _look(self) -> None:
        rows = self._fetch(THERE, digests=list(self._waiting))
        opens = {row["digest"]: row["opens"] for row in rows}
        gone = self._fetch(ERASED, digests=list(self._waiting))
        erased = {row["digest"]: _why(row["ground"], row["position"]) for row in gone}
        self._open({one: at for one, at in self._waiting.items() if opens.get(one)})
        for digest, position in self._waiting.items():
            if opens.get(digest):
                continue
            what = f"De waarde achter een zegel in gebeurtenis {position} is"
            if digest in erased:
                self._remarks.add("erased", position, f"{what} {erased[digest]}.")
            else:
                lost = "onleesbaar: haar sleutel is er niet" if digest in opens else "er niet"
                self._remarks.add("missing", position, f"{what} {lost}.")
        self._waiting = {}

    def _look_for_erased(self) -> None:
        """Name what the record says is gone and is not."""
        digests = list(self._erasing)
        for start in range(0, len(digests), PAGE):
            for row in self._fetch(THERE, digests=digests[start : start + PAGE]):
                position = self._erasing[row["digest"]]
                what = f"Wat volgens gebeurtenis {position} is gewist, is er nog."
                self._flaws.add("erasure", position, what)

    def _open(self, places: dict[str, int]) -> None:
        """Open these together, which asks for each key once; one by one where that fails."""
        if self._vault is None:
            return
        try:
            self._vault.open(self._snapshot.chain, places)
        except KeyRefused:
            for digest, position in places.items():
                self._open_one(self._vault, digest, position)

    def _open_one(self, vault: Vault, digest: str, position: int) -> None:
        try:
            vault.open(self._snapshot.chain, [digest])
        except KeyRefused:
            what = (
                f"De waarde achter een zegel in gebeurtenis {position} is niet die van het "
                "register, of is niet met de sleutel van deze installatie versleuteld."
            )
            self._flaws.add("disclosure", position, what)

    def _fetch(self, query: str, **asked: Any) -> list[dict[str, Any]]:
        given = {"chain": self._snapshot.chain, **asked}
        found: list[dict[str, Any]] = self._snapshot.conn.execute(query.encode(), given).fetchall()
        return found


def _why(ground: str, position: int | None) -> str:
    """Say on what ground something was erased; a restored backup may lack the record of it."""
    where = "die niet meer in het register staat" if position is None else f"gebeurtenis {position}"
    return f"gewist op grond van: {GROUND_NAMES.get(ground, ground)} ({where})"
