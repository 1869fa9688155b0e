"""Agreements (S5): which there are, and of one whom it binds, how it is kept and how it changed.

?status=&soort=&partij=&tekst=&vanaf=<cursor>
/{agreement}?van=<day>&tot=<day>    with what differs between how it read on those days
"""

from __future__ import annotations

from typing import Any, Final, get_args

from api.pages.choosing import Field, chosen, organisations, require_one_of
from api.pages.proof import proof
from api.pages.site import Asked, Screen
from api.parameters import as_day
from api.problems import Problem
from ledger.domain.events.agreements import AgreementKind
from projections.agreement_page import differences, version_on
from projections.agreements import MAY_BECOME, agreement, agreements
from projections.capacities import with_capacities
from projections.views import Doc


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather a page of the list of agreements."""
    wanted = chosen(asked, "status", "soort", "partij", "tekst")
    word = asked.language.word
    statuses = tuple((name, word(name)) for name in ("proposed", *MAY_BECOME))
    kinds = tuple((name, word(name)) for name in get_args(AgreementKind))
    require_one_of("status", wanted["status"], statuses)
    require_one_of("soort", wanted["soort"], kinds)
    page = agreements(
        asked.connection,
        asked.view,
        asked.paging(),
        status=wanted["status"],
        kind=wanted["soort"],
        party=wanted["partij"],
        text=wanted["tekst"],
    )
    names = organisations(asked)
    said = asked.language.text
    return {
        "items": page.items,
        "next": page.next,
        "names": names,
        "narrowed": any(wanted.values()),
        "fields_to_choose": (
            Field("status", said("Status"), statuses, said("elke status"), value=wanted["status"]),
            Field("soort", said("Soort"), kinds, said("alle soorten"), value=wanted["soort"]),
            Field(
                "partij",
                said("Partij"),
                tuple(names.items()),
                said("elke partij"),
                value=wanted["partij"],
            ),
            Field("tekst", said("Woorden in de tekst"), value=wanted["tekst"]),
        ),
    }


def show(asked: Asked) -> dict[str, Any]:
    """Gather everything about one agreement."""
    doc = agreement(asked.connection, asked.view, asked.named("agreement"))
    with_capacities(asked.connection, asked.view, doc["history"])
    return {
        "agreement": doc,
        "names": organisations(asked),
        "difference": _difference(asked, doc),
        "proof": proof(asked, doc["positions"][-1]),
    }


def _difference(asked: Asked, doc: Doc) -> Doc:
    """Return what differs between two days: `van`, `tot`, the versions then, and `changes`."""
    days = {name: asked.query.get(name, "") for name in ("van", "tot")}
    for name, day in days.items():
        try:
            if day:
                as_day(day)
        except ValueError as error:
            raise Problem("malformed", f"{name}: {day[:40]!r} {error}.") from error
    if not all(days.values()):
        return days if any(days.values()) else _last_two(doc)
    before, after = (_version(doc, day) for day in days.values())
    found: Doc = {**days, "before": before, "after": after}
    if before is not None and after is not None and before is not after:
        found["changes"] = differences(before, after)
    return found


def _last_two(doc: Doc) -> Doc:
    """Return the first days of the last two versions, to compare at a click; else nothing."""
    begun = [str(term["validFrom"]) for term in doc["terms"]][-2:]
    return dict(zip(("van", "tot"), begun if len(begun) > 1 else ("", ""), strict=True))


def _version(doc: Doc, day: str) -> Doc | None:
    """Return the version that held on a day, or None."""
    term = version_on(doc["terms"], doc["validUntil"], day)
    held = [one for one in doc["versions"] if term and one["version"] == term["version"]]
    return held[0] if held else None


SCREENS: Final = (
    Screen("/afspraken", "agreements.html", show_list),
    Screen("/afspraken/{agreement}", "agreement.html", show),
)
