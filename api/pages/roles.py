"""Roles (S4): who holds or held which, drawn over time, and who had a role on a day.

    ?rol=<kind, or the name of one of the chain's own making>&dag=<day>

The drawing and the table show every term that is known, whatever the day; which of them hold on
the day is marked. A role is acting where the chain's own name for it says so.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from api.charts import MAX_LANES, Bar, Lane, gantt
from api.pages.language import Language
from api.pages.paper import drawn
from api.pages.site import Asked, Screen
from api.parameters import as_day
from api.problems import Problem
from projections.capacities import with_capacities
from projections.roles import role, roles
from projections.views import MAX_LIMIT, Doc, Paging

ACTING: Final = ("waarnemend", "acting")
MAX_TOLD: Final = 5
"""Of how many who held a role the answer tells on what it rested."""


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather all terms of roles, and the answer to who had one on a day."""
    ever = replace(asked.view, valid_on="")
    page = roles(asked.connection, ever, asked.paging(MAX_LIMIT))
    for one in page.items:
        one["name"] = _name(one, asked.language)
        one["holds"] = _held_on(one, asked.view.day)
    wanted = _wanted(asked, page.items)
    said = asked.language.text
    day = asked.language.day(asked.view.day)
    label = said("Rollen in de tijd; de tabel hieronder zegt hetzelfde.")
    lanes = lanes_of(page.items, said("niet vervuld"))
    chart = gantt(lanes, asked.view.day, asked.view.now[:10], day, label)
    return {
        "items": page.items,
        "next": page.next,
        "chart": drawn(chart) if chart else None,
        "left_out": max(len(lanes) - MAX_LANES, 0),
        "choices": _choices(page.items, asked.language),
        "wanted": wanted,
        "answer": _answer(asked, *wanted.values()) if all(wanted.values()) else None,
    }


def show(asked: Asked) -> dict[str, Any]:
    """Gather everything about one assignment of a role."""
    doc = role(asked.connection, asked.view, asked.named("assignment"))
    with_capacities(asked.connection, asked.view, doc["history"])
    doc["name"] = _name(doc, asked.language)
    doc["holds"] = _held_on(doc, asked.view.day)
    return {"role": doc}


def lanes_of(items: list[Doc], vacant: str) -> list[Lane]:
    """Return a lane for each role of each organisation; between two terms nobody had it.

    Two who have one role at the same time stand on lanes of their own.
    """
    lanes: dict[tuple[str, int], list[Bar]] = {}
    for one in sorted(items, key=lambda one: str(one.get("validFrom", ""))):
        if not one.get("validFrom"):
            continue
        bar = _bar(one)
        number = 0
        while (one["name"], number) in lanes and _overlap(lanes[one["name"], number][-1], bar):
            number += 1
        lanes.setdefault((one["name"], number), []).append(bar)
    return [Lane(name, tuple(_with_gaps(bars, vacant))) for (name, _), bars in lanes.items()]


def _bar(one: Doc) -> Bar:
    acting = str(one.get("label", "")).lower().startswith(ACTING)
    text = str(one.get("function") or one["person"])
    return Bar(
        one["validFrom"], str(one.get("validUntil", "")), text, "acting" if acting else "term"
    )


def _overlap(before: Bar, after: Bar) -> bool:
    return not before.end or after.start < before.end


def _with_gaps(bars: list[Bar], vacant: str) -> list[Bar]:
    found: list[Bar] = []
    for bar in bars:
        if found and found[-1].end < bar.start:
            found.append(Bar(found[-1].end, bar.start, vacant, "vacant"))
        found.append(bar)
    return found


def _name(one: Doc, language: Language) -> str:
    """Return how a role is called, with the organisation for which it is held."""
    called = str(one.get("label") or language.word(one.get("role", "")))
    organisation = one.get("organisationName") or one.get("organisation", "")
    return f"{called} – {organisation}" if organisation else called


def _held_on(one: Doc, day: str) -> bool:
    until = one.get("validUntil", "")
    return bool(one.get("validFrom", "9999") <= day and (not until or day < until))


def _choices(items: list[Doc], language: Language) -> dict[str, str]:
    """Return the roles that can be asked after, by what the address says for each."""
    found = {
        str(one.get("label") or one["role"]): str(one.get("label") or language.word(one["role"]))
        for one in items
        if "role" in one
    }
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _wanted(asked: Asked, items: list[Doc]) -> dict[str, str]:
    """Return which role is asked after and on which day; Problem (malformed) for what can be none.

    A day that is left empty is the day of the page.
    """
    role_name, day = asked.query.get("rol", ""), asked.query.get("dag", "")
    if role_name and role_name not in _choices(items, asked.language):
        raise Problem("malformed", f"rol: {role_name[:80]!r} is hier geen rol.")
    try:
        if day:
            as_day(day)
    except ValueError as error:
        raise Problem("malformed", f"dag: {day[:80]!r} {error}.") from error
    return {"rol": role_name, "dag": day or (asked.view.day if role_name else "")}


def _answer(asked: Asked, role_name: str, day: str) -> dict[str, Any]:
    """Return who had a role on a day, and on what that rested."""
    view = replace(asked.view, valid_on=day)
    found = roles(asked.connection, view, Paging("", MAX_LIMIT), role=role_name).items
    for one in found[:MAX_TOLD]:
        one["assigned"] = role(asked.connection, view, one["assignment"])["assigned"]
    name = _choices(found, asked.language).get(role_name) or asked.language.word(role_name)
    return {"role": name, "day": day, "held": found}


SCREENS: Final = (
    Screen("/rollen", "roles.html", show_list),
    Screen("/rollen/{assignment}", "role.html", show),
)
