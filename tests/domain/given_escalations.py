"""The scene of the tests of escalations: who deals with them, and one bottleneck."""

from __future__ import annotations

from msgspec.structs import replace

from ledger.domain.escalation_state import Escalation
from ledger.domain.events.escalations import (
    BottleneckSignalled,
    EmergencyBypassInvoked,
    EscalationClosed,
    EscalationForwarded,
    EscalationLadderAdopted,
    EscalationRaised,
    EscalationReceived,
    EscalationResolved,
    EscalationSentBack,
    HorizontalResolutionAttempted,
    PoliticalDecisionReceived,
    Rung,
)
from ledger.domain.events.mandates import OverrideAuthorityGranted
from ledger.domain.events.roles import RoleAssigned
from tests.domain.given import Life, a_chain, people

BOTTLENECK = BottleneckSignalled(
    bottleneck="k1", subject="nummers sluiten niet aan", organisations=("bd", "uwv")
)
TALKS = HorizontalResolutionAttempted(
    bottleneck="k1", organisations=("bd", "uwv"), result="geen overeenstemming"
)
RAISED = EscalationRaised(
    escalation="e1",
    bottleneck="k1",
    subject="Nummers",
    reason="er is geen oplossing",
    from_rung=1,
    to_rung=2,
    jointly_by=("bd", "uwv"),
)
LOW = replace(RAISED, from_rung=0, to_rung=1)
RECEIVED = EscalationReceived(escalation="e1", rung=2)
BACK = EscalationSentBack(escalation="e1", to_rung=1, reason="eerst zelf proberen")
UP = EscalationForwarded(escalation="e1", to_rung=3, reason="wij komen er niet uit")
BYPASS = EmergencyBypassInvoked(
    escalation="e1", authority="dzm", to_rung=7, reason="de betaling stopt morgen"
)
POLITICAL = PoliticalDecisionReceived(
    escalation="e1", authority_name="minister van SZW", text="Doorgaan.", reference="brief 12"
)
SOLVED = EscalationResolved(escalation="e1", solution="één nummer voor allen")
CLOSED = EscalationClosed(escalation="e1", lesson="spreek de nummers vooraf af")
AUTOMATIC = EscalationLadderAdopted(
    rungs=(
        Rung(name="werkvloer", term_days=5, forwards_by_itself=True),
        Rung(name="teams", term_days=6, forwards_by_itself=True),
        Rung(name="regisseurs", term_days=7),
        Rung(name="bestuur", term_days=0),
    ),
)
STRICT = replace(AUTOMATIC, horizontal_first="require")


def manned() -> Life:
    """Return a chain with the roles that deal with escalations, and a signalled bottleneck."""
    life = people(a_chain(), "manager", "bureau", "regisseur", "lijn", "gast")
    return life.given(
        RoleAssigned(
            assignment="rol-m", role="chain-manager", person="manager", valid_from="2024-01-01"
        ),
        RoleAssigned(role="chain-office", person="bureau", valid_from="2024-01-01"),
        RoleAssigned(
            role="chain-coordinator",
            person="regisseur",
            organisation="uwv",
            valid_from="2024-01-01",
        ),
        RoleAssigned(
            role="line-manager", person="lijn", organisation="bd", valid_from="2024-01-01"
        ),
        BOTTLENECK,
    )


def raised(ladder: EscalationLadderAdopted | None = None, event: EscalationRaised = RAISED) -> Life:
    """Return the same chain with an escalation on a rung, after horizontal talks."""
    life = manned() if ladder is None else manned().given(ladder)
    return life.given(TALKS, event)


def with_power(life: Life) -> Life:
    """Give the chain manager doorzettingsmacht `dzm`."""
    return life.given(
        OverrideAuthorityGranted(
            authority="dzm",
            holder="rol-m",
            scope="de hele keten",
            emergency_definition="de uitvoering staat stil",
            valid_from="2024-01-01",
        )
    )


def matter(life: Life) -> Escalation:
    """Return the escalation as the rules see it."""
    return life.state.escalations.all["e1"]
