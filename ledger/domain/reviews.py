"""Reviews: somebody from outside reads along, because two partners want it, until a day.

Proposed -> granted by the support of a second partner -> withdrawn, or lapsed when its term has run
out. Whether it holds is reckoned from its days at the moment of asking; that it lapsed is recorded
besides. A reviewer asks for evidence and is answered; they record nothing else. Rules T1 to T14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import people
from ledger.domain.alarms import Alarms
from ledger.domain.events.reviews import (
    EvidenceRequestAnswered,
    EvidenceRequested,
    ReviewAccessGranted,
    ReviewAccessLapsed,
    ReviewAccessProposed,
    ReviewAccessSupported,
    ReviewAccessWithdrawn,
    ReviewEvent,
)
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import (
    Due,
    Event,
    Header,
    Refused,
    day_start,
    later,
    require,
    within,
)

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("T1", "Een toegang of bewijsvraag krijgt een kenmerk dat nog niet in gebruik is.",
         "default"),
    Rule("T2", "Een handeling over een toegang of bewijsvraag noemt er een die bestaat.",
         "default"),
    Rule("T3", "Toegang verlenen twee mensen, van twee partners die dan in de keten zijn.",
         "default"),
    Rule("T4", "Dat doen zij zelf: niet namens hen vastgelegd en niet overgenomen van elders.",
         "default"),
    Rule("T5", "Toegang wordt verleend, ingetrokken en gebruikt op de dag van vastleggen zelf.",
         "default"),
    Rule("T6", "Wie toegang krijgt, verleent haar niet zelf.", "default"),
    Rule("T7", "Toegang begint niet voor vandaag en loopt hoogstens 366 dagen.", "default"),
    Rule("T8", "De periode die een reviewer mag lezen, eindigt na haar begin.", "default"),
    Rule("T9", "Toegang wordt één keer verleend, zolang zij niet is ingetrokken of voorbij.",
         "default"),
    Rule("T10", "Intrekken doet een van de twee partners, of de keten bij besluit, één keer.",
         "default"),
    Rule("T11", "Dat iemand toegang heeft, is voor alle partners te zien.", "default"),
    Rule("T12", "Een reviewer vraagt om bewijs zolang de eigen toegang loopt.", "default"),
    Rule("T13", "Een bewijsvraag wordt één keer beantwoord.", "default"),
    Rule("T14", "Een antwoord noemt een bundel uit het register, of zegt waarom die er niet komt.",
         "default"),
)  # fmt: skip

LONGEST_DAYS: Final = 366
"""How long access lasts at most; a longer review is granted again, by two partners again."""
FOLLOWS: tuple[type[Event], ...] = (ReviewAccessSupported,)
ALARMS = "alarms"
"""The part of the state that knows when `due` has something to give."""


class Review(Struct, frozen=True):
    """Access proposed or granted; `until` is the first day without it.

    `organisations` are the partners that want it, the proposing one first; `granted` is the
    position that granted it, -1 before that. Once `ended` nothing brings it back.
    """

    reviewer: str
    proposer: str
    organisations: tuple[str, ...]
    start: str
    until: str
    granted: int = -1
    ended: bool = False


class Request(Struct, frozen=True):
    """A request for evidence under an access, and whether it was answered."""

    review: str
    answered: bool = False


class Reviews(Struct, frozen=True):
    """All accesses and requests for evidence by id; which terms still have to run out."""

    all: Map[str, Review] = field(default_factory=Map)
    requests: Map[str, Request] = field(default_factory=Map)
    alarms: Alarms = field(default_factory=Alarms)


def known(chain: ChainState, name: str) -> Review:
    """Return an access that was once proposed, or refuse."""
    found = chain.reviews.all.get(name)
    if found is None:
        raise Refused("T2", f"toegang {name} bestaat niet")
    return found


def held(chain: ChainState, name: str, *, person: str, day: str) -> tuple[int, ...] | None:
    """Return the position that gives this person this access on a day, or None."""
    found = chain.reviews.all.get(name)
    if found is None or found.reviewer != person or not _runs(found, day):
        return None
    return (found.granted,)


def _runs(review: Review, day: str) -> bool:
    in_term = within(day, start=review.start, until=review.until)
    return review.granted >= 0 and not review.ended and in_term


def check(chain: ChainState, event: ReviewEvent, header: Header) -> None:
    """Refuse access that fewer than two partners give, or that nobody could oversee."""
    match event:
        case ReviewAccessProposed():
            _given_openly(header)
            _proposed(chain, event, header)
        case ReviewAccessSupported():
            _given_openly(header)
            _supported(chain, event, header)
        case ReviewAccessWithdrawn():
            _withdrawn(chain, event, header)
        case ReviewAccessGranted() | ReviewAccessLapsed():
            known(chain, event.review)
        case EvidenceRequested():
            _requested(chain, event, header)
        case EvidenceRequestAnswered():
            _answered(chain, event)
        case _:
            assert_never(event)


def _given_openly(header: Header) -> None:
    """Nobody gives access in the name of somebody else, out of sight, or in a role of before."""
    own = header.source is None and not header.recorded_by
    entered = header.recorded_by or "een import"
    require(own, "T4", f"vastgelegd door {entered}, niet door {header.by} zelf")
    _today(header)
    require(header.scope != "confidential", "T11", "gevonden: confidential")


def _today(header: Header) -> None:
    """A decision may have taken longer than the day on which it was taken."""
    same = header.day == header.at[:10] or header.cause is not None
    require(same, "T5", f"gevonden {header.day}; verwacht {header.at[:10]}")


def _proposed(chain: ChainState, event: ReviewAccessProposed, header: Header) -> None:
    free = event.review not in chain.reviews.all
    require(free, "T1", f"het kenmerk {event.review} is al van een andere toegang")
    people.known(chain, event.reviewer)
    require(event.reviewer != header.by, "T6", f"{header.by} stelt de eigen toegang voor")
    term = f"van {event.valid_from} tot {event.valid_until}"
    require(header.day <= event.valid_from < event.valid_until, "T7", term)
    longest = later(day_start(event.valid_from), days=LONGEST_DAYS)[:10]
    require(event.valid_until <= longest, "T7", f"{term}; verwacht uiterlijk {longest}")
    ends = not event.record_until or event.record_from < event.record_until
    require(ends, "T8", f"van {event.record_from} tot {event.record_until}")


def _supported(chain: ChainState, event: ReviewAccessSupported, header: Header) -> None:
    review = known(chain, event.review)
    require(event.organisation not in review.organisations, "T3",
            f"{event.organisation} is de partner die het voorstelt")  # fmt: skip
    require(header.by != review.proposer, "T3", f"{header.by} stelde het zelf voor")
    [first] = review.organisations[:1]
    partner = chain.chains.partner_on(first, header.day)
    require(partner, "T3", f"{first} is op {header.day} geen partner meer")
    require(header.by != review.reviewer, "T6", f"{header.by} krijgt de toegang")
    fresh = review.granted < 0 and not review.ended and header.day < review.until
    require(fresh, "T9", f"toegang {event.review} is verleend, ingetrokken of voorbij")


def _withdrawn(chain: ChainState, event: ReviewAccessWithdrawn, header: Header) -> None:
    _today(header)
    review = known(chain, event.review)
    own = not event.organisation or event.organisation in review.organisations
    require(own, "T10", f"{event.organisation} verleende toegang {event.review} niet")
    require(not review.ended, "T10", f"toegang {event.review} is al ingetrokken of voorbij")


def _requested(chain: ChainState, event: EvidenceRequested, header: Header) -> None:
    _today(header)
    free = event.evidence_request not in chain.reviews.requests
    require(free, "T1", f"het kenmerk {event.evidence_request} is al van een andere bewijsvraag")
    known(chain, event.review)
    own = held(chain, event.review, person=header.by, day=header.day) is not None
    require(own, "T12", f"{header.by} heeft op {header.day} geen toegang {event.review}")


def _answered(chain: ChainState, event: EvidenceRequestAnswered) -> None:
    request = chain.reviews.requests.get(event.evidence_request)
    if request is None:
        raise Refused("T2", f"bewijsvraag {event.evidence_request} bestaat niet")
    require(not request.answered, "T13", f"{event.evidence_request} is al beantwoord")
    require(event.bundle or event.text, "T14", "bundel en toelichting ontbreken allebei")


def evolve(own: Reviews, event: ReviewEvent, header: Header) -> Reviews:
    """Copy who may read along, and what was asked and answered."""
    match event:
        case ReviewAccessProposed():
            return _with_review(own, event, header)
        case ReviewAccessSupported():
            organisations = (*own.all[event.review].organisations, event.organisation)
            return _with(own, event.review, organisations=organisations)
        case ReviewAccessGranted():
            return _with(own, event.review, granted=header.position)
        case ReviewAccessWithdrawn() | ReviewAccessLapsed():
            own = replace(own, alarms=own.alarms.clear(event.review))
            return _with(own, event.review, ended=True)
        case EvidenceRequested():
            request = Request(review=event.review)
            return replace(own, requests=own.requests.insert(event.evidence_request, request))
        case EvidenceRequestAnswered():
            name = event.evidence_request
            request = replace(own.requests[name], answered=True)
            return replace(own, requests=own.requests.insert(name, request))
        case _:
            assert_never(event)


def _with(own: Reviews, name: str, **changes: object) -> Reviews:
    return replace(own, all=own.all.insert(name, replace(own.all[name], **changes)))


def _with_review(own: Reviews, event: ReviewAccessProposed, header: Header) -> Reviews:
    review = Review(
        reviewer=event.reviewer,
        proposer=header.by,
        organisations=(event.organisation,),
        start=event.valid_from,
        until=event.valid_until,
    )
    return replace(
        own,
        all=own.all.insert(event.review, review),
        alarms=own.alarms.set(event.review, day_start(event.valid_until)),
    )


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """Give the access that two partners want; the state already holds the second one's support."""
    match event:
        case ReviewAccessSupported():
            wanted = known(chain, event.review).organisations
            return (ReviewAccessGranted(review=event.review, organisations=wanted),)
        case _:
            raise Refused("G9", f"op {type(event).__name__} volgt hier niets")


def due(chain: ChainState, now: str) -> tuple[Due, ...]:
    """Give the accesses whose term has run out."""
    ringing = chain.reviews.alarms.ringing(now)
    return tuple(Due(on=at, event=ReviewAccessLapsed(review=name)) for at, name in ringing)
