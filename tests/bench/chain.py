"""A chain to measure on: founded, with a board that votes for as long as the measurement lasts."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ledger.domain.events.bodies import BodyEstablished, SeatAssigned, SeatCreated
from ledger.domain.events.decision_rules import DecisionRule, DecisionRuleAdopted
from ledger.domain.events.decisions import DeliberationOpened, ProposalSubmitted, VoteCast
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event
from ledger.ledger import Ledger
from ledger.recording import Act
from tests.domain.given import IMPORTER, PARTNERS, SOURCE, founding

DAY = "2024-01-01"
OPEN_FOR_YEARS = DecisionRule(kind="majority", early_closing="never", voting_days=3660)
REASON = "Wij wegen dit besluit tegen het belang van de keten als geheel. " * 6
CHOICES = ("for", "against", "abstain")


def found(ledger: Ledger, chain: str) -> None:
    """Found a chain whose board is voting on one decision."""
    at_start = f"{DAY}T09:00:00.000000Z"
    # A demonstration: in another chain nobody is taken at their word on a server of this machine.
    founded = replace(founding(*PARTNERS), demo=True)
    ledger.submit(chain, Act(event=founded, by="p-bd", on=at_start))
    for event in _scene():
        ledger.submit(chain, Act(event=event, by=IMPORTER, source=SOURCE, on=at_start))
    proposal = ProposalSubmitted(
        decision="b-1",
        body="bestuur",
        subject="snelheid",
        title="Een voorstel om over te stemmen",
        chain_interest="De keten wil weten hoe snel zij vastlegt.",
    )
    ledger.submit(chain, Act(event=proposal, by="lid-bd"))
    ledger.submit(chain, Act(event=DeliberationOpened(decision="b-1"), by="manager"))


def _scene() -> Iterator[Event]:
    yield PersonRegistered(person="manager", function="ketenmanager")
    yield RoleAssigned(role="chain-manager", person="manager", valid_from=DAY)
    yield BodyEstablished(body="bestuur", name="Bestuur", kind="chain-board", level="strategic")
    for partner in PARTNERS:
        yield PersonRegistered(person=f"lid-{partner}", function="bestuurder")
        yield SeatCreated(seat=f"zetel-{partner}", body="bestuur", organisation=partner)
        yield SeatAssigned(seat=f"zetel-{partner}", person=f"lid-{partner}", valid_from=DAY)
    yield DecisionRuleAdopted(body="bestuur", name="meetregel", rule=OPEN_FOR_YEARS)


def vote(number: int, name: str = "") -> Act:
    """Return the act of one seat taking a position: a record of about 690 bytes.

    Without a name of its own the act has one that no other number has.
    """
    partner = PARTNERS[number % len(PARTNERS)]
    event = VoteCast(
        decision="b-1",
        seat=f"zetel-{partner}",
        choice=CHOICES[number % len(CHOICES)],  # type: ignore[arg-type]  # the three literals above
        reason=REASON,
    )
    return Act(event=event, by=f"lid-{partner}", act=name or f"meting-{number:029d}")
