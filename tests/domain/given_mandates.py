"""The scene of the tests of mandates: ann and ben, and what partners and bodies give them."""

from __future__ import annotations

from typing import Literal

from ledger.domain import chain as fold
from ledger.domain.events.mandates import (
    MandateGranted,
    MandateRestricted,
    MandateRevoked,
    MandateScope,
)
from ledger.domain.events.roles import RoleAssigned, RoleEnded
from ledger.domain.values import Event, Header, Refused
from tests.domain.given import Life, Result, a_chain, people

GrantorKind = Literal["body", "organisation", "mandate"]
HolderKind = Literal["person", "role", "seat"]
DIRECT = ("MandateGranted", "MandateRestricted", "MandateRevoked")
ICT = MandateScope(subjects=("ict",), max_amount_cents=100_00, levels=("tactical",))
UNLIMITED = MandateScope()


def ann_and_ben() -> Life:
    """Return a chain of three partners in which ann and ben have no role or seat yet."""
    return people(a_chain(direct=DIRECT), "ann", "ben")


def grant(
    mandate: str = "m-1",
    *,
    of: tuple[GrantorKind, str] = ("organisation", "bd"),
    to: tuple[HolderKind, str] = ("person", "ann"),
    scope: MandateScope = UNLIMITED,
    start: str = "2024-01-01",
    until: str = "",
    may_pass_on: bool = False,
) -> MandateGranted:
    """Return a mandate; unlimited and open unless said otherwise."""
    return MandateGranted(
        mandate=mandate,
        grantor_kind=of[0],
        grantor=of[1],
        holder_kind=to[0],
        holder=to[1],
        scope=scope,
        valid_from=start,
        valid_until=until,
        sub_delegation=may_pass_on,
    )


def passed_on(
    mandate: str = "m-2", *, scope: MandateScope = UNLIMITED, until: str = ""
) -> MandateGranted:
    """Return mandate m-1 as ann passes it on to ben."""
    return grant(mandate, of=("mandate", "m-1"), to=("person", "ben"), scope=scope, until=until)


def restrict(
    scope: MandateScope = ICT, *, start: str = "2024-02-01", mandate: str = "m-1"
) -> MandateRestricted:
    """Return a narrower scope from a day on."""
    return MandateRestricted(mandate=mandate, scope=scope, valid_from=start, reason="te ruim")


def revoke(until: str = "2024-02-01", *, mandate: str = "m-1") -> MandateRevoked:
    """Return the end of a mandate on a day."""
    return MandateRevoked(mandate=mandate, valid_until=until, reason="niet meer nodig")


def line_manager(until: str = "") -> tuple[Event, ...]:
    """Return ann as a line manager of bd."""
    role = RoleAssigned(
        assignment="lijn",
        role="line-manager",
        person="ann",
        organisation="bd",
        valid_from="2024-01-01",
    )
    end = RoleEnded(assignment="lijn", valid_until=until, reason="andere baan")
    return (role, end) if until else (role,)


def as_effect(life: Life, event: Event) -> Result:
    """Check an event as the effect of an adopted decision."""
    header = Header(
        v=1,
        chain=life.state.name,
        position=life.state.size,
        at=life.now,
        on=life.now,
        by="rules",
        scope="chain",
        cause=life.state.size - 1,
    )
    try:
        fold.check(life.state, event, header)
    except Refused as refusal:
        return Result(life, (), refusal)
    return Result(life, (), None)
