"""A chain with something of every classification, and programs that have a key in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from api import service_keys
from ledger import catalogue
from ledger.receipts import Receipt
from ledger.recording import Act
from tests.api.doors import FOUNDER, Doors

DIRECT = ["RoleAssigned", "ServiceAccountOpened", "ServiceKeyReplaced", "ServiceAccountRevoked"]
NOTES = ["EventAnnotated", "BottleneckSignalled"]


def bearer(key: str) -> dict[str, str]:
    """Return the header that a program sends."""
    return {"Authorization": f"Bearer {key}"}


def day(days: int) -> str:
    """Return the date so many days from today (UTC)."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


class Chain:
    """A chain that is no demonstration, on a running server."""

    def __init__(self, doors: Doors, name: str = "") -> None:
        self.doors = doors
        self.name = name or f"keten-{uuid4().hex[:8]}"
        self.base = f"/v1/chains/{self.name}"
        doors.found_in_earnest(self.name, direct=DIRECT)
        self.positions = {
            scope: self.tell("DrivingProblemRecorded", scope=scope, text=f"Voor {scope}.").position
            for scope in ("public", "chain", "confidential")
        }

    def tell(self, type_: str, *, by: str = FOUNDER, scope: Any = None, **body: Any) -> Receipt:
        """Record something as from the command line, and wait until readers see it."""
        event = catalogue.read_body({"type": type_, **body})
        act = Act(event=event, by=by, scope=scope)
        receipt: Receipt = self.doors.app.state.ledger.submit(self.name, act)
        shown = self.doors.app.state.shown.wait(self.name, receipt.positions[-1], 60.0)
        assert shown
        return receipt

    def program(self, account: str = "meter", **fields: Any) -> str:
        """Open an account of the first partner and return its key."""
        key = service_keys.make()
        wanted = {
            "serviceAccount": account,
            "organisation": "bd",
            "purpose": "Meten of het op tijd is.",
            "classification": "chain",
            "eventTypes": NOTES,
            "keyDigest": service_keys.digest_of(key),
            "validFrom": day(0),
            "validUntil": day(30),
        }
        self.tell("ServiceAccountOpened", **(wanted | fields))
        return key

    def get(self, key: str, path: str = "", **params: Any) -> httpx.Response:
        return self.doors.get(self.base + path, headers=bearer(key), params=params or None)

    def post(
        self, key: str, path: str, body: Mapping[str, Any], *, act: str = "", **params: Any
    ) -> httpx.Response:
        headers = bearer(key) | ({"Idempotency-Key": act} if act else {})
        place = self.base + path
        return self.doors.client.post(
            place, json=dict(body), headers=headers, params=params or None
        )

    def sees(self, key: str) -> set[str]:
        """Return which of the records of each scope a program is shown."""
        return {
            scope
            for scope, position in self.positions.items()
            if self.get(key, f"/records/{position}").status_code == 200
        }
