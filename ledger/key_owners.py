"""Whose key protects the sealed values of a person: that of the partner they act for.

Of a new person that is not known yet; then it is the partner of whoever registers them, and `key
rewrap` moves the key on once the person has a role or seat of another.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from ledger.domain.chain import ChainState
from ledger.domain.erasures import acted_for
from ledger.sealed import Disclosed


def owner_of(state: ChainState, person: str, by: str = "") -> str:
    """Return the partner whose key protects somebody's values; empty for the installation's own."""
    return next(iter((*acted_for(state, person), *acted_for(state, by))), "")


def owned(state: ChainState, by: str, disclosures: Sequence[Disclosed]) -> list[Disclosed]:
    """Return the disclosures of an act by somebody, each with its owner."""
    return [replace(one, owner=owner_of(state, one.subject, by)) for one in disclosures]
