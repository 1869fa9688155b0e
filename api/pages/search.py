"""Search (S6): what has these words, best first, and of which kinds there is how much.

/zoeken?zoek=<words>&soort=<kind>&vanaf=<cursor>
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from markupsafe import Markup, escape

from api.pages.site import Asked, Screen
from api.parameters import as_words
from api.problems import Problem
from projections import matching
from projections.search import Hits, hits
from projections.spelling import plain
from projections.views import Page

MAX_WORDS: Final = 200
FOUND: Final = re.compile("«([^«»]*)»")
"""How the search marks in a fragment what it found."""


def show(asked: Asked) -> dict[str, Any]:
    """Gather what was found, and where else to look."""
    text, kind = asked.query.get("zoek", ""), asked.query.get("soort", "")
    names = kind_names(asked.language.text)
    _require_sound(text, kind, names)
    found = Hits(Page([]), {})
    if text:
        found = hits(asked.connection, asked.view, asked.paging(20), text, kind=kind)
    return {
        "text": text,
        "kind": kind,
        "kinds": names,
        "counts": found.counts,
        "total": sum(found.counts.values()),
        "more_than": found.more_than,
        "hits": [_hit(one, kind_name(asked.language.text)) for one in found.page.items],
        "next": found.page.next,
        "also": _also(asked, text),
    }


def kind_names(said: Callable[[str], str]) -> dict[str, str]:
    """Return how things of each kind are called, many together."""
    return {
        "decision": said("Besluiten"),
        "agreement": said("Afspraken"),
        "escalation": said("Escalaties"),
        "bottleneck": said("Knelpunten"),
        "lesson": said("Lessen"),
        "action": said("Acties"),
        "meeting": said("Vergaderingen"),
        "body": said("Overleggen"),
        "seat": said("Zetels"),
        "assignment": said("Rollen"),
        "mandate": said("Mandaten"),
        "authority": said("Doorzettingsmacht"),
        "exercise": said("Gebruik van doorzettingsmacht"),
        "decisionRule": said("Besluitregels"),
        "ladder": said("Escalatieladders"),
        "objective": said("Doelen"),
        "chain": said("Ketens"),
        "partner": said("Partners"),
        "person": said("Personen"),
        "witnessPolicy": said("Getuigenbeleid"),
        "review": said("Toegang voor reviewers"),
        "evidenceRequest": said("Bewijsvragen"),
        "signingKey": said("Sleutels van personen"),
        "signatureRule": said("Regels over ondertekenen"),
        "serviceAccount": said("Dienstaccounts"),
    }


def kind_name(said: Callable[[str], str]) -> dict[str, str]:
    """Return how one thing of each kind is called."""
    return {
        "decision": said("Besluit"),
        "agreement": said("Afspraak"),
        "escalation": said("Escalatie"),
        "bottleneck": said("Knelpunt"),
        "lesson": said("Les"),
        "action": said("Actie"),
        "meeting": said("Vergadering"),
        "body": said("Overleg"),
        "seat": said("Zetel"),
        "assignment": said("Rol"),
        "mandate": said("Mandaat"),
        "authority": said("Doorzettingsmacht"),
        "exercise": said("Gebruik van doorzettingsmacht"),
        "decisionRule": said("Besluitregel"),
        "ladder": said("Escalatieladder"),
        "objective": said("Doel"),
        "chain": said("Keten"),
        "partner": said("Partner"),
        "person": said("Persoon"),
        "witnessPolicy": said("Getuigenbeleid"),
        "review": said("Toegang voor een reviewer"),
        "evidenceRequest": said("Bewijsvraag"),
        "signingKey": said("Sleutel van een persoon"),
        "signatureRule": said("Regel over ondertekenen"),
        "serviceAccount": said("Dienstaccount"),
    }


def _require_sound(text: str, kind: str, names: dict[str, str]) -> None:
    try:
        as_words(text)
    except ValueError as error:
        raise Problem("malformed", f"zoek: {text[:80]!r} {error}.") from error
    if len(text) > MAX_WORDS:
        raise Problem("malformed", f"zoek: {len(text)} tekens; verwacht ten hoogste {MAX_WORDS}.")
    if kind and kind not in names:
        raise Problem("malformed", f"soort: {kind[:80]!r} is geen soort.")


def _hit(one: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        "kind": one["kind"],
        "name": names.get(one["kind"], one["kind"]),
        "id": one[one["kind"]],
        "title": one["title"],
        "fragment": marked(one["fragment"]),
        "position": (one["positions"] or [None])[-1],
        "imported": bool(one.get("imported")),
    }


def marked(fragment: str) -> Markup:
    """Return a fragment in which what was found is marked, as markup."""
    escaped = FOUND.sub(r"<mark>\1</mark>", str(escape(fragment)))
    return Markup(escaped)  # noqa: S704 # nosec B704


def _also(asked: Asked, text: str) -> list[str]:
    """Return the beginnings of words by which longer words were found as well."""
    given = set(matching.WORD.findall(plain(text)))
    parts = [part.replace("\\_", "_") for part in matching.words(asked.connection, text).parts]
    return sorted({*parts} - given)


SCREENS: Final = (Screen("/zoeken", "search.html", show),)
