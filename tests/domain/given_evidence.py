"""Keys and witnesses for tests of the rules, which look at nothing but the form of a key."""

from __future__ import annotations

import base64
import hashlib

from ledger.domain.events.evidence import LogKeyAnnounced, Witness, WitnessPolicyAdopted

NAME = "log.example/log/testketen"
LENGTHS = {1: 32, 4: 32, 6: 1312}


def vkey(name: str = NAME, algorithm: int = 1, *, seed: str = "een") -> str:
    """Return a verifier key in the right form; one seed gives one public key, whatever its name."""
    public = hashlib.shake_256(seed.encode()).digest(LENGTHS[algorithm])
    data = bytes([algorithm]) + public
    key_id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4].hex()
    return f"{name}+{key_id}+{base64.b64encode(data).decode()}"


LOG_KEY = vkey()


def witness(organisation: str, *, name: str = "", key: str = "") -> Witness:
    """Return a witness of an organisation with a key of its own."""
    return Witness(
        organisation=organisation,
        name=name or f"getuige-{organisation}",
        verifier_key=key or vkey(f"getuige.{organisation}.example", 4, seed=organisation),
        url=f"https://getuige.{organisation}.example",
    )


def adopted(
    *witnesses: Witness, quorum: int | None = None, replaces: int | None = None
) -> WitnessPolicyAdopted:
    """Return a policy that wants all of these witnesses, unless it says how many."""
    return WitnessPolicyAdopted(
        witnesses=witnesses,
        quorum=len(witnesses) if quorum is None else quorum,
        reason="Zo ziet ieder hetzelfde log.",
        replaces=replaces,
    )


def announced(key: str = "", *, effective_on: str = "2024-02-01") -> LogKeyAnnounced:
    """Return the announcement of a key, by itself the second one."""
    return LogKeyAnnounced(
        log_key=key or vkey(seed="twee"), effective_on=effective_on, reason="Jaarlijkse wisseling."
    )
