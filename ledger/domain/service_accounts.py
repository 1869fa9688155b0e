"""Service accounts: a program reads and records with a key of its own, within what was written.

Opened -> its key replaced -> revoked, or over when its term has run out or its partner has left.
Whether it counts is reckoned from the record at the moment of use. A program is no person: it holds
no role, seat or mandate, and records nothing but event types that name the capacity
`service-account`, of those the ones that its own opening names. Everything else is denied, what is
thought of later included. Rules Y1 to Y10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain.events.service_accounts import (
    ServiceAccountEvent,
    ServiceAccountOpened,
    ServiceAccountRevoked,
    ServiceKeyReplaced,
)
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import RULES as THE_RULES
from ledger.domain.values import (
    Event,
    Header,
    NotAllowed,
    Refused,
    day_start,
    later,
    require,
    within,
)

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("Y1", "Een dienstaccount heet niet als een ander, als een persoon of als de regels.",
         "default"),
    Rule("Y2", "Een handeling over een dienstaccount noemt er een dat geopend is.", "default"),
    Rule("Y3", "Een dienstaccount openen, een sleutel geven en intrekken doet iemand zelf, en nu.",
         "default"),
    Rule("Y4", "Een dienstaccount begint niet voor vandaag en loopt hoogstens 366 dagen.",
         "default"),
    Rule("Y5", "Een dienstaccount is van een huidige partner, of van de keten zelf.", "default"),
    Rule("Y6", "Een dienstaccount legt alleen soorten vast die voor programma's openstaan.",
         "default"),
    Rule("Y7", "Een sleutel wordt in een keten één keer gegeven.", "default"),
    Rule("Y8", "Wat is ingetrokken of voorbij, krijgt geen sleutel en eindigt niet nog eens.",
         "default"),
    Rule("Y9", "Welke dienstaccounts er zijn, is voor alle partners te zien.", "default"),
    Rule(
        "Y10",
        "Een programma legt binnen zijn termijn vast wat zijn account noemt, zelf en ongetekend.",
        "default",
    ),
)  # fmt: skip

LONGEST_DAYS: Final = 366
"""How long an account lasts at most; whoever still wants it then opens another one."""
CAPACITY: Final = "service-account"
"""The capacity that an event type names to be open to programs."""


class ServiceAccount(Struct, frozen=True):
    """An account: whose, what it may read and record, the digest of its key, and its term.

    `start` is its first day, `until` the first day without it; `opened` and `keyed` are the
    positions of the records that opened it and gave it the key it has.
    """

    organisation: str
    classification: str
    event_types: tuple[str, ...]
    key_digest: str
    start: str
    until: str
    opened: int
    keyed: int
    revoked: bool = False


class ServiceAccounts(Struct, frozen=True):
    """All accounts by id, and every key digest that was ever given: of which account it is."""

    all: Map[str, ServiceAccount] = field(default_factory=Map)
    by_digest: Map[str, str] = field(default_factory=Map)


def known(chain: ChainState, name: str) -> ServiceAccount:
    """Return an account that was once opened, or refuse."""
    found = chain.service_accounts.all.get(name)
    if found is None:
        raise Refused("Y2", f"dienstaccount {name} bestaat niet")
    return found


def standing(chain: ChainState, account: ServiceAccount, day: str) -> str:
    """Say in Dutch why an account does not count on a day; empty where it does."""
    if account.revoked:
        return "is ingetrokken"
    if day < account.start:
        return f"geldt pas vanaf {account.start}"
    if day >= account.until:
        return f"is verlopen per {account.until}"
    if account.organisation and not chain.chains.partner_on(account.organisation, day):
        return f"is van {account.organisation}, die op {day} geen partner is"
    return ""


def with_key(chain: ChainState, digest: str) -> tuple[str, ServiceAccount] | None:
    """Return the account that has the key of this digest now, and its name; None for nobody's."""
    name = chain.service_accounts.by_digest.get(digest, "")
    found = chain.service_accounts.all.get(name)
    return (name, found) if found is not None and found.key_digest == digest else None


def open_to_programs(chain: ChainState) -> tuple[str, ...]:
    """Return the event types that a program may record at all, where its account names them."""
    return tuple(sorted(chain.by_programs))


def concerns(chain: ChainState, header: Header) -> bool:
    """Tell whether an act is done by a service account, or entered by one."""
    accounts = chain.service_accounts.all
    return bool(accounts) and (header.by in accounts or header.recorded_by in accounts)


