"""The read models by name: which kinds of things each knows, which tables it owns, which version
it is.

A capability has a read model of its own; four others go across them: the records with their
links, the statuses, the texts that are searched, and what is due. A model whose version or
columns changed is built again from the record (see `projections/rebuild.py`).
"""

from __future__ import annotations

import hashlib
from types import ModuleType
from typing import Final

from msgspec import Struct

from projections import (
    actions,
    agreements,
    bodies,
    chains,
    decision_rules,
    decisions,
    escalations,
    evidence,
    mandates,
    meetings,
    memory,
    people,
    reviews,
    roles,
    service_accounts,
    signing_keys,
)
from projections.tables import DUE, LINKS, RECORDS, STATUSES, TEXTS, Table
from projections.things import Kind

CAPABILITIES: Final[dict[str, ModuleType]] = {
    "chains": chains,
    "people": people,
    "bodies": bodies,
    "roles": roles,
    "mandates": mandates,
    "decision_rules": decision_rules,
    "meetings": meetings,
    "decisions": decisions,
    "agreements": agreements,
    "escalations": escalations,
    "actions": actions,
    "memory": memory,
    "evidence": evidence,
    "signing_keys": signing_keys,
    "reviews": reviews,
    "service_accounts": service_accounts,
}
ACROSS: Final = {
    "records": (RECORDS, LINKS),
    "statuses": (STATUSES,),
    "search": (TEXTS,),
    "due": (DUE,),
}
ACROSS_VERSION: Final = 2
"""The version of what `projections/folding.py` itself makes of a record."""


class Model(Struct, frozen=True):
    """A read model; `version` changes with the shape of its tables and the meaning of its rows."""

    name: str
    kinds: tuple[Kind, ...]
    tables: tuple[Table, ...]
    version: str


def _models() -> dict[str, Model]:
    own = {name: _own(name, module) for name, module in CAPABILITIES.items()}
    kinds = tuple(kind for model in own.values() for kind in model.kinds)
    below = "".join(model.version for model in own.values())
    across = {
        name: Model(name, kinds, parts, _version(ACROSS_VERSION, parts, below))
        for name, parts in ACROSS.items()
    }
    return {**across, **own}


def _own(name: str, module: ModuleType) -> Model:
    parts = (module.TABLE,)
    return Model(name, module.KINDS, parts, _version(module.VERSION, parts))


def _version(number: int, parts: tuple[Table, ...], below: str = "") -> str:
    shape = "".join(table.digest for table in parts) + below
    return f"{number}-{hashlib.sha256(shape.encode()).hexdigest()[:16]}"


MODELS: Final = _models()
KINDS: Final = {kind.name: kind for model in MODELS.values() for kind in model.kinds}
