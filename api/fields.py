"""The header fields of a request as a table, made once: a dozen of them are looked for.

The web framework goes through all fields of a request for every one that is asked for. Of a field
that stands there twice the first counts, as it does there.
"""

from __future__ import annotations

from typing import Final, cast

from starlette.types import Scope

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
