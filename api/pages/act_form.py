"""What a form of the chain office shows: its fields, in which capacity, and what would follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec import field as made
from msgspec.structs import replace

from api.pages.act_drawing import MOST_SUGGESTED, drawn, kinds_named, suggesting, told
from api.pages.act_input import Fault, body
from api.pages.act_shapes import shape
from api.pages.act_titles import TITLES
from api.pages.site import Asked
from api.pages.sorts import SORTS
from api.problems import Problem
from ledger import catalogue, policy
from ledger.catalogue import Type
from ledger.confidential import with_texts
from ledger.domain import bodies
from ledger.domain.chain import ChainState
from ledger.domain.events import agreements, decisions, outcomes
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.values import Event, Header, NotAllowed
from ledger.ledger import Ledger
from ledger.receipts import Trial
from ledger.recording import Entry
from ledger.sealed import Disclosed
from projections.capacities import capacities
from projections.names import choices, said, titles
from projections.sentences import all_references, sentence
from projections.views import Doc

PROPOSAL: Final = "ProposalSubmitted"
OF_THE_CASE: Final = frozenset(
    {
        "account-keeper", "action-owner", "chair", "grantor", "mandate-holder", "override-holder",
        "partner", "proposer", "review-access", "seat", "self", "signatory", "substitute",
    }
)  # fmt: skip
"""Capacities that depend on what the form is about; an empty form cannot tell."""
EFFECTS: Final = frozenset(
    name for one in shape(decisions.ProposalSubmitted) for part in one.parts for name in part.events
)
"""The event types that a decision can have as an effect."""
VERDICTS: Final[dict[type[Event], str]] = {
    outcomes.DecisionAdopted: "Hiermee is het besluit aangenomen.",
    outcomes.DecisionRejected: "Hiermee is het voorstel verworpen.",
    outcomes.DecisionTied: "Hiermee staken de stemmen.",
    outcomes.DecisionLapsed: "Hiermee vervalt het voorstel.",
    outcomes.DecisionDeferred: "Hiermee wordt het voorstel aangehouden.",
    agreements.AgreementEnteredIntoForce: "Hiermee is de afspraak van kracht.",
}


class Form(Struct):
    """A form on its way: what is recorded, what was filled in, and what came of it."""

    wanted: Type
    key: str
    filled: dict[str, str]
    on: str = ""
    by: str = ""
    scope: str = ""
    at: str = ""
    stale: bool = False
    faults: list[Fault] = made(default_factory=list)
    disclosures: Sequence[Disclosed] = ()
    refusal: Problem | None = None
    trial: Trial | None = None


def gathered(form: Form, asked: Asked) -> dict[str, Any]:
    """Gather everything the page of a form shows."""
    wanted, parts = form.wanted, shape(form.wanted.kind)
    kinds = kinds_named(parts, form.filled) | {"person"}
    things = choices(asked.connection, asked.view, kinds, most=MOST_SUGGESTED)
    own_seat(form, asked)
    own_organisation(form, asked)
    form_drawn = drawn(parts, form.filled, things, form.faults, asked.language)
    return {
        "title": TITLES[wanted.title],
        "wanted": wanted.title,
        "form": form,
        "items": form_drawn,
        "suggested": {kind: told(things[kind]) for kind in suggesting(form_drawn) | {"person"}},
        "scopes": ["public", "chain", "confidential"],
        "capacity": capacity(form, asked),
        "outcome": None if form.trial is None else foreseen(form.trial, asked),
        "as_effect": wanted.name in EFFECTS and "decision" in wanted.kind.WHO,
    }


def state_of(asked: Asked) -> ChainState:
    """Return what is true in the chain now, as its rules see it."""
    ledger: Ledger = asked.request.app.state.ledger
    return ledger.state(asked.chain)


def header_of(state: ChainState, asked: Asked, person: str) -> Header:
    """Return the header that an act of somebody would have now."""
    now = max(asked.view.now, state.at)
    return Header(
        v=1, chain=asked.chain, position=state.size, at=now, on=now, by=person, scope="chain"
    )


def draft(kind: type[Event], given: dict[str, Any]) -> Event:
    """Return an event of which only some fields are known yet; it is asked about, never kept."""
    values: dict[str, Any] = {}
    for one in msgspec.structs.fields(kind):
        empty = one.default if one.default is not msgspec.NODEFAULT else ""
        values[one.name] = given.get(one.encode_name, empty)
    return kind(**values)


def capacity(form: Form, asked: Asked) -> Doc:
    """Return in which capacity the person would record this, or what is needed for it."""
    who = form.by or asked.reader.person
    needed = [asked.language.text(policy.FINDERS[name][0]) for name in form.wanted.kind.WHO]
    if not who:
        return {"needed": needed, "found": [], "person": ""}
    state = state_of(asked)
    event = draft(form.wanted.kind, body(form.wanted, form.filled)[0])
    under: tuple[int, ...] = ()
    if form.trial is not None:
        own = [one for one in form.trial.entries if one.header.position == form.trial.first]
        under = own[0].header.under
    else:
        try:
            under = policy.lawful(state, event, header_of(state, asked, who))
        except NotAllowed:
            return {"needed": needed, "found": [], "person": who}
    known = capacities(asked.connection, asked.view, under)
    return {"needed": needed, "found": [one["text"] for one in known.values()], "person": who}


def own_seat(form: Form, asked: Asked) -> None:
    """Fill in the seat of somebody who has one only, where they act from a seat."""
    person = form.by or asked.reader.person
    if "seat" not in form.wanted.kind.WHO or form.filled.get("seat") or not person:
        return
    state = state_of(asked)
    held = [name for name, _ in bodies.seats_held(state, person, asked.view.now[:10])]
    decision = state.decisions.all.get(form.filled.get("decision", ""))
    if decision is not None:
        held = [name for name in held if state.bodies.seats[name].body == decision.body]
    if len(held) == 1:
        form.filled["seat"] = held[0]


def own_organisation(form: Form, asked: Asked) -> None:
    """Fill in the organisation of somebody who speaks for one only, where that gives the right."""
    person = form.by or asked.reader.person
    needed = any(one.name == "organisation" and one.required for one in shape(form.wanted.kind))
    if not needed or "partner" not in form.wanted.kind.WHO or not person:
        return
    state, today = state_of(asked), asked.view.now[:10]
    mine = [
        one
        for one in state.chains.partners_on(today)
        if policy.speaks_for(state, person, today, one) is not None
    ]
    if len(mine) == 1 and not form.filled.get("organisation"):
        form.filled["organisation"] = mine[0]


def foreseen(trial: Trial, asked: Asked) -> Doc:
    """Return in sentences what an act would come to: what time brings, the act, what follows."""
    entries = [replace(one, event=with_texts(one.event, trial.texts)) for one in trial.entries]
    events = [one.event for one in entries]
    effects = [one for event in events for one in getattr(event, "effects", ())]
    known = titles(asked.connection, asked.view, all_references([*events, *effects]))
    speech = asked.view.speech

    def sentences(entries: list[Entry]) -> list[str]:
        return [sentence(one.event, known, speech) for one in entries]

    ahead = [one for one in entries if one.header.position < trial.first]
    own = [one for one in entries if one.header.position == trial.first]
    after = [one for one in entries if one.header.position > trial.first]
    earlier = [
        name
        for one in events
        if isinstance(one, decisions.EarlierDecisionNotCited)
        for name in one.earlier
    ]
    refs = titles(asked.connection, asked.view, {("decision", name) for name in earlier})
    return {
        "ahead": sentences(ahead),
        "own": sentences(own),
        "after": sentences(after),
        "effects": [sentence(one, known, speech) for one in effects],
        "verdicts": [_verdict(one, asked) for one in events if type(one) in VERDICTS],
        "earlier": [(name, said(("decision", name), refs)) for name in earlier],
    }


def _verdict(event: Event, asked: Asked) -> tuple[str, str]:
    """Return what an act settles, and the reason that the rule gives for it."""
    return asked.language.text(VERDICTS[type(event)]), str(getattr(event, "because", ""))


def offered(asked: Asked) -> dict[str, Any]:
    """Gather what can be recorded, by capability: what this person may, and what others may."""
    state, person = state_of(asked), asked.reader.person
    today = asked.view.now[:10]
    roles = state.roles.held(person, today) if person else ()
    seats = bodies.seats_held(state, person, today) if person else ()
    under = [*(one.position for one in roles), *(term.position for _, term in seats)]
    known = capacities(asked.connection, asked.view, under)
    return {
        "groups": [_group(state, asked, *group) for group in SORTS],
        "capacities": [one["text"] for one in known.values()],
    }


def _group(state: ChainState, asked: Asked, capability: str, name: str) -> Doc:
    types = [
        one
        for one in catalogue.NEWEST.values()
        if one.capability == capability and not one.by_rules and one.kind is not ChainEstablished
    ]
    own = [one for one in types if may(state, one.kind, asked, asked.reader.person)]
    return {
        "id": capability,
        "name": name,
        "own": [_entry(one, asked) for one in own],
        "others": [_entry(one, asked) for one in types if one not in own],
    }


def _entry(one: Type, asked: Asked) -> Doc:
    needed = [asked.language.text(policy.FINDERS[name][0]) for name in one.kind.WHO]
    by_decision = one.kind.WHO == ("decision",) and one.name in EFFECTS
    return {
        "type": one.title,
        "name": one.name,
        "title": TITLES[one.title],
        "needed": needed,
        "by_decision": by_decision,
    }


def may(state: ChainState, kind: type[Event], asked: Asked, person: str) -> bool:
    """Tell whether somebody may record such an event, as far as that does not hang on the case."""
    if not person:
        return False
    header = header_of(state, asked, person)
    try:
        policy.lawful(state, draft(kind, {}), header)
    except NotAllowed:
        active = state.roles.held(person, header.day) or bodies.seats_held(
            state, person, header.day
        )
        return bool(active and OF_THE_CASE & set(kind.WHO))
    return True
