"""Events of people: who takes part, as pseudonyms with sealed details."""

from typing import Annotated, get_args

from msgspec import Meta

from ledger.domain.values import Event, NewSlug, PersonId, Sealed


class PersonRegistered(Event, frozen=True, kw_only=True):
    """Somebody takes part from now on under a pseudonym; name and contact are sealed."""

    SENTENCE = "{person} is geregistreerd als deelnemer ({function})."
    WHO = ("chain-office", "chain-manager", "partner", "member")
    CREATES = "person"

    person: NewSlug = ""
    function: Annotated[str, Meta(max_length=200)] = ""
    name: Sealed = ""
    contact: Sealed = ""


class PersonDetailsGiven(Event, frozen=True, kw_only=True):
    """New sealed details of a person: a name or a way to reach them."""

    SENTENCE = "De gegevens van {person} zijn bijgewerkt."
    WHO = ("self", "chain-office", "chain-manager")

    person: PersonId
    name: Sealed = ""
    contact: Sealed = ""


PersonEvent = PersonRegistered | PersonDetailsGiven
EVENTS: tuple[type[Event], ...] = get_args(PersonEvent)
BY_RULES: tuple[type[Event], ...] = ()
