"""Evidence to take along (S9): choose what it is about, see what it will hold, download it.

    /bewijs?over=<kind>:<id>           about a decision, an agreement or an escalation
    /bewijs?van=<day>&tot=<day>        what was recorded from one day up to and including another
    /bewijs?alles=1                    the whole chain

The bundle itself comes from `api/bundles.py`; this page only says what it will hold and how to
check it without us.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from msgspec import Struct

from api.pages.search import kind_name
from api.pages.site import Asked, Screen
from api.parameters import as_day, as_slug
from api.problems import Problem
from projections import agreements, decisions, escalations, selection
from projections.chains import chain
from projections.views import Paging

CHOICES: Final = 50
"""How many things of each kind can be chosen here, the newest; others have it on their page."""


class Preview(Struct, frozen=True):
    """What a bundle will hold: how many records, how many are left out, and where to get it.

    `about` is a thing (`kind` and `name`), a stretch of days, or nothing for the whole chain.
    """

    href: str
    records: int
    unseen: int = 0
    kind: str = ""
    name: str = ""
    first: str = ""
    last: str = ""


def show(asked: Asked) -> dict[str, Any]:
    """Gather what can be chosen, and what the chosen bundle will hold."""
    doc = chain(asked.connection, asked.view)
    return {
        "chosen": {name: asked.query.get(name, "") for name in ("over", "van", "tot", "alles")},
        "choices": _choices(asked),
        "preview": _preview(asked),
        "kinds": kind_name(asked.language.text),
        "keys": list(reversed(doc.get("logKeys", []))),
    }


def _choices(asked: Asked) -> list[dict[str, Any]]:
    """Return what can be chosen by name, the newest of each kind."""
    said, newest = asked.language.text, Paging("", CHOICES)
    lent, view = asked.connection, asked.view
    found = (
        ("decision", said("Besluiten"), "title", decisions.decisions(lent, view, newest)),
        ("agreement", said("Afspraken"), "title", agreements.agreements(lent, view, newest)),
        ("escalation", said("Escalaties"), "subject", escalations.escalations(lent, view, newest)),
    )
    return [
        {
            "name": name,
            "options": [
                (f"{kind}:{one[kind]}", one[kind], one.get(title, "")) for one in page.items
            ],
        }
        for kind, name, title, page in found
    ]


def _preview(asked: Asked) -> Preview | None:
    base = f"/v1/chains/{asked.chain}/bundles"
    if over := asked.query.get("over", ""):
        return _of_thing(asked, base, over)
    first, last = asked.query.get("van", ""), asked.query.get("tot", "")
    if first or last:
        return _of_days(asked, base, first, last)
    if asked.query.get("alles", ""):
        return Preview(href=f"{base}/records", records=asked.view.known_at + 1)
    return None


def _of_thing(asked: Asked, base: str, over: str) -> Preview:
    kind, _, name = over.partition(":")
    if kind not in selection.KINDS:
        raise Problem("malformed", f"over: {kind[:80]!r}; verwacht {', '.join(selection.KINDS)}.")
    try:
        as_slug(name)
    except ValueError as error:
        raise Problem("malformed", f"over: {name[:80]!r} {error}.") from error
    found = selection.about(asked.connection, asked.view, kind, name)
    return Preview(
        href=f"{base}/{kind}/{name}",
        records=len(found.positions),
        unseen=found.unseen,
        kind=kind,
        name=name,
    )


def _of_days(asked: Asked, base: str, first: str, last: str) -> Preview:
    """Return what was recorded on these days; the last of them counts, for people."""
    for name, given in (("van", first), ("tot", last)):
        try:
            as_day(given or "2000-01-01")
        except ValueError as error:
            raise Problem("malformed", f"{name}: {given[:80]!r} {error}.") from error
    until = str(date.fromisoformat(last) + timedelta(days=1)) if last else ""
    size = asked.view.known_at + 1
    start = _recorded_since(asked, first, size) if first else 0
    end = _recorded_since(asked, until, size) if until else size
    fields = "&".join(f"{name}={day}" for name, day in (("from", first), ("until", until)) if day)
    return Preview(
        href=f"{base}/records?{fields}", records=max(0, end - start), first=first, last=last
    )


def _recorded_since(asked: Asked, day: str, size: int) -> int:
    found = selection.recorded_since(asked.connection, asked.view, day)
    return size if found is None else min(found, size)


SCREENS: Final = (Screen("/bewijs", "evidence.html", show),)