def lawful(chain: ChainState, event: Event, header: Header) -> tuple[int, ...]:
    """Return the positions that let a program record this, or raise NotAllowed (Y10)."""
    account = chain.service_accounts.all.get(header.by)
    kind = type(event).__name__
    if account is None:
        raise NotAllowed("Y10", f"{header.recorded_by} legt niets vast voor een ander")
    if header.recorded_by or header.source is not None or header.signature is not None:
        raise NotAllowed("Y10", f"{header.by} legt alleen zelf vast, zonder bron of handtekening")
    # Under the clock of the ledger too: nobody dates back what has ended.
    for day in (header.at[:10], header.day):
        reason = standing(chain, account, day)
        if reason:
            raise NotAllowed("Y10", f"{header.by} {reason}")
    if kind not in chain.by_programs or kind not in account.event_types:
        allowed = ", ".join(account.event_types) or "niets"
        raise NotAllowed("Y10", f"{header.by} legt geen {kind} vast; zijn account noemt: {allowed}")
    about = str(getattr(event, "organisation", ""))
    if account.organisation and about not in ("", account.organisation):
        raise NotAllowed("Y10", f"{header.by} is van {account.organisation}, niet van {about}")
    return tuple(dict.fromkeys((account.opened, account.keyed)))


def check(chain: ChainState, event: ServiceAccountEvent, header: Header) -> None:
    """Refuse an account of nobody, without an end, or for more than programs may do."""
    _openly(event, header)
    match event:
        case ServiceAccountOpened():
            _opened(chain, event, header)
        case ServiceKeyReplaced():
            _running(chain, event.service_account, header)
            _fresh(chain, event.key_digest)
        case ServiceAccountRevoked():
            account = known(chain, event.service_account)
            require(not account.revoked, "Y8", f"{event.service_account} is al ingetrokken")
        case _:
            assert_never(event)


def _openly(event: ServiceAccountEvent, header: Header) -> None:
    """Nobody lets a program in for somebody else, out of sight, or in a role of before."""
    if header.cause is None:
        own = header.source is None and not header.recorded_by
        entered = header.recorded_by or "een import"
        require(own, "Y3", f"vastgelegd door {entered}, niet door {header.by} zelf")
        same = header.day == header.at[:10]
        require(same, "Y3", f"gevonden {header.day}; verwacht {header.at[:10]}")
    seen = header.scope != "confidential" or isinstance(event, ServiceAccountRevoked)
    require(seen, "Y9", "gevonden: confidential")


def _opened(chain: ChainState, event: ServiceAccountOpened, header: Header) -> None:
    name = event.service_account
    taken = name in chain.service_accounts.all or name in chain.people.registered
    require(not taken and name != THE_RULES, "Y1", f"de naam {name} is al in gebruik")
    term = f"van {event.valid_from} tot {event.valid_until}"
    begins = header.cause is not None or header.day <= event.valid_from
    in_order = begins and max(header.day, event.valid_from) < event.valid_until
    require(in_order, "Y4", f"{term}, vastgelegd op {header.day}")
    longest = later(day_start(event.valid_from), days=LONGEST_DAYS)[:10]
    require(event.valid_until <= longest, "Y4", f"{term}; verwacht uiterlijk {longest}")
    own = not event.organisation or chain.chains.partner_on(event.organisation, header.day)
    require(own, "Y5", f"{event.organisation} is op {header.day} geen partner")
    strange = ", ".join(one for one in event.event_types if one not in chain.by_programs)
    meant = ", ".join(open_to_programs(chain))
    require(not strange, "Y6", f"gevonden: {strange}; mogelijk: {meant}")
    _fresh(chain, event.key_digest)


def _fresh(chain: ChainState, digest: str) -> None:
    other = chain.service_accounts.by_digest.get(digest)
    require(other is None, "Y7", f"deze sleutel is al gegeven aan {other}")


def _running(chain: ChainState, name: str, header: Header) -> None:
    account = known(chain, name)
    ended = account.revoked or not within(header.at[:10], start="", until=account.until)
    require(not ended, "Y8", f"dienstaccount {name} is ingetrokken of voorbij")


def evolve(own: ServiceAccounts, event: ServiceAccountEvent, header: Header) -> ServiceAccounts:
    """Copy which programs there are, what they may, and which key counts."""
    name = event.service_account
    match event:
        case ServiceAccountOpened():
            account = ServiceAccount(
                organisation=event.organisation,
                classification=event.classification,
                event_types=event.event_types,
                key_digest=event.key_digest,
                start=event.valid_from,
                until=event.valid_until,
                opened=header.position,
                keyed=header.position,
            )
            return _with(own, name, account)
        case ServiceKeyReplaced():
            digest = event.key_digest
            account = replace(own.all[name], key_digest=digest, keyed=header.position)
            return _with(own, name, account)
        case ServiceAccountRevoked():
            return _with(own, name, replace(own.all[name], revoked=True))
        case _:
            assert_never(event)


def _with(own: ServiceAccounts, name: str, account: ServiceAccount) -> ServiceAccounts:
    return replace(
        own,
        all=own.all.insert(name, account),
        by_digest=own.by_digest.insert(account.key_digest, name),
    )
