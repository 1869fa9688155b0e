"""Who and for whom: one person and one partner, with what they hold and what they did.

/ketens/{chain}/personen/{person}             functions, roles, seats, acts
/ketens/{chain}/personen/{person}/gegevens    everything that is held on them (held_data.py)
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response

from api import held_data
from api.pages.act_form import draft, header_of, state_of
from api.pages.act_input import MAX_ROWS
from api.pages.act_labels import LABELS
from api.pages.site import Asked, Screen, link
from ledger import policy
from ledger.domain import erasures
from ledger.domain.chain import ChainState
from ledger.domain.events.erasures import PersonalDataErased
from ledger.domain.values import NotAllowed
from ledger.held import DETAILS, may_inspect
from projections.audit import for_partner, of_person
from projections.capacities import with_capacities
from projections.chains import partner, partners
from projections.people import person
from projections.service_accounts import service_account
from projections.views import Paging

MOST_RECORDS: Final = 100
SEALED: Final = ("name", "contact", "tokenSubject")
SHOWN: Final = 20
"""How many acts a page tells at once; the link at the end leads further."""


def show_person(asked: Asked) -> dict[str, Any] | Response:
    """Gather one person: functions, roles and seats over time, and what they did.

    What acted under this name may be a program, which has a page of its own.
    """
    name = asked.named("person")
    if name in state_of(asked).service_accounts.all:
        service_account(asked.connection, asked.view, name)
        place = link(asked.chain, f"/dienstaccounts/{quote(name)}", asked.as_of)
        return RedirectResponse(place, 303)
    doc = person(asked.connection, asked.view, name)
    with_capacities(asked.connection, asked.view, doc["history"])
    did = of_person(asked.connection, asked.view, _further(asked), name)
    inspects = may_inspect(state_of(asked), asked.reader.person, name, asked.view.now[:10])
    return {
        "person_shown": doc,
        "did": did.items,
        "next": did.next,
        "inspects": inspects,
        "labels": _labels(asked),
    }


def show_data(asked: Asked) -> dict[str, Any]:
    """Gather everything that is held on somebody, for who may ask that."""
    name, works = asked.named("person"), asked.request.app.state
    state = held_data.inspected(works, asked.chain, asked.reader.person, name, asked.view.now[:10])
    to = asked.reader.person
    held = held_data.report(
        works.proving, works.vault, state, asked.connection, asked.view, name, to=to
    )
    held_data.note(asked.request, to, held)
    return {
        "held": held,
        "shown": held["records"][-MOST_RECORDS:][::-1],
        "reads": held["reads"][:SHOWN],
        "labels": _labels(asked),
        "elsewhere": [asked.language.text(one) for one in held["elsewhere"]],
        "erase_href": _erase_href(asked, state, held),
    }


def _labels(asked: Asked) -> dict[str, str]:
    return {name: asked.language.text(LABELS[name]) for name in SEALED if name in LABELS}


def _erase_href(asked: Asked, state: ChainState, held: dict[str, Any]) -> str:
    """Return the address of the form that erases what is left, for who may record that."""
    left = [
        one["digest"]
        for one in held["values"]
        if one["status"] != "erased" and one["field"] in DETAILS
    ]
    header = header_of(state, asked, asked.reader.person)
    for one in erasures.answering_for(state, held["person"], header.day) if left else ():
        given = {"organisation": one, "person": held["person"]}
        try:
            policy.lawful(state, draft(PersonalDataErased, given), header)
        except NotAllowed:
            continue
        rows = {f"digests.{number}": digest for number, digest in enumerate(left[:MAX_ROWS])}
        place = f"/ketens/{quote(asked.chain)}/vastleggen/PersonalDataErased"
        return f"{place}?{urlencode({**given, **rows})}"
    return ""


def show_partners(asked: Asked) -> dict[str, Any]:
    """Gather the partners of a chain, also those that left."""
    page = partners(asked.connection, asked.view, asked.paging())
    return {"items": page.items, "next": page.next}


def show_partner(asked: Asked) -> dict[str, Any]:
    """Gather one partner: its terms, and what was done on its behalf."""
    name = asked.named("partner")
    doc = partner(asked.connection, asked.view, name)
    with_capacities(asked.connection, asked.view, doc["history"])
    did = for_partner(asked.connection, asked.view, _further(asked), name)
    return {"partner": doc, "did": did.items, "next": did.next}


def _further(asked: Asked) -> Paging:
    return asked.paging(SHOWN)


SCREENS: Final = (
    Screen("/personen/{person}", "person.html", show_person),
    Screen("/personen/{person}/gegevens", "person_data.html", show_data),
    Screen("/partners", "partners.html", show_partners),
    Screen("/partners/{partner}", "partner.html", show_partner),
)
