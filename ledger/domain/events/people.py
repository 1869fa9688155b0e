"""Events of people: who takes part, as pseudonyms with sealed details, and how they sign in."""

from typing import Annotated, get_args

from msgspec import Meta

from ledger.domain.values import Event, NewSlug, PersonId, Prose, Sealed, Slug


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


class SignInLinked(Event, frozen=True, kw_only=True):
    """A partner says by which sign-in a person of theirs is known: that is the partner's consent.

    `token_subject` is sealed: the issuer of the tokens and the subject in them, as
    `issuer|subject`. From now on whoever signs in as that subject is this person in this chain. The
    first sign-in of a founding partner, for whoever speaks for it, may be linked by who founded the
    chain.
    """

    SENTENCE = "Een aanmelding van {person} is gekoppeld namens {organisation}."
    WHO = ("partner", "first-sign-in")
    CREATES = "sign_in"

    sign_in: NewSlug = ""
    person: PersonId
    organisation: Slug
    token_subject: Sealed


class SignInUnlinked(Event, frozen=True, kw_only=True):
    """A sign-in is nobody's any more: whoever signs in so is not known here from now on."""

    SENTENCE = "De aanmelding van {person} namens {organisation} is ontkoppeld: {reason}"
    WHO = ("self", "partner", "chain-office", "chain-manager")

    sign_in: Slug
    person: PersonId
    organisation: Slug
    reason: Prose


PersonEvent = PersonRegistered | PersonDetailsGiven | SignInLinked | SignInUnlinked
EVENTS: tuple[type[Event], ...] = get_args(PersonEvent)
BY_RULES: tuple[type[Event], ...] = ()
