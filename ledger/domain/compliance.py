"""Keeping what was agreed: measured against the target, carried through, watched by the guards.

The part of the agreements that judges what happens under a version in force (rules A13 to A18).
Service level: kept -> breached -> restored; an excuse leaves the breach visible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import bodies
from ledger.domain.agreement_state import Version, known
from ledger.domain.events.agreements import (
    BreachExcused,
    ImplementationConfirmed,
    Indicator,
    NonComplianceSignalled,
    ServiceLevelBreached,
    ServiceLevelMeasured,
    ServiceLevelRestored,
)
from ledger.domain.values import Event, Header, Refused, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState


def measured(chain: ChainState, event: ServiceLevelMeasured, header: Header) -> None:
    """Refuse a measurement of what was not agreed, or by somebody who stands outside it."""
    _agreed(chain, event.agreement, event.indicator, header)
    agreement = known(chain, event.agreement)
    sides = ("", agreement.provider, agreement.consumer)
    found = f"{event.organisation} levert noch ontvangt onder {event.agreement}"
    require(event.organisation in sides, "A14", found)


def against_target(
    chain: ChainState, event: ServiceLevelMeasured, header: Header
) -> tuple[Event, ...]:
    """Return the breach or the restoration that a measurement amounts to, or nothing."""
    indicator = _agreed(chain, event.agreement, event.indicator, header)
    if not _met(indicator, event.measured):
        breach = ServiceLevelBreached(
            agreement=event.agreement,
            indicator=event.indicator,
            period=event.period,
            measured=event.measured,
            target=indicator.target,
        )
        return (breach,)
    if not known(chain, event.agreement).breaches.get(event.indicator):
        return ()
    restored = ServiceLevelRestored(
        agreement=event.agreement,
        indicator=event.indicator,
        period=event.period,
        measured=event.measured,
    )
    return (restored,)


def judged(
    chain: ChainState, event: ServiceLevelBreached | ServiceLevelRestored, header: Header
) -> None:
    """Refuse a breach that met its target, and a restoration of what was not breached or missed."""
    indicator = _agreed(chain, event.agreement, event.indicator, header)
    found = f"{event.measured} bij norm {indicator.target} ({indicator.direction})"
    met = _met(indicator, event.measured)
    if isinstance(event, ServiceLevelBreached):
        require(not met and event.target == indicator.target, "A15", found)
        return
    require(met, "A15", found)
    breached = known(chain, event.agreement).breaches.get(event.indicator)
    require(breached, "A15", f"{event.indicator} was niet geschonden")


def excused(chain: ChainState, event: BreachExcused) -> None:
    """Refuse an excuse for what was never breached, or by somebody other than the consumer."""
    agreement = known(chain, event.agreement)
    breached = event.indicator in agreement.breaches
    require(breached, "A16", f"van {event.indicator} is geen schending vastgesteld")
    own = event.organisation in ("", agreement.consumer)
    consumer = agreement.consumer or "niet genoemd"
    require(own, "A16", f"{event.organisation} is niet de afnemer; dat is {consumer}")


def bound(
    chain: ChainState, event: ImplementationConfirmed | NonComplianceSignalled, header: Header
) -> None:
    """Refuse to hold anybody to what they did not sign, or to speak for them about their line."""
    version = _in_force(chain, event.agreement, header)
    signed = event.organisation in version.signed
    found = f"{event.organisation} heeft versie {version.number} niet ondertekend"
    require(signed, "A17", found)
    if isinstance(event, ImplementationConfirmed) and header.source is None:
        own = _works_for(chain, header.by, event.organisation, header.day)
        require(own, "A18", f"{header.by} heeft geen rol of zetel bij {event.organisation}")


def _agreed(chain: ChainState, agreement: str, name: str, header: Header) -> Indicator:
    """Return an indicator of the version in force on the day, or refuse."""
    indicators = _in_force(chain, agreement, header).indicators
    found = next((one for one in indicators if one.name == name), None)
    if found is None:
        raise Refused("A14", f"{name} is geen indicator van {agreement} op {header.day}")
    return found


def _in_force(chain: ChainState, name: str, header: Header) -> Version:
    version = known(chain, name).version_on(header.day)
    if version is None:
        raise Refused("A13", f"{name} is op {header.day} niet van kracht")
    return version


def _met(indicator: Indicator, value: int) -> bool:
    if indicator.direction == "at-least":
        return value >= indicator.target
    return value <= indicator.target


def _works_for(chain: ChainState, person: str, organisation: str, day: str) -> bool:
    roles = (one.organisation for one in chain.roles.held(person, day))
    held = bodies.seats_held(chain, person, day)
    seats = (chain.bodies.seats[name].organisation for name, _ in held)
    return organisation in (*roles, *seats)
