"""The header fields of a request as a table, made once: a dozen of them are looked for.

The web framework goes through all fields of a request for every one that is asked for. Of a field
that stands there twice the first counts, as it does there.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, cast

from starlette.types import Scope

ONCE: Final = frozenset({b"act-signature", b"content-type", b"cookie", b"host", b"idempotency-key"})
"""What a request says once; of `Authorization` the answer is that of a token (identity.py)."""
_KEPT: Final = "ketenledger.fields"


def fields(scope: Scope) -> dict[str, str]:
    """Return the fields of a request by their names in small letters."""
    found = scope.get(_KEPT)
    if found is None:
        raw = reversed(scope["headers"])
        found = scope[_KEPT] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in raw
        }
    return cast(dict[str, str], found)


def said_twice(scope: Scope) -> str:
    """Return a field of which a request has more than one where it may have one; empty for none.

    Whoever stands in between may take the first of them and we the last, or the other way round.
    """
    if len(fields(scope)) == len(scope["headers"]):
        return ""
    counted = Counter(name for name, _ in scope["headers"])
    return next((name.decode() for name in sorted(ONCE) if counted[name] > 1), "")
