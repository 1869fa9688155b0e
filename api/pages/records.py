"""One record: what it says, who did it and why that was lawful, and exactly what is stored."""

from __future__ import annotations

from typing import Any, Final

from api.pages.site import Asked, Screen
from api.parameters import as_position
from projections.records import record, stored


def show(asked: Asked) -> dict[str, Any]:
    """Gather one record and its bytes."""
    position = as_position(str(asked.request.path_params["position"]))
    doc = record(asked.connection, asked.view, position)
    data = stored(asked.connection, asked.view, position).data
    return {"record": doc, "data": data.decode()}


SCREENS: Final = (Screen("/gebeurtenissen/{position}", "record.html", show),)
